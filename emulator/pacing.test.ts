import assert from 'node:assert/strict';
import { fakeMachine } from './fake-machine.testing.ts';
import { Pacer } from './pacing.ts';
import { Runner } from './runner.ts';

describe('pacing of idle time', () => {
  /** A paced machine; one that is `held` counts as running, but the test runs its slices. */
  const paced = (held = false, clock?: () => number): { runner: Runner; pacer: Pacer } => {
    const pacer = new Pacer(setImmediate, clock);
    const runner = new Runner(fakeMachine().machine, held ? () => undefined : pacer.schedule);
    pacer.attach(runner);
    return { runner, pacer };
  };
  /** Schedules a task and says after how long it was run, milliseconds. */
  const delayOf = async (pacer: Pacer): Promise<number> => {
    const started = performance.now();
    await new Promise<void>((resolve) => pacer.schedule(resolve));
    return performance.now() - started;
  };

  it('sleeps for the guest time that waiting has skipped', async () => {
    // A clock that stands: a busy host is not taken for a guest that is behind.
    const { runner, pacer } = paced(true, () => 0);
    runner.resume();
    runner.machine.onIdle?.(40e6);
    assert.equal(runner.machine.run(10), 'requested', 'the machine comes back to sleep');
    const slept = await delayOf(pacer);
    assert.ok(slept > 38 && slept < 5000, `${slept}`);
    const idle = paced(true, () => 0);
    assert.ok((await delayOf(idle.pacer)) < slept, 'a guest that has not waited goes on at once');
  });

  it('does not sleep while the guest is behind, and forgets a long lag', () => {
    let now = 0;
    const { runner } = paced(true, () => now);
    runner.resume();
    now = 10_000;
    runner.machine.onIdle?.(45e6);
    assert.equal(runner.machine.run(10), 'budget', 'the guest catches up some of its lag');
    runner.machine.onIdle?.(10e6);
    assert.equal(runner.machine.run(10), 'requested', 'but not all of it');
  });

  it('is woken by a key', async () => {
    const { runner, pacer } = paced();
    runner.machine.onIdle?.(60e9);
    setTimeout(() => runner.type([13]), 5);
    assert.ok((await delayOf(pacer)) < 1000);
  });

  it('is woken to pause', async () => {
    const { runner } = paced();
    runner.machine.onIdle?.(60e9);
    runner.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(runner.running, 'asleep');
    const started = performance.now();
    const stopped = new Promise((resolve) => runner.onStop.add(resolve));
    runner.pause();
    assert.equal(await stopped, 'paused');
    assert.ok(performance.now() - started < 5000);
  });

  it('leaves single steps alone', () => {
    const { runner } = paced();
    runner.machine.onIdle?.(60e9);
    assert.equal(runner.machine.run(1), 'budget');
    const before = runner.machine.vcpu.instructions;
    runner.step();
    assert.equal(runner.machine.vcpu.instructions, before + 1);
  });
});
