/**
 * Breakpoints of a session. The machine knows one kind: the virtual address of an instruction.
 *
 * A kernel that has not turned its MMU on runs at the addresses it was loaded at. So each breakpoint in the kernel's
 * image is set at its load address as well, until code that is not the kernel's is found there.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32 } from '../target.ts';
import { formatAddress, parseAddress } from './address.ts';
import { isRecord, type RequestArguments } from './arguments.ts';
import { actionText, BreakpointAction, isSameAction, type ActionText } from './breakpoint-action.ts';
import { bindAddress, bindFunction, bindLine, type Binding } from './breakpoint-binding.ts';
import { unknownBreakpoint } from './errors.ts';
import type { Guest } from './guest.ts';
import type { Listings } from './listings.ts';

/** The machine takes so many addresses; stepping and the vectors need a part of them. */
const MOST_ADDRESSES = 1024;
const FOR_STEPPING = 256;

interface Entry {
  readonly id: number;
  /** What the client named: a function, an address, a line. */
  readonly key: string;
  readonly text: ActionText;
  readonly binding: Binding;
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
}

/** A set of breakpoints that one request replaces. */
interface Group {
  readonly reason: BreakpointReason;
  readonly bind: (guest: Guest, key: string) => Binding;
  entries: readonly Entry[];
}

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
  private byAddress = new Map<number, { entry: Entry; reason: BreakpointReason }[]>();

  constructor(listings: Listings, others: readonly StopSource[] = []) {
    this.listings = listings;
    this.others = others;
  }

  /** Binds all breakpoints to a guest; for a restarted one, again. */
  bind(guest: Guest): void {
    this.guest = guest;
    this.aliases = true;
    for (const group of this.groups) group.entries = group.entries.map((entry) => this.bound(entry, group));
    this.apply();
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
    const isListing = typeof reference === 'number' && reference > 0;
    const key = isListing ? `#${reference}` : String(path);
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
    for (const { entry, reason: kind } of this.byAddress.get(address) ?? []) {
      const linked = this.linkedOf(guest, entry, address);
      if (linked === undefined) continue;
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

  /** The address of a breakpoint that the guest has reached; undefined when other code is now at a load address. */
  private linkedOf(guest: Guest, { binding }: Entry, address: number): number | undefined {
    if (binding.addresses.includes(address)) return address;
    const linked = guest.linked(address);
    if (linked !== address && binding.addresses.includes(linked)) return linked;
    this.aliases = false;
    this.apply();
    return undefined;
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
    const asked = args.list('breakpoints').map((item) => ({ key: keyOf(item), text: actionText(item) }));
    group.entries = [];
    for (const { key, text } of asked) {
      const kept = old.find((entry) => entry.key === key && isSameAction(entry.text, text));
      const id = (kept ?? old.find((entry) => entry.key === key))?.id ?? this.nextId++;
      const entry = kept?.binding.addresses.length
        ? kept
        : this.bound({ id, key, text, binding: NO_GUEST, action: undefined }, group);
      group.entries = [...group.entries, entry];
    }
    this.apply();
    return group.entries.map((entry) => toProtocol(entry, group));
  }

  private bound(entry: Entry, group: Group): Entry {
    const { guest } = this;
    if (!guest) return { ...entry, binding: NO_GUEST };
    const binding = group.bind(guest, entry.key);
    const { addresses } = binding;
    if (addresses.length === 0) return { ...entry, binding, action: undefined };
    if (this.addressCount(guest) + 2 * addresses.length > MOST_ADDRESSES - FOR_STEPPING) {
      const message = 'The machine has room for no more addresses; remove other breakpoints first.';
      return { ...entry, binding: { addresses: [], message }, action: undefined };
    }
    const { condition, hitCondition, logMessage } = entry.text;
    if (condition === undefined && hitCondition === undefined && logMessage === undefined)
      return { ...entry, binding, action: undefined };
    const action = new BreakpointAction(guest, entry.text, addresses);
    if (action.problem === undefined) return { ...entry, binding, action };
    return { ...entry, binding: { ...binding, addresses: [], message: action.problem }, action: undefined };
  }

  /** Addresses in use, those where the kernel was loaded as well. */
  private addressCount(guest: Guest): number {
    const addresses = this.groups.flatMap(({ entries }) => entries.flatMap(({ binding }) => binding.addresses));
    return addresses.reduce((sum, address) => sum + (guest.loadedAt(address) === undefined ? 1 : 2), 0);
  }

  private bindListing(guest: Guest, reference: number, line: number): Binding {
    const address = this.listings.addressOf(reference, line);
    if (address === undefined) return { addresses: [], message: 'There is no instruction on this line.' };
    return { ...bindAddress(guest, address), line };
  }

  private apply(): void {
    const { guest } = this;
    if (!guest) return;
    this.byAddress = new Map();
    const add = (address: number, entry: Entry, reason: BreakpointReason): void => {
      const there = this.byAddress.get(address);
      if (there) there.push({ entry, reason });
      else this.byAddress.set(address, [{ entry, reason }]);
    };
    for (const { entries, reason } of this.groups) {
      for (const entry of entries) {
        for (const address of entry.binding.addresses) {
          add(address, entry, reason);
          const alias = this.aliases ? guest.loadedAt(address) : undefined;
          if (alias !== undefined) add(alias, entry, reason);
        }
      }
    }
    const others = this.others.flatMap((source) => source.addresses(guest));
    const addresses = new Set([...this.byAddress.keys(), ...others, ...this.temporary]);
    if (!guest.points.setBreakpoints(addresses))
      this.onMessage?.('The machine has no room for these breakpoints beside those of GDB; remove some.');
  }
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
