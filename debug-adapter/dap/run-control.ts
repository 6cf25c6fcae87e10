/** Running, stepping and stopping: what the guest does between two stopped events. */
import type { RunnerStop } from '../../emulator/runner.ts';
import { SP } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import { describeStop, hex32 } from '../target.ts';
import type { BreakpointReason, Breakpoints, Hit } from './breakpoints.ts';
import { type CodePosition, CodePositions } from './code-position.ts';
import type { DataBreakpoints } from './data-breakpoints.ts';
import { callerUnknown, guestEnded, mustStand } from './errors.ts';
import { isSameStack, stackIdentity, type Goal } from './goal.ts';
import type { Guest } from './guest.ts';
import { stepInstruction } from './instruction-step.ts';
import { LineStep, type LineStepKind, type StepControl } from './line-step.ts';
import { stackFrames } from './thread-frames.ts';

/** A stop as the client is told of it. */
export interface Stop {
  reason: 'entry' | 'step' | 'goto' | 'pause' | BreakpointReason;
  description: string;
  text?: string;
  hitBreakpointIds?: number[];
}

export interface RunListener {
  stopped(stop: Stop): void;
  ended(exitCode: number, text: string): void;
}

export class RunControl implements StepControl {
  private readonly guest: Guest;
  private readonly breakpoints: Breakpoints;
  private readonly data: DataBreakpoints;
  private readonly listener: RunListener;
  /** Whether the guest has printed a panic: it has then failed, however it ends. */
  private readonly panicked: () => boolean;
  private readonly positions: CodePositions;
  private goal: Goal | undefined;
  private lineStep: LineStep | undefined;
  /** Why the machine has stopped at a breakpoint or watchpoint, found when it was met. */
  private hit: Hit | undefined;
  private readonly passesExit = (): boolean => {
    this.hit = this.breakpoints.exited();
    return this.hit === undefined;
  };
  private over = false;
  private endRequested = false;
  private disposed = false;
  private resuming = false;
  private readonly onStop = (stop: RunnerStop): void => this.stopped(stop);

  constructor(
    guest: Guest,
    breakpoints: Breakpoints,
    data: DataBreakpoints,
    listener: RunListener,
    panicked: () => boolean,
  ) {
    this.guest = guest;
    this.breakpoints = breakpoints;
    this.data = data;
    this.listener = listener;
    this.panicked = panicked;
    this.positions = new CodePositions(guest);
    guest.points.passes = (stop) => this.passes(stop);
    guest.runner.passesExit.add(this.passesExit);
    guest.runner.onStop.add(this.onStop);
  }

  get running(): boolean {
    return this.guest.runner.running || this.lineStep !== undefined;
  }

  /** Whether the guest is being resumed by this session, and not by another debugger of it. */
  get isResuming(): boolean {
    return this.resuming;
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
    else if (!this.stopAtBreakpoint()) this.go();
  }

  /** First stop, if any, in a guest that runs already: at once when asked for, or where it stands for another debugger. */
  join(stopOnAttach: boolean): void {
    if (stopOnAttach || !this.guest.runner.running) this.pause();
  }

  /** The run has ended, by its own rules: the client is told, unless it knows. */
  ended(exitCode: number, text: string): void {
    if (this.over) return;
    this.clearGoal();
    this.over = true;
    this.listener.ended(exitCode, text);
  }

  /** The guest stands from now on, without an event: what the session was for has been reached. */
  halt(): void {
    this.dropLineStep();
    this.clearGoal();
    this.over = true;
    this.guest.runner.pause();
  }

  /** `continue`. Does nothing when the guest runs already. */
  resume(): void {
    if (!this.running) this.go();
  }

  /** `pause`. A guest that stands already is reported as paused. */
  pause(): void {
    if (this.guest.runner.running) {
      this.guest.runner.pause();
      return;
    }
    this.dropLineStep();
    this.listener.stopped({ reason: 'pause', description: 'Paused' });
  }

  /** `stepIn` by instruction: into whatever it calls or raises, but not into interrupts. */
  stepIn(): void {
    const step = stepInstruction(this.guest);
    if (step.stop !== 'stepped') this.stopped(step.stop);
    else if (step.entered !== 'irq' && step.entered !== 'fiq') this.stepEnded();
    else this.runBack([step.from], step.stack, () => this.stepIn());
  }

  /** `next` by instruction: a call or an exception runs until it comes back. */
  next(): void {
    const { stop, from, after, stack, called, entered } = stepInstruction(this.guest);
    if (stop !== 'stepped') this.stopped(stop);
    else if (entered !== undefined) {
      this.runBack([from, after], stack, () => (this.guest.pc === from ? this.next() : this.stepEnded()));
    } else if (called) this.runBack([after], stack, () => this.stepEnded());
    else this.stepEnded();
  }

  /**
   * A step by line, or by instruction where the guest stands in code without lines. `target` is the linked address of
   * the only function to step into.
   */
  stepLine(kind: Exclude<LineStepKind, 'out'>, target?: number): void {
    const origin = this.positions.at(this.guest.linked(this.guest.pc));
    // An invocation of a macro is one line: into it means instruction by instruction.
    if (origin && kind === 'into' && target === undefined && this.isInMacro(origin)) this.stepIn();
    else if (origin)
      this.startLineStep(new LineStep(this.guest, this, { kind, positions: this.positions, origin, target }));
    else if (kind === 'over') this.next();
    else this.stepIn();
  }

  /** Whether the next instruction of assembly code belongs to the same line, although no line begins with it. */
  private isInMacro({ isAssembly, line, file }: CodePosition): boolean {
    const next = this.positions.at(this.guest.linked(this.guest.pc) + 4);
    return isAssembly && next?.line === line && next.file === file && !next.isStart;
  }

  /** What `stepOut` will do. Throws when the caller of the current function is not known. */
  planStepOut(): () => void {
    const { guest } = this;
    const origin = this.positions.at(guest.linked(guest.pc));
    if (origin && origin.scopes.length > 1) {
      const step = new LineStep(guest, this, { kind: 'out', positions: this.positions, origin });
      return () => this.startLineStep(step);
    }
    const frame = stackFrames(guest, 2)[1];
    if (!frame) throw callerUnknown(guest.describe(guest.pc) ?? hex32(guest.pc));
    const { mode, space, task } = stackIdentity(guest);
    const sp = frame.registers[SP] ?? 0;
    // Out of the handler of an exception, the mode and its stack pointer change.
    const reached = (): boolean => {
      const now = stackIdentity(guest);
      return now.sp === sp || (now.mode === mode && now.space === space && now.task === task && now.sp >= sp);
    };
    const loaded = guest.mmuOn ? undefined : guest.loadedAt(frame.pc);
    const addresses = loaded === undefined ? [frame.pc] : [frame.pc, loaded];
    return () => this.runTo({ addresses, reached, then: () => this.stepEnded() });
  }

  /**
   * A step of a task that does not run: until it is back on the processor, at one of its frames. Throws when that is not
   * known.
   */
  planWake(frame: Frame | undefined): () => void {
    const { guest } = this;
    const sp = frame?.registers[SP];
    if (!frame || sp === undefined) throw callerUnknown('a task that does not run');
    const reached = (): boolean => guest.read('sp') === sp;
    return () => this.runTo({ addresses: [frame.pc], reached, then: () => this.stepEnded() });
  }

  /** Runs until a goal is reached, or a breakpoint. */
  runTo(goal: Goal): void {
    this.goal = goal;
    this.breakpoints.setTemporary(goal.addresses);
    this.go();
  }

  /** Puts a task at the end of the event loop's queue, for a step that takes long. */
  schedule(task: () => void): void {
    this.guest.schedule(task);
  }

  /** The guest has been made to go on elsewhere. */
  wentTo(address: number): void {
    this.listener.stopped({ reason: 'goto', description: `Goes on at ${hex32(address)}` });
  }

  /** Ends the guest at the next chance, as after a panic. */
  end(): void {
    this.endRequested = true;
    this.guest.runner.pause();
  }

  /** Ends the control of the guest, without an event; one that nobody else runs stops for good. */
  dispose(): void {
    this.disposed = true;
    this.over = true;
    this.lineStep?.cancel();
    this.guest.runner.onStop.delete(this.onStop);
    this.guest.runner.passesExit.delete(this.passesExit);
    this.guest.points.release();
    if (!this.guest.attachment) this.guest.runner.pause();
  }

  /** A step has come to its end where the guest stands. */
  stepEnded(): void {
    this.dropLineStep();
    const hit = this.breakpoints.reached(this.guest.pc);
    const stop: Stop = { reason: 'step', description: `Stepped to ${hex32(this.guest.pc)}` };
    if (hit && hit.ids.length > 0) stop.hitBreakpointIds = [...hit.ids];
    this.listener.stopped(stop);
  }

  /** Stops at a breakpoint where the guest stands. */
  stopAtBreakpoint(): boolean {
    const hit = this.breakpoints.reached(this.guest.pc);
    if (hit) this.stopAt(hit);
    return hit !== undefined;
  }

  /** What has stopped the machine, other than a breakpoint that the guest passes. */
  stopped(stop: RunnerStop): void {
    if (this.disposed || this.over) return;
    const { goal, hit } = this;
    const { machine } = this.guest;
    this.hit = undefined;
    this.clearGoal();
    if (this.endRequested) {
      this.finish('the guest has panicked');
      return;
    }
    if ((stop === 'breakpoint' || stop === 'exit') && hit) {
      this.stopAt(hit);
      return;
    }
    if (stop === 'breakpoint' && goal?.addresses.includes(this.guest.pc) === true && goal.reached()) {
      goal.then();
      return;
    }
    const description = describeStop(machine, stop);
    if (stop === 'watchpoint' && hit) {
      this.stopAt(hit);
      return;
    }
    this.dropLineStep();
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
      // Not at a point of this session: GDB has stopped the guest.
      case 'breakpoint':
      case 'watchpoint': {
        this.listener.stopped({ reason: 'pause', description });
        return;
      }
      case 'exit':
      case 'stepped':
      case 'idle': {
        this.listener.stopped({ reason: 'step', description });
        return;
      }
    }
  }

  /** Whether the guest goes on at a breakpoint or watchpoint that it has met while running. */
  private passes(stop: 'breakpoint' | 'watchpoint'): boolean {
    if (stop === 'watchpoint') {
      this.hit = this.data.reached(this.guest.machine.vcpu.exit);
      return this.hit === undefined;
    }
    const { goal } = this;
    if (goal?.addresses.includes(this.guest.pc) === true && goal.reached()) return false;
    this.hit = this.breakpoints.reached(this.guest.pc);
    return this.hit === undefined;
  }

  private stopAt({ ids, reason, description }: Hit): void {
    this.dropLineStep();
    const name = this.guest.describe(this.guest.pc);
    const stop: Stop = { reason, description: description ?? `Stopped at ${name ?? hex32(this.guest.pc)}` };
    if (reason === 'exception') stop.text = stop.description;
    if (ids.length > 0) stop.hitBreakpointIds = [...ids];
    this.listener.stopped(stop);
  }

  private go(): void {
    this.resuming = true;
    this.guest.runner.resume();
    this.resuming = false;
  }

  private startLineStep(step: LineStep): void {
    this.lineStep = step;
    step.advance();
  }

  private dropLineStep(): void {
    this.lineStep?.cancel();
    this.lineStep = undefined;
  }

  /** Runs until the guest is back on a stack, at one of some addresses. */
  private runBack(addresses: readonly number[], stack: Parameters<typeof isSameStack>[1], then: () => void): void {
    this.runTo({ addresses, reached: () => isSameStack(this.guest, stack), then });
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
}
