/** Writes programs of breakpoint conditions for the core: words, forward jumps, and the depth of their stack. */
import { LAYOUT as L } from './layout.ts';

/** What two words on the stack become one by; the left one lies below. */
export const OPERATION = {
  add: L.CONDITION_ADD,
  subtract: L.CONDITION_SUBTRACT,
  multiply: L.CONDITION_MULTIPLY,
  and: L.CONDITION_AND,
  or: L.CONDITION_OR,
  xor: L.CONDITION_XOR,
  shiftLeft: L.CONDITION_SHIFT_LEFT,
  shiftRight: L.CONDITION_SHIFT_RIGHT,
  shiftRightSigned: L.CONDITION_SHIFT_RIGHT_SIGNED,
  divide: L.CONDITION_DIVIDE,
  divideSigned: L.CONDITION_DIVIDE_SIGNED,
  remainder: L.CONDITION_REMAINDER,
  remainderSigned: L.CONDITION_REMAINDER_SIGNED,
  equal: L.CONDITION_EQUAL,
  less: L.CONDITION_LESS,
  lessSigned: L.CONDITION_LESS_SIGNED,
} as const;

/** A place in a program that jumps to a place behind it. */
type Jump = number;

export class ConditionProgram {
  private readonly words: number[] = [];
  private depth = 0;
  private deepest = 0;

  /** The words, with the end of the program. Undefined when the core's stack is too small for it. */
  finish(): readonly number[] | undefined {
    return this.deepest > L.CONDITION_STACK ? undefined : [...this.words, L.CONDITION_END];
  }

  constant(value: number): void {
    this.emit(L.CONDITION_CONSTANT, 0, 1);
    this.words.push(value | 0);
  }

  /** A core register of the current mode, 0 to 15. */
  register(number: number): void {
    this.emit(L.CONDITION_REGISTER, number, 1);
  }

  status(saved: boolean): void {
    this.emit(saved ? L.CONDITION_SPSR : L.CONDITION_CPSR, 0, 1);
  }

  /** A system control register by its offset in a CPU block (`systemOffset`). */
  system(offset: number): void {
    this.emit(L.CONDITION_SYSTEM, offset, 1);
  }

  /** `bytes` (1 to 4) at the address on the stack, zero-extended. */
  load(bytes: number): void {
    this.emit(L.CONDITION_LOAD, bytes, 0);
  }

  /** Keeps the low `bits` (1 to 32), extended. */
  extend(bits: number, signed: boolean): void {
    if (bits < 32) this.emit(signed ? L.CONDITION_SIGNED : L.CONDITION_UNSIGNED, bits, 0);
  }

  operate(operation: keyof typeof OPERATION): void {
    this.emit(OPERATION[operation], 0, -1);
  }

  not(): void {
    this.emit(L.CONDITION_NOT, 0, 0);
  }

  /** Counts a hit, and has the number of hits. */
  count(counter: number): void {
    this.emit(L.CONDITION_COUNT, counter, 1);
  }

  jump(): Jump {
    // What lies behind is reached another way, with one word less on the stack.
    return this.emit(L.CONDITION_JUMP, 0, -1);
  }

  /** Jumps when the word on the stack is 0; it takes the word. */
  jumpIfZero(): Jump {
    return this.emit(L.CONDITION_JUMP_ZERO, 0, -1);
  }

  /** The jump comes here. */
  land(jump: Jump): void {
    this.words[jump] |= (this.words.length - jump - 1) << 8;
  }

  private emit(operation: number, argument: number, change: number): number {
    this.depth += change;
    this.deepest = Math.max(this.deepest, this.depth);
    return this.words.push(operation | (argument << 8)) - 1;
  }
}
