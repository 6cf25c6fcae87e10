/** Values on the stack of a DWARF expression: of the generic type (32 bits), or of a base type (2.5.1). */
import { ENCODING } from './constants.ts';
import { OP } from './operations.ts';

/** A base type: its size in bytes, and a value of `ENCODING`. */
export interface ValueType {
  readonly size: number;
  readonly encoding: number;
}

/** An integer; of a float type, its bits. Generic values are unsigned and of 32 bits. */
export interface StackValue {
  readonly value: bigint;
  readonly type: ValueType | undefined;
}

const GENERIC_BITS = 32;

const isFloat = (type: ValueType | undefined): boolean =>
  type?.encoding === ENCODING.float && (type.size === 4 || type.size === 8);
const isSigned = (type: ValueType | undefined): boolean =>
  type?.encoding === ENCODING.signed || type?.encoding === ENCODING.signedChar;
const widthOf = (type: ValueType | undefined): number => (type ? type.size * 8 : GENERIC_BITS);

/** An integer as a value of a type. */
function wrap(value: bigint, type: ValueType | undefined): StackValue {
  const width = widthOf(type);
  return { value: isSigned(type) ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value), type };
}

/** A value of a type from its bits. */
export function fromBits(bits: bigint, type: ValueType): StackValue {
  return wrap(bits, type);
}

/** The bits of a value, unsigned. */
export function bitsOf({ value, type }: StackValue): bigint {
  return BigInt.asUintN(widthOf(type), value);
}

/** The bytes of a value in the order of the target; a generic one has four. */
export function bytesOf(value: StackValue, littleEndian: boolean): Uint8Array {
  const size = widthOf(value.type) / 8;
  const bytes = new Uint8Array(size);
  let bits = bitsOf(value);
  for (let i = 0; i < size; i++, bits >>= 8n) bytes[littleEndian ? i : size - 1 - i] = Number(bits & 0xffn);
  return bytes;
}

/** Up to 16 bytes as an unsigned integer. */
export function bitsFromBytes(bytes: Uint8Array, littleEndian: boolean): bigint {
  let bits = 0n;
  for (let i = 0; i < bytes.length; i++) {
    bits = (bits << 8n) | BigInt(bytes[littleEndian ? bytes.length - 1 - i : i]);
  }
  return bits;
}

function toNumber({ value, type }: StackValue): number {
  if (!isFloat(type)) return Number(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, value));
  return type?.size === 8 ? view.getFloat64(0) : view.getFloat32(4);
}

function fromNumber(number: number, type: ValueType): StackValue {
  if (!isFloat(type)) return wrap(Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n, type);
  const view = new DataView(new ArrayBuffer(8));
  if (type.size === 8) view.setFloat64(0, number);
  else view.setFloat32(4, number);
  return { value: view.getBigUint64(0), type };
}

/** A value of another type, by value (DW_OP_convert); `undefined` is the generic type. */
export function convert(from: StackValue, type: ValueType | undefined): StackValue {
  if (isFloat(from.type) || isFloat(type)) {
    const number = toNumber(from);
    return type ? fromNumber(number, type) : wrap(BigInt(Number.isFinite(number) ? Math.trunc(number) : 0), undefined);
  }
  return wrap(from.value, type);
}

export function unary(op: number, operand: StackValue): StackValue {
  const { type } = operand;
  if (type && isFloat(type)) {
    const number = toNumber(operand);
    return fromNumber(op === OP.abs ? Math.abs(number) : -number, type);
  }
  // The generic type has no sign, but these see one.
  const value = type ? operand.value : BigInt.asIntN(GENERIC_BITS, operand.value);
  if (op === OP.not) return wrap(~value, type);
  return wrap(op === OP.neg || value < 0n ? -value : value, type);
}

type Integers = (a: bigint, b: bigint, width: number) => bigint | boolean | undefined;
type Numbers = (a: number, b: number) => number | boolean;

/** Operations with two operands: on integers with the sign that the operation sees, and on floats. */
const BINARY: Readonly<Record<number, { signed: boolean; integers: Integers; numbers?: Numbers }>> = {
  [OP.and]: { signed: false, integers: (a, b) => a & b },
  [OP.div]: { signed: true, integers: (a, b) => (b === 0n ? undefined : a / b), numbers: (a, b) => a / b },
  [OP.minus]: { signed: false, integers: (a, b) => a - b, numbers: (a, b) => a - b },
  [OP.mod]: { signed: false, integers: (a, b) => (b === 0n ? undefined : a % b) },
  [OP.mul]: { signed: false, integers: (a, b) => a * b, numbers: (a, b) => a * b },
  [OP.or]: { signed: false, integers: (a, b) => a | b },
  [OP.plus]: { signed: false, integers: (a, b) => a + b, numbers: (a, b) => a + b },
  [OP.shl]: { signed: false, integers: (a, b, width) => (b >= BigInt(width) ? 0n : a << b) },
  [OP.shr]: { signed: false, integers: (a, b, width) => BigInt.asUintN(width, a) >> b },
  [OP.shra]: { signed: true, integers: (a, b, width) => a >> (b > BigInt(width) ? BigInt(width) : b) },
  [OP.xor]: { signed: false, integers: (a, b) => a ^ b },
  [OP.eq]: { signed: true, integers: (a, b) => a === b, numbers: (a, b) => a === b },
  [OP.ge]: { signed: true, integers: (a, b) => a >= b, numbers: (a, b) => a >= b },
  [OP.gt]: { signed: true, integers: (a, b) => a > b, numbers: (a, b) => a > b },
  [OP.le]: { signed: true, integers: (a, b) => a <= b, numbers: (a, b) => a <= b },
  [OP.lt]: { signed: true, integers: (a, b) => a < b, numbers: (a, b) => a < b },
  [OP.ne]: { signed: true, integers: (a, b) => a !== b, numbers: (a, b) => a !== b },
};

export const isBinary = (op: number): boolean => op in BINARY;

/** The result of an operation; undefined for a division by zero. Comparisons give a generic 0 or 1. */
export function binary(op: number, left: StackValue, right: StackValue): StackValue | undefined {
  const { signed, integers, numbers } = BINARY[op];
  const { type } = left;
  if (type && isFloat(type)) {
    const result = numbers?.(toNumber(left), toNumber(right));
    if (typeof result === 'number') return fromNumber(result, type);
    return result === undefined ? undefined : wrap(result ? 1n : 0n, undefined);
  }
  const operand = (value: bigint): bigint => (signed && !type ? BigInt.asIntN(GENERIC_BITS, value) : value);
  const shift = op === OP.shl || op === OP.shr || op === OP.shra;
  const result = integers(operand(left.value), shift ? right.value : operand(right.value), widthOf(type));
  if (typeof result === 'boolean') return wrap(result ? 1n : 0n, undefined);
  return result === undefined ? undefined : wrap(result, type);
}
