/**
 * Breakpoints of a session. The machine knows one kind: the virtual address of an instruction.
 *
 * A kernel that has not turned its MMU on runs at the addresses it was loaded at. So while the MMU is off, each
 * breakpoint in the kernel's image is set at its load address as well; from the first stop with the MMU on, where a user
 * program may use the same addresses, only the linked address is left.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32 } from '../target.ts';
import { isRecord, type RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { Listings } from './listings.ts';

interface Entry {
  id: number;
  key: string;
  address: number | undefined;
  message: string | undefined;
  /** Line in a listing. */
  line?: number;
}

const UNSUPPORTED = ['condition', 'hitCondition', 'logMessage'];

export class Breakpoints {
  private guest: Guest | undefined;
  private functions: Entry[] = [];
  private instructions: Entry[] = [];
  /** Breakpoints in listings, by source reference. */
  private readonly lines = new Map<number, Entry[]>();
  private readonly listings: Listings;
  /** Addresses that stepping needs for the moment. */
  private temporary: readonly number[] = [];
  private aliases = true;
  private nextId = 1;

  constructor(listings: Listings) {
    this.listings = listings;
  }

  /** Binds all breakpoints to a guest; for a restarted one, by name again. */
  bind(guest: Guest): void {
    this.guest = guest;
    this.aliases = true;
    this.functions = this.functions.map((entry) => this.resolveFunction(entry));
    this.apply();
  }

  /** `setFunctionBreakpoints`: replaces the breakpoints by symbol. */
  setFunctions(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const old = this.functions;
    this.functions = args.list('breakpoints').map((item) => {
      const name = item.string('name').trim();
      const entry = this.entry(old, name);
      return withoutConditions(item, this.resolveFunction(entry));
    });
    this.apply();
    return this.functions.map(toProtocol);
  }

  /** `setInstructionBreakpoints`: replaces the breakpoints by address. */
  setInstructions(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const old = this.instructions;
    this.instructions = args.list('breakpoints').map((item) => {
      const base = parseAddress(item.string('instructionReference'));
      const address = (base + item.integer('offset', { default: 0 })) >>> 0;
      const entry = this.entry(old, hex32(address));
      return withoutConditions(item, this.resolveAddress(entry, address));
    });
    this.apply();
    return this.instructions.map(toProtocol);
  }

  /** `setBreakpoints`: binds lines of listings; lines of files cannot be bound yet, and each breakpoint says so. */
  setSource(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const source = args.raw['source'];
    const reference = isRecord(source) ? source['sourceReference'] : undefined;
    if (typeof reference === 'number' && reference > 0) return this.setLines(reference, args);
    return args.list('breakpoints').map((item) => ({
      verified: false,
      line: item.integer('line'),
      message: 'Line numbers are not available in this version; set a function or an instruction breakpoint.',
    }));
  }

  /** Sets addresses at which stepping stops, besides the user's breakpoints; an empty list removes them. */
  setTemporary(addresses: readonly number[]): void {
    if (addresses.length === 0 && this.temporary.length === 0) return;
    this.temporary = addresses;
    this.apply();
  }

  /** The user's breakpoints at an address where the guest stands, by id. Empty for none. */
  hits(address: number): number[] {
    const { guest } = this;
    if (!guest) return [];
    if (this.aliases && guest.mmuOn) {
      this.aliases = false;
      this.apply();
    }
    const matches = (entry: Entry): boolean =>
      entry.address !== undefined &&
      (entry.address === address || (this.aliases && guest.loadedAt(entry.address) === address));
    return this.all.filter(matches).map(({ id }) => id);
  }

  /** The reason of a stop at a breakpoint, as the protocol names it. */
  reason(id: number): 'function breakpoint' | 'instruction breakpoint' | 'breakpoint' {
    const isIn = (entries: readonly Entry[]): boolean => entries.some((entry) => entry.id === id);
    if (isIn(this.functions)) return 'function breakpoint';
    return isIn(this.instructions) ? 'instruction breakpoint' : 'breakpoint';
  }

  private get all(): Entry[] {
    return [...this.functions, ...this.instructions, ...[...this.lines.values()].flat()];
  }

  private setLines(reference: number, args: RequestArguments): DebugProtocol.Breakpoint[] {
    const old = this.lines.get(reference) ?? [];
    const entries = args.list('breakpoints').map((item) => {
      const line = item.integer('line');
      const entry = { ...this.entry(old, `line ${line}`), line };
      const address = this.listings.addressOf(reference, line);
      if (address === undefined) return { ...entry, message: 'There is no instruction on this line.' };
      return withoutConditions(item, this.resolveAddress(entry, address));
    });
    this.lines.set(reference, entries);
    this.apply();
    return entries.map(toProtocol);
  }

  private entry(old: readonly Entry[], key: string): Entry {
    return old.find((entry) => entry.key === key) ?? { id: this.nextId++, key, address: undefined, message: undefined };
  }

  private resolveFunction(entry: Entry): Entry {
    const { guest } = this;
    if (!guest) return { ...entry, address: undefined, message: 'No guest is loaded yet.' };
    if (/^(0x[0-9a-f]+|\d+)$/i.test(entry.key)) return this.resolveAddress(entry, parseAddress(entry.key));
    const symbol = guest.symbols.find(entry.key);
    if (symbol) return { ...entry, address: symbol.address, message: undefined };
    const { files } = guest.symbols;
    if (files.every((file) => file.symbols.count <= 1)) {
      return {
        ...entry,
        address: undefined,
        message: 'No symbols are loaded; set "symbols" to an ELF file of this kernel.',
      };
    }
    const suggestion = guest.symbols.suggest(entry.key);
    const hint = suggestion ? ` Did you mean ${suggestion}?` : '';
    const where = files.map((file) => file.name).join(', ');
    return { ...entry, address: undefined, message: `No symbol ${entry.key} in ${where}.${hint}` };
  }

  private resolveAddress(entry: Entry, address: number): Entry {
    const kind = this.guest?.symbols.kind(address);
    if (kind === 'd')
      return { ...entry, address: undefined, message: `${hex32(address)} holds data, not an instruction.` };
    const odd = kind === 't' ? address & 1 : kind === 'a' ? address & 3 : address & 1;
    if (odd)
      return { ...entry, address: undefined, message: `${hex32(address)} is not the address of an instruction.` };
    return { ...entry, address, message: undefined };
  }

  private apply(): void {
    const { guest } = this;
    if (!guest) return;
    if (guest.mmuOn) this.aliases = false;
    const addresses = new Set<number>(this.temporary);
    for (const { address } of this.all) {
      if (address === undefined) continue;
      addresses.add(address);
      const alias = this.aliases ? guest.loadedAt(address) : undefined;
      if (alias !== undefined) addresses.add(alias);
    }
    guest.machine.vcpu.setBreakpoints([...addresses]);
  }
}

function withoutConditions(item: RequestArguments, entry: Entry): Entry {
  const used = UNSUPPORTED.find((name) => item.optionalString(name));
  if (used === undefined) return entry;
  return { ...entry, address: undefined, message: `Breakpoints with ${used} are not supported in this version.` };
}

function toProtocol({ id, address, message, line }: Entry): DebugProtocol.Breakpoint {
  const at = line === undefined ? {} : { line };
  if (address === undefined) return { id, ...at, verified: false, message: message ?? 'Not bound.', reason: 'failed' };
  return { id, ...at, verified: true, instructionReference: formatAddress(address) };
}
