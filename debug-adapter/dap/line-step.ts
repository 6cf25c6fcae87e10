/**
 * Stepping by line: single instructions inside the line, and a run to a temporary breakpoint wherever code is left for a
 * while: calls that are stepped over, exceptions, loops that stay in the line. A run ends only on the stack that it began
 * on, so another task, or the same function called again, does not end it.
 */
import type { RunnerStop } from '../../emulator/runner.ts';
import { type CodePositions, otherLines, type CodePosition } from './code-position.ts';
import { isSameStack, stackIdentity, type Goal, type StackIdentity } from './goal.ts';
import type { Guest } from './guest.ts';
import { stepInstruction, type InstructionStep } from './instruction-step.ts';
import { stackFrames } from './thread-frames.ts';

/** `out` leaves the inlined function that the guest is in. */
export type LineStepKind = 'over' | 'into' | 'out';

/** What a step needs of the rest of a session. */
export interface StepControl {
  runTo(goal: Goal): void;
  stepEnded(): void;
  /** Something has stopped the machine in the middle of the step. */
  stopped(stop: RunnerStop): void;
  /** Stops at a breakpoint where the guest stands; false when there is none that stops. */
  stopAtBreakpoint(): boolean;
  schedule(task: () => void): void;
}

/** Instructions between two looks at the event loop. */
const BATCH = 1000;
/** A line that takes more instructions is left by breakpoints at all other lines of its function. */
const PATIENCE = 300;
/** A function with more is left to single instructions, so that damaged line tables cost no more than that. */
const MOST_LINES = 16_384;
/** From a vector to the first line of its handler. */
const VECTOR_INSTRUCTIONS = 8;

interface Caller {
  readonly pc: number;
  readonly sp: number | undefined;
}

export class LineStep {
  private readonly guest: Guest;
  private readonly control: StepControl;
  private readonly kind: LineStepKind;
  /** Linked address of the only function that is stepped into. */
  private readonly target: number | undefined;
  private readonly positions: CodePositions;
  private readonly origin: CodePosition;
  private readonly stack: StackIdentity;
  private known: Caller | undefined;
  private readonly from: number;
  private steps = 0;
  /** Instructions left to reach the handler of a system call that is stepped into. */
  private entering = 0;
  private isOver = false;

  /** `origin` is the position of the guest. */
  constructor(
    guest: Guest,
    control: StepControl,
    options: { kind: LineStepKind; positions: CodePositions; origin: CodePosition; target?: number | undefined },
  ) {
    this.guest = guest;
    this.control = control;
    this.kind = options.kind;
    this.target = options.target;
    this.positions = options.positions;
    this.origin = options.origin;
    this.stack = stackIdentity(guest);
    this.from = guest.pc;
    // Looked up before the frame is left.
    if (!options.origin.isAssembly) this.known = callerOf(guest);
  }

  /** Goes on, until the step ends or a run begins. */
  advance(): void {
    for (let i = 0; i < BATCH; i++) {
      if (this.isOver) return;
      this.steps++;
      if (this.steps > PATIENCE && this.kind === 'over' && this.runToOtherLine()) return;
      const step = stepInstruction(this.guest);
      if (step.stop !== 'stepped') {
        this.isOver = true;
        this.control.stopped(step.stop);
        return;
      }
      if (this.leaves(step) || this.ends()) return;
    }
    this.control.schedule(() => this.advance());
  }

  /** Ends the step without a word. */
  cancel(): void {
    this.isOver = true;
  }

  /** Whether an instruction has led elsewhere, and a run there has begun. */
  private leaves(step: InstructionStep): boolean {
    const { from, after, stack } = step;
    if (step.entered !== undefined) {
      if (step.entered === 'svc' && this.kind === 'into' && this.target === undefined) {
        this.entering = VECTOR_INSTRUCTIONS;
        return false;
      }
      // Interrupted or aborted, the instruction is executed again; a system call goes on behind it; and a kernel may
      // have prepared for an abort another place in the function to go on at.
      const abort = step.entered === 'abort' || step.entered === 'undefined';
      const places = abort ? this.placesOfOtherLines(from, 0) : [];
      const others = places.length > MOST_LINES ? [] : places;
      this.runTo([from, after, ...others], () => isSameStack(this.guest, stack));
      return true;
    }
    if (!step.called) return false;
    if (this.kind === 'into' && this.enters()) return true;
    this.runTo([after], () => isSameStack(this.guest, stack));
    return true;
  }

  /** Steps into the function at whose first instruction the guest stands, if it has lines. */
  private enters(): boolean {
    const { guest } = this;
    const linked = guest.linked(guest.pc);
    if (this.target !== undefined && this.target !== linked) return false;
    const info = guest.debug.at(linked);
    if (!info?.lineOf(linked)) return false;
    const fn = info.functionAt(linked);
    const start = fn ? info.breakpointAddress(fn) : linked;
    if (start === linked) this.end();
    else this.runTo([(guest.pc - linked + start) >>> 0], () => true, 'end');
    return true;
  }

  /** Whether the step has come to its end where the guest stands, or goes on by a run. */
  private ends(): boolean {
    const { guest, origin } = this;
    const position = this.positions.at(guest.linked(guest.pc));
    if (guest.pc !== this.from && this.control.stopAtBreakpoint()) {
      this.isOver = true;
      return true;
    }
    if (this.entering > 0) {
      this.entering--;
      return position || this.entering === 0 ? this.end() : false;
    }
    if (!position) return this.end();
    const isSameLine = position.line === origin.line && position.file === origin.file;
    if (origin.isAssembly) return isSameLine && position.function === origin.function ? false : this.end();
    if (position.function !== origin.function) return this.leftFunction(position);
    return this.endsAt(position) ? this.end() : false;
  }

  /** Whether the step ends at a position in the function where it began. */
  private endsAt(position: CodePosition): boolean {
    const { origin, kind } = this;
    const [inner] = origin.scopes;
    const [scope] = position.scopes;
    if (inner === undefined || scope === inner) {
      const isSameLine = position.line === origin.line && position.file === origin.file;
      return kind !== 'out' && position.isStart && !isSameLine;
    }
    if (position.scopes.includes(inner)) return kind === 'into' && position.isStart;
    if (kind === 'out') return true;
    // Behind it, another function may be inlined: that is as if it were called next.
    return position.isStart && (kind === 'into' || scope === undefined || origin.scopes.includes(scope));
  }

  /** The guest has left the function other than by a call: it has returned, or goes on in another in its place. */
  private leftFunction(position: CodePosition): boolean {
    const { guest, known } = this;
    if (!known || guest.pc === known.pc) return this.end();
    if (this.kind === 'into' && position.isStart && this.target === undefined) return this.enters() || this.end();
    const { sp } = known;
    this.runTo([known.pc], () => sp === undefined || guest.read('sp') === sp, 'end');
    return true;
  }

  /** Leaves a line that loops by breakpoints at all others of its function. */
  private runToOtherLine(): boolean {
    const { guest, origin, known } = this;
    this.steps = 0;
    if (origin.isAssembly) return false;
    // Code that is inlined in the line is passed, however long it loops.
    const addresses = this.placesOfOtherLines(guest.pc, origin.line).filter((address) => {
      const position = this.positions.at(guest.linked(address));
      return position !== undefined && this.endsAt(position);
    });
    if (addresses.length === 0 || addresses.length > MOST_LINES) return false;
    const { stack } = this;
    const { sp } = stackIdentity(guest);
    this.runTo(known ? [...addresses, known.pc] : addresses, () => {
      const now = stackIdentity(guest);
      if (now.mode !== stack.mode || now.space !== stack.space || now.task !== stack.task) return false;
      return guest.pc === known?.pc ? now.sp === known.sp : now.sp === sp;
    });
    return true;
  }

  /** Where statements of other lines begin in the function at an address. */
  private placesOfOtherLines(address: number, line: number): number[] {
    const linked = this.guest.linked(address);
    return otherLines(this.guest, linked, line).map((place) => (address - linked + place) >>> 0);
  }

  private runTo(addresses: readonly number[], reached: () => boolean, then?: 'end'): void {
    const goOn = (): void => {
      if (then === 'end') this.end();
      else if (!this.ends()) this.advance();
    };
    this.control.runTo({ addresses, reached, then: goOn });
  }

  private end(): true {
    this.isOver = true;
    this.control.stepEnded();
    return true;
  }
}

function callerOf(guest: Guest): Caller | undefined {
  const [, frame] = stackFrames(guest, 2);
  return frame && { pc: guest.mmuOn ? frame.pc : runtime(guest, frame.pc), sp: frame.registers[13] };
}

/** The address that linked code is executed at, before the MMU is on. */
function runtime(guest: Guest, linked: number): number {
  return guest.pc === guest.linked(guest.pc) ? linked : (guest.loadedAt(linked) ?? linked);
}
