/**
 * The interpreter: runs records (ops.ts) of decoded pages. Hot instructions stand here; everything else is a call.
 * The regular cases of the switch (`@cases`) are written by scripts/generate-interpreter.ts into generated/run.ts.
 *
 * The program counter is the record pointer: `pc = page + (record - slot) / unit`. Straight-line code never looks at
 * page limits, since the record after the last one leads to the next page.
 */
import { registerOffset, shiftedOperand, shiftedValue, shifterCarry } from './arithmetic';
import { cover } from './coverage';
import { decodeA32, decodeThumb, breaksOnPage, isBreakpoint, refreshBreaks, slotOf } from './decode';
import { lookupA32 } from './generated/decode-tables';
import {
  ACTIVE,
  ARCH,
  BREAK_COUNT,
  BREAK_SKIP,
  C_CPSR,
  COVERED_COUNT,
  CPU_PHYS,
  EXIT_ADDRESS,
  EXIT_FAR,
  EXIT_FSR,
  EXIT_LENGTH,
  EXIT_REGIME,
  EXIT_WORD,
  EXIT_WRITE,
  FLAG_C,
  FLAG_N,
  FLAG_Q,
  FLAG_V,
  FLAG_Z,
  HOST_LIMIT,
  HOST_STEP,
  HOST_VIEW,
  IN_GUEST,
  IN_HOST,
  LINES,
  MMIO_COUNT,
  RAM_BASE,
  REGIME,
  REGIME_HOST,
  REGIME_STUB,
  REGS,
  RETIRED,
  SLOT_ARM,
  SLOT_THUMB,
  STOP_BREAKPOINT,
  STOP_BUDGET,
  STOP_DATA_ABORT,
  STOP_HALTED,
  STOP_HOST_FAULT,
  STOP_MMIO_READ,
  STOP_MMIO_WRITE,
  STOP_SVC,
  STOP_UNDEFINED,
  STOP_WATCH,
  STOP_WFI,
  STUB_DATA,
  STUB_PENDING,
  STUB_VA,
  THUMB,
  TRAP_EXCEPTIONS,
  USER_REGIME,
} from './generated/layout';
import { ROW_LDR_imm, ROW_LDR_reg, ROW_SVC } from './generated/rows';
import {
  clearAccess,
  clearFetchChanged,
  clearWatchHit,
  endMmio,
  fetchOffset,
  fetchPage,
  fetchTable,
  fetchWhole,
  readTable,
  rewindMmio,
  table,
  watchHit,
  writeTable,
} from './memory';
import * as O from './ops';
import { executeA32, executeThumb, executeTrapped, interruptsMasked, trappedWord } from './slow';
import {
  CPSR_F,
  CPSR_I,
  enterDataAbort,
  enterException,
  enterPrefetchAbort,
  mode,
  MODE_FIQ,
  MODE_IRQ,
  MODE_SVC,
  MODE_UND,
  nzcv,
  retire,
} from './state';
import { loadMultiple, slowAccess, storeMultiple } from './transfers';
import {
  coalesce,
  countHost,
  enterHost,
  enterStub,
  fastExit,
  giveVirtualCpsr,
  leaveHost,
  leaveStub,
  mustLeave,
  pendingMasks,
  resumeHost,
  singleStore,
  takeVirtualCpsr,
  trapped,
} from './world';

// Registers by the byte offsets in a record. REGS is a constant offset of the access, which costs no addition.

// @ts-ignore: decorator
@inline function vd(rec: u32): u32 {
  return load<u32>(<u32>load<u8>(rec, 2), REGS);
}

// @ts-ignore: decorator
@inline function setRd(rec: u32, value: u32): void {
  store<u32>(<u32>load<u8>(rec, 2), value, REGS);
}

// @ts-ignore: decorator
@inline function vn(rec: u32): u32 {
  return load<u32>(<u32>load<u8>(rec, 3), REGS);
}

// @ts-ignore: decorator
@inline function setRn(rec: u32, value: u32): void {
  store<u32>(<u32>load<u8>(rec, 3), value, REGS);
}

// @ts-ignore: decorator
@inline function vm(rec: u32): u32 {
  return load<u32>(<u32>load<u8>(rec, 4), REGS);
}

// @ts-ignore: decorator
@inline function vs(rec: u32): u32 {
  return load<u32>(<u32>load<u8>(rec, 5), REGS);
}

// @ts-ignore: decorator
@inline function imm(rec: u32): u32 {
  return load<u32>(rec, 4);
}

/** Rm shifted left by an immediate of 1 to 31. */
// @ts-ignore: decorator
@inline function lsl(rec: u32): u32 {
  return vm(rec) << (<u32>load<u8>(rec, 5));
}

/** As `lsl`, with the shifter's carry put into C: for logical operations that set flags. */
// @ts-ignore: decorator
@inline function lslCarry(rec: u32): u32 {
  const value = vm(rec);
  const amount = <u32>load<u8>(rec, 5);
  store<u32>(FLAG_C, (value >>> (32 - amount)) & 1);
  return value << amount;
}

function shiftedCarry(rec: u32): u32 {
  const value = shiftedOperand(rec);
  store<u32>(FLAG_C, shifterCarry);
  return value;
}

// @ts-ignore: decorator
@inline function nz(result: u32): void {
  store<u32>(FLAG_N, result);
  store<u32>(FLAG_Z, result);
}

// @ts-ignore: decorator
@inline function adds(a: u32, b: u32): u32 {
  const result = a + b;
  store<u32>(FLAG_N, result);
  store<u32>(FLAG_Z, result);
  store<u32>(FLAG_C, <u32>(result < a));
  store<u32>(FLAG_V, (a ^ result) & (b ^ result));
  return result;
}

// @ts-ignore: decorator
@inline function subs(a: u32, b: u32): u32 {
  const result = a - b;
  store<u32>(FLAG_N, result);
  store<u32>(FLAG_Z, result);
  store<u32>(FLAG_C, <u32>(a >= b));
  store<u32>(FLAG_V, (a ^ b) & (a ^ result));
  return result;
}

function adcs(a: u32, b: u32): u32 {
  const wide = <u64>a + <u64>b + <u64>load<u32>(FLAG_C);
  const result = <u32>wide;
  nz(result);
  store<u32>(FLAG_C, <u32>(wide >>> 32));
  store<u32>(FLAG_V, (a ^ result) & (b ^ result));
  return result;
}

// @ts-ignore: decorator
@inline function carry(): u32 {
  return load<u32>(FLAG_C);
}

/** Translation table entry minus one, for an address; see memory.ts. */
// @ts-ignore: decorator
@inline function entry(table: u32, va: u32): u32 {
  return load<u32>(table + ((va >>> 10) & 0x3f_fffc)) - 1;
}

/** Fast LDM: all words on one page that may be read. False: nothing done. */
function fastLoadMultiple(rec: u32, table: u32): bool {
  const bits = load<u32>(rec, 4);
  const bytes = bits >>> 16;
  const mode = <u32>load<u8>(rec, 2);
  const rn = REGS + <u32>load<u8>(rec, 3);
  const base = load<u32>(rn);
  const up = mode & 4;
  let start: u32;
  if (up) start = mode & 8 ? base + 4 : base;
  else start = mode & 8 ? base - bytes : base - bytes + 4;
  const e = entry(table, start);
  if (((e | start) & 3) != 0 || (start ^ (start + bytes - 4)) >>> 12 != 0) return false;
  let host: u32 = e ^ start;
  if (mode & 1) store<u32>(rn, up ? base + bytes : base - bytes);
  let list = bits & 0xffff;
  do {
    store<u32>(REGS + (ctz<u32>(list) << 2), load<u32>(host));
    host += 4;
    list &= list - 1;
  } while (list);
  return true;
}

/** Fast STM, r15 excluded. False: nothing done. */
function fastStoreMultiple(rec: u32, table: u32): bool {
  const bits = load<u32>(rec, 4);
  if (bits & 0x8000) return false;
  const bytes = bits >>> 16;
  const mode = <u32>load<u8>(rec, 2);
  const rn = REGS + <u32>load<u8>(rec, 3);
  const base = load<u32>(rn);
  const up = mode & 4;
  let start: u32;
  if (up) start = mode & 8 ? base + 4 : base;
  else start = mode & 8 ? base - bytes : base - bytes + 4;
  const e = entry(table, start);
  if (((e | start) & 3) != 0 || (start ^ (start + bytes - 4)) >>> 12 != 0) return false;
  let host: u32 = e ^ start;
  let list = bits & 0xffff;
  do {
    store<u32>(host, load<u32>(REGS + (ctz<u32>(list) << 2)));
    host += 4;
    list &= list - 1;
  } while (list);
  if (mode & 1) store<u32>(rn, up ? base + bytes : base - bytes);
  return true;
}

/** LDR PC with immediate or register offset, no write-back; Rn may be PC. */
function loadPc(word: u32, pc: u32, table: u32): u32 {
  const n = (word >>> 16) & 15;
  const base = n == 15 ? pc + 8 : load<u32>(REGS + (n << 2));
  let offset: u32;
  if (word & 0x0200_0000) {
    if ((word >>> 5) & 3 || (word & 15) == 15) return executeA32(ROW_LDR_reg, word, pc);
    offset = load<u32>(REGS + ((word & 15) << 2)) << ((word >>> 7) & 31);
  } else offset = word & 0xfff;
  const va = word & 0x0080_0000 ? base + offset : base - offset;
  const e = entry(table, va);
  if ((e | va) & 3) return executeA32(word & 0x0200_0000 ? ROW_LDR_reg : ROW_LDR_imm, word, pc);
  const target = load<u32>(<u32>(e ^ va));
  store<u32>(THUMB, target & 1);
  store<u32>(REGS + 60, target & (target & 1 ? ~1 : ~3));
  return O.JUMP;
}

/** Set while one instruction is executed from under a breakpoint. */
let ignoreBreaks: bool = false;

/** Decodes the record of the instruction at `pc`, which stands at address `host` of the memory. */
function decodeAt(rec: u32, host: u32, pc: u32, thumb: u32): void {
  if (!ignoreBreaks && breaksOnPage(pc) && isBreakpoint(pc)) {
    store<u16>(rec, <u16>O.OP_BREAK);
    return;
  }
  if (load<u32>(COVERED_COUNT)) cover(pc);
  if (thumb) decodeThumb(rec, load<u16>(host), host & 0xfff);
  else decodeA32(rec, load<u32>(host), host & 0xfff);
}

/** The run goes through the world switch; the host's code is being executed. Here, since locals of the loop cost registers. */
let world: bool = false;
let host: bool = false;
/** While the host runs, the loop counts its instructions down, and the guest's budget waits here. */
let guestLeft: i32 = 0;

/** From the guest's budget to the host's limit, or back; returns the one that counts now. */
function changeWorld(left: i32): i32 {
  const limit = load<i32>(HOST_LIMIT);
  host = !host;
  if (host) {
    guestLeft = left;
    return limit;
  }
  countHost(limit - left);
  return guestLeft;
}

/** One instruction inside an instruction of the loop: without the world switch, and without interrupts. */
function innerStep(): u32 {
  const outerWorld = world;
  const outerHost = host;
  world = false;
  const stop = loop(1, false);
  world = outerWorld;
  host = outerHost;
  return stop;
}

/**
 * Runs until `budget` instructions (and exception entries) have retired or something stops the CPU. Returns STOP_*.
 * r15 holds the address of the next instruction before and after.
 *
 * With `world`, exceptions of the guest enter the host's vectors, and the run goes on through the world switch. The host's
 * instructions are counted apart. Unless HOST_STEP says otherwise, the end of the budget is a host interrupt.
 */
function loop(budget: i32, checkLines: bool): u32 {
  let left = budget;
  host = world && load<u32>(REGIME) >= REGIME_HOST;
  if (host) {
    guestLeft = left;
    left = load<i32>(HOST_LIMIT);
  }
  let stop: u32 = STOP_BUDGET;
  let pc = load<u32>(REGS + 60);
  // Set whenever mode, masks, regime or instruction set may have changed.
  let check = true;
  let lines: u32 = checkLines ? load<u32>(LINES) : 0;
  const breaks = load<u32>(BREAK_COUNT) != 0 && !ignoreBreaks;
  let fetchers: u32 = 0;
  let readers: u32 = 0;
  let writers: u32 = 0;
  while (true) {
    if (check) {
      check = false;
      if (lines && left > 0) {
        const control = load<u32>(<u32>load<u32>(ACTIVE) + C_CPSR);
        if (lines & 2 && !(control & CPSR_F)) {
          store<u32>(REGS + 60, pc);
          enterException(0x1c, MODE_FIQ, pc + 4, true);
          pc = load<u32>(REGS + 60);
          left--;
        } else if (lines & 1 && !(control & CPSR_I)) {
          store<u32>(REGS + 60, pc);
          enterException(0x18, MODE_IRQ, pc + 4, false);
          pc = load<u32>(REGS + 60);
          // An interrupt of the host is not an instruction of the guest's.
          if (!world || host) left--;
        }
      }
      lines = load<u32>(LINES);
      fetchers = fetchTable();
      readers = readTable();
      writers = writeTable();
      if (world && load<u32>(REGIME) >= REGIME_HOST != host) left = changeWorld(left);
    }
    if (left <= 0) {
      if (!world || host || load<u32>(HOST_STEP)) break;
      // The time slice is over: the host's timer interrupts, whatever the guest masks.
      store<u32>(LINES, load<u32>(LINES) | 1);
      store<u32>(REGS + 60, pc);
      enterException(0x18, MODE_IRQ, pc + 4, false);
      pc = load<u32>(REGS + 60);
      check = true;
      continue;
    }
    // Find the decoded page.
    let page = pc & ~0xfff;
    const fetched = load<u32>(fetchers + ((pc >>> 12) << 2));
    const hostPage: u32 = fetched ? (fetched - 1) ^ page : fetchPage(pc);
    if (!hostPage) {
      clearAccess();
      store<u32>(REGS + 60, pc);
      if (load<u32>(TRAP_EXCEPTIONS)) {
        stop = trapped(O.PREFETCH_ABORT, world, host);
        if (stop) break;
        pc = load<u32>(REGS + 60);
        check = true;
        continue;
      }
      left--;
      enterPrefetchAbort(load<u32>(EXIT_FSR), pc);
      pc = load<u32>(REGS + 60);
      check = true;
      continue;
    }
    const thumb = load<u32>(THUMB);
    // A page whose parts are mapped differently (tiny pages, sub-page permissions) is fetched anew for each instruction.
    let held = 0;
    const whole = fetched != 0 || fetchWhole;
    if (!whole) {
      held = left - 1;
      left = 1;
      page = pc - fetchOffset;
    }
    const index = <u32>((hostPage - RAM_BASE) >>> 12);
    let slot: u32 = load<u32>((thumb ? SLOT_THUMB : SLOT_ARM) + (index << 2));
    if (!slot) slot = slotOf(hostPage, thumb);
    if (breaks && breaksOnPage(pc)) refreshBreaks(pc, slot, thumb);
    clearFetchChanged();
    const unit: u32 = thumb ? 2 : 1;
    const ahead: u32 = thumb ? 4 : 8;
    let rec: u32 = slot + ((pc - page) << unit);
    let status: u32 = O.NEXT;
    while (true) {
      if (left <= 0) {
        pc = page + <u32>((rec - slot) >>> unit);
        break;
      }
      left--;
      let op = <u32>load<u16>(rec);
      if (op >= 0x1000) {
        if (!(((<u32>load<u16>(CONDITIONS + ((op >>> 11) & 0x1e))) >>> nzcv()) & 1)) {
          rec += 8;
          continue;
        }
        op &= 0xfff;
      }
      switch (op) {
        case O.OP_DECODE:
          left++;
          decodeAt(rec, hostPage + <u32>((rec - slot) >>> unit), page + <u32>((rec - slot) >>> unit), thumb);
          continue;
        case O.OP_PAGE_END:
          left++;
          pc = page + 0x1000;
          status = O.NEXT;
          break;
        case O.OP_BREAK:
          status = O.BREAKPOINT;
          break;
        case O.OP_SLOW: {
          const word = load<u32>(rec, 4);
          status = executeA32(load<u16>(rec, 2), word, page + <u32>((rec - slot) >>> unit));
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        }
        case O.OP_SLOW_THUMB:
          status = executeThumb(load<u16>(rec, 2), load<u32>(rec, 4), page + <u32>((rec - slot) >>> unit));
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        case O.OP_SVC:
          status = O.SUPERVISOR_CALL;
          break;
        case O.OP_UNDEFINED:
          status = O.UNDEFINED;
          break;
        case O.OP_STUB:
          status = O.STUB;
          break;
        case O.OP_NOP:
          rec += 8;
          continue;
        // @cases branches
        case O.OP_B_FAR:
          pc = page + <u32>((rec - slot) >>> unit) + imm(rec);
          status = O.NEXT;
          break;
        case O.OP_BL:
          store<u32>(REGS + 56, page + <u32>((rec - slot) >>> unit) + 4);
          rec += imm(rec);
          continue;
        case O.OP_BL_FAR:
          pc = page + <u32>((rec - slot) >>> unit);
          store<u32>(REGS + 56, pc + 4);
          pc += imm(rec);
          status = O.NEXT;
          break;
        case O.OP_B_SELF:
          if (interruptsMasked()) {
            status = O.HALTED;
            break;
          }
          continue;
        case O.OP_BX: {
          const target = vm(rec);
          if (whole && (target & 1) == thumb && ((target ^ page) & ~0xfff) == 0) {
            rec = slot + ((target & (thumb ? 0xffe : 0xffc)) << unit);
            continue;
          }
          store<u32>(THUMB, target & 1);
          pc = target & (target & 1 ? ~1 : ~3);
          status = O.NEXT;
          break;
        }
        case O.OP_BLX: {
          const target = vm(rec);
          store<u32>(REGS + 56, (page + <u32>((rec - slot) >>> unit) + (ahead >>> 1)) | thumb);
          store<u32>(THUMB, target & 1);
          pc = target & (target & 1 ? ~1 : ~3);
          status = O.NEXT;
          break;
        }
        case O.OP_ADR:
          setRd(rec, page + <u32>((rec - slot) >>> unit) + ahead + imm(rec));
          rec += 8;
          continue;
        case O.OP_ADR_ALIGNED:
          setRd(rec, ((page + <u32>((rec - slot) >>> unit) + ahead) & ~3) + imm(rec));
          rec += 8;
          continue;
        case O.OP_MOV_PC: {
          const target = vm(rec);
          if (whole && ((target ^ page) & ~0xfff) == 0) {
            rec = slot + ((target & (thumb ? 0xffe : 0xffc)) << unit);
            continue;
          }
          pc = target & (thumb ? ~1 : ~3);
          status = O.NEXT;
          break;
        }
        case O.OP_T_BL_SUFFIX: {
          const target = load<u32>(REGS + 56) + imm(rec);
          store<u32>(REGS + 56, (page + <u32>((rec - slot) >>> unit) + 2) | 1);
          pc = target & ~1;
          status = O.NEXT;
          break;
        }
        case O.OP_T_BLX_SUFFIX: {
          const target = load<u32>(REGS + 56) + imm(rec);
          store<u32>(REGS + 56, (page + <u32>((rec - slot) >>> unit) + 2) | 1);
          store<u32>(THUMB, 0);
          pc = target & ~3;
          status = O.NEXT;
          break;
        }
        // @cases literals
        // @cases transfers
        case O.OP_LDM:
          if (fastLoadMultiple(rec, readers)) {
            if (!(load<u32>(rec, 4) & 0x8000)) {
              rec += 8;
              continue;
            }
            const target = load<u32>(REGS + 60);
            store<u32>(THUMB, target & 1);
            pc = target & (target & 1 ? ~1 : ~3);
            status = O.NEXT;
            break;
          }
          status = loadMultiple(load<u16>(rec, 4), (<u32>load<u8>(rec, 3)) >>> 2, load<u8>(rec, 2));
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        case O.OP_STM:
          if (fastStoreMultiple(rec, writers)) {
            rec += 8;
            continue;
          }
          status = storeMultiple(
            load<u16>(rec, 4),
            (<u32>load<u8>(rec, 3)) >>> 2,
            load<u8>(rec, 2),
            page + <u32>((rec - slot) >>> unit),
            false,
          );
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        case O.OP_LDR_PC:
          status = loadPc(load<u32>(rec, 4), page + <u32>((rec - slot) >>> unit), readers);
          if (status == O.NEXT) {
            rec += 8;
            continue;
          }
          break;
        case O.OP_MUL:
          setRd(rec, vm(rec) * vs(rec));
          rec += 8;
          continue;
        case O.OP_MULS: {
          const result = vm(rec) * vs(rec);
          setRd(rec, result);
          nz(result);
          rec += 8;
          continue;
        }
        case O.OP_MLA:
          setRd(rec, vm(rec) * vs(rec) + vn(rec));
          rec += 8;
          continue;
        case O.OP_UMULL: {
          const result = <u64>vm(rec) * <u64>vs(rec);
          setRn(rec, <u32>result);
          setRd(rec, <u32>(result >>> 32));
          rec += 8;
          continue;
        }
        case O.OP_SMULL: {
          const result = <u64>(<i64>(<i32>vm(rec)) * <i64>(<i32>vs(rec)));
          setRn(rec, <u32>result);
          setRd(rec, <u32>(result >>> 32));
          rec += 8;
          continue;
        }
        case O.OP_UMLAL: {
          const sum = ((<u64>vd(rec)) << 32) | (<u64>vn(rec));
          const result = sum + <u64>vm(rec) * <u64>vs(rec);
          setRn(rec, <u32>result);
          setRd(rec, <u32>(result >>> 32));
          rec += 8;
          continue;
        }
        case O.OP_SMLAL: {
          const sum = ((<u64>vd(rec)) << 32) | (<u64>vn(rec));
          const result = sum + <u64>(<i64>(<i32>vm(rec)) * <i64>(<i32>vs(rec)));
          setRn(rec, <u32>result);
          setRd(rec, <u32>(result >>> 32));
          rec += 8;
          continue;
        }
        case O.OP_CLZ:
          setRd(rec, clz<u32>(vm(rec)));
          rec += 8;
          continue;
        case O.OP_MOV_LSR:
          setRd(rec, vm(rec) >>> (<u32>load<u8>(rec, 5)));
          rec += 8;
          continue;
        case O.OP_MOV_ASR:
          setRd(rec, <u32>((<i32>vm(rec)) >> (<i32>load<u8>(rec, 5))));
          rec += 8;
          continue;
        case O.OP_SMULXY:
          setRd(rec, multiplyHalves(rec));
          rec += 8;
          continue;
        case O.OP_SMLAXY: {
          const product = multiplyHalves(rec);
          const addend = vn(rec);
          const result = product + addend;
          if (((product ^ result) & (addend ^ result)) >>> 31) store<u32>(FLAG_Q, 1);
          setRd(rec, result);
          rec += 8;
          continue;
        }
        // @cases data
        default:
          unreachable();
      }
      break;
    }
    left += held;
    // The straight run ended: `pc` is the next instruction, or `status` says what to do at `rec`.
    if (status == O.NEXT) continue;
    const here = page + <u32>((rec - slot) >>> unit);
    const size: u32 = thumb ? 2 : 4;
    if (status == O.STUB) {
      if (!ignoreBreaks && world && load<u32>(REGIME) == 0 && load<u32>(rec, 4) == here) {
        pc = enterStub(load<u16>(rec, 2));
        check = true;
        continue;
      }
      status =
        lookupA32(load<u32>(hostPage + (here - page)), load<u32>(ARCH)) == ROW_SVC ? O.SUPERVISOR_CALL : O.UNDEFINED;
    }
    if (status == O.SUPERVISOR_CALL || status == O.UNDEFINED) {
      const at = hostPage + (here - page);
      const word = thumb ? <u32>load<u16>(at) : load<u32>(at);
      const original = trappedWord(word);
      if (original) {
        status = executeTrapped(original, here);
        // The encoded instruction can itself be undefined at this architecture level.
      } else {
        store<u32>(EXIT_WORD, word);
        store<u32>(EXIT_LENGTH, size);
        if (world && !host && !thumb && load<u32>(REGIME) == 0) {
          const fast = fastExit(word, here);
          if (fast != O.SUPERVISOR_CALL) status = fast;
          if (fast == O.MASKS && mustLeave()) {
            // What the guest has enabled is the host's to do: its interrupt comes next.
            store<u32>(LINES, load<u32>(LINES) | 1);
            lines |= 1;
          }
        }
      }
    }
    switch (status) {
      case O.NEXT:
      case O.REFETCH:
        pc = here + size;
        break;
      case O.MASKS:
        pc = here + size;
        check = true;
        break;
      case O.JUMP:
        pc = load<u32>(REGS + 60);
        // A stub's only jump is the one back to the guest.
        if (load<u32>(REGIME) == REGIME_STUB) store<u32>(REGIME, load<u32>(USER_REGIME));
        check = true;
        break;
      case O.WAIT:
        pc = here + size;
        stop = STOP_WFI;
        break;
      case O.ABORT:
      case O.SUPERVISOR_CALL:
      case O.UNDEFINED:
      case O.PREFETCH_ABORT:
        pc = here;
        if (load<u32>(TRAP_EXCEPTIONS)) {
          left++;
          store<u32>(REGS + 60, here);
          if (load<u32>(REGIME) == REGIME_STUB && (status == O.SUPERVISOR_CALL || status == O.UNDEFINED)) {
            // The stub gives up: as if the trap word in its place had been executed.
            guestLeft++;
            leaveStub(here);
            stop = trapped(status, true, false);
          } else stop = trapped(status, world, host);
          if (stop) break;
          pc = load<u32>(REGS + 60);
          check = true;
          break;
        }
        enterSynchronous(status, here, size);
        pc = load<u32>(REGS + 60);
        check = true;
        break;
      case O.DEVICE:
        pc = here;
        if (world) {
          store<u32>(REGS + 60, here);
          if (singleStore(rec) && coalesce(load<u64>(RETIRED) + <u64>(budget - left - 1))) {
            rewindMmio();
            ignoreBreaks = true;
            stop = innerStep();
            ignoreBreaks = false;
            endMmio();
            if (breaksOnPage(here)) forgetRecord(here);
            // The inner run has counted it.
            left++;
            if (stop == STOP_BUDGET || stop == STOP_WATCH) {
              left--;
              budget--;
              check = true;
            }
            pc = load<u32>(REGS + 60);
            break;
          }
          left++;
          store<u32>(EXIT_REGIME, load<u32>(REGIME));
          store<u32>(EXIT_FSR, 0);
          enterHost(STOP_DATA_ABORT);
          pc = load<u32>(REGS + 60);
          check = true;
          break;
        }
        left++;
        stop = load<u32>(EXIT_WRITE) ? STOP_MMIO_WRITE : STOP_MMIO_READ;
        break;
      case O.HALTED:
        pc = here;
        left++;
        stop = STOP_HALTED;
        break;
      case O.BREAKPOINT:
        pc = here;
        left++;
        if (isBreakpoint(here)) {
          if (load<u32>(BREAK_SKIP) != (here | 1)) {
            stop = STOP_BREAKPOINT;
            store<u32>(EXIT_ADDRESS, here);
            break;
          }
        }
        // Not for this address (another alias of the page), or to be passed: execute the instruction under it alone.
        store<u32>(BREAK_SKIP, 0);
        store<u32>(REGS + 60, pc);
        decodeUnder(rec, hostPage + (here - page), here, thumb);
        stop = innerStep();
        store<u16>(rec, <u16>O.OP_DECODE);
        ignoreBreaks = false;
        if (world && stop >= STOP_SVC && stop <= STOP_DATA_ABORT) {
          enterHost(stop);
          stop = STOP_BUDGET;
          check = true;
        } else if (stop == STOP_BUDGET) {
          // The inner run has counted it.
          left--;
          budget--;
          check = true;
        }
        pc = load<u32>(REGS + 60);
        break;
      default:
        unreachable();
    }
    if (watchHit && stop == STOP_BUDGET) {
      clearWatchHit();
      stop = STOP_WATCH;
    }
    if (stop) break;
  }
  store<u32>(REGS + 60, pc);
  if (host) left = changeWorld(left);
  retire(<u64>(budget - left));
  return stop;
}

/** Enters the exception that the instruction at `pc`, of `size` bytes, has raised. */
function enterSynchronous(status: u32, pc: u32, size: u32): void {
  store<u32>(REGS + 60, pc);
  if (status == O.ABORT) enterDataAbort(load<u32>(EXIT_FSR), load<u32>(EXIT_FAR), pc);
  else if (status == O.SUPERVISOR_CALL) enterException(0x08, MODE_SVC, pc + size, false);
  else if (status == O.UNDEFINED) enterException(0x04, MODE_UND, pc + size, false);
  else enterPrefetchAbort(load<u32>(EXIT_FSR), pc);
}

/** Puts the instruction under a breakpoint into its record. */
function decodeUnder(rec: u32, host: u32, pc: u32, thumb: u32): void {
  ignoreBreaks = true;
  decodeAt(rec, host, pc, thumb);
}

/**
 * By condition ^ 14: a bit for each NZCV value under which it holds. In that order so that the top bits of an operation
 * are the index; conditions 14 and 15 stand at 0 and 1.
 */
const CONDITIONS: u32 = <u32>(
  memory.data<u16>([
    0xffff, 0x0, 0xa05, 0xf5fa, 0xaa55, 0x55aa, 0xc0c, 0xf3f3, 0xaaaa, 0x5555, 0xff00, 0xff, 0xcccc, 0x3333, 0xf0f0,
    0xf0f,
  ])
);

/** Product of two signed halfwords chosen by x (bit 0) and y (bit 1) in byte 6. */
function multiplyHalves(rec: u32): u32 {
  const select = <u32>load<u8>(rec, 6);
  const m = vm(rec);
  const s = vs(rec);
  const x = select & 1 ? (<i32>m) >> 16 : (<i32>(m << 16)) >> 16;
  const y = select & 2 ? (<i32>s) >> 16 : (<i32>(s << 16)) >> 16;
  return <u32>(x * y);
}

/** Runs at most `budget` instructions; see `loop`. Completes an instruction that waited for a device first. */
export function run(budget: i32): u32 {
  if (!load<u32>(MMIO_COUNT)) {
    const stop = loop(budget, true);
    store<u32>(BREAK_SKIP, 0);
    return stop;
  }
  rewindMmio();
  ignoreBreaks = true;
  const here = load<u32>(REGS + 60);
  const stop = innerStep();
  ignoreBreaks = false;
  if (stop == STOP_MMIO_READ || stop == STOP_MMIO_WRITE) return stop;
  endMmio();
  if (breaksOnPage(here)) forgetRecord(here);
  if (stop != STOP_BUDGET || budget == 1) return stop;
  return loop(budget - 1, true);
}

/** After an instruction ran with breakpoints ignored, its record must look for one again. */
function forgetRecord(pc: u32): void {
  const fetched = load<u32>(fetchTable() + ((pc >>> 12) << 2));
  if (!fetched) return;
  const hostPage: u32 = (fetched - 1) ^ (pc & ~0xfff);
  const thumb = load<u32>(THUMB);
  const slot: u32 = load<u32>((thumb ? SLOT_THUMB : SLOT_ARM) + ((<u32>((hostPage - RAM_BASE) >>> 12)) << 2));
  if (slot) refreshBreaks(pc, slot, thumb);
}

/**
 * Enters the guest through the host's code, and runs it until the host's run loop is in charge again (or a debugger has
 * halted the guest where it is). The host waits in WFI while the run loop has the CPU: this side of it plays the part of the
 * kernel's C code, which finds the guest's registers in the frame. While the run loop works they are live in REGS.
 * Returns STOP_BUDGET for a host interrupt.
 */
export function enterGuest(budget: i32): u32 {
  const before = load<u64>(RETIRED);
  if (!(load<u32>(IN_GUEST) | load<u32>(IN_HOST))) resumeHost();
  store<u32>(IN_GUEST, 0);
  store<u32>(IN_HOST, 0);
  giveVirtualCpsr();
  if (load<u32>(STUB_VA)) store<u32>(<u32>load<u32>(STUB_DATA), pendingMasks(), STUB_PENDING);
  let left = budget;
  while (true) {
    world = true;
    const stop = loop(left, true);
    world = false;
    if (stop != STOP_WFI) {
      if (load<u32>(REGIME) < REGIME_HOST) {
        takeVirtualCpsr();
        store<u32>(IN_GUEST, 1);
        return stop;
      }
      if (!load<u32>(HOST_VIEW)) return STOP_HOST_FAULT;
      store<u32>(IN_HOST, 1);
      return stop;
    }
    if ((load<u32>(CPU_PHYS + C_CPSR) & 0x1f) == MODE_SVC) return leaveHost();
    // The host's interrupt handler acknowledges.
    store<u32>(LINES, load<u32>(LINES) & ~1);
    left = budget - <i32>(load<u64>(RETIRED) - before);
  }
}

/** Runs one instruction of a hypervisor's choice on a CPU block: `word` is the original of a trap at r15. */
export function emulate(word: u32, cpu: u32): u32 {
  const here = load<u32>(REGS + 60);
  clearAccess();
  rewindMmio();
  store<u32>(ACTIVE, cpu);
  const status = executeTrapped(word, here);
  store<u32>(ACTIVE, CPU_PHYS);
  switch (status) {
    case O.ABORT:
      return STOP_DATA_ABORT;
    case O.DEVICE:
      return load<u32>(EXIT_WRITE) ? STOP_MMIO_WRITE : STOP_MMIO_READ;
    case O.UNDEFINED:
    case O.SUPERVISOR_CALL:
    case O.PREFETCH_ABORT:
      return STOP_UNDEFINED;
    default:
  }
  endMmio();
  retire(1);
  if (status != O.JUMP) store<u32>(REGS + 60, here + 4);
  if (watchHit) {
    clearWatchHit();
    return STOP_WATCH;
  }
  return status == O.WAIT ? STOP_WFI : STOP_BUDGET;
}
