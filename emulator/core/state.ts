/**
 * Processor state: registers, flags, modes and banks, exception entry (ARM DDI 0100I, A2).
 *
 * r0 to r15 are live in REGS whatever the mode; the banks of the other modes rest in the CPU block that ACTIVE names.
 * There are two blocks: the physical CPU's, and the virtual CPU's, which the same routines work on while the hypervisor
 * has a trapped instruction emulated.
 */
import {
  ACTIVE,
  ALIGN_CHECK,
  C_CPSR,
  C_DACR,
  C_DFSR,
  C_FAR,
  C_FCSE,
  C_IFSR,
  C_R13,
  C_R8_FIQ,
  C_R8_USR,
  C_SCTLR,
  C_SPSR,
  C_TTBR0,
  CPU_PHYS,
  EVENTS,
  FLAG_C,
  FLAG_N,
  FLAG_Q,
  FLAG_V,
  FLAG_Z,
  REGIME,
  REGIMES,
  REGIME_HOST,
  REGIME_MMU,
  REGIME_R,
  REGIME_S,
  REGIME_SIZE,
  REGIME_USER,
  REGS,
  RETIRED,
  THUMB,
  TRAP_EXCEPTIONS,
  USER_REGIME,
} from './generated/layout';

export const MODE_USR: u32 = 0x10;
export const MODE_FIQ: u32 = 0x11;
export const MODE_IRQ: u32 = 0x12;
export const MODE_SVC: u32 = 0x13;
export const MODE_ABT: u32 = 0x17;
export const MODE_UND: u32 = 0x1b;

export const CPSR_F: u32 = 0x40;
export const CPSR_I: u32 = 0x80;
/** Control bits kept in a CPU block: J, GE, E, A, I, F and mode. Flags, Q and T are live state. */
export const CONTROL_MASK: u32 = 0x07ff_ffdf;

export const SCTLR_M: u32 = 1;
export const SCTLR_S: u32 = 1 << 8;
export const SCTLR_R: u32 = 1 << 9;
export const SCTLR_V: u32 = 1 << 13;

/** Bank numbers, in the order of C_R13. */
const BANK_USR: u32 = 0;
const BANK_FIQ: u32 = 1;

// @ts-ignore: decorator
@inline export function reg(index: u32): u32 {
  return load<u32>(REGS + (index << 2));
}

// @ts-ignore: decorator
@inline export function setReg(index: u32, value: u32): void {
  store<u32>(REGS + (index << 2), value);
}

// @ts-ignore: decorator
@inline export function active(): u32 {
  return load<u32>(ACTIVE);
}

/** N, Z, C, V in bits 3..0. */
export function nzcv(): u32 {
  return (
    ((load<u32>(FLAG_N) >>> 31) << 3) |
    ((<u32>(load<u32>(FLAG_Z) == 0)) << 2) |
    (load<u32>(FLAG_C) << 1) |
    (load<u32>(FLAG_V) >>> 31)
  );
}

export function setNzcv(value: u32): void {
  store<u32>(FLAG_N, value << 28);
  store<u32>(FLAG_Z, ~value & 4);
  store<u32>(FLAG_C, (value >>> 1) & 1);
  store<u32>(FLAG_V, value << 31);
}

/** CPSR as MRS sees it on the active CPU. */
export function cpsr(): u32 {
  return (
    (nzcv() << 28) | (load<u32>(FLAG_Q) << 27) | (load<u32>(THUMB) << 5) | (load<u32>(active() + C_CPSR) & CONTROL_MASK)
  );
}

/** Current mode of the active CPU. */
// @ts-ignore: decorator
@inline export function mode(): u32 {
  return load<u32>(active() + C_CPSR) & 0x1f;
}

// @ts-ignore: decorator
@inline export function privileged(): bool {
  return mode() != MODE_USR;
}

function bankOf(aMode: u32): u32 {
  switch (aMode) {
    case MODE_FIQ:
      return BANK_FIQ;
    case MODE_IRQ:
      return 2;
    case MODE_SVC:
      return 3;
    case MODE_ABT:
      return 4;
    case MODE_UND:
      return 5;
    default:
      return BANK_USR;
  }
}

/** Moves the live r8..r14 from the bank of one mode to that of another. Reserved modes use the user bank. */
function switchBank(from: u32, to: u32): void {
  const oldBank = bankOf(from);
  const newBank = bankOf(to);
  if (oldBank == newBank) return;
  const cpu = active();
  const oldHigh = cpu + C_R13 + (oldBank << 3);
  const newHigh = cpu + C_R13 + (newBank << 3);
  store<u32>(oldHigh, load<u32>(REGS + 52));
  store<u32>(oldHigh + 4, load<u32>(REGS + 56));
  store<u32>(REGS + 52, load<u32>(newHigh));
  store<u32>(REGS + 56, load<u32>(newHigh + 4));
  if (oldBank == BANK_FIQ || newBank == BANK_FIQ) {
    const oldLow = cpu + (oldBank == BANK_FIQ ? C_R8_FIQ : C_R8_USR);
    const newLow = cpu + (newBank == BANK_FIQ ? C_R8_FIQ : C_R8_USR);
    for (let i: u32 = 0; i < 20; i += 4) {
      store<u32>(oldLow + i, load<u32>(REGS + 32 + i));
      store<u32>(REGS + 32 + i, load<u32>(newLow + i));
    }
  }
}

/** Writes control bits (mode, I, F, A, E, J) of the active CPU; switches banks and the translation regime. */
export function setControl(value: u32): void {
  const cpu = active();
  const old = load<u32>(cpu + C_CPSR);
  switchBank(old & 0x1f, value & 0x1f);
  store<u32>(cpu + C_CPSR, value & CONTROL_MASK);
  const user = (value & 0x1f) == MODE_USR;
  if (cpu == CPU_PHYS && load<u32>(TRAP_EXCEPTIONS)) store<u32>(REGIME, user ? load<u32>(USER_REGIME) : REGIME_HOST);
  else store<u32>(REGIME, <u32>user);
}

/** Writes the whole CPSR of the active CPU, with flags and T. */
export function setCpsr(value: u32): void {
  setNzcv(value >>> 28);
  store<u32>(FLAG_Q, (value >>> 27) & 1);
  store<u32>(THUMB, (value >>> 5) & 1);
  setControl(value);
}

/** Address of the SPSR of the current mode, or 0 in User and System mode, which have none. */
export function spsrAddress(): u32 {
  const bank = bankOf(mode());
  return bank == BANK_USR ? 0 : active() + C_SPSR + (bank << 2);
}

/** SPSR of the current mode. User and System mode have none: UNPREDICTABLE, reads as CPSR here. */
export function spsr(): u32 {
  const address = spsrAddress();
  return address ? load<u32>(address) : cpsr();
}

/** A user-bank register, whatever the mode (LDM(2), STM(2)). */
export function userReg(index: u32): u32 {
  const bank = bankOf(mode());
  if (index >= 13 && index < 15 && bank != BANK_USR) return load<u32>(active() + C_R13 + ((index - 13) << 2));
  if (index >= 8 && index < 13 && bank == BANK_FIQ) return load<u32>(active() + C_R8_USR + ((index - 8) << 2));
  return reg(index);
}

export function setUserReg(index: u32, value: u32): void {
  const bank = bankOf(mode());
  if (index >= 13 && index < 15 && bank != BANK_USR) store<u32>(active() + C_R13 + ((index - 13) << 2), value);
  else if (index >= 8 && index < 13 && bank == BANK_FIQ) store<u32>(active() + C_R8_USR + ((index - 8) << 2), value);
  else setReg(index, value);
}

// @ts-ignore: decorator
@inline export function retire(count: u64): void {
  store<u64>(RETIRED, load<u64>(RETIRED) + count);
}

/**
 * Enters an exception on the active CPU (ARM DDI 0100I, A2.6): LR and SPSR of the mode, I (and F) set, ARM state, PC at
 * the vector. Does not count; the caller does.
 */
export function enterException(vector: u32, newMode: u32, link: u32, maskFiq: bool): void {
  const saved = cpsr();
  const cpu = active();
  let control = (saved & ~0x1f & CONTROL_MASK) | newMode | CPSR_I;
  if (maskFiq) control |= CPSR_F;
  setControl(control);
  store<u32>(THUMB, 0);
  store<u32>(cpu + C_SPSR + (bankOf(newMode) << 2), saved);
  setReg(14, link);
  setReg(15, vector + (load<u32>(cpu + C_SCTLR) & SCTLR_V ? 0xffff_0000 : 0));
}

/** Enters the data abort exception: records status and address, LR is the aborted instruction's address + 8. */
export function enterDataAbort(fsr: u32, far: u32, pc: u32): void {
  const cpu = active();
  store<u32>(cpu + C_DFSR, fsr);
  store<u32>(cpu + C_FAR, far);
  enterException(0x10, MODE_ABT, pc + 8, false);
}

/** Enters the prefetch abort exception: LR is the aborted instruction's address + 4. FAR is not touched on ARMv5. */
export function enterPrefetchAbort(fsr: u32, pc: u32): void {
  store<u32>(active() + C_IFSR, fsr);
  enterException(0x0c, MODE_ABT, pc + 4, false);
}

/** Derives the translation regimes and the alignment check from the cp15 registers of the physical CPU. */
export function updateRegimes(): void {
  const sctlr = load<u32>(CPU_PHYS + C_SCTLR);
  const control =
    (sctlr & SCTLR_M ? REGIME_MMU : 0) | (sctlr & SCTLR_S ? REGIME_S : 0) | (sctlr & SCTLR_R ? REGIME_R : 0);
  for (let i: u32 = 0; i < 2; i++) {
    const regime: u32 = REGIMES + i * REGIME_SIZE;
    store<u32>(regime, load<u32>(CPU_PHYS + C_TTBR0) & 0xffff_c000);
    store<u32>(regime + 4, load<u32>(CPU_PHYS + C_DACR));
    store<u32>(regime + 8, control | (i ? REGIME_USER : 0));
    store<u32>(regime + 12, load<u32>(CPU_PHYS + C_FCSE) & 0xfe00_0000);
  }
  store<u32>(ALIGN_CHECK, (sctlr >>> 1) & 1);
}

/**
 * The host has written TTBR0 or DACR: its privileged mode uses them at once. With TTBR0, user mode gets the shadow that the two belong
 * to. Translations of each regime are kept apart and stay, as with tagged translations.
 */
export function hostTablesChanged(table: bool): void {
  const ttbr = load<u32>(CPU_PHYS + C_TTBR0);
  const dacr = load<u32>(CPU_PHYS + C_DACR);
  const host: u32 = REGIMES + REGIME_HOST * REGIME_SIZE;
  store<u32>(host, ttbr);
  store<u32>(host + 4, dacr);
  if (!table) return;
  if (load<u32>(REGIMES) == ttbr && load<u32>(REGIMES + 4) == dacr) store<u32>(USER_REGIME, 0);
  else if (load<u32>(REGIMES + REGIME_SIZE) == ttbr && load<u32>(REGIMES + REGIME_SIZE + 4) == dacr)
    store<u32>(USER_REGIME, 1);
}

/** Tells the hypervisor what an emulated system instruction asks for. */
export function raiseEvent(bits: u32): void {
  store<u32>(EVENTS, load<u32>(EVENTS) | bits);
}

/** Chooses the CPU block that instructions work on: CPU_PHYS or CPU_VIRT. */
export function setActive(cpu: u32): void {
  store<u32>(ACTIVE, cpu);
}
