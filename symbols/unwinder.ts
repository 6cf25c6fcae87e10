/**
 * The call stack, frame by frame. For each frame the first method that has information wins: call frame information,
 * the EABI exception tables, the code of the function itself, and the link register.
 */
import type { ElfFile } from '../formats/elf.ts';
import { DebugFrame } from './debug-frame.ts';
import { ExceptionIndex } from './exidx.ts';
import { LR, PC, SP, UNKNOWN, type FrameRegisters, type ReadWord, type UnwindResult } from './frame.ts';
import { caller, preserved } from './frame.ts';
import { imageReader } from './image.ts';
import { unwindByPrologue } from './prologue.ts';

/** The exception tables are wrong inside a prologue; this many instructions of a function may belong to it. */
const PROLOGUE_INSTRUCTIONS = 16;
const MOST_FRAMES = 256;

interface Tables {
  frame: DebugFrame | undefined;
  index: ExceptionIndex | undefined;
  image: ReadWord;
}

/** What unwinding needs to know of functions. */
export interface FunctionLookup {
  at(address: number): { address: number } | undefined;
}

export interface Frame {
  registers: FrameRegisters;
  /** Address of the instruction that executes, or returns to, this frame. */
  pc: number;
  /**
   * Address to look up what is known of the frame: in a caller the last byte of the call, which may end its function.
   * Compilers end the range of what a call destroys before that byte, not before the call.
   */
  lookup: number;
}

export class Unwinder {
  private readonly files: readonly ElfFile[];
  private readonly functions: FunctionLookup;
  private tables: Tables[] | undefined;

  constructor(files: readonly ElfFile[], functions: FunctionLookup) {
    this.files = files;
    this.functions = functions;
  }

  /**
   * The frames of a stack, innermost first, at most `limit`. `start` is the innermost frame's registers; `thumb` its
   * state. Ends where the tables say so, where the stack cannot be read, or where it stops making progress.
   */
  frames(start: FrameRegisters, thumb: boolean, read: ReadWord, limit = MOST_FRAMES): Frame[] {
    const pc = start[PC];
    if (pc === undefined) return [];
    const frames: Frame[] = [{ registers: start, pc, lookup: pc }];
    let inThumb = thumb;
    const seen = new Set<string>();
    while (frames.length < Math.min(limit, MOST_FRAMES)) {
      const frame = frames[frames.length - 1];
      const step = this.step(frame, frames.length === 1, inThumb, read);
      if (step.kind !== 'caller') break;
      const target = step.registers[PC] ?? 0;
      const stack = step.registers[SP] ?? 0;
      const returnAddress = (target & (target & 1 ? ~1 : ~3)) >>> 0;
      // Not every caller's stack is above: interrupts may run on a stack of their own.
      const place = `${returnAddress} ${stack}`;
      if (returnAddress === 0 || seen.has(place) || read((returnAddress & ~3) >>> 0) === undefined) break;
      seen.add(place);
      inThumb = (target & 1) === 1;
      const registers = step.registers.map((value, id) => (id === PC ? returnAddress : value));
      const isCall = !step.interrupted && (inThumb || !this.wasSetByHand(returnAddress));
      const lookup = isCall ? (returnAddress - 1) >>> 0 : returnAddress;
      frames.push({ registers, pc: returnAddress, lookup });
    }
    return frames;
  }

  /** The canonical frame address of a frame by call frame information; undefined where there is none. */
  cfa({ registers, lookup }: Frame, read: ReadWord): number | undefined {
    for (const { frame } of this.allTables) {
      const cfa = frame?.cfa(registers, lookup, read);
      if (cfa !== undefined) return cfa;
    }
    return undefined;
  }

  /**
   * Whether a return address is the start of a function that no call stands before, as where Linux has system calls
   * return to `ret_fast_syscall`. The file tells: a kernel that has booted frees the code that it booted with.
   */
  private wasSetByHand(address: number): boolean {
    if (this.functions.at(address)?.address !== address) return false;
    for (const { image } of this.allTables) {
      const before = image(address - 4);
      if (before !== undefined) return !isCall(before);
    }
    return false;
  }

  private get allTables(): readonly Tables[] {
    this.tables ??= this.files.map((file) => ({
      frame: DebugFrame.of(file),
      index: ExceptionIndex.of(file),
      image: imageReader(file),
    }));
    return this.tables;
  }

  private step(frame: Frame, innermost: boolean, thumb: boolean, read: ReadWord): UnwindResult {
    const { registers, lookup } = frame;
    for (const { frame: information } of this.allTables) {
      const result = information?.unwind(registers, lookup, read) ?? UNKNOWN;
      if (result.kind !== 'unknown') return result;
    }
    const start = this.functions.at(lookup)?.address;
    if (innermost && lookup === start) return fromLinkRegister(registers);
    const byCode = (): UnwindResult =>
      start === undefined || thumb ? UNKNOWN : unwindByPrologue(registers, start, lookup, read);
    if (innermost && start !== undefined && lookup - start < PROLOGUE_INSTRUCTIONS * 4) {
      const result = byCode();
      if (result.kind !== 'unknown') return result;
    }
    for (const { index } of this.allTables) {
      const result = index?.unwind(registers, lookup, read, { start, isInnermost: innermost }) ?? UNKNOWN;
      if (result.kind !== 'unknown') return result;
    }
    const result = byCode();
    return result.kind === 'unknown' && innermost ? fromLinkRegister(registers) : result;
  }
}

/** The caller of a function that has saved nothing yet. */
function fromLinkRegister(registers: FrameRegisters): UnwindResult {
  const result = preserved(registers);
  result[SP] = registers[SP];
  result[PC] = registers[LR];
  return caller(result);
}

/** Whether a word is BL, or BLX of an address or of a register. */
function isCall(word: number): boolean {
  const isBranchWithLink = (word & 0x0f00_0000) === 0x0b00_0000;
  return isBranchWithLink || word >>> 25 === 0x7d || (word & 0x0fff_fff0) === 0x012f_ff30;
}
