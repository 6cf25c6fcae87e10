/** `readMemory` and `writeMemory`: guest memory by virtual address, through the guest's own tables, or by physical address. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32, readGuestMemory, readPhysicalMemory, writeGuestMemory, writePhysicalMemory } from '../target.ts';
import { formatPlace, parsePlace, type MemoryPlace } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { badArgument, memoryUnwritable } from './errors.ts';
import type { Guest } from './guest.ts';

const ADDRESS_SPACE = 0x1_0000_0000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Memory is readable or not by the smallest page. */
const PAGE = 1024;

/** Memory at a place, up to its first byte that cannot be read. */
function readPlace(guest: Guest, { address, physical }: MemoryPlace, length: number): Uint8Array {
  return physical ? readPhysicalMemory(guest.machine, address, length) : guest.readMemory(address, length);
}

/** The place that a request is about; its address may lie outside the address space. */
function placeOf(args: RequestArguments): MemoryPlace {
  const { address, physical } = parsePlace(args.string('memoryReference'));
  return { address: address + args.integer('offset', { default: 0 }), physical };
}

/** `readMemory`. */
export function readMemoryRequest(guest: Guest, args: RequestArguments): DebugProtocol.ReadMemoryResponse['body'] {
  const place = placeOf(args);
  const { address: start } = place;
  const count = args.integer('count', { min: 0, max: MOST_BYTES });
  const address = formatPlace(place);
  if (start < 0 || start >= ADDRESS_SPACE) return { address, data: '', unreadableBytes: count };
  const bytes = readPlace(guest, place, count);
  if (bytes.length === count) return { address, data: toBase64(bytes) };
  const unreadable = Math.min(count - bytes.length, unreadableFrom(guest, place, bytes.length, count));
  return { address, data: toBase64(bytes), unreadableBytes: unreadable };
}

/** Bytes from an unreadable offset to the next readable page, at most to `end`. */
function unreadableFrom(guest: Guest, place: MemoryPlace, from: number, end: number): number {
  let address = place.address + from;
  const last = place.address + end;
  while (address < last) {
    address += PAGE - (address % PAGE);
    if (address >= ADDRESS_SPACE || readPlace(guest, { ...place, address }, 1).length > 0) break;
  }
  return Math.min(address, last) - place.address - from;
}

/** `writeMemory`. Returns where and how much was written, for the events that follow. */
export function writeMemoryRequest(guest: Guest, args: RequestArguments): { place: MemoryPlace; bytesWritten: number } {
  const place = placeOf(args);
  const { address, physical } = place;
  const bytes = fromBase64(args.string('data'));
  if (!bytes) throw badArgument(args.command, 'data', 'base64 text');
  const { machine } = guest;
  const [read, write] = physical ? [readPhysicalMemory, writePhysicalMemory] : [readGuestMemory, writeGuestMemory];
  const inside = address >= 0 && address < ADDRESS_SPACE;
  const writable = inside ? read(machine, address, bytes.length).length : 0;
  if (writable < bytes.length && !args.boolean('allowPartial')) {
    throw memoryUnwritable(inside ? formatPlace(place) : hex32(address), writable, bytes.length);
  }
  return { place, bytesWritten: write(machine, address, bytes.subarray(0, writable)) };
}
