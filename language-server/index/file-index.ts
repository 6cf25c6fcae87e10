/** What one file defines, names and includes, as it is written: the index that the features of the editor share. */
import type { LogicalLine } from '../parse/lines.ts';
import { cacheOf, directiveOf } from '../parse/preprocessor/preprocess.ts';
import type { Source } from '../parse/source.ts';
import { statementsOf } from '../rules/written-sites.ts';
import { tokensOf, type SymbolKind, type Token } from './tokens.ts';

/** A definition in a file. */
export interface Definition {
  readonly kind: SymbolKind;
  readonly name: string;
  readonly source: Source;
  /** Offsets of the name. */
  readonly start: number;
  readonly end: number;
  /** Index of its line in `source.lines`. */
  readonly line: number;
  /** For a parameter: the block in which it has its meaning. */
  readonly block: Block | undefined;
}

/** An include as it is written. */
export interface Include {
  readonly name: string;
  readonly form: 'quoted' | 'angled' | 'assembler';
  readonly next: boolean;
  /** Offsets of the name with its quotes. */
  readonly start: number;
  readonly end: number;
}

/** A range of lines that belong together. */
export interface Block {
  readonly kind: 'macro' | 'repetition' | 'condition' | 'preprocessor' | 'comment' | 'define' | 'includes';
  /** Offsets: from the opening line to the end of the closing one. */
  readonly start: number;
  readonly end: number;
}

/** Where a word stands. */
export interface Occurrence {
  readonly source: Source;
  readonly line: LogicalLine;
  readonly token: Token;
  readonly start: number;
  readonly end: number;
}

export interface FileIndex {
  readonly source: Source;
  readonly definitions: readonly Definition[];
  /** By name in lower case: macros and aliases have no case. Use `definitionsOf`. */
  readonly byName: ReadonlyMap<string, readonly Definition[]>;
  readonly includes: readonly Include[];
  readonly blocks: readonly Block[];
  /** Names that .globl and the like, or macros such as ENTRY, make known to other files. */
  readonly exported: ReadonlySet<string>;
}

const OPENING: Readonly<Record<string, Block['kind']>> = {
  '.macro': 'macro',
  '.rept': 'repetition',
  '.rep': 'repetition',
  '.irp': 'repetition',
  '.irpc': 'repetition',
  '.irep': 'repetition',
  '.irepc': 'repetition',
};
const CLOSING: Readonly<Record<string, Block['kind']>> = {
  '.endm': 'macro',
  '.endr': 'repetition',
  '.endif': 'condition',
};
const EXPORTING = /^\.(?:globl|global|weak|comm|extern)$/;
const EXPORTING_MACRO = /^\s*(?:ENTRY|WEAK|GLOBAL|EXPORT_SYMBOL\w*|SYM_(?!\w*_LOCAL)\w*)\s*\(/;

/** Whether names without case, as macros and aliases have them. */
const hasNoCase = (kind: SymbolKind): boolean => kind === 'macro' || kind === 'alias';

/** Whether the index has nothing to say of a line: most are instructions. Kept with the line. */
function isIdle(line: LogicalLine): boolean {
  const cache = cacheOf(line);
  cache.idle ??=
    statementsOf(line).every(({ kind, labels }) => kind === 'instruction' && labels.length === 0) &&
    !EXPORTING_MACRO.test(line.text) &&
    !tokensOf(line).some(({ defines }) => defines !== undefined);
  return cache.idle;
}

class IndexBuilder {
  readonly definitions: Definition[] = [];
  readonly includes: Include[] = [];
  readonly blocks: Block[] = [];
  readonly exported = new Set<string>();
  private readonly source: Source;
  private readonly isHeader: boolean;
  /** Open blocks of the assembler, and open conditionals of the preprocessor, which need not nest with them. */
  private readonly open: { kind: Block['kind']; start: number }[] = [];
  private readonly openConditionals: number[] = [];
  private macroDepth = 0;
  /** Parameters, by index of their definition, whose block has not ended yet. */
  private pending: { index: number; depth: number }[] = [];

  constructor(source: Source) {
    this.source = source;
    this.isHeader = source.language !== 'assembly';
  }

  build(): FileIndex {
    const { source } = this;
    source.lines.forEach((line, i) => {
      if (line.directive) this.directive(line, i);
      else this.text(line, i);
    });
    const byName = new Map<string, Definition[]>();
    for (const definition of this.definitions) {
      const key = definition.name.toLowerCase();
      const known = byName.get(key);
      if (known) known.push(definition);
      else byName.set(key, [definition]);
    }
    const { definitions, includes, blocks, exported } = this;
    return { source, definitions, byName, includes, blocks, exported };
  }

  private define(line: LogicalLine, i: number, token: Token, block: Block | undefined): void {
    this.definitions.push({
      kind: token.defines!,
      name: token.name,
      source: this.source,
      start: line.start + token.at,
      end: line.start + token.at + token.length,
      line: i,
      block,
    });
  }

  private directive(line: LogicalLine, i: number): void {
    if (!this.source.preprocessed) return;
    const { name } = directiveOf(line);
    if (/^if(?:def|ndef)?$/.test(name)) this.openConditionals.push(line.start);
    else if (name === 'else' || name === 'elif' || name === 'endif') {
      const start = this.openConditionals.pop();
      const end = name === 'endif' ? line.end : line.start - 1;
      if (start !== undefined) this.blocks.push({ kind: 'preprocessor', start, end });
      if (name !== 'endif') this.openConditionals.push(line.start);
    }
    const block: Block = { kind: 'define', start: line.start, end: line.end };
    if (name === 'define' && this.source.text.slice(line.start, line.end).includes('\n')) this.blocks.push(block);
    for (const token of tokensOf(line)) {
      if (token.defines) this.define(line, i, token, token.defines === 'parameter' ? block : undefined);
      else if (token.kind === 'include') {
        const angled = this.source.text[line.start + token.at] === '<';
        this.include(line, token, angled ? 'angled' : 'quoted', name === 'include_next');
      }
    }
  }

  private include(line: LogicalLine, token: Token, form: Include['form'], next: boolean): void {
    const start = line.start + token.at;
    this.includes.push({ name: token.name, form, next, start, end: start + token.length });
  }

  private text(line: LogicalLine, i: number): void {
    // In a header only macros of the assembler are its language; the rest is C.
    if (this.isHeader && this.macroDepth === 0 && !line.text.includes('.macro')) return;
    if (isIdle(line)) return;
    const statements = statementsOf(line);
    for (const { kind, name } of statements) {
      if (kind !== 'directive') continue;
      if (Object.hasOwn(OPENING, name)) this.begin(OPENING[name], line);
      else if (name.startsWith('.if')) this.begin('condition', line);
      else if (name === '.else' || name === '.elseif') {
        this.close('condition', line.start - 1);
        this.begin('condition', line);
      } else if (Object.hasOwn(CLOSING, name)) this.close(CLOSING[name], line.end);
    }
    if (statements.length === 0) return;
    for (const token of tokensOf(line)) {
      if (token.defines) {
        this.define(line, i, token, undefined);
        if (token.defines === 'parameter') {
          this.pending.push({ index: this.definitions.length - 1, depth: this.open.length });
        }
      } else if (token.kind === 'include') this.include(line, token, 'assembler', false);
    }
    if (statements.some(({ kind, name }) => kind === 'directive' && EXPORTING.test(name))) {
      for (const { kind, name } of tokensOf(line)) if (kind === 'symbol') this.exported.add(name);
    } else if (EXPORTING_MACRO.test(line.text)) {
      const name = /\(\s*([A-Za-z_.$][\w.$]*)/.exec(line.text)?.[1];
      if (name !== undefined) this.exported.add(name);
    }
  }

  private begin(kind: Block['kind'], line: LogicalLine): void {
    if (kind === 'macro') this.macroDepth++;
    this.open.push({ kind, start: line.start });
  }

  /** Closes the innermost open block of a kind; what is open inside it has no end. */
  private close(kind: Block['kind'], end: number): void {
    let at = this.open.length - 1;
    while (at >= 0 && this.open[at].kind !== kind) at--;
    if (at < 0) return;
    if (kind === 'macro') this.macroDepth = Math.max(0, this.macroDepth - 1);
    const block: Block = { kind, start: this.open[at].start, end };
    this.blocks.push(block);
    // Parameters defined on the opening line belong to this block.
    this.pending = this.pending.filter(({ index, depth }) => {
      if (depth === at + 1) this.definitions[index] = { ...this.definitions[index], block };
      return depth < at + 1;
    });
    this.open.length = at;
  }
}

/** The index of a file, made once for each version of it. */
export function indexOf(source: Source): FileIndex {
  return source.once(indexOf, () => new IndexBuilder(source).build());
}

/** Definitions of a name in a file: macros and aliases in any case, others as spelled. Parameters are left out. */
export function definitionsOf(index: FileIndex, name: string): readonly Definition[] {
  const found = index.byName.get(name.toLowerCase()) ?? [];
  return found.filter(
    ({ kind, name: own }) => kind !== 'parameter' && kind !== 'local' && (own === name || hasNoCase(kind)),
  );
}

/** Index of the line that holds an offset; -1 in an empty file. */
export function lineIndexAt(source: Source, offset: number): number {
  const { lines } = source;
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (lines[middle].start <= offset) low = middle;
    else high = middle - 1;
  }
  return high < 0 ? -1 : low;
}

/** The word at an offset, or one that ends there. */
export function occurrenceAt(source: Source, offset: number): Occurrence | undefined {
  const line = source.lines[lineIndexAt(source, offset)];
  if (!line || offset > line.end) return undefined;
  const column = offset - line.start;
  let touching: Token | undefined;
  for (const token of tokensOf(line)) {
    if (column >= token.at && column < token.at + token.length) return occurrence(source, line, token);
    if (column === token.at + token.length) touching = token;
  }
  return touching && occurrence(source, line, touching);
}

function occurrence(source: Source, line: LogicalLine, token: Token): Occurrence {
  const start = line.start + token.at;
  return { source, line, token, start, end: start + token.length };
}

/** All words of a file with a name, compared without case; in the lines of one block when it is given. */
export function occurrencesOf(source: Source, name: string, within?: Block): Occurrence[] {
  const wanted = name.toLowerCase();
  const found: Occurrence[] = [];
  const { lines } = source;
  const first = within ? Math.max(0, lineIndexAt(source, within.start)) : 0;
  for (let i = first; i < lines.length; i++) {
    const line = lines[i];
    if (within && line.start >= within.end) break;
    // Most lines do not have the name: a look at the text is cheaper than tokens.
    if (!line.text.includes(name) && !line.text.toLowerCase().includes(wanted)) continue;
    for (const token of tokensOf(line)) {
      if (token.name.toLowerCase() === wanted) found.push(occurrence(source, line, token));
    }
  }
  return found;
}
