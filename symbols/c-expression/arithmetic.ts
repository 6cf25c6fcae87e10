/** Operators with two operands: the usual arithmetic conversions (C11, 6.3.1.8), and arithmetic of pointers (6.5.6). */
import { InputError } from '../../formats/input-error.ts';
import { resolved, type DebugType } from '../dwarf/types.ts';
import * as values from './value.ts';
import { C, type Target, type Value } from './value.ts';

const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** The type of an operand in arithmetic: at least `int`. */
export function promoted(type: DebugType): DebugType {
  if (values.isFloat(type)) return type;
  const integer = values.integerType(type);
  if (!integer) throw new InputError('a number is expected');
  if (integer.size < 4) return C.int;
  if (integer.size === 4) return integer.isSigned ? C.int : C.unsigned;
  return integer.isSigned ? C.longLong : C.unsignedLongLong;
}

/** The type that two operands are brought to. */
export function commonType(left: DebugType, right: DebugType): DebugType {
  if (values.isFloat(left) || values.isFloat(right)) return C.double;
  const [a, b] = [promoted(left), promoted(right)];
  if (values.sizeOf(a) !== values.sizeOf(b)) return values.sizeOf(a) > values.sizeOf(b) ? a : b;
  return values.integerType(a)?.isSigned ? b : a;
}

/** What a pointer, or an array as a pointer, points to. */
export function pointedTo(type: DebugType): DebugType | undefined {
  const inner = resolved(type);
  if (inner.kind === 'pointer') return inner.target;
  if (inner.kind === 'array') return inner.element;
  return inner.kind === 'function' ? inner : undefined;
}

/** Applies an operator. Throws an `InputError` for operands that it does not take. */
export function binary(operator: string, left: Value, right: Value, target: Target): Value {
  const a = pointedTo(left.type);
  const b = pointedTo(right.type);
  if (COMPARISONS.has(operator)) {
    return values.fromInteger(
      compare(operator, left, right, a !== undefined || b !== undefined, target) ? 1n : 0n,
      C.int,
      target,
    );
  }
  if (a || b) return pointerArithmetic(operator, left, right, a, b, target);
  const shift = operator === '<<' || operator === '>>';
  const type = shift ? promoted(left.type) : commonType(left.type, right.type);
  if (values.isFloat(type)) {
    const result = floatResult(operator, values.toNumber(left, target), values.toNumber(right, target));
    return values.fromNumber(result, type, target);
  }
  const operand = (value: Value): bigint =>
    values.toInteger(values.fromInteger(values.toInteger(value, target), type, target), target);
  const count = shift ? values.toInteger(right, target) : 0n;
  if (shift && (count < 0n || count >= 64n)) throw new InputError(`a shift by ${count}`);
  return values.fromInteger(integerResult(operator, operand(left), shift ? count : operand(right)), type, target);
}

function compare(operator: string, left: Value, right: Value, pointers: boolean, target: Target): boolean {
  let order: number;
  if (!pointers && (values.isFloat(left.type) || values.isFloat(right.type))) {
    const [a, b] = [values.toNumber(left, target), values.toNumber(right, target)];
    if (Number.isNaN(a) || Number.isNaN(b)) return operator === '!=';
    order = a - b;
  } else {
    const type = pointers ? C.unsigned : commonType(left.type, right.type);
    const operand = (value: Value): bigint =>
      values.toInteger(values.fromInteger(values.toInteger(value, target), type, target), target);
    const difference = operand(left) - operand(right);
    order = difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    default:
      return order >= 0;
  }
}

function pointerArithmetic(
  operator: string,
  left: Value,
  right: Value,
  a: DebugType | undefined,
  b: DebugType | undefined,
  target: Target,
): Value {
  const [x, y] = [values.toInteger(left, target), values.toInteger(right, target)];
  if (operator === '-' && a && b) return values.fromInteger((x - y) / BigInt(values.sizeOf(a) || 1), C.int, target);
  if (operator === '+' && a && !b)
    return values.fromInteger(x + y * BigInt(values.sizeOf(a)), values.pointerTo(a), target);
  if (operator === '+' && b && !a)
    return values.fromInteger(y + x * BigInt(values.sizeOf(b)), values.pointerTo(b), target);
  if (operator === '-' && a) return values.fromInteger(x - y * BigInt(values.sizeOf(a)), values.pointerTo(a), target);
  // Beyond C, and handy in a kernel: bits of addresses.
  return values.fromInteger(integerResult(operator, x, y), C.unsigned, target);
}

function floatResult(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      throw new InputError(`${operator} takes integers`);
  }
}

function integerResult(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      if (b === 0n) throw new InputError('a division by zero');
      return operator === '/' ? a / b : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    default:
      return a >> b;
  }
}
