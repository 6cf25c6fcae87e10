/**
 * Listings: the disassembly of a function as a source of its own, for frames that have no source file. A client shows
 * it as text, with the line of the next instruction marked, and takes breakpoints in it.
 *
 * A listing never changes. When its memory does (another process at the same address, code that is loaded late), the
 * next stop there gets a listing of its own.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32 } from '../target.ts';
import { instructionSizes, listingLine } from './disassembly.ts';
import { unknownListing } from './errors.ts';
import type { Guest } from './guest.ts';

/** The language of a listing, for colours and for breakpoints in the margin. */
export const LISTING_MIME_TYPE = 'text/x-arm-listing';
/** A function that is longer is shown in parts, bytes. */
const LONGEST = 16 * 1024;
/** What is shown around an address that belongs to no function, bytes. */
const WINDOW = 256;

interface Listing {
  reference: number;
  name: string;
  guest: Guest;
  bytes: Uint8Array;
  /** Whether its first instruction is a Thumb one. */
  thumb: boolean;
  /** The address of each line. */
  addresses: readonly number[];
  text: string | undefined;
}

/** The listings of a session; a restart keeps them, since a client may still show some. */
export class Listings {
  private readonly all: Listing[] = [];
  private readonly byStart = new Map<number, Listing[]>();

  /** The listing and the line (from 1) that show an address; undefined when there is no memory. */
  locate(guest: Guest, address: number): { source: DebugProtocol.Source; line: number } | undefined {
    const range = rangeAround(guest, address);
    const bytes = guest.readMemory(range.start, range.size);
    const known = this.byStart.get(range.start) ?? [];
    const matches = (listing: Listing): boolean =>
      listing.guest === guest && listing.thumb === guest.thumb && isEqual(listing.bytes, bytes);
    const listing = known.find(matches) ?? this.add(guest, range.name, range.start, bytes);
    const index = listing.addresses.indexOf(address);
    if (index < 0) return undefined;
    const { name, reference } = listing;
    return { source: { name, sourceReference: reference, origin: 'disassembly' }, line: index + 1 };
  }

  /** `source`: the text of a listing. */
  text(reference: number): string {
    const listing = this.of(reference);
    const { guest, addresses, bytes } = listing;
    const start = addresses[0] ?? 0;
    listing.text ??= addresses
      .map((address) => listingLine(guest, address, bytes.subarray(address - start, address - start + 4)))
      .join('\n');
    return listing.text;
  }

  /** The address that a line (from 1) shows; undefined past the end. */
  addressOf(reference: number, line: number): number | undefined {
    return this.of(reference).addresses[line - 1];
  }

  private of(reference: number): Listing {
    const listing = this.all[reference - 1];
    if (!listing) throw unknownListing(reference);
    return listing;
  }

  private add(guest: Guest, name: string, start: number, bytes: Uint8Array): Listing {
    const addresses: number[] = [];
    let address = start;
    for (const size of instructionSizes(guest, start, bytes)) {
      addresses.push(address);
      address += size;
    }
    const reference = this.all.length + 1;
    const listing: Listing = { reference, name, guest, bytes, thumb: guest.thumb, addresses, text: undefined };
    this.all.push(listing);
    this.byStart.set(start, [...(this.byStart.get(start) ?? []), listing]);
    return listing;
  }
}

/** The function around an address, or what lies near. */
function rangeAround(guest: Guest, address: number): { start: number; size: number; name: string } {
  const linked = guest.linked(address);
  const symbol = guest.symbols.at(linked);
  const offset = symbol ? linked - symbol.address : LONGEST;
  if (symbol && offset < LONGEST) {
    const size = symbol.size > 0 ? Math.min(symbol.size, LONGEST) : labelSize(guest, symbol.address);
    if (offset < size) return { start: address - offset, size, name: symbol.name };
  }
  const start = address - (address % WINDOW);
  return { start, size: WINDOW, name: hex32(start) };
}

/** Bytes from a label, which has no size, to the next symbol. */
function labelSize(guest: Guest, address: number): number {
  let size = 4;
  while (size < LONGEST && guest.symbols.at(address + size)?.address === address) size += 4;
  return size;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
