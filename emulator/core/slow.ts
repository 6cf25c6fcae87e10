/**
 * Instructions out of the main loop: rare forms, system instructions, and every load or store that misses the fast
 * path. Each returns what the main loop has to do (NEXT to BREAKPOINT in ops.ts).
 *
 * These routines work on the active CPU, so that a sensitive instruction which trapped is executed by the very code
 * that native mode uses, on the virtual banks.
 */
import { coprocessorRead, coprocessorWrite } from './coprocessor';
import { decodeTrapWord } from './generated/lpv-tables';
import { lookupA32 } from './generated/decode-tables';
import {
  ALIGN_CHECK,
  ARCH,
  C_IFSR,
  EXIT_FAR,
  EXIT_FSR,
  EXIT_WORD,
  FIQ_DEAD,
  FLAG_C,
  FLAG_N,
  FLAG_Q,
  FLAG_V,
  FLAG_Z,
  MASK_VIEW,
  REGIME,
  REGIMES,
  REGIME_SIZE,
  REGS,
  THUMB,
  TRAP_WORDS,
} from './generated/layout';
import * as R from './generated/rows';
import {
  access,
  ACCESS_ABORT,
  ACCESS_OK,
  aligned,
  beginStores,
  clearAccess,
  clearFetchChanged,
  endStores,
  fetchChanged,
  interruptStores,
  loadAligned,
  loadHalf,
  loadWord,
  storeAligned,
  storeHalf,
  storeWord,
  watchHit,
} from './memory';
import * as O from './ops';
import {
  active,
  conditionHolds,
  CPSR_F,
  CPSR_I,
  CPSR_Q,
  CPSR_T,
  cpsr,
  MODE_USR,
  mode,
  nzcv,
  privileged,
  reg,
  setControl,
  setCpsr,
  setNzcv,
  setReg,
  setUserReg,
  spsr,
  spsrAddress,
  userReg,
} from './state';

/** Status of a completed instruction: NEXT, unless the code being executed may have been remapped or a watch was hit. */
function done(): u32 {
  if (fetchChanged || watchHit) {
    clearFetchChanged();
    return O.REFETCH;
  }
  return O.NEXT;
}

/** Status of an instruction whose slow access did not succeed. */
function failed(): u32 {
  const status = access == ACCESS_ABORT ? O.ABORT : O.DEVICE;
  clearAccess();
  return status;
}

/** Status of an instruction of several accesses that has completed. */
function doneStores(): u32 {
  endStores();
  return done();
}

/**
 * As `failed`, for such an instruction: what it has stored is not stored again. It goes on as `word`, without another
 * fetch, since it may have changed itself or where it is mapped.
 */
function failedStores(word: u32): u32 {
  interruptStores();
  store<u32>(EXIT_WORD, word);
  return failed();
}

// @ts-ignore: decorator
@inline function regime(): u32 {
  return load<u32>(REGIME);
}

/** A register as an operand of the A32 instruction at `pc`: r15 reads as pc + 8. */
// @ts-ignore: decorator
@inline function operand(index: u32, pc: u32): u32 {
  return index == 15 ? pc + 8 : reg(index);
}

/** Jump by a value loaded into PC on ARMv5: bit 0 selects Thumb. */
function jumpInterworking(value: u32): u32 {
  store<u32>(THUMB, value & 1);
  setReg(15, value & (value & 1 ? ~1 : ~3));
  return O.JUMP;
}

/** Jump that keeps the instruction set state. */
function jump(value: u32): u32 {
  setReg(15, value & (load<u32>(THUMB) ? ~1 : ~3));
  return O.JUMP;
}

/** BKPT: a prefetch abort without a fetch fault (ARM DDI 0100I, A4.1.7); the status is a debug event's. */
function breakpointInstruction(pc: u32): u32 {
  store<u32>(EXIT_FSR, 2);
  store<u32>(EXIT_FAR, pc);
  return O.PREFETCH_ABORT;
}

// ---------------------------------------------------------------------------------------------------------------------
// Shifter operand (ARM DDI 0100I, A5.1)

/** Carry out of the last `shiftByImmediate` or `shiftByRegister`, 0 or 1. */
export let shifterCarry: u32 = 0;

/** Shift by a decoded immediate: amount 1 to 32 for LSR and ASR, 0 to 31 for LSL, 1 to 31 for ROR. */
function shiftByImmediate(value: u32, kind: u32, amount: u32): u32 {
  switch (kind) {
    case O.SHIFT_LSL:
      if (amount == 0) {
        shifterCarry = load<u32>(FLAG_C);
        return value;
      }
      shifterCarry = (value >>> (32 - amount)) & 1;
      return value << amount;
    case O.SHIFT_LSR:
      shifterCarry = (value >>> (amount - 1)) & 1;
      return amount == 32 ? 0 : value >>> amount;
    case O.SHIFT_ASR:
      shifterCarry = (<u32>((<i32>value) >> min<u32>(amount - 1, 31))) & 1;
      return <u32>((<i32>value) >> min<u32>(amount, 31));
    case O.SHIFT_ROR:
      shifterCarry = (value >>> (amount - 1)) & 1;
      return rotr<u32>(value, amount);
    default: {
      const carry = load<u32>(FLAG_C);
      shifterCarry = value & 1;
      return (value >>> 1) | (carry << 31);
    }
  }
}

/** Shift by the low byte of a register. */
function shiftByRegister(value: u32, kind: u32, by: u32): u32 {
  const amount = by & 0xff;
  if (amount == 0) {
    shifterCarry = load<u32>(FLAG_C);
    return value;
  }
  switch (kind) {
    case O.SHIFT_LSL:
      if (amount > 32) {
        shifterCarry = 0;
        return 0;
      }
      shifterCarry = (value >>> (32 - amount)) & 1;
      return amount == 32 ? 0 : value << amount;
    case O.SHIFT_LSR:
      if (amount > 32) {
        shifterCarry = 0;
        return 0;
      }
      return shiftByImmediate(value, kind, amount);
    case O.SHIFT_ASR:
      return shiftByImmediate(value, kind, min<u32>(amount, 32));
    default:
      shifterCarry = (value >>> ((amount - 1) & 31)) & 1;
      return rotr<u32>(value, amount & 31);
  }
}

/** Operand of a DP_SHIFTED record; leaves the carry in `shifterCarry`. */
export function shiftedOperand(rec: u32): u32 {
  const value = load<u32>(REGS + <u32>load<u8>(rec, 4));
  const kind = <u32>load<u8>(rec, 6);
  const amount = <u32>load<u8>(rec, 5);
  if (kind < O.SHIFT_BY_REGISTER) return shiftByImmediate(value, kind, amount);
  return shiftByRegister(value, kind - O.SHIFT_BY_REGISTER, load<u32>(REGS + <u32>amount));
}

/** As `shiftedOperand`, for users that need no carry. The frequent kinds come first. */
export function shiftedValue(rec: u32): u32 {
  const value = load<u32>(REGS + <u32>load<u8>(rec, 4));
  const kind = <u32>load<u8>(rec, 6);
  const amount = <u32>load<u8>(rec, 5);
  if (kind == O.SHIFT_LSR) return amount == 32 ? 0 : value >>> amount;
  if (kind == O.SHIFT_ASR) return <u32>((<i32>value) >> min<u32>(amount, 31));
  if (kind == O.SHIFT_ROR) return rotr<u32>(value, amount);
  if (kind == O.SHIFT_RRX) return (value >>> 1) | (load<u32>(FLAG_C) << 31);
  const by = load<u32>(REGS + amount) & 0xff;
  if (kind == O.SHIFT_BY_REGISTER + O.SHIFT_LSL) return by < 32 ? value << by : 0;
  if (kind == O.SHIFT_BY_REGISTER + O.SHIFT_LSR) return by < 32 ? value >>> by : 0;
  if (kind == O.SHIFT_BY_REGISTER + O.SHIFT_ASR) return <u32>((<i32>value) >> min<u32>(by, 31));
  return rotr<u32>(value, by & 31);
}

/** Offset of a register-offset load or store record, with its sign. */
export function registerOffset(rec: u32): u32 {
  const value = load<u32>(REGS + <u32>load<u8>(rec, 4));
  const kind = <u32>load<u8>(rec, 6);
  const amount = <u32>load<u8>(rec, 5);
  const offset = kind == 0 ? value << amount : shiftByImmediate(value, kind, amount);
  return load<u8>(rec, 7) ? offset : 0 - offset;
}

/** Shifter operand of an A32 word; leaves the carry in `shifterCarry`. */
function shifterOperand(word: u32, pc: u32): u32 {
  if (word & 0x0200_0000) {
    const rotation = (word >>> 7) & 30;
    const value = rotr<u32>(word & 0xff, rotation);
    shifterCarry = rotation ? value >>> 31 : load<u32>(FLAG_C);
    return value;
  }
  const kind = (word >>> 5) & 3;
  const value = operand(word & 15, pc);
  if (word & 0x10) return shiftByRegister(value, kind, operand((word >>> 8) & 15, pc));
  const amount = (word >>> 7) & 31;
  if (amount || kind == 0) return shiftByImmediate(value, kind, amount);
  return kind == 3 ? shiftByImmediate(value, O.SHIFT_RRX, 1) : shiftByImmediate(value, kind, 32);
}

function setNz(result: u32): void {
  store<u32>(FLAG_N, result);
  store<u32>(FLAG_Z, result);
}

/** a + b + carry with all flags. */
function addWithFlags(a: u32, b: u32, carry: u32): u32 {
  const wide = <u64>a + <u64>b + <u64>carry;
  const result = <u32>wide;
  setNz(result);
  store<u32>(FLAG_C, <u32>(wide >>> 32));
  store<u32>(FLAG_V, (a ^ result) & (b ^ result));
  return result;
}

/** Data processing in full generality (ARM DDI 0100I, A3.4). */
function dataProcessing(word: u32, pc: u32): u32 {
  const opcode = (word >>> 21) & 15;
  const rd = (word >>> 12) & 15;
  const flags = (word & 0x0010_0000) != 0;
  const a = operand((word >>> 16) & 15, pc);
  const oldCarry = load<u32>(FLAG_C);
  const b = shifterOperand(word, pc);
  const toPc = rd == 15 && opcode >>> 2 != 2;
  // With S and Rd = PC the flags come from SPSR, not from the result.
  const savedNzcv = toPc ? nzcv() : 0;
  let result: u32;
  switch (opcode) {
    case O.SUB:
    case O.CMP:
      result = flags ? addWithFlags(a, ~b, 1) : a - b;
      break;
    case O.RSB:
      result = flags ? addWithFlags(b, ~a, 1) : b - a;
      break;
    case O.ADD:
    case O.CMN:
      result = flags ? addWithFlags(a, b, 0) : a + b;
      break;
    case O.ADC:
      result = flags ? addWithFlags(a, b, oldCarry) : a + b + oldCarry;
      break;
    case O.SBC:
      result = flags ? addWithFlags(a, ~b, oldCarry) : a + ~b + oldCarry;
      break;
    case O.RSC:
      result = flags ? addWithFlags(b, ~a, oldCarry) : b + ~a + oldCarry;
      break;
    default: {
      if (opcode == O.AND || opcode == O.TST) result = a & b;
      else if (opcode == O.EOR || opcode == O.TEQ) result = a ^ b;
      else if (opcode == O.ORR) result = a | b;
      else if (opcode == O.MOV) result = b;
      else if (opcode == O.BIC) result = a & ~b;
      else result = ~b;
      if (flags) {
        setNz(result);
        store<u32>(FLAG_C, shifterCarry);
      }
    }
  }
  if (!toPc) {
    if (opcode >>> 2 != 2) setReg(rd, result);
    return O.NEXT;
  }
  if (!flags) return jump(result);
  // Exception return. User and System mode have no SPSR: UNPREDICTABLE, a plain jump here.
  setNzcv(savedNzcv);
  if (spsrAddress()) setCpsr(spsr());
  return jump(result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Status registers

/** MSR: writes the bytes of the field mask (ARM DDI 0100I, A4.1.39). User mode changes flags only. */
function writeStatus(word: u32, value: u32): u32 {
  const fields = (word >>> 16) & 15;
  let mask: u32 = 0;
  if (fields & 1) mask |= 0xff;
  if (fields & 2) mask |= 0xff00;
  if (fields & 4) mask |= 0xff_0000;
  if (fields & 8) mask |= 0xff00_0000;
  if (word & 0x0040_0000) {
    const address = spsrAddress();
    // Bits that ARMv5TEJ does not define read as zero.
    if (address) store<u32>(address, ((load<u32>(address) & ~mask) | (value & mask)) & 0xf900_00ff);
    return O.NEXT;
  }
  mask &= privileged() ? 0xf800_00df : 0xf800_0000;
  const old = cpsr();
  const merged = (old & ~mask) | (value & mask);
  if (mask & 0xff00_0000) {
    setNzcv(merged >>> 28);
    store<u32>(FLAG_Q, (merged >>> 27) & 1);
  }
  if (!(mask & 0xff)) return O.NEXT;
  setControl(merged);
  return O.MASKS;
}

// ---------------------------------------------------------------------------------------------------------------------
// Loads and stores

/** Loads of `kind` bytes: 4 word, 1 byte, 2 half, -1 signed byte, -2 signed half. */
function loadKind(va: u32, kind: i32, rights: u32): u32 {
  if (kind == 4) return loadWord(va, rights);
  if (kind == 1) return loadAligned(va, 1, rights);
  if (kind == 2) return loadHalf(va, rights);
  if (kind == -1) return <u32>((<i32>(loadAligned(va, 1, rights) << 24)) >> 24);
  return <u32>((<i32>(loadHalf(va, rights) << 16)) >> 16);
}

function storeKind(va: u32, kind: i32, value: u32, rights: u32): void {
  if (kind == 4) storeWord(va, value, rights);
  else if (kind == 1) storeAligned(va, 1, value, rights);
  else storeHalf(va, value, rights);
}

/** The access of a load or store record whose fast path missed: OP_LDR to OP_LDRSH in each form, OP_LDR_LITERAL. */
export function slowAccess(rec: u32, pc: u32): u32 {
  const op = (<u32>load<u16>(rec)) & 0xfff;
  const rd = REGS + <u32>load<u8>(rec, 2);
  if (op == O.OP_LDR_LITERAL) {
    const base = (pc + (load<u32>(THUMB) ? 4 : 8)) & ~3;
    const value = loadWord(base + load<u32>(rec, 4), regime());
    if (access) return failed();
    store<u32>(rd, value);
    return done();
  }
  const rn = REGS + <u32>load<u8>(rec, 3);
  const form = op & 3;
  const base = load<u32>(rn);
  const offset = form == O.FORM_REGISTER ? registerOffset(rec) : load<u32>(rec, 4);
  const va = form == O.FORM_POST ? base : base + offset;
  const family = op & ~3;
  if (family == O.OP_STR) storeKind(va, 4, load<u32>(rd), regime());
  else if (family == O.OP_STRB) storeKind(va, 1, load<u32>(rd), regime());
  else if (family == O.OP_STRH) storeKind(va, 2, load<u32>(rd), regime());
  else {
    const kind: i32 =
      family == O.OP_LDR ? 4 : family == O.OP_LDRB ? 1 : family == O.OP_LDRH ? 2 : family == O.OP_LDRSB ? -1 : -2;
    const value = loadKind(va, kind, regime());
    if (access) return failed();
    if (form == O.FORM_PRE || form == O.FORM_POST) store<u32>(rn, base + offset);
    store<u32>(rd, value);
    return done();
  }
  if (access) return failed();
  if (form == O.FORM_PRE || form == O.FORM_POST) store<u32>(rn, base + offset);
  return done();
}

/** Offset of addressing mode 2 or 3 in an A32 word, without sign. */
function rawOffset(word: u32, pc: u32, mode3: bool): u32 {
  if (mode3) return word & 0x0040_0000 ? ((word >>> 4) & 0xf0) | (word & 15) : operand(word & 15, pc);
  if (!(word & 0x0200_0000)) return word & 0xfff;
  const kind = (word >>> 5) & 3;
  const amount = (word >>> 7) & 31;
  const value = operand(word & 15, pc);
  if (amount || kind == 0) return shiftByImmediate(value, kind, amount);
  return kind == 3 ? shiftByImmediate(value, O.SHIFT_RRX, 1) : shiftByImmediate(value, kind, 32);
}

/**
 * A single load or store in full generality. `kind` as in loadKind. `rights` is the regime to use (the user regime
 * for LDRT and its family). Base write-back after the access; a load into the base wins.
 */
function singleTransfer(word: u32, pc: u32, kind: i32, loads: bool, mode3: bool, rights: u32): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const offset = rawOffset(word, pc, mode3);
  const base = operand(rn, pc);
  const moved = word & 0x0080_0000 ? base + offset : base - offset;
  const pre = (word & 0x0100_0000) != 0;
  const writeback = !pre || (word & 0x0020_0000) != 0;
  const va = pre ? moved : base;
  if (!loads) {
    storeKind(va, kind, operand(rd, pc), rights);
    if (access) return failed();
    if (writeback && rn != 15) setReg(rn, moved);
    return done();
  }
  const value = loadKind(va, kind, rights);
  if (access) return failed();
  if (writeback && rn != 15) setReg(rn, moved);
  if (rd != 15) {
    setReg(rd, value);
    return done();
  }
  return kind == 4 ? jumpInterworking(value) : jump(value);
}

/** LDRD and STRD: two words; address 8-byte aligned when alignment is checked, else words are aligned down. */
function doubleTransfer(word: u32, pc: u32, loads: bool): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 14;
  const offset = rawOffset(word, pc, true);
  const base = operand(rn, pc);
  const moved = word & 0x0080_0000 ? base + offset : base - offset;
  const pre = (word & 0x0100_0000) != 0;
  const writeback = !pre || (word & 0x0020_0000) != 0;
  const va = pre ? moved : base;
  if (!aligned(va, 7, !loads)) return failed();
  const rights = regime();
  if (!loads) {
    beginStores();
    storeAligned(va & ~3, 4, reg(rd), rights);
    if (access) return failedStores(word);
    storeAligned((va & ~3) + 4, 4, operand(rd + 1, pc), rights);
    if (access) return failedStores(word);
    if (writeback && rn != 15) setReg(rn, moved);
    return doneStores();
  }
  const low = loadAligned(va & ~3, 4, rights);
  if (access) return failed();
  const high = loadAligned((va & ~3) + 4, 4, rights);
  if (access) return failed();
  if (writeback && rn != 15) setReg(rn, moved);
  setReg(rd, low);
  if (rd == 14) return jump(high);
  setReg(rd + 1, high);
  return done();
}

/** SWP and SWPB: a load and a store that nothing comes between. */
function swap(word: u32, pc: u32, byte: bool): u32 {
  const va = operand((word >>> 16) & 15, pc);
  const source = operand(word & 15, pc);
  const rd = (word >>> 12) & 15;
  const rights = regime();
  // The store's rights are needed too: a page that may only be read faults as a write before anything changes.
  const value = byte ? loadAligned(va, 1, rights) : loadWord(va, rights);
  if (access) return failed();
  if (byte) storeAligned(va, 1, source, rights);
  else storeWord(va, source, rights);
  if (access) return failed();
  if (rd == 15) return jump(value);
  setReg(rd, value);
  return done();
}

/** Values of a multiple load, until all have arrived. */
const BUFFER: u32 = <u32>memory.data(64);

/** First address of a multiple transfer by P and U (ARM DDI 0100I, A5.4). `bytes` is four times the register count. */
function multipleStart(base: u32, up: bool, pre: bool, bytes: u32): u32 {
  if (up) return pre ? base + 4 : base;
  return pre ? base - bytes : base - bytes + 4;
}

/** Loads the words of `list` into BUFFER, lowest register first. False after a failed access. */
function loadList(start: u32, list: u32, rights: u32): bool {
  if (!aligned(start, 3, false)) return false;
  let va = start & ~3;
  for (let i: u32 = 0; i < 16; i++) {
    if (!((list >>> i) & 1)) continue;
    store<u32>(BUFFER + (i << 2), loadAligned(va, 4, rights));
    if (access) return false;
    va += 4;
  }
  return true;
}

/** Plain LDM: `mode` holds P, U, S, W in bits 3 to 0. A loaded base wins over write-back. */
export function loadMultiple(list: u32, rn: u32, mode: u32): u32 {
  const base = reg(rn);
  // An empty list is UNPREDICTABLE: nothing is loaded and the base moves by 64, as ARM cores do.
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (mode & 4) != 0;
  if (!loadList(multipleStart(base, up, (mode & 8) != 0, bytes), list, regime())) return failed();
  if (mode & 1) setReg(rn, up ? base + bytes : base - bytes);
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  return list & 0x8000 ? jumpInterworking(load<u32>(BUFFER + 60)) : done();
}

/** Plain STM, or STM(2) with `user`: a base in the list is stored with its old value. */
export function storeMultiple(list: u32, rn: u32, mode: u32, pc: u32, user: bool): u32 {
  const base = operand(rn, pc);
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (mode & 4) != 0;
  const start = multipleStart(base, up, (mode & 8) != 0, bytes);
  if (!aligned(start, 3, true)) return failed();
  let va = start & ~3;
  const rights = regime();
  beginStores();
  for (let i: u32 = 0; i < 16; i++) {
    if (!((list >>> i) & 1)) continue;
    const value = i == 15 ? pc + (load<u32>(THUMB) ? 4 : 8) : user ? userReg(i) : reg(i);
    storeAligned(va, 4, value, rights);
    if (access) return failedStores(0xe800_0000 | (mode << 21) | (rn << 16) | list);
    va += 4;
  }
  if (mode & 1 && rn != 15) setReg(rn, up ? base + bytes : base - bytes);
  return doneStores();
}

/** LDM(2): user-bank registers, no PC. LDM(3): registers and CPSR from SPSR. */
function loadMultipleSystem(word: u32, pc: u32): u32 {
  const rn = (word >>> 16) & 15;
  const list = word & 0xffff;
  const base = operand(rn, pc);
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (word & 0x0080_0000) != 0;
  if (!loadList(multipleStart(base, up, (word & 0x0100_0000) != 0, bytes), list, regime())) return failed();
  const writeback = (word & 0x0020_0000) != 0 && rn != 15;
  const moved = up ? base + bytes : base - bytes;
  if (!(list & 0x8000)) {
    // Write-back with user registers is UNPREDICTABLE; the base of the current mode is written here.
    if (writeback) setReg(rn, moved);
    for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setUserReg(i, load<u32>(BUFFER + (i << 2)));
    return done();
  }
  if (writeback) setReg(rn, moved);
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  if (spsrAddress()) setCpsr(spsr());
  return jump(load<u32>(BUFFER + 60));
}

/** Rows of the LDRT family: the kind of access, or 0. */
function translationKind(row: u32): i32 {
  switch (row) {
    case R.ROW_LDRT_imm:
    case R.ROW_LDRT_reg:
    case R.ROW_STRT_imm:
    case R.ROW_STRT_reg:
      return 4;
    case R.ROW_LDRBT_imm:
    case R.ROW_LDRBT_reg:
    case R.ROW_STRBT_imm:
    case R.ROW_STRBT_reg:
      return 1;
    default:
      return 0;
  }
}

/**
 * A word access of an LDRT or STRT that was replaced by a trap word, at an unaligned address while alignment is
 * checked: the guest's fix-up code could not decode the trap, so the access is done here, byte by byte.
 */
function unalignedTransfer(word: u32, pc: u32, loads: bool): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const va = operand(rn, pc);
  const offset = rawOffset(word, pc, false);
  let value: u32 = loads ? 0 : operand(rd, pc);
  beginStores();
  for (let i: u32 = 0; i < 4; i++) {
    if (loads) value |= loadAligned(va + i, 1, 1) << (i << 3);
    else storeAligned(va + i, 1, value >>> (i << 3), 1);
    if (access) return failedStores(word);
  }
  endStores();
  if (rn != 15) setReg(rn, word & 0x0080_0000 ? va + offset : va - offset);
  if (!loads) return done();
  if (rd == 15) return jumpInterworking(value);
  setReg(rd, value);
  return done();
}

// ---------------------------------------------------------------------------------------------------------------------
// Multiplies and saturation

/** A halfword of a multiply operand, sign-extended. */
function halfOf(value: u32, top: u32): i32 {
  return top ? (<i32>value) >> 16 : (<i32>(value << 16)) >> 16;
}

/** Saturates a 64-bit value to 32 bits; sets Q when it had to. */
function saturate(value: i64): u32 {
  if (value > <i64>i32.MAX_VALUE) {
    store<u32>(FLAG_Q, 1);
    return 0x7fff_ffff;
  }
  if (value < <i64>i32.MIN_VALUE) {
    store<u32>(FLAG_Q, 1);
    return 0x8000_0000;
  }
  return <u32>value;
}

/** a + b, with Q set when it overflows as a signed sum. */
function addSettingQ(a: u32, b: u32): u32 {
  const result = a + b;
  if (((a ^ result) & (b ^ result)) >>> 31) store<u32>(FLAG_Q, 1);
  return result;
}

function longMultiply(word: u32, pc: u32): u32 {
  const high = (word >>> 16) & 15;
  const low = (word >>> 12) & 15;
  const m = operand(word & 15, pc);
  const s = operand((word >>> 8) & 15, pc);
  let result: u64 = word & 0x0040_0000 ? <u64>(<i64>(<i32>m) * <i64>(<i32>s)) : <u64>m * <u64>s;
  if (word & 0x0020_0000) result += ((<u64>reg(high)) << 32) | (<u64>reg(low));
  setReg(low, <u32>result);
  setReg(high, <u32>(result >>> 32));
  if (word & 0x0010_0000) {
    store<u32>(FLAG_N, <u32>(result >>> 32));
    store<u32>(FLAG_Z, <u32>(result != 0));
  }
  return O.NEXT;
}

function signedMultiply(row: u32, word: u32, pc: u32): u32 {
  const rd = (word >>> 16) & 15;
  const rn = (word >>> 12) & 15;
  const m = operand(word & 15, pc);
  const s = operand((word >>> 8) & 15, pc);
  const y = halfOf(s, (word >>> 6) & 1);
  if (row == R.ROW_SMULxy) setReg(rd, <u32>(halfOf(m, (word >>> 5) & 1) * y));
  else if (row == R.ROW_SMLAxy) setReg(rd, addSettingQ(<u32>(halfOf(m, (word >>> 5) & 1) * y), operand(rn, pc)));
  else if (row == R.ROW_SMULWy) setReg(rd, <u32>((<i64>(<i32>m) * <i64>y) >> 16));
  else if (row == R.ROW_SMLAWy) setReg(rd, addSettingQ(<u32>((<i64>(<i32>m) * <i64>y) >> 16), operand(rn, pc)));
  else {
    const sum = (((<u64>reg(rd)) << 32) | (<u64>reg(rn))) + <u64>(<i64>(halfOf(m, (word >>> 5) & 1) * y));
    setReg(rn, <u32>sum);
    setReg(rd, <u32>(sum >>> 32));
  }
  return O.NEXT;
}

function saturating(row: u32, word: u32, pc: u32): u32 {
  const rd = (word >>> 12) & 15;
  const m = <i64>(<i32>operand(word & 15, pc));
  let n = <i64>(<i32>operand((word >>> 16) & 15, pc));
  if (row == R.ROW_QDADD || row == R.ROW_QDSUB) n = <i64>(<i32>saturate(n << 1));
  const subtract = row == R.ROW_QSUB || row == R.ROW_QDSUB;
  setReg(rd, saturate(subtract ? m - n : m + n));
  return O.NEXT;
}

// ---------------------------------------------------------------------------------------------------------------------
// Dispatch

/** Executes an A32 word by its row, condition already checked. The word's address is `pc`. */
export function executeA32(row: u32, word: u32, pc: u32): u32 {
  clearAccess();
  if (row >= R.ROW_AND_imm && row <= R.ROW_MVN_shr) return dataProcessing(word, pc);
  const rd = (word >>> 12) & 15;
  switch (row) {
    case R.ROW_MRS:
      if (word & 0x0040_0000) setReg(rd, spsr());
      else setReg(rd, cpsr() & 0xf8ff_ffdf);
      return O.NEXT;
    case R.ROW_MSR_imm:
      return writeStatus(word, rotr<u32>(word & 0xff, (word >>> 7) & 30));
    case R.ROW_MSR_reg:
      return writeStatus(word, operand(word & 15, pc));
    case R.ROW_LDR_imm:
    case R.ROW_LDR_reg:
      return singleTransfer(word, pc, 4, true, false, regime());
    case R.ROW_LDRB_imm:
    case R.ROW_LDRB_reg:
      return singleTransfer(word, pc, 1, true, false, regime());
    case R.ROW_STR_imm:
    case R.ROW_STR_reg:
      return singleTransfer(word, pc, 4, false, false, regime());
    case R.ROW_STRB_imm:
    case R.ROW_STRB_reg:
      return singleTransfer(word, pc, 1, false, false, regime());
    case R.ROW_LDRT_imm:
    case R.ROW_LDRT_reg:
    case R.ROW_LDRBT_imm:
    case R.ROW_LDRBT_reg:
      return singleTransfer(word, pc, translationKind(row), true, false, 1);
    case R.ROW_STRT_imm:
    case R.ROW_STRT_reg:
    case R.ROW_STRBT_imm:
    case R.ROW_STRBT_reg:
      return singleTransfer(word, pc, translationKind(row), false, false, 1);
    case R.ROW_LDRH_imm:
    case R.ROW_LDRH_reg:
      return singleTransfer(word, pc, 2, true, true, regime());
    case R.ROW_STRH_imm:
    case R.ROW_STRH_reg:
      return singleTransfer(word, pc, 2, false, true, regime());
    case R.ROW_LDRSB_imm:
    case R.ROW_LDRSB_reg:
      return singleTransfer(word, pc, -1, true, true, regime());
    case R.ROW_LDRSH_imm:
    case R.ROW_LDRSH_reg:
      return singleTransfer(word, pc, -2, true, true, regime());
    case R.ROW_LDRD_imm:
    case R.ROW_LDRD_reg:
      return doubleTransfer(word, pc, true);
    case R.ROW_STRD_imm:
    case R.ROW_STRD_reg:
      return doubleTransfer(word, pc, false);
    case R.ROW_SWP:
      return swap(word, pc, false);
    case R.ROW_SWPB:
      return swap(word, pc, true);
    case R.ROW_LDM:
      if (((word >>> 16) & 15) == 15) return loadMultiplePc(word, pc);
      return loadMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15);
    case R.ROW_STM:
      return storeMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15, pc, false);
    case R.ROW_STM2:
      return storeMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15, pc, privileged());
    case R.ROW_LDM2:
    case R.ROW_LDM3:
      return loadMultipleSystem(word, pc);
    case R.ROW_MUL:
    case R.ROW_MLA: {
      let result = operand(word & 15, pc) * operand((word >>> 8) & 15, pc);
      if (row == R.ROW_MLA) result += operand(rd, pc);
      setReg((word >>> 16) & 15, result);
      if (word & 0x0010_0000) setNz(result);
      return O.NEXT;
    }
    case R.ROW_UMULL:
    case R.ROW_UMLAL:
    case R.ROW_SMULL:
    case R.ROW_SMLAL:
      return longMultiply(word, pc);
    case R.ROW_SMULxy:
    case R.ROW_SMLAxy:
    case R.ROW_SMULWy:
    case R.ROW_SMLAWy:
    case R.ROW_SMLALxy:
      return signedMultiply(row, word, pc);
    case R.ROW_QADD:
    case R.ROW_QSUB:
    case R.ROW_QDADD:
    case R.ROW_QDSUB:
      return saturating(row, word, pc);
    case R.ROW_CLZ:
      setReg(rd, clz<u32>(operand(word & 15, pc)));
      return O.NEXT;
    case R.ROW_B:
      return jump(pc + 8 + ((<i32>(word << 8)) >> 6));
    case R.ROW_BL:
      setReg(14, pc + 4);
      return jump(pc + 8 + ((<i32>(word << 8)) >> 6));
    case R.ROW_BLX_imm:
      setReg(14, pc + 4);
      return jumpInterworking((pc + 8 + ((<i32>(word << 8)) >> 6) + ((word >>> 23) & 2)) | 1);
    case R.ROW_BX:
    // Without Jazelle state in use BXJ behaves as BX.
    case R.ROW_BXJ:
      return jumpInterworking(operand(word & 15, pc));
    case R.ROW_BLX_reg: {
      const target = operand(word & 15, pc);
      setReg(14, pc + 4);
      return jumpInterworking(target);
    }
    case R.ROW_BKPT:
      return breakpointInstruction(pc);
    case R.ROW_SVC:
      return O.SUPERVISOR_CALL;
    case R.ROW_MCR:
      return coprocessorWrite(word, operand(rd, pc));
    case R.ROW_MRC:
      return coprocessorRead(word);
    default:
      return O.UNDEFINED;
  }
}

/** LDM with PC as base is UNPREDICTABLE; PC + 8 is used, and write-back is left out. */
function loadMultiplePc(word: u32, pc: u32): u32 {
  const list = word & 0xffff;
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const start = multipleStart(pc + 8, (word & 0x0080_0000) != 0, (word & 0x0100_0000) != 0, bytes);
  if (!loadList(start, list, regime())) return failed();
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  return list & 0x8000 ? jumpInterworking(load<u32>(BUFFER + 60)) : done();
}

/** Executes the instruction that an LPV trap word stands for. `word` is the original. */
export function executeTrapped(word: u32, pc: u32): u32 {
  const row = lookupA32(word, load<u32>(ARCH));
  if (translationKind(row) == 4 && load<u32>(ALIGN_CHECK) && reg((word >>> 16) & 15) & 3) {
    clearAccess();
    return unalignedTransfer(word, pc, (word & 0x0010_0000) != 0);
  }
  return executeA32(row, word, pc);
}

/** The instruction that a word traps for in native mode with TRAP_WORDS on, or 0. */
export function trappedWord(word: u32): u32 {
  if (!load<u32>(TRAP_WORDS) || load<u32>(THUMB) || !privileged()) return 0;
  return decodeTrapWord(word);
}

/** Executes a Thumb halfword that has no fast operation. */
export function executeThumb(row: u32, h: u32, pc: u32): u32 {
  clearAccess();
  const rm = (h >>> 3) & 15;
  const rd = (h & 7) | ((h >>> 4) & 8);
  const b = rm == 15 ? pc + 4 : reg(rm);
  const a = rd == 15 ? pc + 4 : reg(rd);
  switch (row) {
    case R.ROW_T_ADD_hi:
      if (rd == 15) return jump(a + b);
      setReg(rd, a + b);
      return O.NEXT;
    case R.ROW_T_CMP_hi:
      addWithFlags(a, ~b, 1);
      return O.NEXT;
    case R.ROW_T_MOV_hi:
      return jump(b);
    case R.ROW_T_BX:
      return jumpInterworking(b);
    case R.ROW_T_BLX_reg:
      setReg(14, (pc + 2) | 1);
      return jumpInterworking(b);
    case R.ROW_T_BKPT:
      return breakpointInstruction(pc);
    case R.ROW_T_PUSH:
      return storeMultiple(0, 13, 9, pc, false);
    case R.ROW_T_POP:
      return loadMultiple(0, 13, 5);
    case R.ROW_T_STMIA:
      return storeMultiple(0, (h >>> 8) & 7, 5, pc, false);
    case R.ROW_T_LDMIA:
      return loadMultiple(0, (h >>> 8) & 7, 5);
    default:
      return O.UNDEFINED;
  }
}

/** Whether no interrupt can take the visible CPU out of a branch to itself. */
export function interruptsMasked(): bool {
  const masks = load<u32>(FIQ_DEAD) ? CPSR_I : CPSR_I | CPSR_F;
  return (load<u32>(load<u32>(MASK_VIEW)) & masks) == masks;
}
