/** Values that are in several places: registers, memory, constants, and parts that are nowhere. */
import { InputError } from '../../formats/input-error.ts';
import type { Piece } from '../dwarf/expression.ts';

/** Bytes in the order of the target, of which some bits may have no value. */
export interface PartialBytes {
  readonly bytes: Uint8Array;
  /** A set bit has no value; undefined when all have one. */
  readonly missing?: Uint8Array;
}

/** Values of more bytes than this are not put together. */
const MAX_BITS = 0x1_0000 * 8;

const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/**
 * Puts pieces together. `read` gives `size` bits of a piece from its bit `offset` on, counted from the lowest where the
 * target is little-endian, else from the highest of memory; undefined for a part that has no value.
 */
export function assemblePieces(
  pieces: readonly Piece[],
  littleEndian: boolean,
  read: (piece: Piece) => bigint | undefined,
): PartialBytes {
  let value = 0n;
  let lost = 0n;
  let position = 0;
  for (const piece of pieces) {
    const { bitSize } = piece;
    if (position + bitSize > MAX_BITS) throw new InputError('its pieces are too large to be put together');
    const found = read(piece);
    const bits = (found ?? 0n) & ones(bitSize);
    const unknown = found === undefined ? ones(bitSize) : 0n;
    if (littleEndian) {
      value |= bits << BigInt(position);
      lost |= unknown << BigInt(position);
    } else {
      value = (value << BigInt(bitSize)) | bits;
      lost = (lost << BigInt(bitSize)) | unknown;
    }
    position += bitSize;
  }
  const size = Math.ceil(position / 8);
  // On a big-endian target the first bit is the highest of the first byte.
  const padding = littleEndian ? 0n : BigInt(size * 8 - position);
  const bytes = toBytes(value << padding, size, littleEndian);
  return lost === 0n ? { bytes } : { bytes, missing: toBytes(lost << padding, size, littleEndian) };
}

function toBytes(value: bigint, size: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[littleEndian ? i : size - 1 - i] = Number(rest & 0xffn);
  return bytes;
}

/** Some of the bytes, with what is missing of them. */
export function partOf({ bytes, missing }: PartialBytes, start: number, end: number): PartialBytes {
  const part = { bytes: bytes.subarray(start, end) };
  return missing?.subarray(start, end).some((bits) => bits !== 0)
    ? { ...part, missing: missing.subarray(start, end) }
    : part;
}

/** The bytes. Throws an `InputError` when one of the bits that count has no value. */
export function presentBytes(
  { bytes, missing }: PartialBytes,
  bits: { readonly offset: number; readonly size: number } | undefined,
  littleEndian: boolean,
): Uint8Array {
  const isLost = (bit: number): boolean => {
    const mask = missing?.[bit >> 3] ?? 0;
    return ((mask >> (littleEndian ? bit & 7 : 7 - (bit & 7))) & 1) !== 0;
  };
  if (!missing) return bytes;
  const { offset, size } = bits ?? { offset: 0, size: bytes.length * 8 };
  for (let bit = offset; bit < offset + size; bit++) {
    if (isLost(bit)) throw new InputError('it was optimized out');
  }
  return bytes;
}
