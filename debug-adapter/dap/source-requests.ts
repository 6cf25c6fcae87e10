/** `trapline/locate` and `trapline/lineExits`: from addresses where exits happen to lines of the source. */
import { reportExits } from '../inspection/exits.ts';
import type { LineExitsResponse, LineExitsRow, LocateResponse } from '../protocol.ts';
import { baseName } from '../../symbols/dwarf/source-path.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { badArgument, unknownFunction } from './errors.ts';
import type { Guest } from './guest.ts';
import type { Listings } from './listings.ts';

/** Lines of one answer, those with most exits. */
const MOST_LINES = 5000;

interface Place {
  path: string;
  line: number;
}

/** Places by linked address. Debug information does not change, so each address is looked up once in a guest's life. */
const known = new WeakMap<Guest, Map<number, Place | undefined>>();

/** The file of the host and the line of a linked address; undefined where one of them is not known. */
function placeOf(guest: Guest, linked: number): Place | undefined {
  let places = known.get(guest);
  if (!places) known.set(guest, (places = new Map<number, Place | undefined>()));
  if (!places.has(linked)) places.set(linked, findPlace(guest, linked));
  return places.get(linked);
}

function findPlace(guest: Guest, linked: number): Place | undefined {
  const row = guest.debug.at(linked)?.lineOf(linked);
  const path = row && row.line > 0 ? guest.sources.local(row.file) : undefined;
  return row && path !== undefined ? { path, line: row.line } : undefined;
}

/** `trapline/locate`: the source of an address or a function, or a listing where there is none. */
export function locateRequest(guest: Guest, listings: Listings, args: RequestArguments): LocateResponse {
  const name = args.optionalString('function');
  if (name === undefined && args.raw['address'] === undefined) {
    throw badArgument(args.command, 'address', 'an address, unless "function" is given');
  }
  const symbol = name === undefined ? undefined : guest.symbols.find(name);
  if (name !== undefined && !symbol) throw unknownFunction(name);
  const address = symbol?.address ?? parseAddress(args.string('address'));
  const place = placeOf(guest, guest.codeNames.linked(address, args.boolean('user')));
  const common = { address: formatAddress(address) };
  if (place) return { ...common, source: { name: baseName(place.path), path: place.path }, line: place.line };
  const listing = listings.locate(guest, address);
  if (!listing) return common;
  const { source, line } = listing;
  return { ...common, source: { name: source.name ?? '', sourceReference: source.sourceReference ?? 0 }, line };
}

/** `trapline/lineExits`: exits by line of the source and cause; `elsewhere` counts those at code without a line. */
export function lineExitsRequest(guest: Guest): LineExitsResponse {
  const { sites, otherExits } = reportExits(guest.machine);
  const rows = new Map<string, LineExitsRow>();
  let elsewhere = otherExits;
  for (const { address, user, cause, count, hostInstructions } of sites) {
    const place = placeOf(guest, guest.codeNames.linked(Number(address), user));
    if (!place) {
      elsewhere += count;
      continue;
    }
    const key = `${place.line} ${place.path}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { ...place, count: 0, hostInstructions: 0, causes: {} }));
    row.count += count;
    row.hostInstructions += hostInstructions;
    row.causes[cause] = (row.causes[cause] ?? 0) + count;
  }
  const sorted = [...rows.values()].sort((a, b) => b.count - a.count);
  for (const { count } of sorted.slice(MOST_LINES)) elsewhere += count;
  return { instructions: guest.machine.vcpu.instructions, lines: sorted.slice(0, MOST_LINES), elsewhere };
}
