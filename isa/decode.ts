/** The decoder: from a word to its row, its fields and the manual's verdict on it. */
import { bucketA32, buildA32Table, buildThumbTable, UNCONDITIONAL_BUCKET, type DecodeTable } from './decode-table.ts';
import { archLevel, extractFields, type Arch, type Fields, type Row } from './row.ts';

export interface Decoded {
  readonly word: number;
  /** Length in bytes; 4 for a Thumb BL or BLX pair. */
  readonly size: 2 | 4;
  /** Absent when the word is undefined at this architecture level. */
  readonly row?: Row;
  readonly fields: Fields;
  /** Why the manual calls this word UNPREDICTABLE, when it does. */
  readonly unpredictable?: string;
  /** The second halfword of a Thumb BL or BLX pair. */
  readonly suffix?: { readonly row: Row; readonly fields: Fields };
}

let a32: DecodeTable | undefined;
let thumb: DecodeTable | undefined;
const NO_FIELDS: Fields = {};

function search(table: DecodeTable, bucket: number, word: number, level: number): Row | undefined {
  for (let i = table.buckets[bucket]; table.lists[i] !== 0; i++) {
    const row = table.candidates[table.lists[i]]!;
    if ((word & row.mask) >>> 0 === row.value && archLevel(row.arch) <= level) {
      return row.group === 'undefined' ? undefined : row;
    }
  }
  return undefined;
}

/** The row of an A32 word, undefined when the word is undefined at this level. */
export function lookupA32(word: number, arch: Arch): Row | undefined {
  const level = archLevel(arch);
  a32 ??= buildA32Table();
  if (word >>> 28 === 15) return level < 2 ? undefined : search(a32, UNCONDITIONAL_BUCKET, word, level);
  return search(a32, bucketA32(word), word, level);
}

/** The rows that words of a bucket can match, undefined holes included. */
export function candidatesA32(bucket: number): Row[] {
  a32 ??= buildA32Table();
  const rows: Row[] = [];
  for (let i = a32.buckets[bucket]; a32.lists[i] !== 0; i++) rows.push(a32.candidates[a32.lists[i]]!);
  return rows;
}

/** The row of a Thumb halfword, undefined when it is undefined at this level. */
export function lookupThumb(half: number, arch: Arch): Row | undefined {
  const level = archLevel(arch);
  thumb ??= buildThumbTable();
  return level < 1 ? undefined : search(thumb, half >>> 6, half, level);
}

function verdict(row: Row, word: number, fields: Fields): string | undefined {
  const wrong = ((word & row.shouldMask) ^ row.shouldValue) >>> 0;
  if (wrong !== 0) return (wrong & row.shouldValue) !== 0 ? 'should-be-one bits are 0' : 'should-be-zero bits are 1';
  for (const check of row.checks) if (check.fails(fields)) return check.reason;
  return undefined;
}

function decoded(row: Row | undefined, word: number, size: 2 | 4): Decoded {
  if (!row) return { word, size, fields: NO_FIELDS };
  const fields = extractFields(row.bits, word);
  const unpredictable = verdict(row, word, fields);
  return unpredictable === undefined ? { word, size, row, fields } : { word, size, row, fields, unpredictable };
}

/** Decodes an A32 word at an architecture level. */
export function decodeA32(word: number, arch: Arch): Decoded {
  return decoded(lookupA32(word >>> 0, arch), word >>> 0, 4);
}

/** Decodes a Thumb halfword; `next` is the halfword after it, which a BL prefix needs for its target. */
export function decodeThumb(half: number, next: number | undefined, arch: Arch): Decoded {
  const first = decoded(lookupThumb(half, arch), half, 2);
  if (first.row?.name !== 'T_BL_prefix' || next === undefined) return first;
  const row = lookupThumb(next, arch);
  if (row?.name !== 'T_BL_suffix' && row?.name !== 'T_BLX_suffix') return first;
  return { ...first, size: 4, suffix: { row, fields: extractFields(row.bits, next) } };
}
