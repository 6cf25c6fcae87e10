/**
 * What reading a header has come to, kept with the header: a unit in which the same macros and includes are found takes it
 * over without reading a line. Headers are most of what a unit of assembly consists of, and nearly always read alike.
 */
import type { LogicalLine } from '../lines.ts';
import type { Source } from '../source.ts';
import type { Traced } from '../traced.ts';
import type { Macro } from './macros.ts';
import type { CompileSettings, Problem } from './preprocess.ts';

/** A text line that a header leaves, as it goes on to the assembler. */
export interface HeaderLine {
  readonly line: LogicalLine;
  readonly source: Source;
  /** Absent for a line in which no macro occurs. */
  readonly expanded: Traced | undefined;
  /** Under a condition whose value is not known. */
  readonly uncertain: boolean;
}

/** The text lines of a header, and those of the headers that it includes where it does. The same object for all units. */
export class HeaderText {
  readonly entries: (HeaderLine | HeaderText)[] = [];
}

/** A question of an #include, and its answer. */
export interface IncludeAnswer {
  readonly name: string;
  readonly from: Source;
  readonly quoted: boolean;
  readonly next: boolean;
  readonly found: Source | undefined;
}

/** What a header was read under, and what it has changed. */
export interface Reading {
  readonly settings: CompileSettings;
  readonly uncertain: boolean;
  readonly includes: readonly IncludeAnswer[];
  /** Names asked for, with their macros before. */
  readonly names: readonly string[];
  readonly values: readonly (Macro | undefined)[];
  readonly writes: ReadonlyArray<readonly [string, Macro | undefined]>;
  /** The header and all that it has included. */
  readonly files: ReadonlySet<Source>;
  /** Levels of includes, its own counted. */
  readonly height: number;
  /** Lines that were looked at. */
  readonly lines: number;
  readonly text: HeaderText;
  readonly problems: readonly Problem[];
}

/** Readings kept of one header. */
const MAX_READINGS = 8;
/** Names that a reading may depend on: beyond, it is not kept. */
const MAX_NAMES = 8000;

/** The readings at hand of a header. */
export function readingsOf(source: Source): Reading[] {
  return source.once(readingsOf, () => []);
}

/** Keeps a reading of a header; the oldest goes when there are many. */
export function keepReading(source: Source, reading: Reading): void {
  if (reading.names.length > MAX_NAMES) return;
  const kept = readingsOf(source);
  if (kept.length >= MAX_READINGS) kept.shift();
  kept.push(reading);
}

/** Whether settings make names of the configuration mean the same; paths are compared by what they lead to. */
export function sameUnknowns(a: CompileSettings, b: CompileSettings): boolean {
  return (
    a === b ||
    (a.unknownPrefix === b.unknownPrefix &&
      a.knownPrefix === b.knownPrefix &&
      a.ownTextOnly === b.ownTextOnly &&
      a.undefinedNames === b.undefinedNames)
  );
}
