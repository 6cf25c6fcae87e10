/** Typed values: where they are, reading and writing them, and integers of C types. */
import { InputError, hex } from '../../formats/input-error.ts';
import type { Location } from '../dwarf/expression.ts';
import { assemblePieces, presentBytes, type PartialBytes } from './pieces.ts';
import { resolved, VOID, type BaseEncoding, type BaseType, type DebugType, type PointerType } from '../dwarf/types.ts';

/** What evaluating needs of the machine. Everything is optional: what is missing gives an error when it is needed. */
export interface Target {
  readonly littleEndian: boolean;
  readMemory(address: number, size: number): Uint8Array | undefined;
  /** Returns false when the memory cannot be written. */
  writeMemory?(address: number, bytes: Uint8Array): boolean;
  /** A register by the name after the `$`; fields after a dot, e.g. `cpsr.mode`. */
  readRegister?(name: string): number | undefined;
  writeRegister?(name: string, value: number): boolean;
}

/** Where a value is. `bits` is its part of a storage unit, in the order of the machine. */
export type Place =
  | {
      readonly kind: 'memory';
      readonly address: number;
      readonly bits?: { readonly offset: number; readonly size: number };
    }
  | { readonly kind: 'register'; readonly name: string }
  | (PartialBytes & { readonly kind: 'none'; readonly bits?: { readonly offset: number; readonly size: number } });

/** A value of a type in a place. */
export interface Value {
  readonly type: DebugType;
  readonly place: Place;
}

const base = (name: string, size: number, encoding: BaseEncoding): BaseType => ({ kind: 'base', name, size, encoding });

/** The types of C that expressions compute with. */
export const C = {
  int: base('int', 4, 'signed'),
  unsigned: base('unsigned int', 4, 'unsigned'),
  long: base('long', 4, 'signed'),
  unsignedLong: base('unsigned long', 4, 'unsigned'),
  longLong: base('long long', 8, 'signed'),
  unsignedLongLong: base('unsigned long long', 8, 'unsigned'),
  char: base('char', 1, 'unsignedChar'),
  double: base('double', 8, 'float'),
} as const;

/** Values of more bytes than this are not read at once. */
const MAX_SIZE = 0x10_0000;

export const pointerTo = (target: DebugType): PointerType => ({
  kind: 'pointer',
  name: undefined,
  size: 4,
  reference: '*',
  target,
});

/** The bytes of a value, in the order of the target. */
export function bytesOf({ type, place }: Value, target: Target): Uint8Array {
  const size = sizeOf(type);
  switch (place.kind) {
    case 'none':
      return presentBytes(place, place.bits, target.littleEndian);
    case 'memory':
      return readMemory(
        target,
        place.address,
        place.bits ? Math.ceil((place.bits.offset + place.bits.size) / 8) : size,
      );
    case 'register': {
      const value = target.readRegister?.(place.name);
      if (value === undefined) throw new InputError(`register ${place.name} is not known here`);
      return integerBytes(BigInt(value >>> 0), Math.min(4, size), target);
    }
  }
}

/** The size of a complete type in bytes. Throws an `InputError` for others. */
export function sizeOf(type: DebugType): number {
  const { kind, size } = resolved(type);
  if (kind === 'function' || kind === 'void') return 1;
  if (size === undefined) throw new InputError('the type is incomplete, so its size is not known');
  return size;
}

/** Memory of the target. Throws an `InputError` that names the address when it cannot be read. */
export function readMemory(target: Target, address: number, size: number): Uint8Array {
  if (size > MAX_SIZE) throw new InputError(`a value of ${size} bytes is too large to be read at once`);
  const bytes = size === 0 ? new Uint8Array(0) : target.readMemory(address, size);
  if (bytes?.length !== size) throw new InputError(`memory at ${hex(address)} cannot be read`);
  return bytes;
}

/** Whether values of a type are integers: with a sign, or without. Pointers count as unsigned. */
export function integerType(type: DebugType): { size: number; isSigned: boolean } | undefined {
  const inner = resolved(type);
  switch (inner.kind) {
    case 'pointer':
      return { size: inner.size, isSigned: false };
    case 'enum':
      return { size: inner.size ?? 4, isSigned: inner.isSigned };
    case 'base': {
      const { size, encoding } = inner;
      if (encoding === 'float' || encoding === 'complex') return undefined;
      return { size, isSigned: encoding === 'signed' || encoding === 'signedChar' };
    }
    default:
      return undefined;
  }
}

/** The integer of some bytes. */
export function bytesToInteger(bytes: Uint8Array, littleEndian: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[littleEndian ? bytes.length - 1 - i : i]);
  return value;
}

/** The low bytes of an integer, in the order of the target. */
export function integerBytes(value: bigint, size: number, { littleEndian }: { littleEndian: boolean }): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[littleEndian ? i : size - 1 - i] = Number(rest & 0xffn);
  return bytes;
}

/** A value as an integer. Arrays and functions are their addresses. Throws an `InputError` for structures and floats. */
export function toInteger(value: Value, target: Target): bigint {
  const inner = resolved(value.type);
  if (inner.kind === 'array' || inner.kind === 'function') return BigInt(addressOf(value));
  if (inner.kind === 'base' && inner.encoding === 'float') return BigInt(Math.trunc(toNumber(value, target)));
  const type = integerType(inner);
  if (!type) throw new InputError('a number is expected, not a structure');
  const bytes = bytesOf(value, target);
  const bits = 'bits' in value.place ? value.place.bits : undefined;
  if (!bits) {
    const whole = bytesToInteger(bytes, target.littleEndian);
    return type.isSigned ? BigInt.asIntN(type.size * 8, whole) : BigInt.asUintN(type.size * 8, whole);
  }
  const all = bytesToInteger(bytes, target.littleEndian);
  // Big-endian machines number bits from the other end.
  const shift = target.littleEndian ? bits.offset : bytes.length * 8 - bits.offset - bits.size;
  const field = all >> BigInt(shift);
  return type.isSigned ? BigInt.asIntN(bits.size, field) : BigInt.asUintN(bits.size, field);
}

export const isFloat = (type: DebugType): boolean => {
  const inner = resolved(type);
  return inner.kind === 'base' && inner.encoding === 'float';
};

/** A value as a number: of a float type, or an integer. */
export function toNumber(value: Value, target: Target): number {
  if (!isFloat(value.type)) return Number(toInteger(value, target));
  const bytes = bytesOf(value, target);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length === 4 ? view.getFloat32(0, target.littleEndian) : view.getFloat64(0, target.littleEndian);
}

export function fromInteger(value: bigint, type: DebugType, target: Target): Value {
  return { type, place: { kind: 'none', bytes: integerBytes(value, sizeOf(type), target) } };
}

/** A number as a value of a float or an integer type. */
export function fromNumber(value: number, type: DebugType, target: Target): Value {
  if (!isFloat(type)) return fromInteger(Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n, type, target);
  const bytes = new Uint8Array(sizeOf(type));
  const view = new DataView(bytes.buffer);
  if (bytes.length === 4) view.setFloat32(0, value, target.littleEndian);
  else view.setFloat64(0, value, target.littleEndian);
  return { type, place: { kind: 'none', bytes } };
}

/** The address of a value. Throws an `InputError` when it is not in memory. */
export function addressOf({ place }: Value): number {
  if (place.kind !== 'memory') throw new InputError('it is not in memory, so it has no address');
  if (place.bits) throw new InputError('a bit field has no address');
  return place.address;
}

/** Writes a value to where another is. Throws an `InputError` when that has no place, or cannot be written. */
export function assign(to: Value, from: Value, target: Target): Value {
  const { place, type } = to;
  const inner = resolved(type);
  let bytes: Uint8Array;
  if (inner.kind === 'struct' || inner.kind === 'array') {
    bytes = bytesOf(from, target);
    if (bytes.length !== sizeOf(type)) throw new InputError('only a value of the same type can be assigned');
  } else if (isFloat(type)) bytes = bytesOf(fromNumber(toNumber(from, target), type, target), target);
  else bytes = integerBytes(toInteger(from, target), sizeOf(type), target);
  if (place.kind === 'register') {
    const value = Number(bytesToInteger(bytes, target.littleEndian));
    if (!target.writeRegister?.(place.name, value)) throw new InputError(`register ${place.name} cannot be written`);
  } else if (place.kind === 'memory') {
    const stored = place.bits ? withBits(to, place.bits, bytes, target) : bytes;
    if (!target.writeMemory?.(place.address, stored))
      throw new InputError(`memory at ${hex(place.address)} cannot be written`);
  } else throw new InputError('this value has no place that could be written');
  return to;
}

/** The bytes around a bit field, with the field replaced. */
function withBits(to: Value, bits: { offset: number; size: number }, field: Uint8Array, target: Target): Uint8Array {
  const old = bytesOf(to, target);
  const shift = BigInt(target.littleEndian ? bits.offset : old.length * 8 - bits.offset - bits.size);
  const mask = ((1n << BigInt(bits.size)) - 1n) << shift;
  const value = (bytesToInteger(field, target.littleEndian) << shift) & mask;
  return integerBytes((bytesToInteger(old, target.littleEndian) & ~mask) | value, old.length, target);
}

/** A value at what DWARF says of its location. Throws an `InputError` when it has none. */
export function valueAt(type: DebugType, location: Location, target: Target): Value {
  switch (location.kind) {
    case 'memory':
      return { type, place: { kind: 'memory', address: location.address } };
    case 'register':
      return sizeOf(type) > 4 || isAggregate(type)
        ? {
            type,
            place: {
              kind: 'none',
              ...fitted(piecesOf(registersFrom(location.register, type), target), sizeOf(type), target),
            },
          }
        : { type, place: { kind: 'register', name: `r${location.register}` } };
    case 'value':
      return { type, place: { kind: 'none', ...fitted(location, sizeOf(type), target) } };
    case 'pieces':
      return { type, place: { kind: 'none', ...fitted(piecesOf(location, target), sizeOf(type), target) } };
    case 'optimizedOut':
      throw new InputError('it was optimized out');
    case 'implicitPointer':
      throw new InputError('the pointer was optimized out; only what it points to is known');
    case 'unavailable':
      throw new InputError(location.reason);
  }
}

const isAggregate = (type: DebugType): boolean => ['struct', 'array'].includes(resolved(type).kind);

/** The registers that hold a value of a type, from the first. */
const registersFrom = (first: number, type: DebugType): Extract<Location, { kind: 'pieces' }> => ({
  kind: 'pieces',
  pieces: Array.from({ length: Math.min(16 - first, Math.ceil(sizeOf(type) / 4)) }, (_, i) => ({
    location: { kind: 'register', register: first + i },
    bitSize: 32,
    bitOffset: 0,
  })),
});

/** As many bytes as a type has: the low ones of more, followed by zeros of less. */
function fitted({ bytes, missing }: PartialBytes, size: number, { littleEndian }: Target): PartialBytes {
  const fit = (from: Uint8Array): Uint8Array => {
    if (from.length === size) return from;
    const out = new Uint8Array(size);
    const part = littleEndian ? from.subarray(0, size) : from.subarray(Math.max(0, from.length - size));
    out.set(part, littleEndian ? 0 : size - part.length);
    return out;
  };
  return missing ? { bytes: fit(bytes), missing: fit(missing) } : { bytes: fit(bytes) };
}

/** Puts together a value that is in several places. */
function piecesOf({ pieces }: Extract<Location, { kind: 'pieces' }>, target: Target): PartialBytes {
  const { littleEndian } = target;
  return assemblePieces(pieces, littleEndian, ({ location, bitSize, bitOffset }) => {
    if (location.kind === 'optimizedOut' || location.kind === 'implicitPointer') return undefined;
    const size = Math.ceil((bitOffset + bitSize) / 8);
    const isMemory = location.kind === 'memory';
    const type: DebugType = { kind: 'base', name: '', size: isMemory ? size : Math.max(4, size), encoding: 'unsigned' };
    const whole = bytesToInteger(bytesOf(valueAt(type, location, target), target), littleEndian);
    // Bits of a register are counted from its lowest, those of memory in the order of the machine.
    return whole >> BigInt(isMemory && !littleEndian ? size * 8 - bitOffset - bitSize : bitOffset);
  });
}

export const NOTHING: Value = { type: VOID, place: { kind: 'none', bytes: new Uint8Array(0) } };
