/** `dataBreakpointInfo` and `setDataBreakpoints`: stops at accesses to a variable, an address or a range of bytes. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { VcpuExit, Watchpoint } from '../../emulator/vm.ts';
import { hex32, readPhysicalMemory } from '../target.ts';
import { AddressSpace, type DataMode } from './address-space.ts';
import type { RequestArguments } from './arguments.ts';
import { actionText, BreakpointAction, isSameAction, type ActionText } from './breakpoint-action.ts';
import type { Hit } from './breakpoints.ts';
import type { Guest } from './guest.ts';

/** How much of a range is read to tell what was there before, bytes. */
const SHOWN = 64;
/** How much can be watched for changes, bytes: it is compared at each write. */
const MOST_COMPARED = 0x1_0000;
/** An instruction stores at most so many bytes; the first watched one is reported. */
const LONGEST_STORE = 64;

const ACCESS_TYPES: readonly DebugProtocol.DataBreakpointAccessType[] = ['write', 'read', 'readWrite'];
/** `NAME@ADDRESS/LENGTH`, and the mode when it is not `virtual`; the name is for the user. */
const ID = /^(.*)@(0x[0-9a-f]{1,8})\/(\d{1,9})(?:;(physical|space|changed))?$/s;
/** What stops the guest: an access, or a write that leaves another value. */
type Access = DebugProtocol.DataBreakpointAccessType | 'changed';

interface Entry {
  readonly id: number;
  readonly dataId: string;
  readonly access: Access;
  readonly text: ActionText;
  readonly name: string;
  readonly address: number;
  readonly length: number;
  readonly physical: boolean;
  readonly message: string | undefined;
  readonly action: BreakpointAction | undefined;
  /** The bytes when they were last looked at. */
  old: Uint8Array;
}

/** The answer to `dataBreakpointInfo` for what is at an address. */
export function describeData(
  name: string,
  address: number,
  length: number,
  mode: DataMode = 'virtual',
): DebugProtocol.DataBreakpointInfoResponse['body'] {
  const place = `${mode === 'physical' ? 'physical ' : ''}${hex32(address)}`;
  return {
    dataId: `${name}@${hex32(address)}/${length}${mode === 'virtual' ? '' : `;${mode}`}`,
    description: `${name} (${length} ${length === 1 ? 'byte' : 'bytes'} at ${place})`,
    accessTypes: [...ACCESS_TYPES],
    canPersist: false,
  };
}

export class DataBreakpoints {
  /** Told of messages that breakpoints log. */
  onMessage: ((text: string) => void) | undefined;
  private guest: Guest | undefined;
  private entries: Entry[] = [];
  private nextId = 1;

  /** Sets the breakpoints in a guest; a restarted one has its variables at the same addresses. */
  bind(guest: Guest): void {
    this.guest = guest;
    this.entries = this.entries.map((entry) => this.bound(entry));
    this.apply();
  }

  /** `setDataBreakpoints`: replaces all. */
  set(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const old = this.entries;
    this.entries = [];
    for (const item of args.list('breakpoints')) {
      const dataId = item.string('dataId');
      const wanted = item.optionalString('accessType') ?? 'write';
      const access = accessOf(wanted, dataId) ?? 'write';
      const text = actionText(item);
      const same = (entry: Entry): boolean => entry.dataId === dataId && entry.access === access;
      const kept = old.find((entry) => same(entry) && isSameAction(entry.text, text));
      const entry = kept ?? this.entry(old.find(same)?.id ?? this.newId(), dataId, access, text);
      const message = `Access type ${wanted}: give read, write, readWrite or changed.`;
      this.entries.push(accessOf(wanted, dataId) ? entry : { ...entry, message });
    }
    this.apply();
    return this.entries.map(({ id, message }) => ({
      id,
      verified: message === undefined,
      ...(message !== undefined && { message, reason: 'failed' as const }),
    }));
  }

  /** The data breakpoint of an id; undefined when there is none. */
  explain(id: number): { verified: boolean; addresses: readonly number[]; message: string | undefined } | undefined {
    const entry = this.entries.find((candidate) => candidate.id === id);
    if (!entry) return undefined;
    const { address, message } = entry;
    return { verified: message === undefined, addresses: message === undefined ? [address] : [], message };
  }

  /** Whether the guest stops after a watched access. Counts hits, so it is asked once for each. */
  reached(exit: VcpuExit): Hit | undefined {
    const { guest } = this;
    if (!guest) return undefined;
    const ids: number[] = [];
    const descriptions: string[] = [];
    for (const entry of this.met(guest, exit)) {
      const description = this.describe(guest, entry, exit);
      const verdict = entry.action?.reached(0) ?? { stops: true };
      if (verdict.message !== undefined) this.onMessage?.(verdict.message);
      if (!verdict.stops) continue;
      ids.push(entry.id);
      descriptions.push(description);
    }
    if (ids.length === 0) return undefined;
    return { ids, reason: 'data breakpoint', description: descriptions.join('; ') };
  }

  /** Ids apart from those of other breakpoints. */
  private newId(): number {
    return 1_000_000 + this.nextId++;
  }

  private entry(id: number, dataId: string, access: Access, text: ActionText): Entry {
    const [, name = dataId, address = '', length = '', mode = ''] = ID.exec(dataId) ?? [];
    const physical = mode === 'physical';
    const entry = { id, dataId, access, text, name, address: Number(address), length: Number(length), physical };
    const bad = (message: string): Entry => ({ ...entry, message, action: undefined, old: new Uint8Array(0) });
    if (address === '') return bad('Not an id that this debug adapter gave: ask for one by dataBreakpointInfo.');
    if (access === 'changed' && entry.length > MOST_COMPARED)
      return bad(
        `${entry.length} bytes are too many to compare at each write; watch ${MOST_COMPARED} at most, or all writes.`,
      );
    if (entry.length === 0) return bad('It has no bytes that could be watched.');
    return this.bound(bad('No guest is loaded yet.'));
  }

  private bound(entry: Entry): Entry {
    const { guest } = this;
    if (!guest || entry.length === 0 || !ID.test(entry.dataId)) return entry;
    const space = ID.exec(entry.dataId)?.[4] === 'space' ? AddressSpace.of(guest) : undefined;
    const action = new BreakpointAction(guest, entry.text, [0], space);
    return { ...entry, action, message: action.problem, old: this.bytesOf(guest, entry) };
  }

  private apply(): void {
    const { guest } = this;
    if (!guest) return;
    const ranges: Watchpoint[] = [];
    for (const { address, length, access, physical, message } of this.entries) {
      if (message !== undefined) continue;
      const range = { length, read: access === 'read' || access === 'readWrite', write: access !== 'read' };
      ranges.push({ ...range, address, physical });
      const alias = physical ? undefined : guest.loadedAt(address);
      if (alias !== undefined) ranges.push({ ...range, address: alias });
    }
    guest.points.setWatchpoints(ranges);
  }

  /** The breakpoints of an access; its address is inside the range that was watched. */
  private met(guest: Guest, exit: VcpuExit): Entry[] {
    const linked = guest.linked(exit.address);
    return this.entries.filter((entry) => {
      const { address, length, message, access, physical } = entry;
      // Once the kernel has left its load address, others may use it.
      const virtual = guest.loadedAt(address) === undefined ? exit.address : linked;
      const offset = (physical ? exit.physicalAddress : virtual) - address;
      if (message !== undefined || !isAccess(entry, exit) || offset >= length) return false;
      return access === 'changed' ? offset > -LONGEST_STORE && this.hasChanged(guest, entry) : offset >= 0;
    });
  }

  private bytesOf(guest: Guest, { address, length, access, physical }: Entry): Uint8Array {
    const count = access === 'changed' ? length : Math.min(length, SHOWN);
    return physical ? readPhysicalMemory(guest.machine, address, count) : guest.readMemory(address, count);
  }

  private hasChanged(guest: Guest, entry: Entry): boolean {
    const now = this.bytesOf(guest, entry);
    return now.length !== entry.old.length || now.some((byte, i) => byte !== entry.old[i]);
  }

  private describe(guest: Guest, entry: Entry, exit: VcpuExit): string {
    const { name, address, length } = entry;
    if (exit.debugCause === 'read') return `${name} was read`;
    const before = entry.old;
    const now = this.bytesOf(guest, entry);
    entry.old = now;
    if (entry.access === 'changed') return describeChange(name, address, before, now);
    if (length > 8) return `${name} was written at ${hex32(exit.address)}`;
    return `${name} was written: ${hexOf(before)} before, ${hexOf(now)} now`;
  }
}

/** The old and the new value; of a long range, of the word around its first change. */
function describeChange(name: string, address: number, before: Uint8Array, now: Uint8Array): string {
  if (now.length <= 8) return `${name} has changed: ${hexOf(before)} before, ${hexOf(now)} now`;
  const first = now.findIndex((byte, i) => byte !== before[i]) & ~3;
  const [old, current] = [before, now].map((bytes) => hexOf(bytes.subarray(first, first + 4)));
  return `${name} has changed at ${hex32(address + first)}: ${old} before, ${current} now`;
}

/** The access of a request: changes by a word of this adapter's own, or by the mode of the id. */
function accessOf(text: string, dataId: string): Access | undefined {
  if (text === 'changed' || (text === 'write' && ID.exec(dataId)?.[4] === 'changed')) return 'changed';
  return ACCESS_TYPES.find((type) => type === text);
}

function isAccess({ access }: Entry, { debugCause }: VcpuExit): boolean {
  return access === 'readWrite' || access === debugCause || (access === 'changed' && debugCause === 'write');
}

const hexOf = (bytes: Uint8Array): string =>
  `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
