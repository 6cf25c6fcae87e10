/**
 * The emulated side of virtualization: how a guest's exception reaches the host's vectors, what the core handles by itself,
 * and the hand-over between the host's code (hypervisor/world-switch/) and the run loop behind it. See docs/hypervisor.md.
 */
import { isSystemControl, isWait } from './coprocessor';
import { lookupA32 } from './generated/decode-tables';
import {
  ACTIVE,
  ARCH,
  C_CPSR,
  COALESCED,
  COALESCED_COUNT,
  COALESCED_MAX,
  COALESCED_SIZE,
  CPU_PHYS,
  CPU_VIRT,
  EVENTS,
  EXIT_ADDRESS,
  EXIT_DATA,
  EXIT_SIZE,
  EXIT_WRITE,
  FAST,
  FAST_CACHES,
  FAST_MRS,
  FAST_MSR,
  FAST_TLB,
  FLAG_Q,
  CAUSE_DATA_ABORT,
  CAUSE_PREFETCH_ABORT,
  CAUSE_SVC,
  CAUSE_UNDEFINED,
  FRAME,
  FRAME_CAUSE,
  FRAME_GUEST_DACR,
  FRAME_GUEST_TTBR,
  FRAME_PSR,
  HOST_CONTEXT,
  HOST_INSTRUCTIONS,
  MMIO_COUNT,
  MMIO_VALUES,
  QUIET,
  QUIET_COUNT,
  RAM_BASE,
  REGIME,
  REGIME_SIZE,
  REGIMES,
  REGS,
  SAVED_STORES,
  SLOT_ARM,
  STOP_BUDGET,
  STOP_DATA_ABORT,
  STOP_HOST_FAULT,
  STOP_PREFETCH_ABORT,
  STOP_SVC,
  STOP_UNDEFINED,
  STORES_DONE,
  STUB_CPSR,
  REGIME_STUB,
  STUB_DATA,
  STUB_FIRST,
  STUB_INSTRUCTIONS,
  STUB_MEMORY,
  STUB_REGION_SIZE,
  STUBS_IN_PAGE,
  STUBS_RUN,
  STUB_SIZE,
  STUB_VA,
  STUBS_LEFT,
  THUMB,
  USER_REGIME,
  VIRTUAL_LINES,
  WORLD_SWITCHES,
} from './generated/layout';
import { decodeTrapWord } from './generated/lpv-tables';
import { ROW_MCR, ROW_MRC, ROW_MRS, ROW_MSR_imm, ROW_MSR_reg } from './generated/rows';
import * as O from './ops';
import { executeTrapped } from './slow';
import {
  CONTROL_MASK,
  cpsr,
  CPSR_F,
  CPSR_I,
  enterException,
  MODE_ABT,
  MODE_SVC,
  MODE_UND,
  MODE_USR,
  setCpsr,
  setNzcv,
} from './state';

/** The stop by which a hypervisor learns of an exception of user mode. */
export function exceptionStop(status: u32): u32 {
  if (status == O.ABORT) return STOP_DATA_ABORT;
  if (status == O.SUPERVISOR_CALL) return STOP_SVC;
  return status == O.UNDEFINED ? STOP_UNDEFINED : STOP_PREFETCH_ABORT;
}

/** The host's instructions that are being executed are a stub's. */
let inStub: bool = false;

export function countHost(instructions: i32): void {
  if (inStub) {
    inStub = false;
    store<u64>(STUB_INSTRUCTIONS, load<u64>(STUB_INSTRUCTIONS) + <u64>instructions);
    return;
  }
  store<u64>(HOST_INSTRUCTIONS, load<u64>(HOST_INSTRUCTIONS) + <u64>instructions);
}

/**
 * Exits that need nothing of the hypervisor: status registers and cache operations are executed on the virtual CPU right here.
 * Returns SUPERVISOR_CALL for a word that must leave the guest, else how the instruction ends.
 */
export function fastExit(word: u32, pc: u32): u32 {
  if (!load<u32>(FAST)) return O.SUPERVISOR_CALL;
  let original = decodeTrapWord(word);
  if (!original) original = word;
  const row = lookupA32(original, load<u32>(ARCH));
  let counter: u32 = 0;
  if (row == ROW_MRS) counter = FAST_MRS;
  else if (row == ROW_MSR_imm || row == ROW_MSR_reg) counter = FAST_MSR;
  else counter = maintenance(row, original);
  if (!counter) return O.SUPERVISOR_CALL;
  store<u32>(counter, load<u32>(counter) + 1);
  store<u32>(ACTIVE, CPU_VIRT);
  const status = executeTrapped(original, pc);
  store<u32>(ACTIVE, CPU_PHYS);
  // Shadows agree with the guest's tables at all times: nothing has to be dropped.
  store<u32>(EVENTS, 0);
  return status;
}

/** Counter of a cache or TLB operation (c7, c8), but for waiting for an interrupt; 0 for anything else. */
function maintenance(row: u32, word: u32): u32 {
  if ((row != ROW_MCR && row != ROW_MRC) || !isSystemControl(word)) return 0;
  const register = (word >>> 16) & 15;
  if (register == 8) return FAST_TLB;
  return register == 7 && !isWait(word) ? FAST_CACHES : 0;
}

/** After a change of the virtual CPSR: whether the guest may not go on as it is. */
export function mustLeave(): bool {
  const control = load<u32>(CPU_VIRT + C_CPSR);
  if ((control & 0x1f) == MODE_USR) return true;
  return (pendingMasks() & ~control) != 0;
}

/** The masks of the virtual CPSR that hold a pending interrupt back: I, F or both. */
export function pendingMasks(): u32 {
  const levels = load<u32>(VIRTUAL_LINES);
  return (levels & 1 ? CPSR_I : 0) | (levels & 2 ? CPSR_F : 0);
}

/** The stubs keep the control bits of the virtual CPSR in their data while the guest runs. */
export function giveVirtualCpsr(): void {
  if (!load<u32>(STUB_VA)) return;
  store<u32>(<u32>load<u32>(STUB_DATA), load<u32>(CPU_VIRT + C_CPSR), STUB_CPSR);
}

export function takeVirtualCpsr(): void {
  if (!load<u32>(STUB_VA)) return;
  store<u32>(CPU_VIRT + C_CPSR, load<u32>(<u32>load<u32>(STUB_DATA), STUB_CPSR));
}

/** Enters a stub in user mode; returns its address. What it executes until it is left is its own count. */
export function enterStub(place: u32): u32 {
  store<u32>(STUBS_RUN, load<u32>(STUBS_RUN) + 1);
  store<u32>(REGIME, REGIME_STUB);
  inStub = true;
  return load<u32>(STUB_VA) + place * STUB_FIRST;
}

/** A stub cannot do what it stands for: PC is the patched instruction's again. Its last word is the address behind it. */
export function leaveStub(pc: u32): void {
  store<u32>(STUBS_LEFT, load<u32>(STUBS_LEFT) + 1);
  inStub = false;
  const offset = pc - load<u32>(STUB_VA);
  const inPage = (offset & (STUB_REGION_SIZE - 1)) - STUB_FIRST;
  const stub: u32 =
    load<u32>(STUB_MEMORY) + (offset / STUB_REGION_SIZE) * 0x1000 + STUB_FIRST + inPage - (inPage % STUB_SIZE);
  store<u32>(REGS + 60, load<u32>(stub + STUB_SIZE - 4) - 4);
}

/**
 * Makes the decoded trap word at an address of RAM, executed at `va`, stand for a stub. Its record has the stub's place: the distance
 * from the first region in units of STUB_FIRST bytes, which divide all the sizes.
 */
export function patchSite(host: u32, va: u32, stub: u32): void {
  const slot: u32 = load<u32>(SLOT_ARM + ((<u32>((host - RAM_BASE) >>> 12)) << 2));
  if (!slot) return;
  const rec: u32 = slot + ((<u32>(host & 0xffc)) << 1);
  const op = <u32>load<u16>(rec);
  const plain = op & 0xfff;
  if (plain != O.OP_SVC && plain != O.OP_UNDEFINED) return;
  store<u16>(rec, <u16>((op & 0xf000) | O.OP_STUB));
  const offset = (stub / STUBS_IN_PAGE) * STUB_REGION_SIZE + STUB_FIRST + (stub % STUBS_IN_PAGE) * STUB_SIZE;
  store<u16>(rec, <u16>(offset / STUB_FIRST), 2);
  store<u32>(rec, va, 4);
}

/** Whether a record is a store of one word, halfword or byte. */
export function singleStore(rec: u32): bool {
  const family = (<u32>load<u16>(rec)) & 0xffc;
  return family == O.OP_STR || family == O.OP_STRB || family == O.OP_STRH;
}

/** Lets the device write that has just stopped wait, if its register is quiet. `count`: instructions retired before it. */
export function coalesce(count: u64): bool {
  if (!load<u32>(EXIT_WRITE) || load<u32>(MMIO_COUNT)) return false;
  const waiting = load<u32>(COALESCED_COUNT);
  if (waiting == COALESCED_MAX) return false;
  const address = load<u32>(EXIT_ADDRESS);
  const zones = load<u32>(QUIET_COUNT);
  for (let i: u32 = 0; i < zones; i++) {
    const zone: u32 = QUIET + (i << 3);
    if (address - load<u32>(zone) >= load<u32>(zone, 4)) continue;
    const entry: u32 = COALESCED + waiting * COALESCED_SIZE;
    store<u64>(entry, count);
    store<u32>(entry, address, 8);
    store<u32>(entry, load<u32>(EXIT_SIZE), 12);
    store<u32>(entry, load<u32>(EXIT_DATA), 16);
    store<u32>(COALESCED_COUNT, waiting + 1);
    // The instruction is repeated with the answer at hand.
    store<u32>(MMIO_VALUES, 0);
    store<u32>(MMIO_VALUES + 4, 0);
    store<u32>(MMIO_COUNT, 1);
    return true;
  }
  return false;
}

/** An exception of user mode at r15 under a hypervisor: the stop that reports it, or 0 when the host's vector is entered. */
export function trapped(status: u32, world: bool, host: bool): u32 {
  if (host) return STOP_HOST_FAULT;
  const stop = exceptionStop(status);
  if (!world) return stop;
  enterHost(stop);
  return 0;
}

/** Enters the host's vector for a guest's exception at r15. The instruction in progress may have stored; see SAVED_STORES. */
export function enterHost(stop: u32): void {
  store<u32>(SAVED_STORES, load<u32>(STORES_DONE));
  store<u32>(STORES_DONE, 0);
  const pc = load<u32>(REGS + 60);
  const next = pc + (load<u32>(THUMB) ? 2 : 4);
  if (stop == STOP_SVC) enterException(0x08, MODE_SVC, next, false);
  else if (stop == STOP_UNDEFINED) enterException(0x04, MODE_UND, next, false);
  else if (stop == STOP_DATA_ABORT) enterException(0x10, MODE_ABT, pc + 8, false);
  else enterException(0x0c, MODE_ABT, pc + 4, false);
}

/** Copies 16 registers; memory.copy is a call into the engine, which costs more than these. */
// @ts-ignore: decorator
@inline function copyRegisters(to: u32, from: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
  store<u64>(to, load<u64>(from, 32), 32);
  store<u64>(to, load<u64>(from, 40), 40);
  store<u64>(to, load<u64>(from, 48), 48);
  store<u64>(to, load<u64>(from, 56), 56);
}

/** The guest's registers go to the frame; the host goes on after WFI. */
export function resumeHost(): void {
  const frame = load<u32>(FRAME);
  copyRegisters(frame, REGS);
  store<u32>(frame + FRAME_PSR, cpsr());
  // The shadow of the guest's virtual mode.
  const shadow: u32 = REGIMES + load<u32>(USER_REGIME) * REGIME_SIZE;
  store<u32>(frame + FRAME_GUEST_TTBR, load<u32>(shadow));
  store<u32>(frame + FRAME_GUEST_DACR, load<u32>(shadow + 4));
  copyRegisters(REGS, HOST_CONTEXT);
  // The bank of the host's mode is live: setting the mode first keeps it from being exchanged.
  store<u32>(CPU_PHYS + C_CPSR, MODE_SVC);
  setCpsr(load<u32>(HOST_CONTEXT + 64));
}

/** The host waits in WFI: its registers rest, and the guest's are live. Returns the stop by which the guest was left. */
export function leaveHost(): u32 {
  store<u64>(WORLD_SWITCHES, load<u64>(WORLD_SWITCHES) + 1);
  takeVirtualCpsr();
  copyRegisters(HOST_CONTEXT, REGS);
  store<u32>(HOST_CONTEXT + 64, cpsr());
  const frame = load<u32>(FRAME);
  copyRegisters(REGS, frame);
  const status = load<u32>(frame + FRAME_PSR);
  setNzcv(status >>> 28);
  store<u32>(FLAG_Q, (status >>> 27) & 1);
  const thumb = (status >>> 5) & 1;
  store<u32>(THUMB, thumb);
  store<u32>(CPU_PHYS + C_CPSR, status & CONTROL_MASK);
  store<u32>(REGIME, load<u32>(USER_REGIME));
  store<u32>(STORES_DONE, load<u32>(SAVED_STORES));
  store<u32>(SAVED_STORES, 0);
  const cause = load<u32>(frame + FRAME_CAUSE);
  if (cause == CAUSE_PREFETCH_ABORT) return STOP_PREFETCH_ABORT;
  if (cause == CAUSE_DATA_ABORT) return STOP_DATA_ABORT;
  if (cause != CAUSE_SVC && cause != CAUSE_UNDEFINED) return STOP_BUDGET;
  // The link register of these is behind the instruction.
  store<u32>(REGS + 60, load<u32>(REGS + 60) - (thumb ? 2 : 4));
  return cause == CAUSE_SVC ? STOP_SVC : STOP_UNDEFINED;
}
