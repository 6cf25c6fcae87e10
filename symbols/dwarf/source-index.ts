/** From source lines to addresses. File tables are read for all units at once; rows only where a file matches. */
import { inlinedIn, scopesAt, type DebugFunction, type Scope } from './functions.ts';
import { ROW, type LineRows } from './line-program.ts';
import type { LineTables } from './line-tables.ts';
import { baseName, samePath } from './source-path.ts';
import type { Unit } from './unit.ts';

const encoder = new TextEncoder();

/** Where execution can be stopped for a source line. */
export interface LineAddress {
  readonly address: number;
  readonly file: string;
  /** The line that the code belongs to: the one asked for, or the next that has code. */
  readonly line: number;
  readonly column: number;
}

/** What looking for code needs of functions. */
export interface CodeLookup {
  functionAt(address: number): DebugFunction | undefined;
  isCode(address: number): boolean;
}

/** Source files by path. */
export class SourceIndex {
  private readonly units: readonly Unit[];
  private readonly tables: LineTables;
  private readonly code: CodeLookup;

  constructor(units: readonly Unit[], tables: LineTables, code: CodeLookup) {
    this.units = units;
    this.tables = tables;
    this.code = code;
  }

  /** All source files that line tables name, sorted. */
  get files(): string[] {
    const paths = new Set<string>();
    for (const unit of this.units) {
      const files = this.tables.header(unit)?.files;
      for (let number = 0; files && number < files.count; number++) paths.add(files.path(number) ?? '');
    }
    paths.delete('');
    return [...paths].sort();
  }

  /**
   * The addresses of a line: the first of each function, and of each inlined copy, that has code for it. When the line has
   * no code, those of the next line that has some in the same file. `path` matches files that end in all of its parts.
   */
  addressesOf(path: string, line: number): LineAddress[] {
    const found: LineAddress[] = [];
    let best = Infinity;
    const seen = new Set<LineRows>();
    for (const [rows, numbers] of this.matching(path)) {
      if (seen.has(rows)) continue;
      seen.add(rows);
      for (let i = 0; i < rows.count; i++) {
        if (!numbers.has(rows.files[i]) || !isEntry(rows, i)) continue;
        const at = rows.lines[i];
        if (at < line || at > best || !this.code.isCode(rows.addresses[i])) continue;
        if (at < best) found.length = 0;
        best = at;
        const file = numbers.get(rows.files[i]) ?? path;
        found.push({ address: rows.addresses[i], file, line: at, column: rows.columns[i] });
      }
    }
    return this.firstOfEachBlock(found.sort((a, b) => a.address - b.address));
  }

  /** The lines of a file that have code, ascending. */
  linesWithCode(path: string): number[] {
    const lines = new Set<number>();
    for (const [rows, numbers] of this.matching(path)) {
      for (let i = 0; i < rows.count; i++) if (numbers.has(rows.files[i]) && isEntry(rows, i)) lines.add(rows.lines[i]);
    }
    lines.delete(0);
    return [...lines].sort((a, b) => a - b);
  }

  /** Tables whose files match, with the numbers that the files have in each. */
  private *matching(path: string): Generator<[LineRows, Map<number, string>]> {
    const name = encoder.encode(`${baseName(path)}\0`);
    for (const unit of this.units) {
      const files = this.tables.header(unit)?.files;
      if (!files) continue;
      const numbers = new Map<number, string>();
      for (let number = 0; number < files.count; number++) {
        if (!files.isNamed(number, name)) continue;
        const found = files.path(number) ?? '';
        if (samePath(found, path)) numbers.set(number, found);
      }
      const rows = numbers.size > 0 ? this.tables.rowsOf(unit) : undefined;
      if (rows) yield [rows, numbers];
    }
  }

  /** Of addresses in one function, or in one inlined copy, only the first. */
  private firstOfEachBlock(found: readonly LineAddress[]): LineAddress[] {
    const seen = new Set<Scope | number>();
    return found.filter(({ address }) => {
      const block = this.blockAt(address) ?? address;
      if (seen.has(block)) return false;
      seen.add(block);
      return true;
    });
  }

  private blockAt(address: number): Scope | undefined {
    const root = this.code.functionAt(address)?.scope;
    return (
      root &&
      scopesAt(root, address)
        .reverse()
        .find(({ kind }) => kind !== 'block')
    );
  }
}

/** Whether a row is where a statement begins. */
function isEntry(rows: LineRows, row: number): boolean {
  const flags = rows.flags[row];
  return (flags & ROW.isStatement) !== 0 && (flags & ROW.endSequence) === 0 && rows.lines[row] !== 0;
}

/** All inlined copies in a function whose name is the one asked for. */
export function inlinedCopies(fn: DebugFunction, name: string): Scope[] {
  return [...inlinedIn(fn.scope)].filter(({ die }) => die.fullName === name);
}
