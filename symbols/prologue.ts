/**
 * Unwinding without tables: follows the stack pointer through the A32 code of a function, from its start to the address,
 * by the few instructions that prologues and epilogues are made of. Exact for a function that saves registers at its
 * start; good enough for hand-written code that keeps its return address in LR.
 */
import { caller, LR, PC, preserved, SP, UNKNOWN, type FrameRegisters, type ReadWord } from './frame.ts';
import type { UnwindResult } from './frame.ts';

/** Instructions looked at before giving up: prologues are short, and labels in assembly may cover pages. */
const LONGEST = 2048;
const ALWAYS = 0xe;
/** `b`, unconditional. */
const BRANCH = 0xea;

interface StackState {
  /** Bytes pushed since entry. */
  depth: number;
  /** Where a register was saved: bytes below the stack pointer at entry. */
  saved: Map<number, number>;
}

const copy = (state: StackState): StackState => ({ depth: state.depth, saved: new Map(state.saved) });

/** The value of a data-processing immediate. */
function immediate(word: number): number {
  const rotate = (word >>> 7) & 0x1e;
  const value = word & 0xff;
  return rotate === 0 ? value : ((value >>> rotate) | (value << (32 - rotate))) >>> 0;
}

/** `stmdb sp!, {...}` (PUSH) or `ldmia sp!, {...}` (POP): bytes moved. */
function listSize(list: number): number {
  let bytes = 0;
  for (let id = 0; id < 16; id++) if (list & (1 << id)) bytes += 4;
  return bytes;
}

function push(state: StackState, list: number): void {
  state.depth += listSize(list);
  let below = state.depth;
  for (let id = 0; id < 16; id++) {
    if (!(list & (1 << id))) continue;
    if (!state.saved.has(id)) state.saved.set(id, below);
    below -= 4;
  }
}

/** Forgets what lies in the part of the stack that has been released. */
function release(state: StackState, bytes: number): void {
  state.depth = Math.max(0, state.depth - bytes);
  for (const [id, below] of state.saved) if (below > state.depth) state.saved.delete(id);
}

/** Applies one instruction. Returns whether it leaves the function for good. */
function follow(state: StackState, word: number): boolean {
  const pattern = word & 0x0fff_ffff;
  const top = (pattern & 0x0fff_0000) >>> 16;
  if (top === 0x92d) push(state, word & 0xffff);
  else if (top === 0x8bd) {
    if (word & (1 << PC)) return true;
    release(state, listSize(word & 0xffff));
  } else if ((pattern & 0x0fff_0fff) === 0x052d_0004) push(state, 1 << ((word >>> 12) & 15));
  else if ((pattern & 0x0fff_0fff) === 0x049d_0004) {
    if (((word >>> 12) & 15) === PC) return true;
    release(state, 4);
  } else if ((pattern & 0x0fff_f000) === 0x024d_d000) state.depth += immediate(word);
  else if ((pattern & 0x0fff_f000) === 0x028d_d000) release(state, immediate(word));
  else if (pattern === 0x012f_ff1e || pattern === 0x01a0_f00e)
    return true; // bx lr, mov pc, lr
  else if ((pattern & 0x0f10_8000) === 0x0810_8000) return true; // any other LDM with PC
  return false;
}

/** One step to the caller of a frame in the function that starts at `start`, executing at `address`. */
export function unwindByPrologue(
  registers: FrameRegisters,
  start: number,
  address: number,
  read: ReadWord,
): UnwindResult {
  const sp = registers[SP];
  if (sp === undefined || address < start || address - start > LONGEST * 4) return UNKNOWN;
  let state: StackState = { depth: 0, saved: new Map() };
  let deepest = copy(state);
  for (let at = start; at < address; at += 4) {
    const word = read(at);
    if (word === undefined) return UNKNOWN;
    if (word >>> 28 !== ALWAYS) continue;
    // Code behind a return, or behind a tail call, is reached by a branch from the body, where the frame is complete.
    if (follow(state, word) || (word >>> 24 === BRANCH && state.depth < deepest.depth)) state = copy(deepest);
    else if (state.depth > deepest.depth) deepest = copy(state);
  }
  const result = preserved(registers);
  const entry = (sp + state.depth) >>> 0;
  for (const [id, below] of state.saved) result[id] = read((entry - below) >>> 0);
  result[SP] = entry;
  result[PC] = state.saved.has(LR) ? result[LR] : registers[LR];
  result[LR] = undefined;
  return caller(result);
}
