/** Gzip (RFC 1952) with a bound on the size of what comes out, and with the check of its CRC. */
import { gzipSync, Inflate } from 'fflate';
import { InputError } from './input-error.ts';

const MAGIC = [0x1f, 0x8b, 8];
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };
const HEADER_SIZE = 10;
const TRAILER_SIZE = 8;
/** Compressed bytes given to the decompressor at a time: bounds what a bomb can produce before it is noticed. */
const PIECE = 0x4000;

/** Whether the bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Compresses; the header carries no time and no name, so equal input gives equal output. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9, mtime: 0 });
}

/**
 * Unpacks a gzip file of one member, zero padding after it allowed. Throws an `InputError` when it is damaged, cut
 * short, or unpacks to more than `limit` bytes.
 */
export function gunzip(bytes: Uint8Array, limit: number, name = 'gzip file'): Uint8Array {
  const fail = (problem: string, offset: number, remedy = 'Copy or compress it again'): never => {
    throw new InputError(problem, { file: name, offset, remedy });
  };
  if (!isGzip(bytes)) fail('not a gzip file: the magic 1f 8b 08 is missing', 0);
  const start = headerEnd(bytes);
  if (start === undefined || start + TRAILER_SIZE > bytes.length)
    return fail('the gzip header is damaged or cut short', 3);

  const pieces: Uint8Array[] = [];
  let size = 0;
  let finished = false;
  const inflate = new Inflate((piece, final) => {
    size += piece.length;
    pieces.push(piece);
    finished = final;
  });
  for (let at = start; at < bytes.length; at += PIECE) {
    const last = at + PIECE >= bytes.length;
    try {
      inflate.push(bytes.subarray(at, at + PIECE), last);
    } catch {
      fail('the compressed data is damaged or cut short', at);
    }
    if (size > limit) fail(`unpacks to more than ${limit} bytes`, at, 'Give a smaller file or more memory');
  }
  if (!finished) fail('the compressed data is cut short', bytes.length);
  const output = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    output.set(piece, at);
    at += piece.length;
  }
  if (!hasTrailer(bytes, crc32(output), size))
    fail('the checksum is wrong: the file is damaged', bytes.length - TRAILER_SIZE);
  return output;
}

/** CRC-32 of ISO 3309, as in gzip. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Offset of the compressed data, undefined when the header does not end inside the file. */
function headerEnd(bytes: Uint8Array): number | undefined {
  const flags = bytes[3];
  if (bytes.length < HEADER_SIZE || flags & FLAG.reserved) return undefined;
  let at = HEADER_SIZE;
  if (flags & FLAG.extra) at += 2 + (bytes[at] | (bytes[at + 1] << 8));
  for (const flag of [FLAG.name, FLAG.comment]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if (flags & FLAG.headerCrc) at += 2;
  return at;
}

/** Looks for the trailer at the end of the file, and before any zero padding (whose start its own zeros can hide). */
function hasTrailer(bytes: Uint8Array, crc: number, size: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  for (let k = Math.min(end + TRAILER_SIZE, bytes.length); k >= Math.max(end, TRAILER_SIZE); k--) {
    if (view.getUint32(k - 8, true) === crc && view.getUint32(k - 4, true) === size >>> 0) return true;
  }
  return false;
}
