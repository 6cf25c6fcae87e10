/**
 * The shape of one instruction in the tables. A row is one line: its name, its bit string and its assembler syntax;
 * masks, fields, decoder, disassembler and the decode tables of the execution core are all derived from it.
 */

/** Architecture levels in ascending order; the index is the number the execution core uses. */
export const ARCH_LEVELS = ['v4', 'v4T', 'v5T', 'v5TE', 'v5TEJ', 'v6', 'v6K'] as const;

export type Arch = (typeof ARCH_LEVELS)[number];

/** The number of an architecture level: v4 = 0 ... v6K = 6. */
export function archLevel(arch: Arch): number {
  return ARCH_LEVELS.indexOf(arch);
}

export type Group =
  | 'data'
  | 'multiply'
  | 'media'
  | 'load-store'
  | 'multiple'
  | 'exclusive'
  | 'branch'
  | 'status'
  | 'exception'
  | 'coprocessor'
  | 'hint'
  | 'undefined';

/** Values of the lettered fields of a word, by letter. */
export type Fields = Readonly<Record<string, number>>;

/** A condition under which the manual calls a word of this row UNPREDICTABLE. */
export interface Check {
  readonly reason: string;
  readonly fails: (f: Fields) => boolean;
}

export interface Row {
  readonly name: string;
  /** 0 and 1 are fixed, z and o should be zero and one, every other letter is a field; msb first. */
  readonly bits: string;
  readonly arch: Arch;
  readonly group: Group;
  /** Mnemonic and operands with {placeholders}, see format.ts. */
  readonly syntax: string;
  readonly checks: readonly Check[];
  /** Fixed bits: a word belongs to the row when (word & mask) === value, both unsigned. */
  readonly mask: number;
  readonly value: number;
  /** Should-be-zero and should-be-one bits: a word that differs is UNPREDICTABLE. */
  readonly shouldMask: number;
  readonly shouldValue: number;
}

function collect(bits: string, letters: string): number {
  let word = 0;
  for (const letter of bits) {
    word = word * 2 + (letters.includes(letter) ? 1 : 0);
  }
  return word;
}

/** Builds a row; the masks follow from the bit string. */
export function row(
  name: string,
  bits: string,
  arch: Arch,
  group: Group,
  syntax: string,
  ...checks: readonly Check[]
): Row {
  return {
    name,
    bits,
    arch,
    group,
    syntax,
    checks,
    mask: collect(bits, '01'),
    value: collect(bits, '1'),
    shouldMask: collect(bits, 'zo'),
    shouldValue: collect(bits, 'o'),
  };
}

interface Segment {
  readonly letter: string;
  readonly shift: number;
  readonly width: number;
  /** The first segment of its letter. */
  readonly first: boolean;
}

const segmentCache = new Map<string, readonly Segment[]>();

/** Runs of equal letters, most significant first. */
function segmentsOf(bits: string): readonly Segment[] {
  const known = segmentCache.get(bits);
  if (known) return known;
  const segments: Segment[] = [];
  for (const match of bits.matchAll(/([a-yA-Z])\1*/g)) {
    const [run, letter] = [match[0], match[0][0]];
    if (letter === 'o') continue;
    const shift = bits.length - match.index - run.length;
    segments.push({ letter, shift, width: run.length, first: bits.indexOf(letter) === match.index });
  }
  segmentCache.set(bits, segments);
  return segments;
}

/** Extracts every lettered field; a letter in several segments is their concatenation, most significant first. */
export function extractFields(bits: string, word: number): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const { letter, shift, width, first } of segmentsOf(bits)) {
    const part = (word >>> shift) & ((1 << width) - 1);
    fields[letter] = first ? part : (fields[letter] << width) | part;
  }
  return fields;
}

/** The reverse of extractFields: fixed and should-be bits as the bit string says, fields as given (missing: 0). */
export function depositFields(bits: string, fields: Fields): number {
  const left: Record<string, number> = { ...fields };
  let word = 0;
  const top = bits.length - 1;
  for (let i = top; i >= 0; i--) {
    const letter = bits[i];
    let bit: number;
    if (letter === '0' || letter === 'z') bit = 0;
    else if (letter === '1' || letter === 'o') bit = 1;
    else {
      const value = left[letter] ?? 0;
      bit = value & 1;
      left[letter] = value >>> 1;
    }
    if (bit) word |= 1 << (top - i);
  }
  return word >>> 0;
}
