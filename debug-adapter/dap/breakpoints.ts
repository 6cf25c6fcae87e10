/**
 * Breakpoints of a session. The machine knows them by the virtual or the physical address of an instruction.
 *
 * A kernel that has not turned its MMU on runs at the addresses it was loaded at. So each breakpoint in the kernel's
 * image is set at its load address as well, until code that is not the kernel's is found there.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { LAYOUT } from '../../emulator/layout.ts';
import type { BreakpointCondition } from '../../emulator/vm.ts';
import { hex32 } from '../target.ts';
import { AddressSpace, modeOf, type BreakpointMode } from './address-space.ts';
import { formatAddress, parseAddress } from './address.ts';
import { isRecord, type RequestArguments } from './arguments.ts';
import { actionText, BreakpointAction, isSameAction, type ActionText } from './breakpoint-action.ts';
import { bindAddress, bindFunction, bindLine, type Binding } from './breakpoint-binding.ts';
import { badArgument, unknownBreakpoint } from './errors.ts';
import type { Guest } from './guest.ts';
import type { Listings } from './listings.ts';

/** The machine takes so many addresses; stepping and the vectors need a part of them. */
const MOST_ADDRESSES = LAYOUT.BREAK_MAX;
const FOR_STEPPING = 1024;

interface Entry {
  readonly id: number;
  /** What the client named: a function, an address, a line. */
  readonly key: string;
  readonly text: ActionText;
  readonly mode: BreakpointMode;
  /** The address space of mode `space`: the one in use when the breakpoint was first bound. */
  readonly space: AddressSpace | undefined;
  /** Linked addresses; in mode `physical` with the places in RAM in the same order. */
  readonly binding: Binding;
  readonly places: readonly number[];
  readonly action: BreakpointAction | undefined;
}

/** The reason of a stop at a breakpoint, as the protocol names it. */
export type BreakpointReason =
  'function breakpoint' | 'instruction breakpoint' | 'data breakpoint' | 'breakpoint' | 'exception';

/** A stop that follows from where the guest stands. */
export interface Hit {
  readonly ids: readonly number[];
  readonly reason: BreakpointReason;
  /** More than the place, where there is more to say. */
  readonly description?: string;
}

/** Others who have the guest stop at addresses: the exception filters. */
export interface StopSource {
  addresses(guest: Guest): readonly number[];
  /** Whether the guest, which stands at one of them, stops. */
  reached(guest: Guest, address: number): Hit | undefined;
  /** Whether it stops after the exit to the hypervisor that has just been handled. */
  exited(guest: Guest): Hit | undefined;
}

/** A set of breakpoints that one request replaces. */
interface Group {
  readonly reason: BreakpointReason;
  readonly bind: (guest: Guest, key: string) => Binding;
  entries: readonly Entry[];
}

/** A breakpoint at one of its addresses, with the linked one. */
interface Point {
  readonly entry: Entry;
  readonly reason: BreakpointReason;
  readonly linked: number;
}

/** By virtual or by physical address. */
type PointMap = Map<number, Point[]>;

const NO_GUEST: Binding = { addresses: [], message: 'No guest is loaded yet.' };

export class Breakpoints {
  /** Told of messages that breakpoints log. */
  onMessage: ((text: string) => void) | undefined;
  private guest: Guest | undefined;
  private readonly functions: Group = { reason: 'function breakpoint', bind: bindFunction, entries: [] };
  private readonly instructions: Group = {
    reason: 'instruction breakpoint',
    bind: (guest, key) => bindAddress(guest, Number(key)),
    entries: [],
  };
  /** Breakpoints by line: of a file by its path, of a listing by its reference. */
  private readonly lines = new Map<string, Group>();
  private readonly listings: Listings;
  private readonly others: readonly StopSource[];
  /** Addresses that stepping needs for the moment. */
  private temporary: readonly number[] = [];
  private aliases = true;
  private nextId = 1;
  private byAddress: PointMap = new Map();
  private byPlace: PointMap = new Map();
  private addressesInUse = 0;

  constructor(listings: Listings, others: readonly StopSource[] = []) {
    this.listings = listings;
    this.others = others;
  }

  /** Binds all breakpoints to a guest; for a restarted one, again. */
  bind(guest: Guest): void {
    this.guest = guest;
    this.aliases = true;
    this.addressesInUse = this.countAddresses();
    for (const group of this.groups) group.entries = group.entries.map((entry) => this.bound(entry, group));
    this.rebuild();
  }

  /** `setFunctionBreakpoints`: replaces the breakpoints by name. */
  setFunctions(args: RequestArguments): DebugProtocol.Breakpoint[] {
    return this.replace(this.functions, args, (item) => item.string('name').trim());
  }

  /** `setInstructionBreakpoints`: replaces the breakpoints by address. */
  setInstructions(args: RequestArguments): DebugProtocol.Breakpoint[] {
    return this.replace(this.instructions, args, (item) => {
      const base = parseAddress(item.string('instructionReference'));
      return hex32(base + item.integer('offset', { default: 0 }));
    });
  }

  /** `setBreakpoints`: replaces the breakpoints of a source file or of a listing. */
  setSource(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const source = isRecord(args.raw['source']) ? args.raw['source'] : {};
    const { path, sourceReference: reference } = source;
    if (path !== undefined && path !== null && typeof path !== 'string')
      throw badArgument(args.command, 'source.path', 'a string');
    const isListing = typeof reference === 'number' && reference > 0;
    const key = isListing ? `#${reference}` : (path ?? '');
    let group = this.lines.get(key);
    if (!group) {
      const bind = (guest: Guest, line: string): Binding => {
        if (isListing) return this.bindListing(guest, reference, Number(line));
        if (typeof path !== 'string')
          return { addresses: [], message: 'The source has neither a path nor a reference.' };
        return bindLine(guest, path, Number(line));
      };
      this.lines.set(key, (group = { reason: 'breakpoint', bind, entries: [] }));
    }
    return this.replace(group, args, (item) => String(item.integer('line', { min: 0 })));
  }

  /** Sets addresses at which stepping stops, besides the user's breakpoints; an empty list removes them. */
  setTemporary(addresses: readonly number[]): void {
    if (addresses.length === 0 && this.temporary.length === 0) return;
    this.temporary = addresses;
    this.apply();
  }

  /** Sets everything in the machine again: those who have the guest stop, too, have changed their minds. */
  refresh(): void {
    this.apply();
  }

  /**
   * Whether the guest, which has reached an address, stops there. Counts hits and logs messages, so it is asked once each
   * time that the address is reached.
   */
  reached(address: number): Hit | undefined {
    const { guest } = this;
    if (!guest) return undefined;
    const ids: number[] = [];
    let reason: BreakpointReason | undefined;
    const points = [...(this.byAddress.get(address) ?? []), ...this.placesAt(address)];
    for (const { entry, reason: kind, linked } of points) {
      if (entry.mode !== 'physical' && !this.isStillThere(guest, address, linked)) continue;
      const verdict = entry.action?.reached(linked) ?? { stops: true };
      if (verdict.message !== undefined) this.onMessage?.(verdict.message);
      if (!verdict.stops) continue;
      ids.push(entry.id);
      reason ??= kind;
    }
    if (reason !== undefined) return { ids, reason };
    for (const source of this.others) {
      const hit = source.reached(guest, address);
      if (hit) return hit;
    }
    return undefined;
  }

  /** Whether the guest stops after an exit to the hypervisor. Asked once for each. */
  exited(): Hit | undefined {
    const { guest } = this;
    return guest && this.others.map((source) => source.exited(guest)).find((hit) => hit !== undefined);
  }

  /** The breakpoint of an id, and what it was set for. */
  describe(id: number): { key: string; verified: boolean; addresses: readonly number[]; message: string | undefined } {
    for (const { entries } of this.groups) {
      const entry = entries.find((candidate) => candidate.id === id);
      if (!entry) continue;
      const { addresses, message } = entry.binding;
      return { key: entry.key, verified: addresses.length > 0, addresses, message };
    }
    throw unknownBreakpoint(id);
  }

  /** Breakpoints by physical address at the instruction at a virtual address. */
  private placesAt(address: number): readonly Point[] {
    if (this.byPlace.size === 0) return [];
    const place = this.guest?.machine.vcpu.translate(address).physicalAddress;
    return (place !== undefined && this.byPlace.get(place >>> 0)) || [];
  }

  /** Whether the code of a breakpoint is what the guest has reached; other code may now be at its load address. */
  private isStillThere(guest: Guest, address: number, linked: number): boolean {
    if (address === linked || guest.linked(address) === linked) return true;
    this.aliases = false;
    this.rebuild();
    return false;
  }

  private get groups(): Group[] {
    return [this.functions, this.instructions, ...this.lines.values()];
  }

  private replace(
    group: Group,
    args: RequestArguments,
    keyOf: (item: RequestArguments) => string,
  ): DebugProtocol.Breakpoint[] {
    const old = group.entries;
    const byKey = new Map<string, Entry[]>();
    for (const entry of old) byKey.set(entry.key, [...(byKey.get(entry.key) ?? []), entry]);
    const asked = args.list('breakpoints').map((item) => ({
      key: keyOf(item),
      text: actionText(item),
      mode: modeOf(item),
    }));
    group.entries = [];
    const entries: Entry[] = [];
    this.addressesInUse = this.countAddresses();
    for (const { key, text, mode } of asked) {
      const same = byKey.get(key) ?? [];
      const kept = same.find((entry) => entry.mode === mode && isSameAction(entry.text, text));
      const id = (kept ?? same[0])?.id ?? this.nextId++;
      const space = undefined;
      const entry = kept?.binding.addresses.length
        ? kept
        : this.bound({ id, key, text, mode, space, binding: NO_GUEST, places: [], action: undefined }, group);
      this.addressesInUse += 2 * entry.binding.addresses.length;
      entries.push(entry);
    }
    group.entries = entries;
    this.rebuild();
    return group.entries.map((entry) => toProtocol(entry, group));
  }

  private bound(entry: Entry, group: Group): Entry {
    const { guest } = this;
    const unbound = (binding: Binding): Entry => ({ ...entry, binding, places: [], action: undefined });
    if (!guest) return unbound(NO_GUEST);
    const found = group.bind(guest, entry.key);
    if (found.addresses.length === 0) return unbound(found);
    if (this.addressesInUse + 2 * found.addresses.length > MOST_ADDRESSES - FOR_STEPPING) {
      const message = 'The machine has room for no more addresses; remove other breakpoints first.';
      return unbound({ addresses: [], message });
    }
    const { binding, places } = this.placed(guest, entry, group, found);
    if (binding.addresses.length === 0) return unbound(binding);
    const space = entry.mode === 'space' ? (entry.space ?? AddressSpace.of(guest)) : undefined;
    const { condition, hitCondition, logMessage } = entry.text;
    const bound = { ...entry, space, binding, places };
    if (condition === undefined && hitCondition === undefined && logMessage === undefined && !space)
      return { ...bound, action: undefined };
    const action = new BreakpointAction(guest, entry.text, binding.addresses, space);
    if (action.problem === undefined) return { ...bound, action };
    return unbound({ ...binding, addresses: [], message: action.problem });
  }

  /** In mode `physical`, the places in RAM; addresses that are in none are left out. */
  private placed(
    guest: Guest,
    { mode, key }: Entry,
    group: Group,
    found: Binding,
  ): { binding: Binding; places: readonly number[] } {
    if (mode !== 'physical') return { binding: found, places: [] };
    const isPhysical = group === this.instructions;
    const addresses: number[] = [];
    const places: number[] = [];
    for (const address of found.addresses) {
      const place = isPhysical ? address : guest.placeOf(address);
      if (place === undefined || !guest.machine.vm.ram(place, 2)) continue;
      addresses.push(isPhysical ? guest.linkedAt(address) : address);
      places.push(place);
    }
    if (places.length > 0) return { binding: { ...found, addresses }, places };
    const message = isPhysical
      ? `${key} is not a physical address of RAM.`
      : `${found.addresses.map(hex32).join(', ')} is not mapped to RAM now; set it by instruction, with the physical address.`;
    return { binding: { ...found, addresses: [], message }, places: [] };
  }

  /** Addresses in use, each with the place where the kernel was loaded as well. */
  private countAddresses(): number {
    let count = 0;
    for (const { entries } of this.groups) for (const { binding } of entries) count += 2 * binding.addresses.length;
    return count;
  }

  private bindListing(guest: Guest, reference: number, line: number): Binding {
    const address = this.listings.addressOf(reference, line);
    if (address === undefined) return { addresses: [], message: 'There is no instruction on this line.' };
    return { ...bindAddress(guest, address), line };
  }

  /** Finds out anew what is at which address, and sets it. */
  private rebuild(): void {
    const { guest } = this;
    if (!guest) return;
    this.byAddress = new Map();
    this.byPlace = new Map();
    for (const { entries, reason } of this.groups) {
      for (const entry of entries) {
        for (const [i, linked] of entry.binding.addresses.entries()) {
          const point = { entry, reason, linked };
          if (entry.mode === 'physical') {
            add(this.byPlace, entry.places[i], point);
            continue;
          }
          add(this.byAddress, linked, point);
          const alias = this.aliases ? guest.loadedAt(linked) : undefined;
          if (alias !== undefined) add(this.byAddress, alias, point);
        }
      }
    }
    this.apply();
  }

  private apply(): void {
    const { guest } = this;
    if (!guest) return;
    const shared = new Set([...this.others.flatMap((source) => source.addresses(guest)), ...this.temporary]);
    // With breakpoints of both kinds, two may meet at one instruction, and a hit be counted for the wrong one.
    const counting = this.byPlace.size === 0;
    const isSet = guest.points.setBreakpoints(new Set([...this.byAddress.keys(), ...shared]), {
      physical: new Set(this.byPlace.keys()),
      conditions: [
        ...conditionsOf(this.byAddress, false, shared, counting),
        ...conditionsOf(this.byPlace, true, shared, counting),
      ],
    });
    if (!isSet) this.onMessage?.('The machine has no room for these breakpoints beside those of GDB; remove some.');
  }
}

function add(map: PointMap, address: number, point: Point): void {
  const there = map.get(address);
  if (there) there.push(point);
  else map.set(address, [point]);
}

/** What the machine decides by itself: where there is one breakpoint, and nobody else stops. */
function conditionsOf(
  map: PointMap,
  physical: boolean,
  shared: ReadonlySet<number>,
  counting: boolean,
): BreakpointCondition[] {
  const conditions: BreakpointCondition[] = [];
  for (const [address, points] of map) {
    if (points.length > 1 || shared.has(address)) continue;
    const [{ entry, linked }] = points;
    if (!counting && entry.text.hitCondition !== undefined) continue;
    const program = entry.action?.program(linked);
    if (program) conditions.push({ address, physical, program });
  }
  return conditions;
}

function toProtocol({ id, key, binding }: Entry, { reason }: Group): DebugProtocol.Breakpoint {
  const { addresses, line, column, message } = binding;
  const asked = reason === 'breakpoint' ? { line: Number(key) } : {};
  if (addresses.length === 0) {
    return { id, ...asked, verified: false, message: message ?? 'Not bound.', reason: 'failed' };
  }
  const at = line === undefined ? {} : { line, ...(column !== undefined && { column }) };
  return { id, ...at, verified: true, instructionReference: formatAddress(addresses[0]) };
}
