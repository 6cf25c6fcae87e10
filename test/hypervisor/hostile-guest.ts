/** What hand-written hostile guests have in common: where things are, vectors that go on, and the start in supervisor mode. */
import type { RegisterName } from '../../emulator/registers.ts';
import { DEVICE } from './hostile-board.ts';
import type { HostileGuest } from './hostile-run.ts';
import * as W from './words.ts';

export const L1 = 0x4000;
export const L2 = 0xc000;
export const CODE = 0x1_0000;
export const DATA = 0x2_0000;
/** Virtual megabyte at which the tests map what they try. */
export const WINDOW = 0x0050_0000;

export const returnTo = (correction: number): number => W.kernel('SUB_imm', { S: 1, d: 15, n: 14, i: correction });
export const returnHere = W.kernel('MOV_shi', { S: 1, d: 15, m: 14 });
/** Vectors that go on after the instruction that caused the exception. */
export const VECTORS = [W.NOP, returnHere, returnHere, returnHere, returnTo(4), W.NOP, returnTo(4), returnTo(4)];

interface Options {
  l1?: Readonly<Record<number, number>>;
  memory?: ReadonlyMap<number, readonly number[]>;
  registers?: Partial<Record<RegisterName, number>>;
  sctlr?: number;
  dacr?: number;
  cpsr?: number;
  vectors?: readonly number[];
  budget?: number;
  interruptPeriod?: number;
}

/** A guest with low memory and the device mapped to themselves, and code that starts at CODE in supervisor mode. */
export function guest(name: string, code: readonly number[], options: Options = {}): HostileGuest {
  const l1 = Array.from({ length: 4096 }, () => 0);
  l1[0] = W.section(0);
  l1[DEVICE >>> 20] = W.section(DEVICE);
  for (const [megabyte, descriptor] of Object.entries(options.l1 ?? {})) l1[Number(megabyte)] = descriptor;
  const banks = (['usr', 'fiq', 'irq', 'svc', 'abt', 'und'] as const).map(
    (bank) => [`sp_${bank}`, DATA + 0x800] as const,
  );
  const registers = Object.entries({ sp: DATA + 0xc00, ...options.registers }) as [RegisterName, number][];
  return {
    name,
    memory: new Map([[0, options.vectors ?? VECTORS], [L1, l1], [CODE, code], ...(options.memory ?? [])]),
    registers: [
      ['ttbr0', L1],
      ['dacr', options.dacr ?? 0x5555_5555],
      ['sctlr', options.sctlr ?? 1],
      ...banks,
      ['cpsr', options.cpsr ?? 0xd3],
      ...registers,
      ['pc', CODE],
    ],
    budget: options.budget ?? 300,
    ...(options.interruptPeriod !== undefined && { interruptPeriod: options.interruptPeriod }),
  };
}

/** Endless repetition of some words. */
export const forever = (words: readonly number[]): number[] => [...words, W.branch(-words.length)];
export const ending = (words: readonly number[]): number[] => [...words, W.BRANCH_TO_SELF];
