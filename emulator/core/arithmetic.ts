/** Shifter operands, data processing in full generality, multiplies and saturating arithmetic. */
import { FLAG_C, FLAG_N, FLAG_Q, FLAG_V, FLAG_Z, REGS } from './generated/layout';
import { jump, operand } from './outcome';
import { nzcv, reg, setCpsr, setNzcv, setReg, spsr, spsrAddress } from './state';
import * as O from './ops';
import * as R from './generated/rows';

// ---------------------------------------------------------------------------------------------------------------------
// Shifter operand (ARM DDI 0100I, A5.1)

/** Carry out of the last `shiftByImmediate` or `shiftByRegister`, 0 or 1. */
export let shifterCarry: u32 = 0;

/** Shift by a decoded immediate: amount 1 to 32 for LSR and ASR, 0 to 31 for LSL, 1 to 31 for ROR. */
export function shiftByImmediate(value: u32, kind: u32, amount: u32): u32 {
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

export function setNz(result: u32): void {
  store<u32>(FLAG_N, result);
  store<u32>(FLAG_Z, result);
}

/** a + b + carry with all flags. */
export function addWithFlags(a: u32, b: u32, carry: u32): u32 {
  const wide = <u64>a + <u64>b + <u64>carry;
  const result = <u32>wide;
  setNz(result);
  store<u32>(FLAG_C, <u32>(wide >>> 32));
  store<u32>(FLAG_V, (a ^ result) & (b ^ result));
  return result;
}

/** Data processing in full generality (ARM DDI 0100I, A3.4). */
export function dataProcessing(word: u32, pc: u32): u32 {
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

export function longMultiply(word: u32, pc: u32): u32 {
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

export function signedMultiply(row: u32, word: u32, pc: u32): u32 {
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

export function saturating(row: u32, word: u32, pc: u32): u32 {
  const rd = (word >>> 12) & 15;
  const m = <i64>(<i32>operand(word & 15, pc));
  let n = <i64>(<i32>operand((word >>> 16) & 15, pc));
  if (row == R.ROW_QDADD || row == R.ROW_QDSUB) n = <i64>(<i32>saturate(n << 1));
  const subtract = row == R.ROW_QSUB || row == R.ROW_QDSUB;
  setReg(rd, saturate(subtract ? m - n : m + n));
  return O.NEXT;
}
