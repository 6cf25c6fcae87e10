/** The memory packets: m, M, X, and the memory map. Addresses are guest virtual addresses. */
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

/** `mADDRESS,LENGTH`: replies with what can be read; an error only when that is nothing. */
export function readMemory(machine: Machine, text: string, longest: number): string {
  const range = parseRange(text);
  if (!range) return BAD_PACKET;
  if (range.length === 0) return '';
  const bytes = readGuestMemory(machine, range.address, Math.min(range.length, longest));
  return bytes.length === 0 ? MEMORY_ERROR : bytesToHex(bytes);
}

/** `MADDRESS,LENGTH:HEX` */
export function writeMemoryHex(machine: Machine, text: string): string {
  const colon = text.indexOf(':');
  const range = parseRange(text.slice(0, Math.max(colon, 0)));
  const bytes = hexToBytes(text.slice(colon + 1));
  return range && bytes ? write(machine, range, bytes) : BAD_PACKET;
}

/** `XADDRESS,LENGTH:BYTES`; a length of 0 asks whether the packet is known. */
export function writeMemoryBinary(machine: Machine, body: Uint8Array): string {
  const colon = body.indexOf(0x3a);
  const range = parseRange(asciiText(body.subarray(0, Math.max(colon, 0))));
  return range ? write(machine, range, body.subarray(colon + 1)) : BAD_PACKET;
}

function write(machine: Machine, range: { address: number; length: number }, bytes: Uint8Array): string {
  if (bytes.length !== range.length) return BAD_PACKET;
  return writeGuestMemory(machine, range.address, bytes) === bytes.length ? 'OK' : MEMORY_ERROR;
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
