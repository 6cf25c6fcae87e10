/** Gzip (RFC 1952) with a bound on the size of what comes out, and with the check of its CRC. */
import { gzipSync, Inflate } from 'fflate';
import { InputError } from './input-error.ts';

const MAGIC = [0x1f, 0x8b, 8];
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };
const HEADER_SIZE = 10;
const TRAILER_SIZE = 8;
/** Compressed bytes given to the decompressor at a time: bounds what a bomb can produce before it is noticed. */
const PIECE = 0x4000;

/** Decompression that the host offers; several times as fast as JavaScript. */
export interface HostInflate {
  /**
   * Inflates a raw deflate stream (RFC 1951) at the start of the bytes, to at most `limit` bytes; probably `expected`
   * bytes come out. Tells how many bytes of input the stream took. Throws on damage or excess.
   */
  inflateRaw(
    bytes: Uint8Array,
    limit: number,
    expected: number,
  ): { readonly content: Uint8Array; readonly consumed: number };
  /** CRC-32 of ISO 3309. */
  crc32(bytes: Uint8Array): number;
}

let host: HostInflate | undefined;

/** Makes the host's decompression do the work; results and errors stay the same. */
export function useHostInflate(inflate: HostInflate | undefined): void {
  host = inflate;
}

/** Whether the bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Compresses; the header carries no time and no name, so equal input gives equal output. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9, mtime: 0 });
}

/** One unpacked member of a gzip file. */
export interface GzipMember {
  readonly content: Uint8Array;
  /** Offset in the file after the member's trailer. */
  readonly end: number;
}

/**
 * Unpacks a gzip file of one or more members, zero padding after them allowed. Throws an `InputError` when it is
 * damaged, cut short, or unpacks to more than `limit` bytes.
 */
export function gunzip(bytes: Uint8Array, limit: number, name = 'gzip file'): Uint8Array {
  const first = gunzipMember(bytes, limit, name);
  let next = skipZeros(bytes, first.end);
  if (next === bytes.length) return first.content;
  const pieces = [first.content];
  let size = first.content.length;
  while (next < bytes.length) {
    const member = gunzipMember(bytes, limit - size, name, next);
    pieces.push(member.content);
    size += member.content.length;
    next = skipZeros(bytes, member.end);
  }
  return join(pieces, size);
}

/** Unpacks the member that starts at an offset; errors as for `gunzip`. */
export function gunzipMember(bytes: Uint8Array, limit: number, name = 'gzip file', offset = 0): GzipMember {
  const file = bytes.subarray(offset);
  const fail = (problem: string, at: number, remedy = 'Copy or compress it again'): never => {
    throw new InputError(problem, { file: name, offset: offset + at, remedy });
  };
  if (!isGzip(file)) fail('not a gzip file: the magic 1f 8b 08 is missing', 0);
  const start = headerEnd(file) ?? fail('the gzip header is damaged or cut short', 3);
  const quick = hostMember(file, start, limit);
  if (quick) return { content: quick.content, end: offset + quick.end };
  const pieces: Uint8Array[] = [];
  let size = 0;
  const inflate = new Inflate((piece) => {
    size += piece.length;
    pieces.push(piece);
  });
  for (let at = start; at < file.length; at += PIECE) {
    try {
      inflate.push(file.subarray(at, at + PIECE), at + PIECE >= file.length);
    } catch {
      fail('the compressed data is damaged or cut short', at);
    }
    if (size > limit) fail(`unpacks to more than ${limit} bytes`, at, 'Give a smaller file');
  }
  const content = join(pieces, size);
  const trailer = findTrailer(file, start, crc32(content), size);
  return {
    content,
    end: offset + (trailer ?? fail('the checksum is wrong: the file is damaged', start)) + TRAILER_SIZE,
  };
}

/** A member unpacked by the host; undefined without one, or when anything is wrong (which then gets its message). */
function hostMember(file: Uint8Array, start: number, limit: number): GzipMember | undefined {
  if (!host) return undefined;
  try {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const expected = view.getUint32(file.length - 4, true);
    const { content, consumed } = host.inflateRaw(file.subarray(start), limit, expected);
    const trailer = start + consumed;
    const intact = view.getUint32(trailer, true) === host.crc32(content);
    return intact && view.getUint32(trailer + 4, true) === content.length >>> 0
      ? { content, end: trailer + TRAILER_SIZE }
      : undefined;
  } catch {
    // The exact path below finds out what is wrong, and where.
    return undefined;
  }
}

/** The offset of the first byte that is not zero, the length when there is none. */
export function skipZeros(bytes: Uint8Array, offset: number): number {
  let at = offset;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const output = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    output.set(piece, at);
    at += piece.length;
  }
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

/**
 * The offset of the trailer: checksum and size. The decompressor does not tell where its data ended, so they are
 * searched for; a match is as good a proof of the contents as the trailer itself.
 */
function findTrailer(file: Uint8Array, start: number, crc: number, size: number): number | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = start; at + TRAILER_SIZE <= file.length; at++) {
    if (view.getUint32(at, true) === crc && view.getUint32(at + 4, true) === size >>> 0) return at;
  }
  return undefined;
}
