/**
 * Runs a machine in the background of an event loop, in slices short enough that a pause, a packet or a key is served
 * within a few milliseconds. Slicing has no effect on the guest: only instruction counts decide what it sees.
 */
import type { Machine, StopReason } from './machine.ts';
import { StopPoints } from './stop-points.ts';

/** Wall-clock length of a slice, milliseconds. */
const SLICE_MS = 8;
/** A slice looks at the clock about this often, milliseconds: guest code may suddenly be many times slower. */
const CHUNK_MS = 0.5;
const SMALLEST_CHUNK = 10_000;
const LARGEST_CHUNK = 2_000_000;

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
  /** Called when the next slice should not wait: a pause is asked for, or a key has been typed. */
  readonly onHurry = new Set<() => void>();
  /** Breakpoints and watchpoints of all who debug the guest; asked in the middle of a slice whether it goes on at once. */
  readonly points: StopPoints;
  private readonly schedule: Schedule;
  private readonly clock: () => number;
  private isRunning = false;
  private pauseRequested = false;
  /** Instructions between two looks at the clock. */
  private chunk = SMALLEST_CHUNK;
  private wakeIdle: (() => void) | undefined;

  constructor(machine: Machine, schedule: Schedule, clock: () => number = () => performance.now()) {
    this.machine = machine;
    this.points = new StopPoints(machine.vcpu);
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
    if (stop === 'watchpoint' && count === 1 && this.points.passes(stop)) return 'stepped';
    return stop === 'budget' || stop === 'requested' ? 'stepped' : stop;
  }

  /** Asks a running machine to stop; `onStop` follows with `paused` (or with what stopped it first). */
  pause(): void {
    if (!this.isRunning) return;
    this.pauseRequested = true;
    this.machine.requestStop();
    this.hurry();
  }

  /** Types into the guest's console; wakes a guest that only input can wake. */
  type(bytes: Iterable<number>): void {
    this.machine.input.type(bytes);
    this.hurry();
  }

  private hurry(): void {
    this.wakeIdle?.();
    for (const listener of this.onHurry) listener();
  }

  private runSlice(end: number): void {
    const { machine } = this;
    if (this.pauseRequested) return this.stop('paused');
    if (machine.vcpu.instructions >= end) return this.stop('stepped');
    const reason = this.runChunks(end);
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

  /** Runs for the length of a slice, or until something else than the clock ends it. */
  private runChunks(end: number): StopReason {
    const { machine } = this;
    const started = this.clock();
    for (let now = started; ;) {
      const before = machine.vcpu.instructions;
      const reason = machine.run(Math.min(end - before, this.chunk));
      const elapsed = this.clock() - now;
      now += elapsed;
      if (machine.vcpu.instructions - before === this.chunk) {
        const wanted = elapsed > 0 ? (this.chunk * CHUNK_MS) / elapsed : LARGEST_CHUNK;
        this.chunk = Math.round(Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, wanted), this.chunk * 2));
      }
      if ((reason === 'breakpoint' || reason === 'watchpoint') && this.points.passes(reason)) {
        if (reason === 'breakpoint') machine.vcpu.skipBreakpointOnce();
        if (now - started >= SLICE_MS) return 'budget';
        continue;
      }
      if (reason !== 'budget' || now - started >= SLICE_MS || machine.vcpu.instructions >= end) return reason;
    }
  }

  private stop(reason: RunnerStop): void {
    this.isRunning = false;
    // A stop may have been asked for while the machine came to a stand by itself.
    this.machine.cancelStopRequest();
    // A pause that came too late for the last slice must not end the next step.
    this.machine.cancelStopRequest();
    for (const listener of [...this.onStop]) listener(reason);
  }
}
