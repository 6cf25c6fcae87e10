/** From a kernel's entry code to the user code that it interrupted, where no table says how. */
import { CPSR, MODE } from '../../emulator/registers.ts';
import { type FrameRegisters } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import type { Guest } from './guest.ts';

/** `struct pt_regs` of 32-bit ARM Linux, which is part of its user ABI: r0 to r15, CPSR, the r0 at entry. */
const PT_REGS = { cpsr: 16 * 4, registers: 16 } as const;
/** The entry code of system calls keeps two arguments below it. */
const PLACES = [0, 8];
const SP = 13;

/** Registers of interrupted user code. */
export interface UserEntry {
  readonly registers: FrameRegisters;
  readonly thumb: boolean;
}

/**
 * The user code that was interrupted where the stack ends in a frame of entry code. `last` is that frame: assembly,
 * whose SP points to the saved registers. Undefined when there are none,
 * as at the bottom of a kernel thread.
 */
export function userEntry(guest: Guest, last: Frame): UserEntry | undefined {
  const sp = last.registers[SP];
  const isUser = (guest.read('cpsr') & CPSR.MODE) === MODE.usr;
  const address = guest.linked(last.lookup);
  const fn = guest.debug.at(address)?.functionAt(address);
  if (sp === undefined || isUser || !guest.mmuOn || (fn && !fn.isAssembly)) return undefined;
  for (const offset of PLACES) {
    const base = sp + offset;
    const cpsr = guest.readWord((base + PT_REGS.cpsr) >>> 0);
    if (cpsr === undefined || !isUserState(cpsr)) continue;
    const registers = Array.from({ length: PT_REGS.registers }, (_, id) => guest.readWord((base + 4 * id) >>> 0));
    if (!registers.includes(undefined)) return { registers, thumb: (cpsr & CPSR.T) !== 0 };
  }
  return undefined;
}

/** Whether a word can be the CPSR of user code: user mode, interrupts on, and nothing in the reserved bits. */
function isUserState(cpsr: number): boolean {
  return (cpsr & (CPSR.MODE | CPSR.I | CPSR.F | 0x07f0_fc00)) === MODE.usr;
}
