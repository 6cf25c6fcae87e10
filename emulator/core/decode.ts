/** Turns instruction words into records (see ops.ts), once per word of a code page. */
import { lookupA32, lookupThumb } from './generated/decode-tables';
import {
  ARCH,
  BREAKS,
  BREAK_COUNT,
  BREAK_PAGES,
  HOST_RAM,
  HOST_VIEW,
  PAGE_BREAKS,
  PAGE_CODE,
  PAGE_FLAGS,
  RAM_BASE,
  RAM_BREAKS,
  RAM_BREAK_COUNT,
  REGIME,
  REGIME_HOST,
  SLOTS,
  SLOT_ARM,
  SLOT_COUNT,
  SLOT_SIZE,
  SLOT_THUMB,
  SLOT_VIEW,
} from './generated/layout';
import * as R from './generated/rows';
import { flushAll, guardPage } from './memory';
import * as O from './ops';

let slotsUsed: u32 = 0;

/** By slot: the RAM page that it decodes. */
const SLOT_PAGES: u32 = <u32>memory.data(8192);

/** Drops every decoded instruction. */
export function dropDecoded(): void {
  for (let i: u32 = 0; i < slotsUsed; i++) {
    const page = load<u32>(SLOT_PAGES + (i << 2));
    store<u32>(SLOT_ARM + (page << 2), 0);
    store<u32>(SLOT_THUMB + (page << 2), 0);
    store<u8>(PAGE_FLAGS + page, load<u8>(PAGE_FLAGS + page) & ~(<u8>PAGE_CODE));
  }
  slotsUsed = 0;
  flushAll();
}

/** The decode slot of a RAM page for the given state, made if there is none. */
export function slotOf(hostPage: u32, thumb: u32): u32 {
  const page = <u32>((hostPage - RAM_BASE) >>> 12);
  const pointer: u32 = (thumb ? SLOT_THUMB : SLOT_ARM) + (page << 2);
  let slot: u32 = load<u32>(pointer);
  if (slot) return slot;
  if (slotsUsed == SLOT_COUNT) dropDecoded();
  store<u32>(SLOT_PAGES + (slotsUsed << 2), page);
  slot = SLOTS + slotsUsed++ * SLOT_SIZE;
  const length: u32 = thumb ? 16384 : 8192;
  memory.fill(slot, 0, length);
  store<u16>(slot + length, <u16>O.OP_PAGE_END);
  store<u32>(slot, 1, SLOT_VIEW);
  store<u32>(pointer, <u32>slot);
  // Code of the host changes by its hands only, and shares its page with data.
  if (hostPage < load<u32>(HOST_RAM)) guardPage(page, PAGE_CODE);
  return slot;
}

/** Whether the page of a virtual address has breakpoints. */
// @ts-ignore: decorator
@inline export function breaksOnPage(va: u32): bool {
  return (
    (((<u32>load<u8>(BREAK_PAGES + (va >>> 15))) >>> ((va >>> 12) & 7)) & 1) != 0 &&
    (load<u32>(REGIME) < REGIME_HOST || load<u32>(HOST_VIEW) != 0)
  );
}

/** Index of the first of `count` sorted words from `list` on that is not below `value`. */
function lowerBound(list: u32, count: u32, value: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(list + (middle << 2)) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of a breakpoint by virtual address, or -1. */
export function breakIndex(va: u32): i32 {
  const count = load<u32>(BREAK_COUNT);
  const index = lowerBound(BREAKS, count, va);
  return index < count && load<u32>(BREAKS + (index << 2)) == va ? <i32>index : -1;
}

/** Index of a breakpoint by its place in RAM, given as an address of this memory, or -1. */
export function ramBreakIndex(host: u32): i32 {
  if (host < RAM_BASE || !(load<u8>(PAGE_FLAGS + ((host - RAM_BASE) >>> 12)) & PAGE_BREAKS)) return -1;
  const count = load<u32>(RAM_BREAK_COUNT);
  const index = lowerBound(RAM_BREAKS, count, host);
  return index < count && load<u32>(RAM_BREAKS + (index << 2)) == host ? <i32>index : -1;
}

/** Whether a breakpoint is set at the instruction at `va`, which is at `host` in this memory. */
export function isBreakpoint(va: u32, host: u32): bool {
  return (breaksOnPage(va) && breakIndex(va) >= 0) || ramBreakIndex(host) >= 0;
}

/**
 * Makes the records of a slot those of a virtual page: where that has breakpoints they decode again, whatever alias of the
 * page decoded them before.
 */
export function viewSlot(slot: u32, page: u32, thumb: u32): void {
  store<u32>(slot, page, SLOT_VIEW);
  if (!breaksOnPage(page)) return;
  const count = load<u32>(BREAK_COUNT);
  for (let i = lowerBound(BREAKS, count, page); i < count; i++) {
    const address = load<u32>(BREAKS + (i << 2));
    if ((address & ~0xfff) != page) return;
    store<u16>(slot + ((address & 0xfff) << (thumb ? 2 : 1)), <u16>O.OP_DECODE);
  }
}

/** Breakpoints have changed: each page looks for its own when it is entered next. */
export function breaksChanged(): void {
  for (let i: u32 = 0; i < slotsUsed; i++) store<u32>(SLOTS + i * SLOT_SIZE, 1, SLOT_VIEW);
  const count = load<u32>(RAM_BREAK_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const host = load<u32>(RAM_BREAKS + (i << 2));
    const page = (host - RAM_BASE) >>> 12;
    const arm = load<u32>(SLOT_ARM + (page << 2));
    if (arm) store<u16>(arm + ((host & 0xfff) << 1), <u16>O.OP_DECODE);
    const thumb = load<u32>(SLOT_THUMB + (page << 2));
    if (thumb) store<u16>(thumb + ((host & 0xfff) << 2), <u16>O.OP_DECODE);
  }
}

// @ts-ignore: decorator
@inline function put(rec: u32, op: u32, rd: u32, rn: u32, imm: u32): void {
  store<u16>(rec, <u16>op);
  store<u8>(rec, <u8>(rd << 2), 2);
  store<u8>(rec, <u8>(rn << 2), 3);
  store<u32>(rec, imm, 4);
}

// @ts-ignore: decorator
@inline function slow(rec: u32, op: u32, row: u32, word: u32): void {
  store<u16>(rec, <u16>op);
  store<u16>(rec, <u16>row, 2);
  store<u32>(rec, word, 4);
}

/** Shift operand bytes: Rm, amount, kind; returns the data-processing form. */
function shiftImmediate(word: u32): u32 {
  const rm = (word & 15) << 2;
  const amount = (word >>> 7) & 31;
  const kind = (word >>> 5) & 3;
  if (kind == 0) return rm | (amount << 8);
  if (amount == 0) {
    if (kind == 3) return rm | (1 << 8) | (O.SHIFT_RRX << 16);
    return rm | (32 << 8) | (kind << 16);
  }
  return rm | (amount << 8) | (kind << 16);
}

/** Decodes the A32 word of the record at byte `offset` of its page. `va` is its address. */
export function decodeA32(rec: u32, word: u32, offset: u32): void {
  const row = lookupA32(word, load<u32>(ARCH));
  const cond = word >>> 28;
  decodeRow(rec, row, word, offset);
  if (cond < 14) {
    const op = <u32>load<u16>(rec);
    if (op == O.OP_B + 14) store<u16>(rec, <u16>(O.OP_B + cond));
    else store<u16>(rec, <u16>(op | ((cond ^ 14) << 12)));
  }
}

function dataProcessing(rec: u32, row: u32, word: u32): void {
  const opcode = (word >>> 21) & 15;
  const flags = (word >>> 20) & 1;
  const compare = opcode >>> 2 == 2;
  const move = opcode == O.MOV || opcode == O.MVN;
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const immediate = (word >>> 25) & 1;
  const base = O.OP_DP + (opcode << 3) + (flags << 2);
  if (rd == 15 && !compare) {
    if (row == R.ROW_MOV_shi && !flags && !((word >>> 4) & 0xff) && (word & 15) != 15) {
      put(rec, O.OP_MOV_PC, 0, 0, (word & 15) << 2);
      return;
    }
    slow(rec, O.OP_SLOW, row, word);
    return;
  }
  if (immediate) {
    const rotation = (word >>> 7) & 30;
    const value = rotr<u32>(word & 0xff, rotation);
    if (rn == 15 && !move) {
      if (flags) slow(rec, O.OP_SLOW, row, word);
      else if (opcode == O.ADD) put(rec, O.OP_ADR, rd, 0, value);
      else if (opcode == O.SUB) put(rec, O.OP_ADR, rd, 0, 0 - value);
      else slow(rec, O.OP_SLOW, row, word);
      return;
    }
    const logical = opcode < 2 || opcode == O.TST || opcode == O.TEQ || opcode >= O.ORR;
    if (flags && logical && rotation) slow(rec, O.OP_SLOW, row, word);
    else put(rec, base + O.DP_IMMEDIATE, rd, rn, value);
    return;
  }
  const rm = word & 15;
  if ((rn == 15 && !move) || rm == 15) {
    if (opcode == O.MOV && !flags && !((word >>> 4) & 0xff)) put(rec, O.OP_ADR, rd, 0, 0);
    else slow(rec, O.OP_SLOW, row, word);
    return;
  }
  if (word & 0x10) {
    const rs = (word >>> 8) & 15;
    if (rs == 15) slow(rec, O.OP_SLOW, row, word);
    else {
      const kind = O.SHIFT_BY_REGISTER + ((word >>> 5) & 3);
      put(rec, base + O.DP_SHIFTED, rd, rn, (rm << 2) | (rs << 10) | (kind << 16));
    }
    return;
  }
  const operand = shiftImmediate(word);
  const kind = operand >>> 16;
  if (kind == 0) put(rec, base + (operand >>> 8 ? O.DP_LSL : O.DP_REGISTER), rd, rn, operand);
  else if (opcode == O.MOV && !flags && kind == O.SHIFT_LSR && operand >>> 8 != 0x120) {
    put(rec, O.OP_MOV_LSR, rd, rn, operand);
  } else if (opcode == O.MOV && !flags && kind == O.SHIFT_ASR) {
    // ASR #32 is ASR #31 as to its value.
    put(rec, O.OP_MOV_ASR, rd, rn, (operand & 0xff) | (min<u32>((operand >>> 8) & 0xff, 31) << 8));
  } else put(rec, base + O.DP_SHIFTED, rd, rn, operand);
}

/** Word and byte loads and stores (addressing mode 2). */
function wordOrByte(rec: u32, row: u32, word: u32, op: u32): void {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const pre = (word >>> 24) & 1;
  const up = (word >>> 23) & 1;
  const writeback = (word >>> 21) & 1;
  const loads = op == O.OP_LDR;
  const register = (word >>> 25) & 1;
  if (rd == 15 && loads && pre && !writeback) {
    // LDR PC, e.g. a jump table: Rn may be PC.
    slow(rec, O.OP_LDR_PC, row, word);
    return;
  }
  if (!register && rn == 15 && loads && pre && !writeback) {
    put(rec, O.OP_LDR_LITERAL, rd, 0, up ? word & 0xfff : 0 - (word & 0xfff));
    return;
  }
  if (!register && rn == 15 && rd != 15 && op == O.OP_STR && pre && !writeback) {
    put(rec, O.OP_STR_LITERAL, rd, 0, up ? word & 0xfff : 0 - (word & 0xfff));
    return;
  }
  if (rn == 15 || rd == 15) {
    slow(rec, O.OP_SLOW, row, word);
    return;
  }
  if (!register) {
    const offset = up ? word & 0xfff : 0 - (word & 0xfff);
    if (pre) put(rec, op + (writeback ? O.FORM_PRE : O.FORM_OFFSET), rd, rn, offset);
    else put(rec, op + O.FORM_POST, rd, rn, offset);
    return;
  }
  if (!pre || writeback || (word & 15) == 15) {
    slow(rec, O.OP_SLOW, row, word);
    return;
  }
  put(rec, op + O.FORM_REGISTER, rd, rn, shiftImmediate(word) | (up << 24));
}

/** Halfword and signed loads and stores (addressing mode 3). */
function half(rec: u32, row: u32, word: u32, op: u32): void {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const pre = (word >>> 24) & 1;
  const up = (word >>> 23) & 1;
  const writeback = (word >>> 21) & 1;
  if (rn == 15 || rd == 15) {
    slow(rec, O.OP_SLOW, row, word);
    return;
  }
  if ((word >>> 22) & 1) {
    const value = ((word >>> 4) & 0xf0) | (word & 15);
    const form = pre ? (writeback ? O.FORM_PRE : O.FORM_OFFSET) : O.FORM_POST;
    put(rec, op + form, rd, rn, up ? value : 0 - value);
    return;
  }
  if (!pre || writeback || (word & 15) == 15) slow(rec, O.OP_SLOW, row, word);
  else put(rec, op + O.FORM_REGISTER, rd, rn, ((word & 15) << 2) | (up << 24));
}

function multiple(rec: u32, row: u32, word: u32, op: u32): void {
  const rn = (word >>> 16) & 15;
  const list = word & 0xffff;
  if (rn == 15 || list == 0) {
    slow(rec, O.OP_SLOW, row, word);
    return;
  }
  store<u16>(rec, <u16>op);
  store<u8>(rec, <u8>((word >>> 21) & 15), 2);
  store<u8>(rec, <u8>(rn << 2), 3);
  store<u32>(rec, list | (popcnt<u32>(list) << 18), 4);
}

function branch(rec: u32, offset: u32, distance: i32, near: u32, far: u32, unit: u32): void {
  const target = <i32>offset + distance;
  if (target >= 0 && target < 4096) {
    if (distance == 0 && near != O.OP_BL) put(rec, O.OP_B_SELF, 0, 0, 0);
    else put(rec, near, 0, 0, <u32>(distance << unit));
  } else put(rec, far, 0, 0, <u32>distance);
}

/** A multiply without PC among its registers, as Rd (bits 19..16), Rn, Rm, Rs. */
function multiply(rec: u32, row: u32, word: u32, op: u32): void {
  const rd = (word >>> 16) & 15;
  const rn = (word >>> 12) & 15;
  const rs = (word >>> 8) & 15;
  const rm = word & 15;
  if (rd == 15 || rn == 15 || rs == 15 || rm == 15) slow(rec, O.OP_SLOW, row, word);
  else put(rec, op, rd, rn, (rm << 2) | (rs << 10) | (((word >>> 5) & 3) << 16));
}

function decodeRow(rec: u32, row: u32, word: u32, offset: u32): void {
  if (row == 0) {
    slow(rec, O.OP_UNDEFINED, row, word);
    return;
  }
  if (row >= R.ROW_AND_imm && row <= R.ROW_MVN_shr) {
    dataProcessing(rec, row, word);
    return;
  }
  switch (row) {
    case R.ROW_B:
      branch(rec, offset, ((<i32>(word << 8)) >> 6) + 8, O.OP_B + 14, O.OP_B_FAR, 1);
      break;
    case R.ROW_BL:
      branch(rec, offset, ((<i32>(word << 8)) >> 6) + 8, O.OP_BL, O.OP_BL_FAR, 1);
      break;
    case R.ROW_BX:
      if ((word & 15) == 15) slow(rec, O.OP_SLOW, row, word);
      else put(rec, O.OP_BX, 0, 0, (word & 15) << 2);
      break;
    case R.ROW_BLX_reg:
      if ((word & 15) == 15) slow(rec, O.OP_SLOW, row, word);
      else put(rec, O.OP_BLX, 0, 0, (word & 15) << 2);
      break;
    case R.ROW_SVC:
      slow(rec, O.OP_SVC, row, word);
      break;
    case R.ROW_LDR_imm:
    case R.ROW_LDR_reg:
      wordOrByte(rec, row, word, O.OP_LDR);
      break;
    case R.ROW_STR_imm:
    case R.ROW_STR_reg:
      wordOrByte(rec, row, word, O.OP_STR);
      break;
    case R.ROW_LDRB_imm:
    case R.ROW_LDRB_reg:
      wordOrByte(rec, row, word, O.OP_LDRB);
      break;
    case R.ROW_STRB_imm:
    case R.ROW_STRB_reg:
      wordOrByte(rec, row, word, O.OP_STRB);
      break;
    case R.ROW_LDRH_imm:
    case R.ROW_LDRH_reg:
      half(rec, row, word, O.OP_LDRH);
      break;
    case R.ROW_STRH_imm:
    case R.ROW_STRH_reg:
      half(rec, row, word, O.OP_STRH);
      break;
    case R.ROW_LDRSB_imm:
    case R.ROW_LDRSB_reg:
      half(rec, row, word, O.OP_LDRSB);
      break;
    case R.ROW_LDRSH_imm:
    case R.ROW_LDRSH_reg:
      half(rec, row, word, O.OP_LDRSH);
      break;
    case R.ROW_LDM:
      multiple(rec, row, word, O.OP_LDM);
      break;
    case R.ROW_STM:
      multiple(rec, row, word, O.OP_STM);
      break;
    case R.ROW_MUL:
      multiply(rec, row, word, (word >>> 20) & 1 ? O.OP_MULS : O.OP_MUL);
      break;
    case R.ROW_MLA:
      if ((word >>> 20) & 1) slow(rec, O.OP_SLOW, row, word);
      else multiply(rec, row, word, O.OP_MLA);
      break;
    case R.ROW_UMULL:
      if ((word >>> 20) & 1) slow(rec, O.OP_SLOW, row, word);
      else multiply(rec, row, word, O.OP_UMULL);
      break;
    case R.ROW_SMULL:
      if ((word >>> 20) & 1) slow(rec, O.OP_SLOW, row, word);
      else multiply(rec, row, word, O.OP_SMULL);
      break;
    case R.ROW_UMLAL:
      if ((word >>> 20) & 1) slow(rec, O.OP_SLOW, row, word);
      else multiply(rec, row, word, O.OP_UMLAL);
      break;
    case R.ROW_SMLAL:
      if ((word >>> 20) & 1) slow(rec, O.OP_SLOW, row, word);
      else multiply(rec, row, word, O.OP_SMLAL);
      break;
    case R.ROW_SMULxy:
      multiply(rec, row, word, O.OP_SMULXY);
      break;
    case R.ROW_SMLAxy:
      multiply(rec, row, word, O.OP_SMLAXY);
      break;
    case R.ROW_CLZ:
      if (((word >>> 12) & 15) == 15 || (word & 15) == 15) slow(rec, O.OP_SLOW, row, word);
      else put(rec, O.OP_CLZ, (word >>> 12) & 15, 0, (word & 15) << 2);
      break;
    case R.ROW_PLD:
      put(rec, O.OP_NOP, 0, 0, 0);
      break;
    default:
      slow(rec, O.OP_SLOW, row, word);
  }
}

// @ts-ignore: decorator
@inline function dp(opcode: u32, flags: u32, form: u32): u32 {
  return O.OP_DP + (opcode << 3) + (flags << 2) + form;
}

/** Decodes the Thumb halfword of the record at byte `offset` of its page, into the same operations as A32. */
export function decodeThumb(rec: u32, h: u32, offset: u32): void {
  const row = lookupThumb(h, load<u32>(ARCH));
  const low = h & 7;
  const mid = (h >>> 3) & 7;
  const top = (h >>> 6) & 7;
  const imm5 = (h >>> 6) & 31;
  const imm8 = h & 0xff;
  const high = (h >>> 8) & 7;
  switch (row) {
    case R.ROW_T_LSL_imm:
      put(rec, dp(O.MOV, 1, imm5 ? O.DP_LSL : O.DP_REGISTER), low, 0, (mid << 2) | (imm5 << 8));
      break;
    case R.ROW_T_LSR_imm:
      put(rec, dp(O.MOV, 1, O.DP_SHIFTED), low, 0, (mid << 2) | ((imm5 ? imm5 : 32) << 8) | (O.SHIFT_LSR << 16));
      break;
    case R.ROW_T_ASR_imm:
      put(rec, dp(O.MOV, 1, O.DP_SHIFTED), low, 0, (mid << 2) | ((imm5 ? imm5 : 32) << 8) | (O.SHIFT_ASR << 16));
      break;
    case R.ROW_T_ADD_reg:
      put(rec, dp(O.ADD, 1, O.DP_REGISTER), low, mid, top << 2);
      break;
    case R.ROW_T_SUB_reg:
      put(rec, dp(O.SUB, 1, O.DP_REGISTER), low, mid, top << 2);
      break;
    case R.ROW_T_ADD_imm3:
      put(rec, dp(O.ADD, 1, O.DP_IMMEDIATE), low, mid, top);
      break;
    case R.ROW_T_SUB_imm3:
      put(rec, dp(O.SUB, 1, O.DP_IMMEDIATE), low, mid, top);
      break;
    case R.ROW_T_MOV_imm:
      put(rec, dp(O.MOV, 1, O.DP_IMMEDIATE), high, 0, imm8);
      break;
    case R.ROW_T_CMP_imm:
      put(rec, dp(O.CMP, 1, O.DP_IMMEDIATE), 0, high, imm8);
      break;
    case R.ROW_T_ADD_imm8:
      put(rec, dp(O.ADD, 1, O.DP_IMMEDIATE), high, high, imm8);
      break;
    case R.ROW_T_SUB_imm8:
      put(rec, dp(O.SUB, 1, O.DP_IMMEDIATE), high, high, imm8);
      break;
    case R.ROW_T_AND:
      put(rec, dp(O.AND, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_EOR:
      put(rec, dp(O.EOR, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_LSL_reg:
      put(
        rec,
        dp(O.MOV, 1, O.DP_SHIFTED),
        low,
        0,
        (low << 2) | (mid << 10) | ((O.SHIFT_BY_REGISTER + O.SHIFT_LSL) << 16),
      );
      break;
    case R.ROW_T_LSR_reg:
      put(
        rec,
        dp(O.MOV, 1, O.DP_SHIFTED),
        low,
        0,
        (low << 2) | (mid << 10) | ((O.SHIFT_BY_REGISTER + O.SHIFT_LSR) << 16),
      );
      break;
    case R.ROW_T_ASR_reg:
      put(
        rec,
        dp(O.MOV, 1, O.DP_SHIFTED),
        low,
        0,
        (low << 2) | (mid << 10) | ((O.SHIFT_BY_REGISTER + O.SHIFT_ASR) << 16),
      );
      break;
    case R.ROW_T_ROR_reg:
      put(
        rec,
        dp(O.MOV, 1, O.DP_SHIFTED),
        low,
        0,
        (low << 2) | (mid << 10) | ((O.SHIFT_BY_REGISTER + O.SHIFT_ROR) << 16),
      );
      break;
    case R.ROW_T_ADC:
      put(rec, dp(O.ADC, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_SBC:
      put(rec, dp(O.SBC, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_TST:
      put(rec, dp(O.TST, 1, O.DP_REGISTER), 0, low, mid << 2);
      break;
    case R.ROW_T_NEG:
      put(rec, dp(O.RSB, 1, O.DP_IMMEDIATE), low, mid, 0);
      break;
    case R.ROW_T_CMP_reg:
      put(rec, dp(O.CMP, 1, O.DP_REGISTER), 0, low, mid << 2);
      break;
    case R.ROW_T_CMN:
      put(rec, dp(O.CMN, 1, O.DP_REGISTER), 0, low, mid << 2);
      break;
    case R.ROW_T_ORR:
      put(rec, dp(O.ORR, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_MUL:
      put(rec, O.OP_MULS, low, 0, (mid << 2) | (low << 10));
      break;
    case R.ROW_T_BIC:
      put(rec, dp(O.BIC, 1, O.DP_REGISTER), low, low, mid << 2);
      break;
    case R.ROW_T_MVN:
      put(rec, dp(O.MVN, 1, O.DP_REGISTER), low, 0, mid << 2);
      break;
    case R.ROW_T_ADD_hi:
    case R.ROW_T_CMP_hi:
    case R.ROW_T_MOV_hi: {
      const rd = low | ((h >>> 4) & 8);
      const rm = (h >>> 3) & 15;
      if (row == R.ROW_T_MOV_hi && rd == 15 && rm != 15) put(rec, O.OP_MOV_PC, 0, 0, rm << 2);
      else if (row == R.ROW_T_MOV_hi && rd != 15 && rm == 15) put(rec, O.OP_ADR, rd, 0, 0);
      else if (rd == 15 || rm == 15) slow(rec, O.OP_SLOW_THUMB, row, h);
      else if (row == R.ROW_T_ADD_hi) put(rec, dp(O.ADD, 0, O.DP_REGISTER), rd, rd, rm << 2);
      else if (row == R.ROW_T_CMP_hi) put(rec, dp(O.CMP, 1, O.DP_REGISTER), 0, rd, rm << 2);
      else put(rec, dp(O.MOV, 0, O.DP_REGISTER), rd, 0, rm << 2);
      break;
    }
    case R.ROW_T_BX:
    case R.ROW_T_BLX_reg: {
      const rm = (h >>> 3) & 15;
      if (rm == 15) slow(rec, O.OP_SLOW_THUMB, row, h);
      else put(rec, row == R.ROW_T_BX ? O.OP_BX : O.OP_BLX, 0, 0, rm << 2);
      break;
    }
    case R.ROW_T_LDR_lit:
      put(rec, O.OP_LDR_LITERAL, high, 0, imm8 << 2);
      break;
    case R.ROW_T_STR_reg:
      put(rec, O.OP_STR + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_STRH_reg:
      put(rec, O.OP_STRH + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_STRB_reg:
      put(rec, O.OP_STRB + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_LDRSB_reg:
      put(rec, O.OP_LDRSB + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_LDR_reg:
      put(rec, O.OP_LDR + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_LDRH_reg:
      put(rec, O.OP_LDRH + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_LDRB_reg:
      put(rec, O.OP_LDRB + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_LDRSH_reg:
      put(rec, O.OP_LDRSH + O.FORM_REGISTER, low, mid, (top << 2) | (1 << 24));
      break;
    case R.ROW_T_STR_imm:
      put(rec, O.OP_STR, low, mid, imm5 << 2);
      break;
    case R.ROW_T_LDR_imm:
      put(rec, O.OP_LDR, low, mid, imm5 << 2);
      break;
    case R.ROW_T_STRB_imm:
      put(rec, O.OP_STRB, low, mid, imm5);
      break;
    case R.ROW_T_LDRB_imm:
      put(rec, O.OP_LDRB, low, mid, imm5);
      break;
    case R.ROW_T_STRH_imm:
      put(rec, O.OP_STRH, low, mid, imm5 << 1);
      break;
    case R.ROW_T_LDRH_imm:
      put(rec, O.OP_LDRH, low, mid, imm5 << 1);
      break;
    case R.ROW_T_STR_sp:
      put(rec, O.OP_STR, high, 13, imm8 << 2);
      break;
    case R.ROW_T_LDR_sp:
      put(rec, O.OP_LDR, high, 13, imm8 << 2);
      break;
    case R.ROW_T_ADR:
      put(rec, O.OP_ADR_ALIGNED, high, 0, imm8 << 2);
      break;
    case R.ROW_T_ADD_sp_imm:
      put(rec, dp(O.ADD, 0, O.DP_IMMEDIATE), high, 13, imm8 << 2);
      break;
    case R.ROW_T_ADD_sp7:
      put(rec, dp(O.ADD, 0, O.DP_IMMEDIATE), 13, 13, (h & 0x7f) << 2);
      break;
    case R.ROW_T_SUB_sp7:
      put(rec, dp(O.SUB, 0, O.DP_IMMEDIATE), 13, 13, (h & 0x7f) << 2);
      break;
    case R.ROW_T_PUSH:
    case R.ROW_T_POP:
    case R.ROW_T_STMIA:
    case R.ROW_T_LDMIA:
      thumbMultiple(rec, row, h);
      break;
    case R.ROW_T_B_cond:
      branch(rec, offset, ((<i32>(h << 24)) >> 23) + 4, O.OP_B + 14, O.OP_B_FAR, 2);
      if (load<u16>(rec) == O.OP_B + 14) store<u16>(rec, <u16>(O.OP_B + ((h >>> 8) & 15)));
      else store<u16>(rec, <u16>((<u32>load<u16>(rec)) | ((((h >>> 8) & 15) ^ 14) << 12)));
      break;
    case R.ROW_T_B:
      branch(rec, offset, ((<i32>(h << 21)) >> 20) + 4, O.OP_B + 14, O.OP_B_FAR, 2);
      break;
    case R.ROW_T_BL_prefix:
      put(rec, O.OP_ADR, 14, 0, <u32>((<i32>(h << 21)) >> 9));
      break;
    case R.ROW_T_BL_suffix:
      put(rec, O.OP_T_BL_SUFFIX, 0, 0, (h & 0x7ff) << 1);
      break;
    case R.ROW_T_BLX_suffix:
      put(rec, O.OP_T_BLX_SUFFIX, 0, 0, (h & 0x7ff) << 1);
      break;
    case R.ROW_T_SVC:
      slow(rec, O.OP_SVC, row, h);
      break;
    case R.ROW_T_BKPT:
      slow(rec, O.OP_SLOW_THUMB, row, h);
      break;
    default:
      slow(rec, O.OP_UNDEFINED, row, h);
  }
}

function thumbMultiple(rec: u32, row: u32, h: u32): void {
  let list = h & 0xff;
  let op = O.OP_STM;
  let rn = (h >>> 8) & 7;
  // P, U, W as in bits 3, 2 and 0 of the A32 field.
  let mode: u32 = 5;
  if (row == R.ROW_T_PUSH) {
    rn = 13;
    mode = 9;
    if (h & 0x100) list |= 1 << 14;
  } else if (row == R.ROW_T_POP) {
    rn = 13;
    op = O.OP_LDM;
    if (h & 0x100) list |= 1 << 15;
  } else if (row == R.ROW_T_LDMIA) {
    op = O.OP_LDM;
  }
  if (list == 0) {
    slow(rec, O.OP_SLOW_THUMB, row, h);
    return;
  }
  store<u16>(rec, <u16>op);
  store<u8>(rec, <u8>mode, 2);
  store<u8>(rec, <u8>(rn << 2), 3);
  store<u32>(rec, list | (popcnt<u32>(list) << 18), 4);
}
