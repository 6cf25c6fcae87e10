/** Running, stepping and stopping: what the guest does between two stopped events. */
import { MODE } from '../../emulator/registers.ts';
import type { RunnerStop } from '../../emulator/runner.ts';
import { SP } from '../../symbols/frame.ts';
import { describeStop, hex32 } from '../target.ts';
import type { Breakpoints } from './breakpoints.ts';
import { callerUnknown, guestEnded, mustStand } from './errors.ts';
import type { Guest } from './guest.ts';
import { stackFrames } from './stack.ts';

/** A stop as the client is told of it. */
export interface Stop {
  reason: 'entry' | 'step' | 'pause' | 'exception' | 'function breakpoint' | 'instruction breakpoint' | 'breakpoint';
  description: string;
  text?: string;
  hitBreakpointIds?: number[];
}

export interface RunListener {
  stopped(stop: Stop): void;
  ended(exitCode: number, text: string): void;
}

/** A run with a goal: stops at one of `addresses` when `reached` agrees. */
interface Goal {
  addresses: readonly number[];
  reached: () => boolean;
  /** One more instruction when the goal was reached at this address: an exception has come back to it. */
  again: number | undefined;
}

const MODE_BITS = 0x1f;

export class RunControl {
  private readonly guest: Guest;
  private readonly breakpoints: Breakpoints;
  private readonly listener: RunListener;
  /** Whether the guest has printed a panic: it has then failed, however it ends. */
  private readonly panicked: () => boolean;
  private goal: Goal | undefined;
  private over = false;
  private endRequested = false;
  private disposed = false;

  constructor(guest: Guest, breakpoints: Breakpoints, listener: RunListener, panicked: () => boolean) {
    this.guest = guest;
    this.breakpoints = breakpoints;
    this.listener = listener;
    this.panicked = panicked;
    guest.runner.onStop.add((stop) => this.stopped(stop));
  }

  get running(): boolean {
    return this.guest.runner.running;
  }

  /** Throws when the guest has ended. */
  requireAlive(): void {
    if (this.over) throw guestEnded();
  }

  /** Throws when the guest runs or has ended: `action` needs it to stand. */
  requireStanding(action: string): void {
    this.requireAlive();
    if (this.running) throw mustStand(action);
  }

  /** First run after `configurationDone` or a restart; a breakpoint at the first instruction hits. */
  start(stopOnEntry: boolean): void {
    if (stopOnEntry) this.listener.stopped({ reason: 'entry', description: 'Stopped at the first instruction' });
    else if (!this.stopAtBreakpoint()) this.guest.runner.resume();
  }

  /** `continue`. Does nothing when the guest runs already. */
  resume(): void {
    this.guest.runner.resume();
  }

  /** `pause`. A stopped event follows. */
  pause(): void {
    if (this.running) this.guest.runner.pause();
    else this.listener.stopped({ reason: 'pause', description: 'Paused' });
  }

  /** `stepIn`: one instruction, into whatever it calls or raises. */
  stepIn(): void {
    const stop = this.guest.runner.step();
    if (stop === 'stepped') this.stoppedAfterStep();
    else this.stopped(stop);
  }

  /** `next`: one instruction; a call or an exception runs until it comes back. */
  next(): void {
    const { guest } = this;
    const from = guest.pc;
    const sp = guest.read('sp');
    const mode = guest.read('cpsr') & MODE_BITS;
    const after = (from + (guest.thumb ? this.thumbSize(from) : 4)) >>> 0;
    const stop = guest.runner.step();
    if (stop !== 'stepped') {
      this.stopped(stop);
      return;
    }
    const inMode = (guest.read('cpsr') & MODE_BITS) === mode;
    const called = inMode && guest.pc !== after && (guest.read('lr') & ~1) >>> 0 === after;
    const raised = !inMode && this.entersException();
    if (!called && !raised) {
      this.stoppedAfterStep();
      return;
    }
    const reached = (): boolean => guest.read('sp') === sp && (guest.read('cpsr') & MODE_BITS) === mode;
    this.runTo({ addresses: raised ? [from, after] : [after], reached, again: raised ? from : undefined });
  }

  /** The return address for `stepOut`. Throws when the caller of the current function is not known. */
  planStepOut(): Goal {
    const { guest } = this;
    const frame = stackFrames(guest, 2)[1];
    if (!frame) throw callerUnknown(guest.describe(guest.pc) ?? hex32(guest.pc));
    const mode = guest.read('cpsr') & MODE_BITS;
    const sp = frame.registers[SP] ?? 0;
    const reached = (): boolean => guest.read('sp') >= sp && (guest.read('cpsr') & MODE_BITS) === mode;
    const loaded = guest.mmuOn ? undefined : guest.loadedAt(frame.pc);
    const addresses = loaded === undefined ? [frame.pc] : [frame.pc, loaded];
    return { addresses, reached, again: undefined };
  }

  /** Runs until a goal is reached, or a breakpoint. */
  runTo(goal: Goal): void {
    this.goal = goal;
    this.breakpoints.setTemporary(goal.addresses);
    this.guest.runner.resume();
  }

  /** Ends the guest at the next chance, as after a panic. */
  end(): void {
    this.endRequested = true;
    this.guest.runner.pause();
  }

  /** Stops the guest for good, without an event. */
  dispose(): void {
    this.disposed = true;
    this.over = true;
    this.guest.runner.pause();
  }

  private stoppedAfterStep(): void {
    const ids = this.breakpoints.hits(this.guest.pc);
    const stop: Stop = { reason: 'step', description: `Stepped to ${hex32(this.guest.pc)}` };
    if (ids.length > 0) stop.hitBreakpointIds = ids;
    this.listener.stopped(stop);
  }

  private stopAtBreakpoint(): boolean {
    const ids = this.breakpoints.hits(this.guest.pc);
    if (ids.length === 0) return false;
    const reason = this.breakpoints.reason(ids[0]);
    const name = this.guest.describe(this.guest.pc);
    const description = `Stopped at ${name ?? hex32(this.guest.pc)}`;
    this.listener.stopped({ reason, description, hitBreakpointIds: ids });
    return true;
  }

  private stopped(stop: RunnerStop): void {
    if (this.disposed) return;
    const { goal } = this;
    const { machine, runner } = this.guest;
    if (this.endRequested) {
      this.finish('the guest has panicked');
      return;
    }
    if (stop === 'breakpoint') {
      const reached = goal !== undefined && goal.addresses.includes(this.guest.pc) && goal.reached();
      if (!reached && this.breakpoints.hits(this.guest.pc).length === 0) {
        runner.resume();
        return;
      }
      this.clearGoal();
      if (!reached) this.stopAtBreakpoint();
      else if (goal.again === this.guest.pc) this.stepIn();
      else this.stoppedAfterStep();
      return;
    }
    this.clearGoal();
    const description = describeStop(machine, stop);
    switch (stop) {
      case 'halted':
      case 'reset': {
        this.finish(description);
        return;
      }
      case 'error': {
        this.listener.stopped({ reason: 'exception', description: 'The machine stopped', text: description });
        return;
      }
      case 'paused': {
        this.listener.stopped({ reason: 'pause', description: `Paused at ${hex32(this.guest.pc)}` });
        return;
      }
      case 'stepped':
      case 'idle': {
        this.listener.stopped({ reason: 'step', description });
        return;
      }
      case 'watchpoint': {
        this.listener.stopped({ reason: 'breakpoint', description });
        return;
      }
    }
  }

  private finish(text: string): void {
    this.clearGoal();
    this.over = true;
    this.listener.ended(this.panicked() ? 1 : 0, text);
  }

  private clearGoal(): void {
    this.goal = undefined;
    this.breakpoints.setTemporary([]);
  }

  /** Whether the guest stands at an exception vector, low or high. */
  private entersException(): boolean {
    const mode = this.guest.read('cpsr') & MODE_BITS;
    const offset = this.guest.pc & 0xffff_ffe0;
    return mode !== MODE.usr && (offset === 0 || offset >>> 0 === 0xffff_0000);
  }

  /** Bytes of the Thumb instruction at an address: BL and BLX are a pair. */
  private thumbSize(address: number): number {
    const word = this.guest.readWord((address & ~3) >>> 0) ?? 0;
    const half = address & 2 ? word >>> 16 : word & 0xffff;
    return half >>> 11 === 0x1e ? 4 : 2;
  }
}
