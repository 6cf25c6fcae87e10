/** The memory packets: m, M, X, qCRC, qSearch, and the memory map. Addresses are guest virtual addresses. */
import type { Machine } from '../../emulator/machine.ts';
import { asciiBytes, asciiText, bytesToHex, hexToBytes } from '../../formats/gdb-packet.ts';
import { readGuestMemory, writeGuestMemory } from '../target.ts';

/** EFAULT as stubs report it. */
export const MEMORY_ERROR = 'E14';
/** EINVAL: the packet cannot be understood. */
export const BAD_PACKET = 'E22';

const RANGE = /^([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,8})$/;

/** Parses `ADDRESS,LENGTH` in hexadecimal. */
export function parseRange(text: string): { address: number; length: number } | undefined {
  const match = RANGE.exec(text);
  return match ? { address: parseInt(match[1], 16), length: parseInt(match[2], 16) } : undefined;
}

/** The physical address of the level 1 table for a virtual address, where it is not the one in use. */
export type TableFor = (address: number) => number | undefined;

/** `mADDRESS,LENGTH`: replies with what can be read; an error only when that is nothing. */
export function readMemory(machine: Machine, text: string, longest: number, tableFor: TableFor): string {
  const range = parseRange(text);
  if (!range) return BAD_PACKET;
  if (range.length === 0) return '';
  const { address } = range;
  const bytes = readGuestMemory(machine, address, Math.min(range.length, longest), tableFor(address));
  return bytes.length === 0 ? MEMORY_ERROR : bytesToHex(bytes);
}

/** `MADDRESS,LENGTH:HEX` */
export function writeMemoryHex(machine: Machine, text: string, tableFor: TableFor): string {
  const colon = text.indexOf(':');
  const range = parseRange(text.slice(0, Math.max(colon, 0)));
  const bytes = hexToBytes(text.slice(colon + 1));
  return range && bytes ? write(machine, range, bytes, tableFor) : BAD_PACKET;
}

/** `XADDRESS,LENGTH:BYTES`; a length of 0 asks whether the packet is known. */
export function writeMemoryBinary(machine: Machine, body: Uint8Array, tableFor: TableFor): string {
  const colon = body.indexOf(0x3a);
  const range = parseRange(asciiText(body.subarray(0, Math.max(colon, 0))));
  return range ? write(machine, range, body.subarray(colon + 1), tableFor) : BAD_PACKET;
}

function write(
  machine: Machine,
  { address, length }: { address: number; length: number },
  bytes: Uint8Array,
  tableFor: TableFor,
): string {
  if (bytes.length !== length) return BAD_PACKET;
  return writeGuestMemory(machine, address, bytes, tableFor(address)) === length ? 'OK' : MEMORY_ERROR;
}

/** Bytes that are read at a time where a range may be long. */
const PIECE = 1 << 16;
/** The longest range of `qCRC` and `qSearch`: all the RAM that a board has. */
const LONGEST_RANGE = 1 << 28;
const CRC_POLYNOMIAL = 0x04c11db7;

/** CRC-32 as GDB computes it: highest bit first, from all ones, not inverted at the end. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
  return crc;
});

/** `qCRC:ADDRESS,LENGTH`: the checksum of a range, which must be readable from end to end. */
export function checksum(machine: Machine, text: string): string {
  const range = parseRange(text);
  if (!range || range.length > LONGEST_RANGE) return BAD_PACKET;
  let crc = 0xffff_ffff;
  for (let done = 0; done < range.length;) {
    const piece = readGuestMemory(machine, range.address + done, Math.min(PIECE, range.length - done));
    if (piece.length === 0) return MEMORY_ERROR;
    for (const byte of piece) crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte];
    done += piece.length;
  }
  return `C${(crc >>> 0).toString(16)}`;
}

/**
 * `qSearch:memory:ADDRESS;LENGTH;PATTERN`, without its name: `1,ADDRESS` of the first match, `0` when there is none. Stops at the
 * first byte that cannot be read.
 */
export function searchMemory(machine: Machine, body: Uint8Array): string {
  const first = body.indexOf(0x3b);
  const second = body.indexOf(0x3b, first + 1);
  const range = second < 0 ? undefined : parseRange(asciiText(body.subarray(0, second)).replace(';', ','));
  const pattern = body.subarray(second + 1);
  if (!range || pattern.length === 0 || range.length > LONGEST_RANGE) return BAD_PACKET;
  const end = range.address + range.length;
  for (let at = range.address; at + pattern.length <= end; at += PIECE) {
    const wanted = Math.min(PIECE + pattern.length - 1, end - at);
    const piece = readGuestMemory(machine, at, wanted);
    const found = indexOf(piece, pattern);
    if (found >= 0) return `1,${(at + found).toString(16)}`;
    if (piece.length < wanted) return at === range.address && piece.length === 0 ? MEMORY_ERROR : '0';
  }
  return '0';
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  const last = bytes.length - pattern.length;
  for (let at = bytes.indexOf(pattern[0]); at >= 0 && at <= last; at = bytes.indexOf(pattern[0], at + 1)) {
    let length = 1;
    while (length < pattern.length && bytes[at + length] === pattern[length]) length++;
    if (length === pattern.length) return at;
  }
  return -1;
}

/**
 * The memory map. A client takes everything outside it for inaccessible and reads virtual addresses, whose mapping
 * the guest changes as it runs: so the whole address space is declared, and a read answers for itself.
 */
export const MEMORY_MAP_XML = [
  '<?xml version="1.0"?>',
  '<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">',
  '<memory-map>',
  '  <memory type="ram" start="0x0" length="0x100000000"/>',
  '</memory-map>',
  '',
].join('\n');

/** One piece of a qXfer object: `m` and data when more follows, `l` and data at the end. */
export function transfer(document: string, text: string): Uint8Array {
  const range = parseRange(text);
  if (!range) return asciiBytes(BAD_PACKET);
  const end = range.address + range.length;
  return asciiBytes((end < document.length ? 'm' : 'l') + document.slice(range.address, end));
}
