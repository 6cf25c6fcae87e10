import assert from 'node:assert/strict';
import { fakeMachine } from '../debug-adapter/fake-machine.testing.ts';
import { Pacer } from './pacing.ts';

describe('pacing of idle time', () => {
  /** Schedules a task and says how it was run: at once, or after a sleep. */
  const delayOf = async (pacer: Pacer): Promise<number> => {
    const started = performance.now();
    await new Promise<void>((resolve) => pacer.schedule(resolve));
    return performance.now() - started;
  };

  it('sleeps for the guest time that waiting has skipped', async () => {
    const { machine } = fakeMachine();
    const pacer = new Pacer();
    pacer.attach(machine);
    assert.ok((await delayOf(pacer)) < 15);
    machine.onIdle?.(40e6);
    assert.equal(machine.run(10), 'requested', 'the machine comes back to sleep');
    const slept = await delayOf(pacer);
    assert.ok(slept > 35 && slept < 500, `${slept}`);
  });

  it('does not sleep while the guest is behind, and forgets a long lag', async () => {
    const { machine } = fakeMachine();
    let now = 0;
    const pacer = new Pacer(() => now);
    pacer.attach(machine);
    now = 10_000;
    machine.onIdle?.(45e6);
    assert.equal(machine.run(10), 'budget', 'the guest catches up some of its lag');
    machine.onIdle?.(10e6);
    assert.equal(machine.run(10), 'requested', 'but not all of it');
  });

  it('is woken by a key', async () => {
    const { machine } = fakeMachine();
    const pacer = new Pacer();
    pacer.attach(machine);
    machine.onIdle?.(60e9);
    setTimeout(() => pacer.wake(), 5);
    assert.ok((await delayOf(pacer)) < 1000);
  });
});
