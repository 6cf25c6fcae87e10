/** What executing one instruction has done: gone on, called, or entered an exception. */
import { CPSR, MODE } from '../../emulator/registers.ts';
import type { RunnerStop } from '../../emulator/runner.ts';
import { stackIdentity, type StackIdentity } from './goal.ts';
import type { Guest } from './guest.ts';

/** An exception by the mode that it enters. */
export type Entered = 'svc' | 'irq' | 'fiq' | 'abort' | 'undefined';

export interface InstructionStep {
  /** `stepped`, or what has stopped the machine instead. */
  readonly stop: RunnerStop;
  readonly from: number;
  /** The address behind the instruction. */
  readonly after: number;
  /** The stack before it. */
  readonly stack: StackIdentity;
  readonly called: boolean;
  readonly entered: Entered | undefined;
}

const ENTERED: Readonly<Record<number, Entered>> = {
  [MODE.svc]: 'svc',
  [MODE.irq]: 'irq',
  [MODE.fiq]: 'fiq',
  [MODE.abt]: 'abort',
  [MODE.und]: 'undefined',
};

/** Offsets of the vectors by what enters them (ARM DDI 0100I, A2.6). */
const VECTORS: Readonly<Record<Entered, readonly number[]>> = {
  undefined: [0x04],
  svc: [0x08],
  abort: [0x0c, 0x10],
  irq: [0x18],
  fiq: [0x1c],
};
const HIGH_VECTORS = 0xffff_0000;

/** Executes one instruction, or enters one exception. */
export function stepInstruction(guest: Guest): InstructionStep {
  const from = guest.pc;
  const stack = stackIdentity(guest);
  const after = (from + (guest.thumb ? thumbSize(guest, from) : 4)) >>> 0;
  const stop = guest.runner.step();
  const { pc } = guest;
  const entered = pc === after ? undefined : enteredException(guest);
  const called = entered === undefined && pc !== after && (guest.read('lr') & ~1) >>> 0 === after;
  return { stop, from, after, stack, called, entered };
}

/** The exception at whose vector the guest stands in its mode. */
function enteredException(guest: Guest): Entered | undefined {
  const offset = guest.pc >= HIGH_VECTORS ? guest.pc - HIGH_VECTORS : guest.pc;
  if (offset >= 0x20) return undefined;
  const entered = ENTERED[guest.read('cpsr') & CPSR.MODE];
  return entered && VECTORS[entered].includes(offset) ? entered : undefined;
}

/** Bytes of the Thumb instruction at an address: BL and BLX are a pair. */
function thumbSize(guest: Guest, address: number): number {
  const word = guest.readWord((address & ~3) >>> 0) ?? 0;
  const half = address & 2 ? word >>> 16 : word & 0xffff;
  return half >>> 11 === 0x1e ? 4 : 2;
}
