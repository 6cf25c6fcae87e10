/**
 * System control coprocessor (cp15) of the ARM926EJ-S (ARM DDI 0198E, chapter 2), on the active CPU.
 *
 * Cache operations have no effect, since memory is coherent, but are counted. On the virtual CPU the effects on
 * translation are reported to the hypervisor instead of being carried out.
 */
import {
  CACHE_OPS,
  CPU_VIRT,
  C_CTR,
  C_DACR,
  C_DFSR,
  C_DLOCK,
  C_DTCM,
  C_FAR,
  C_FCSE,
  C_CONTEXTIDR,
  C_IFSR,
  C_ILOCK,
  C_ITCM,
  C_MIDR,
  C_SCTLR,
  C_TEST,
  C_TLBLOCK,
  C_TTBR0,
  EVENT_CACHE,
  EVENT_CONTEXT,
  EVENT_CONTROL,
  EVENT_DOMAIN,
  EVENT_MMU,
  EVENT_MVA,
  EVENT_TLB_ALL,
  EVENT_TLB_ENTRY,
  TLB_OPS,
  TRAP_EXCEPTIONS,
} from './generated/layout';
import { flushAll, flushPage } from './memory';
import { NEXT, REFETCH, UNDEFINED, WAIT } from './ops';
import { active, hostTablesChanged, privileged, raiseEvent, setNzcv, setReg, updateRegimes } from './state';

/**
 * SCTLR bits that hold what is written: M, A, C, B, S, R, I, V, RR, L4, and the bits that should be one (6..3, 16, 18;
 * ARM DDI 0198E, 2.3.4). Linux keeps bit 3 zero in its copy, and writes the register in each system call if it reads
 * otherwise.
 */
const SCTLR_WRITABLE: u32 = 0x0005_f3ff;

/** A change of translation state: carried out on the physical CPU (a host switches regimes), reported for the virtual one. */
function translationChanged(event: u32): u32 {
  if (active() == CPU_VIRT) {
    raiseEvent(event);
    return NEXT;
  }
  if (load<u32>(TRAP_EXCEPTIONS)) {
    hostTablesChanged(event == EVENT_MMU);
    return NEXT;
  }
  updateRegimes();
  flushAll();
  return REFETCH;
}

// @ts-ignore: decorator
@inline function virtual(): bool {
  return active() == CPU_VIRT;
}

/** MCR: `value` is the register's content. Unknown registers are UNPREDICTABLE: writes are ignored here. */
export function coprocessorWrite(word: u32, value: u32): u32 {
  if (!isSystemControl(word) || !privileged()) return UNDEFINED;
  const crn = (word >>> 16) & 15;
  const crm = word & 15;
  const op2 = (word >>> 5) & 7;
  const op1 = (word >>> 21) & 7;
  const cpu = active();
  switch (crn) {
    case 1:
      if (op2 || crm || op1) return NEXT;
      store<u32>(cpu + C_SCTLR, value & SCTLR_WRITABLE);
      return translationChanged(EVENT_CONTROL);
    case 2:
      store<u32>(cpu + C_TTBR0, value & 0xffff_c000);
      return translationChanged(EVENT_MMU);
    case 3:
      store<u32>(cpu + C_DACR, value);
      return translationChanged(EVENT_DOMAIN);
    case 5:
      store<u32>(cpu + (op2 == 1 ? C_IFSR : C_DFSR), value & 0xff);
      return NEXT;
    case 6:
      store<u32>(cpu + C_FAR, value);
      return NEXT;
    case 7:
      return cacheOperation(word);
    case 8:
      return tlbOperation(op2, value);
    case 9:
      if (crm == 1) store<u32>(cpu + (op2 ? C_ITCM : C_DTCM), value & 0xffff_f001);
      else if (crm == 0) store<u32>(cpu + (op2 ? C_ILOCK : C_DLOCK), value);
      return NEXT;
    case 10:
      store<u32>(cpu + C_TLBLOCK, value);
      return NEXT;
    case 13:
      if (op2 == 1) {
        store<u32>(cpu + C_CONTEXTIDR, value);
        if (virtual()) raiseEvent(EVENT_CONTEXT);
        return NEXT;
      }
      store<u32>(cpu + C_FCSE, value & 0xfe00_0000);
      return translationChanged(EVENT_MMU);
    case 15:
      store<u32>(cpu + C_TEST, value);
      return NEXT;
    default:
      return NEXT;
  }
}

/** Whether an MCR or MRC is one of cp15's. */
export function isSystemControl(word: u32): bool {
  return ((word >>> 8) & 15) == 15;
}

/** Whether a c7 operation waits for an interrupt: c0 opcode 4, and c8 opcode 2 of older cores. */
export function isWait(word: u32): bool {
  const crm = word & 15;
  const op2 = (word >>> 5) & 7;
  return (crm == 0 && op2 == 4) || (crm == 8 && op2 == 2);
}

/** c7: cache operations, drain write buffer, wait for interrupt (ARM DDI 0198E, 2.3.8). */
function cacheOperation(word: u32): u32 {
  if (isWait(word)) return WAIT;
  store<u32>(CACHE_OPS, load<u32>(CACHE_OPS) + 1);
  if (virtual()) raiseEvent(EVENT_CACHE);
  return NEXT;
}

/** c8: TLB operations by all and by entry. Instruction and data side share their translations here. */
function tlbOperation(op2: u32, mva: u32): u32 {
  store<u32>(TLB_OPS, load<u32>(TLB_OPS) + 1);
  if (virtual()) {
    raiseEvent(op2 == 1 ? EVENT_TLB_ENTRY : EVENT_TLB_ALL);
    store<u32>(EVENT_MVA, mva);
    return NEXT;
  }
  if (op2 == 1) flushPage(mva);
  else flushAll();
  return REFETCH;
}

/** MRC. A destination of r15 means the flags. */
export function coprocessorRead(word: u32): u32 {
  if (!isSystemControl(word) || !privileged()) return UNDEFINED;
  const crn = (word >>> 16) & 15;
  const crm = word & 15;
  const op2 = (word >>> 5) & 7;
  const rd = (word >>> 12) & 15;
  const cpu = active();
  let value: u32 = 0;
  switch (crn) {
    case 0:
      // Cache type, TCM status (none present); every other opcode reads the main ID.
      value = op2 == 1 ? load<u32>(cpu + C_CTR) : op2 == 2 ? 0 : load<u32>(cpu + C_MIDR);
      break;
    case 1:
      value = load<u32>(cpu + C_SCTLR);
      break;
    case 2:
      value = load<u32>(cpu + C_TTBR0);
      break;
    case 3:
      value = load<u32>(cpu + C_DACR);
      break;
    case 5:
      value = load<u32>(cpu + (op2 == 1 ? C_IFSR : C_DFSR));
      break;
    case 6:
      value = load<u32>(cpu + C_FAR);
      break;
    case 7:
      // Test and clean (c10, c14, opcode 3): the cache is never dirty, so bit 30, which becomes Z, is set.
      if (op2 == 3 && (crm == 10 || crm == 14)) {
        store<u32>(CACHE_OPS, load<u32>(CACHE_OPS) + 1);
        if (virtual()) raiseEvent(EVENT_CACHE);
        value = 0x4000_0000;
      }
      break;
    case 9:
      if (crm == 1) value = load<u32>(cpu + (op2 ? C_ITCM : C_DTCM));
      else if (crm == 0) value = load<u32>(cpu + (op2 ? C_ILOCK : C_DLOCK));
      break;
    case 10:
      value = load<u32>(cpu + C_TLBLOCK);
      break;
    case 13:
      value = load<u32>(cpu + (op2 == 1 ? C_CONTEXTIDR : C_FCSE));
      break;
    case 15:
      value = load<u32>(cpu + C_TEST);
      break;
    default:
      break;
  }
  if (rd == 15) setNzcv(value >>> 28);
  else setReg(rd, value);
  return NEXT;
}
