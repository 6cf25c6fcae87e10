/**
 * What the assembler makes of the text of a header, where that is only macros, constants and register names: kept with the text, so that a
 * unit in which the names that it uses mean the same takes it over.
 */
import type { Value } from '../expression.ts';
import type { Traced } from '../traced.ts';
import type { AsmMacro } from './macro.ts';

/** A name that .req gives to a register. */
export interface Alias {
  readonly register: string;
  /** The statement that defines it. */
  readonly text: Traced;
  readonly start: number;
  readonly end: number;
}

/** What a header's text was read under, and what it has changed. */
export interface AssembledHeader {
  /** Names of instructions and directives that it has, with the macros that they were before. */
  readonly reads: ReadonlyMap<string, AsmMacro | undefined>;
  readonly writes: ReadonlyMap<string, AsmMacro | undefined>;
  readonly symbols: ReadonlyMap<string, Value>;
  readonly aliases: ReadonlyMap<string, Alias>;
  /** Bodies that were run, statements and characters: what counts for the limits of a unit. */
  readonly expansions: number;
  readonly statements: number;
  readonly characters: number;
}

/** A header's text while it is read. */
export class HeaderRecording {
  readonly reads = new Map<string, AsmMacro | undefined>();
  readonly writes = new Map<string, AsmMacro | undefined>();
  readonly symbols = new Map<string, Value>();
  readonly aliases = new Map<string, Alias>();
  readonly outer: HeaderRecording | undefined;
  /** It has done something besides defining macros, constants and register names, or depends on more than macros. */
  spoilt = false;

  constructor(outer: HeaderRecording | undefined) {
    this.outer = outer;
  }

  read(name: string, macro: AsmMacro | undefined): void {
    if (!this.writes.has(name) && !this.reads.has(name)) this.reads.set(name, macro);
  }

  /** Takes in what a part of it has done. */
  add({ reads, writes, symbols, aliases }: Pick<AssembledHeader, 'reads' | 'writes' | 'symbols' | 'aliases'>): void {
    for (const [name, macro] of reads) this.read(name, macro);
    for (const [name, macro] of writes) this.writes.set(name, macro);
    for (const [name, value] of symbols) this.symbols.set(name, value);
    for (const [name, alias] of aliases) this.aliases.set(name, alias);
  }
}

/** By the text of a header; few, as headers are nearly always read alike. */
const known = new WeakMap<object, AssembledHeader[]>();
const MAX_KNOWN = 4;

/** What is known of a text, under macros as they are now. */
export function knownHeader(text: object, macros: ReadonlyMap<string, AsmMacro>): AssembledHeader | undefined {
  return known.get(text)?.find(({ reads }) => {
    for (const [name, macro] of reads) if (macros.get(name) !== macro) return false;
    return true;
  });
}

/** Keeps what a text has come to. */
export function keepHeader(text: object, header: AssembledHeader): void {
  const list = known.get(text);
  if (!list) known.set(text, [header]);
  else if (list.length < MAX_KNOWN) list.push(header);
}
