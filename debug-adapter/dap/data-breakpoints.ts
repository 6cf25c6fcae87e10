/** `dataBreakpointInfo` and `setDataBreakpoints`: stops at accesses to a variable, an address or a range of bytes. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { VcpuExit, Watchpoint } from '../../emulator/vm.ts';
import { hex32 } from '../target.ts';
import type { RequestArguments } from './arguments.ts';
import { actionText, BreakpointAction, isSameAction, type ActionText } from './breakpoint-action.ts';
import type { Hit } from './breakpoints.ts';
import type { Guest } from './guest.ts';
import { readMemory } from './memory.ts';

/** How much of a range is compared to tell what has changed, bytes. */
const SHOWN = 64;

const ACCESS_TYPES: readonly DebugProtocol.DataBreakpointAccessType[] = ['write', 'read', 'readWrite'];
/** `NAME@ADDRESS/LENGTH`; the name is for the user. */
const ID = /^(.*)@(0x[0-9a-f]{1,8})\/(\d{1,9})$/s;

interface Entry {
  readonly id: number;
  readonly dataId: string;
  readonly access: string;
  readonly text: ActionText;
  readonly name: string;
  readonly address: number;
  readonly length: number;
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
): DebugProtocol.DataBreakpointInfoResponse['body'] {
  return {
    dataId: `${name}@${hex32(address)}/${length}`,
    description: `${name} (${length} ${length === 1 ? 'byte' : 'bytes'} at ${hex32(address)})`,
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
      const access = item.optionalString('accessType') ?? 'write';
      const text = actionText(item);
      const same = (entry: Entry): boolean => entry.dataId === dataId && entry.access === access;
      const kept = old.find((entry) => same(entry) && isSameAction(entry.text, text));
      this.entries.push(kept ?? this.entry(old.find(same)?.id ?? this.newId(), dataId, access, text));
    }
    this.apply();
    return this.entries.map(({ id, message }) => ({
      id,
      verified: message === undefined,
      ...(message !== undefined && { message, reason: 'failed' as const }),
    }));
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

  private entry(id: number, dataId: string, access: string, text: ActionText): Entry {
    const [, name = dataId, address = '', length = ''] = ID.exec(dataId) ?? [];
    const entry = { id, dataId, access, text, name, address: Number(address), length: Number(length) };
    const bad = (message: string): Entry => ({ ...entry, message, action: undefined, old: new Uint8Array(0) });
    if (address === '') return bad('Not an id that this debug adapter gave: ask for one by dataBreakpointInfo.');
    if (!ACCESS_TYPES.some((type) => type === access))
      return bad(`Access type ${access}: give read, write or readWrite.`);
    if (entry.length === 0) return bad('It has no bytes that could be watched.');
    return this.bound(bad('No guest is loaded yet.'));
  }

  private bound(entry: Entry): Entry {
    const { guest } = this;
    if (!guest || entry.length === 0 || !ID.test(entry.dataId)) return entry;
    const action = new BreakpointAction(guest, entry.text, [0]);
    return {
      ...entry,
      action,
      message: action.problem,
      old: readMemory(guest, entry.address, Math.min(entry.length, SHOWN)),
    };
  }

  private apply(): void {
    const { guest } = this;
    if (!guest) return;
    const ranges: Watchpoint[] = [];
    for (const [i, entry] of this.entries.entries()) {
      if (entry.message !== undefined) continue;
      const alias = guest.loadedAt(entry.address);
      const addresses = alias === undefined ? [entry.address] : [entry.address, alias];
      if (ranges.length + addresses.length > guest.points.watchpointRoom) {
        this.entries[i] = {
          ...entry,
          message: 'The machine watches 32 ranges, and has no more room; remove others first.',
        };
        continue;
      }
      const read = entry.access !== 'write';
      const write = entry.access !== 'read';
      for (const address of addresses) ranges.push({ address, length: entry.length, read, write });
    }
    guest.points.setWatchpoints(ranges);
  }

  /** The breakpoints of an access; its address is inside the range that was watched. */
  private met(guest: Guest, exit: VcpuExit): Entry[] {
    const linked = guest.linked(exit.address);
    return this.entries.filter((entry) => {
      const { address, length, message } = entry;
      // Once the kernel has left its load address, others may use it.
      const offset = (guest.loadedAt(address) === undefined ? exit.address : linked) - address;
      return message === undefined && isAccess(entry, exit) && offset >= 0 && offset < length;
    });
  }

  private describe(guest: Guest, entry: Entry, exit: VcpuExit): string {
    const { name, address, length } = entry;
    if (exit.debugCause === 'read') return `${name} was read`;
    const before = entry.old;
    const now = readMemory(guest, address, Math.min(length, SHOWN));
    entry.old = now;
    if (length > 8) return `${name} was written at ${hex32(exit.address)}`;
    return `${name} was written: ${hexOf(before)} before, ${hexOf(now)} now`;
  }
}

function isAccess({ access }: Entry, { debugCause }: VcpuExit): boolean {
  return access === 'readWrite' || access === debugCause;
}

const hexOf = (bytes: Uint8Array): string =>
  `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
