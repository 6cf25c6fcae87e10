/**
 * Builds the lookup tables of the decoder from the rows: words are bucketed by the bits that tell instructions apart,
 * and each bucket names a short list of candidates, most specific first. The TypeScript decoder uses these tables
 * directly, the execution core gets the same numbers as static data.
 */
import { A32_ROWS } from './a32.ts';
import { THUMB_ROWS } from './thumb.ts';
import { archLevel, type Row } from './row.ts';

/** Every row with an id: 0 is "undefined", then the A32 rows, then the Thumb rows, without the undefined holes. */
export const ROWS_BY_ID: readonly (Row | undefined)[] = [
  undefined,
  ...[...A32_ROWS, ...THUMB_ROWS].filter((row) => row.group !== 'undefined'),
];

const ids = new Map<Row, number>();
ROWS_BY_ID.forEach((row, id) => {
  if (row) ids.set(row, id);
});

/** The number of a row in the execution core; 0 for an undefined hole. */
export function rowId(row: Row): number {
  return ids.get(row) ?? 0;
}

export interface DecodeTable {
  /** Rows by candidate number; number 0 is unused, as 0 ends a list. */
  readonly candidates: readonly (Row | undefined)[];
  /** Bucket number -> index into lists. The last bucket of A32 is the unconditional space. */
  readonly buckets: Uint16Array;
  /** Candidate numbers, each list closed by 0. */
  readonly lists: Uint16Array;
}

function fixedBits(row: Row): number {
  let count = 0;
  for (const letter of row.bits) if (letter === '0' || letter === '1') count++;
  return count;
}

/** Candidates whose fixed bits agree with the bucket's, most specific first, cut after one that always matches. */
function listFor(sorted: readonly Row[], bucketMask: number, bucketValue: number): Row[] {
  const list: Row[] = [];
  for (const row of sorted) {
    if (((bucketValue ^ row.value) & row.mask & bucketMask) !== 0) continue;
    list.push(row);
    if ((row.mask & ~bucketMask) === 0 && archLevel(row.arch) === 0) break;
  }
  return list;
}

function build(rows: readonly Row[], buckets: readonly { mask: number; value: number; rows: readonly Row[] }[]) {
  const candidates: (Row | undefined)[] = [undefined, ...rows];
  const numbers = new Map(rows.map((row, i) => [row, i + 1]));
  const lists: number[] = [0];
  const seen = new Map<string, number>([['', 0]]);
  const offsets = buckets.map(({ mask, value, rows: sorted }) => {
    const list = listFor(sorted, mask, value).map((row) => numbers.get(row)!);
    const key = list.join();
    let offset = seen.get(key);
    if (offset === undefined) {
      offset = lists.length;
      seen.set(key, offset);
      lists.push(...list, 0);
    }
    return offset;
  });
  return { candidates, buckets: Uint16Array.from(offsets), lists: Uint16Array.from(lists) };
}

const bySpecificity = (a: Row, b: Row): number => fixedBits(b) - fixedBits(a);
const isUnconditional = (row: Row): boolean => row.bits.startsWith('1111');

/** The bucket of a conditional A32 word: bits 27:20 and 7:4. */
export function bucketA32(word: number): number {
  return ((word >>> 16) & 0xff0) | ((word >>> 4) & 0xf);
}

/** The bucket number of the unconditional A32 space. */
export const UNCONDITIONAL_BUCKET = 4096;

/** Builds the A32 table: 4096 buckets of the conditional space and one for condition 1111. */
export function buildA32Table(): DecodeTable {
  const conditional = A32_ROWS.filter((row) => !isUnconditional(row)).sort(bySpecificity);
  const unconditional = A32_ROWS.filter(isUnconditional).sort(bySpecificity);
  const buckets = [];
  let rows: readonly Row[] = [];
  for (let i = 0; i < 4096; i++) {
    const high = (i & 0xff0) << 16;
    // What cannot match bits 27:20 is left out once for 16 buckets.
    if ((i & 15) === 0) rows = conditional.filter((row) => ((high ^ row.value) & row.mask & 0x0ff0_0000) === 0);
    buckets.push({ mask: 0x0ff000f0, value: high | ((i & 15) << 4), rows });
  }
  buckets.push({ mask: 0, value: 0, rows: unconditional });
  return build(A32_ROWS, buckets);
}

/** Builds the Thumb table: 1024 buckets by bits 15:6. */
export function buildThumbTable(): DecodeTable {
  const sorted = [...THUMB_ROWS].sort(bySpecificity);
  const buckets = [];
  for (let i = 0; i < 1024; i++) buckets.push({ mask: 0xffc0, value: i << 6, rows: sorted });
  return build(THUMB_ROWS, buckets);
}
