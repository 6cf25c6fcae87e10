/** Where an address is in the source, as stepping by line sees it. */
import type { DebugInfo } from '../../symbols/debug-info.ts';
import type { Die } from '../../symbols/dwarf/die.ts';
import type { Guest } from './guest.ts';

export interface CodePosition {
  readonly file: string;
  readonly line: number;
  /** Whether the address is where a statement of the line begins. */
  readonly isStart: boolean;
  /** The functions that the address is in, inlined ones first; empty in code without debug information on functions. */
  readonly scopes: readonly number[];
  /** Start of the function, or of the symbol; the line's own address where neither is known. */
  readonly function: number;
  readonly isAssembly: boolean;
}

/** Positions by linked address, each looked up once. */
export class CodePositions {
  private readonly guest: Guest;
  private readonly known = new Map<number, CodePosition | undefined>();
  private readonly ids = new Map<string, number>();

  constructor(guest: Guest) {
    this.guest = guest;
  }

  /** The position of a linked address; undefined where no line is known. */
  at(address: number): CodePosition | undefined {
    if (!this.known.has(address)) this.known.set(address, this.find(address));
    return this.known.get(address);
  }

  private find(address: number): CodePosition | undefined {
    const info = this.guest.debug.at(address);
    const row = info?.lineOf(address);
    if (!info || !row) return undefined;
    const fn = info.functionAt(address);
    const scopes = info.framesAt(address).map(({ scope }) => this.idOf(info, scope.die));
    return {
      file: row.file,
      line: row.line,
      isStart: row.isStatement && row.address === address && row.line !== 0,
      scopes,
      function: fn?.entry ?? this.guest.symbols.at(address)?.address ?? row.address,
      isAssembly: fn?.isAssembly ?? true,
    };
  }

  /** A number for a scope: entries are read anew each time, so they cannot be compared. */
  private idOf(info: DebugInfo, die: Die): number {
    const key = `${info.elf.name} ${die.unit.section.source} ${die.offset}`;
    let id = this.ids.get(key);
    if (id === undefined) this.ids.set(key, (id = this.ids.size + 1));
    return id;
  }
}

/** Where the statements of other lines of a function begin, linked addresses. */
export function otherLines(guest: Guest, address: number, line: number): number[] {
  const info = guest.debug.at(address);
  const fn = info?.functionAt(address);
  if (!info || !fn) return [];
  // Several rows may be at one address.
  const found = new Set<number>();
  for (const row of info.linesIn(fn)) {
    if (row.isStatement && row.line !== 0 && row.line !== line) found.add(row.address);
  }
  return [...found];
}
