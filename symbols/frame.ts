/** What the unwinding methods share: the registers of a frame, memory access, the result of one step. */

/** Register numbers with a role in a call. */
export const SP = 13;
export const LR = 14;
export const PC = 15;

/** r0 to r15 of one frame; undefined where the value that the frame had is no longer known. */
export type FrameRegisters = readonly (number | undefined)[];

/** Reads a word of guest memory by virtual address, or of its image; undefined when it cannot be read. */
export type ReadWord = (address: number) => number | undefined;

/**
 * One step from a frame to its caller. `end`: the tables say that the frame has no caller. `unknown`: the method has no
 * information on this address, or the memory it needs cannot be read. `interrupted`: the frame is that of an exception
 * or a signal, so the caller's PC is the instruction that was interrupted, not one behind a call.
 */
export type UnwindResult =
  { kind: 'caller'; registers: FrameRegisters; interrupted?: boolean } | { kind: 'end' } | { kind: 'unknown' };

export const UNKNOWN: UnwindResult = { kind: 'unknown' };
export const END: UnwindResult = { kind: 'end' };

/** One way to unwind. `address` lies in the frame's function: PC, or the call that PC returns from. */
export type UnwindMethod = (registers: FrameRegisters, address: number, read: ReadWord) => UnwindResult;

/** The caller's registers as a result; `unknown` when its PC or SP is not known. Bit 0 of PC is the Thumb bit. */
export function caller(registers: (number | undefined)[]): UnwindResult {
  if (registers[PC] === undefined || registers[SP] === undefined) return UNKNOWN;
  return { kind: 'caller', registers: registers.map((value) => (value === undefined ? undefined : value >>> 0)) };
}

/** Registers that a call preserves by the procedure call standard, and so unless the tables say otherwise. */
export function preserved(registers: FrameRegisters): (number | undefined)[] {
  return registers.map((value, id) => (id >= 4 && id <= 11 ? value : undefined));
}
