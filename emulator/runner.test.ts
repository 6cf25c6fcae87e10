import assert from 'node:assert/strict';
import { fakeMachine } from './fake-machine.testing.ts';
import type { StopReason } from './machine.ts';
import { Runner, type RunnerStop } from './runner.ts';

/** A runner whose slices the test runs, on a machine of which each `run` does what the test says. */
function controlled(run: (budget: number) => StopReason): {
  runner: Runner;
  now: { ms: number };
  slice: () => void;
  stops: RunnerStop[];
} {
  const { machine } = fakeMachine();
  machine.run = run;
  const now = { ms: 0 };
  let next: (() => void) | undefined;
  const schedule = (task: () => void): void => {
    next = task;
  };
  const runner = new Runner(machine, schedule, () => now.ms);
  const stops: RunnerStop[] = [];
  runner.onStop.add((stop) => stops.push(stop));
  return { runner, now, stops, slice: () => next?.() };
}

describe('running in slices', () => {
  it('ends a slice soon when the guest has become slow', () => {
    let speed = 1e6;
    let instructions = 0;
    const { runner, now, slice } = controlled((budget) => {
      instructions += budget;
      now.ms += budget / speed;
      return 'budget';
    });
    Object.defineProperty(runner.machine.vcpu, 'instructions', { get: () => instructions });
    runner.resume();
    for (let i = 0; i < 100; i++) slice();
    speed /= 50;
    const started = now.ms;
    slice();
    assert.ok(now.ms - started < 50, `${now.ms - started} ms`);
    runner.pause();
  });

  it('leaves no request to stop behind when the guest stops by itself', () => {
    const { runner, slice, stops } = controlled(() => {
      runner.pause();
      return 'breakpoint';
    });
    let requested = false;
    runner.machine.requestStop = () => (requested = true);
    runner.machine.cancelStopRequest = () => (requested = false);
    runner.resume();
    slice();
    assert.deepEqual(stops, ['breakpoint']);
    assert.ok(!requested);
  });
});
