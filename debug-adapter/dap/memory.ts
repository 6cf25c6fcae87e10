/** `readMemory` and `writeMemory`: guest memory by virtual address, through the guest's own tables. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32, readGuestMemory, writeGuestMemory } from '../target.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { badArgument, memoryUnwritable } from './errors.ts';
import type { Guest } from './guest.ts';

const ADDRESS_SPACE = 0x1_0000_0000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Memory is readable or not by the smallest page. */
const PAGE = 1024;

/** `readMemory`. */
export function readMemoryRequest(guest: Guest, args: RequestArguments): DebugProtocol.ReadMemoryResponse['body'] {
  const start = parseAddress(args.string('memoryReference')) + args.integer('offset', { default: 0 });
  const count = args.integer('count', { min: 0, max: MOST_BYTES });
  if (start < 0 || start >= ADDRESS_SPACE) return { address: formatAddress(start), data: '', unreadableBytes: count };
  const bytes = guest.readMemory(start, count);
  if (bytes.length === count) return { address: formatAddress(start), data: toBase64(bytes) };
  const bad = start + bytes.length;
  const unreadable = Math.min(count - bytes.length, unreadableFrom(guest, bad, start + count));
  return { address: formatAddress(start), data: toBase64(bytes), unreadableBytes: unreadable };
}

/** Bytes from an unreadable address to the next readable page, at most to `end`. */
function unreadableFrom(guest: Guest, from: number, end: number): number {
  let address = from;
  while (address < end) {
    address += PAGE - (address % PAGE);
    if (address >= ADDRESS_SPACE || guest.readMemory(address, 1).length > 0) break;
  }
  return Math.min(address, end) - from;
}

/** `writeMemory`. Returns where and how much was written, for the events that follow. */
export function writeMemoryRequest(guest: Guest, args: RequestArguments): { address: number; bytesWritten: number } {
  const address = parseAddress(args.string('memoryReference')) + args.integer('offset', { default: 0 });
  const bytes = fromBase64(args.string('data'));
  if (!bytes) throw badArgument(args.command, 'data', 'base64 text');
  const inside = address >= 0 && address < ADDRESS_SPACE;
  const writable = inside ? readGuestMemory(guest.machine, address, bytes.length).length : 0;
  if (writable < bytes.length && !args.boolean('allowPartial')) {
    throw memoryUnwritable(hex32(address), writable, bytes.length);
  }
  return { address, bytesWritten: writeGuestMemory(guest.machine, address, bytes.subarray(0, writable)) };
}
