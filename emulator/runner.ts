/**
 * Runs a machine in the background of an event loop, in slices short enough that a pause, a packet or a key is served
 * within a few milliseconds. Slicing has no effect on the guest: only instruction counts decide what it sees.
 */
import type { Machine, StopReason } from './machine.ts';

/** Wall-clock length that a slice aims at, milliseconds. */
const SLICE_MS = 8;
const FIRST_SLICE = 200_000;
const LARGEST_SLICE = 20_000_000;

/** Why a resumed machine is standing again. */
export type RunnerStop = Exclude<StopReason, 'budget' | 'requested'> | 'paused' | 'stepped';

/** Puts a task at the end of the event loop's queue: setImmediate, or a MessageChannel in a browser. */
export type Schedule = (task: () => void) => void;

export class Runner {
  readonly machine: Machine;
  /** Called each time the machine comes to a stand. */
  readonly onStop = new Set<(stop: RunnerStop) => void>();
  /** Called each time the machine is resumed (not for single steps). */
  readonly onResume = new Set<() => void>();
  private readonly schedule: Schedule;
  private readonly clock: () => number;
  private isRunning = false;
  private pauseRequested = false;
  private slice = FIRST_SLICE;
  private wakeIdle: (() => void) | undefined;

  constructor(machine: Machine, schedule: Schedule, clock: () => number = () => performance.now()) {
    this.machine = machine;
    this.schedule = schedule;
    this.clock = clock;
  }

  get running(): boolean {
    return this.isRunning;
  }

  /** Goes on until something stops the guest; at most `limit` instructions when given. Passes a breakpoint at PC. */
  resume(limit = Infinity): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.pauseRequested = false;
    for (const listener of this.onResume) listener();
    this.machine.vcpu.skipBreakpointOnce();
    const end = this.machine.vcpu.instructions + limit;
    this.schedule(() => this.runSlice(end));
  }

  /** Runs `count` instructions now and returns what stopped it; listeners are not told. The machine must stand. */
  step(count = 1): RunnerStop {
    if (this.isRunning) throw new Error('The machine is running; pause it before stepping.');
    this.machine.vcpu.skipBreakpointOnce();
    const stop = this.machine.run(count);
    return stop === 'budget' || stop === 'requested' ? 'stepped' : stop;
  }

  /** Asks a running machine to stop; `onStop` follows with `paused` (or with what stopped it first). */
  pause(): void {
    if (!this.isRunning) return;
    this.pauseRequested = true;
    this.machine.requestStop();
    this.wakeIdle?.();
  }

  /** Types into the guest's console; wakes a guest that only input can wake. */
  type(bytes: Iterable<number>): void {
    this.machine.input.type(bytes);
    this.wakeIdle?.();
  }

  private runSlice(end: number): void {
    const { machine } = this;
    if (this.pauseRequested) return this.stop('paused');
    const left = end - machine.vcpu.instructions;
    if (left <= 0) return this.stop('stepped');
    const started = this.clock();
    const before = machine.vcpu.instructions;
    const reason = machine.run(Math.min(left, this.slice));
    const elapsed = this.clock() - started;
    if (machine.vcpu.instructions - before === this.slice) {
      const wanted = elapsed > 0 ? (this.slice * SLICE_MS) / elapsed : LARGEST_SLICE;
      this.slice = Math.round(Math.min(LARGEST_SLICE, Math.max(FIRST_SLICE, wanted, this.slice / 2)));
    }
    switch (reason) {
      case 'budget':
      case 'requested':
        this.schedule(() => this.runSlice(end));
        return;
      case 'idle':
        if (machine.input.pending > 0 || this.pauseRequested) {
          this.schedule(() => this.runSlice(end));
          return;
        }
        this.wakeIdle = () => {
          this.wakeIdle = undefined;
          this.schedule(() => this.runSlice(end));
        };
        return;
      default:
        this.stop(reason);
    }
  }

  private stop(reason: RunnerStop): void {
    this.isRunning = false;
    // A pause that came too late for the last slice must not end the next step.
    this.machine.cancelStopRequest();
    for (const listener of [...this.onStop]) listener(reason);
  }
}
