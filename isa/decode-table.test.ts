import { strict as assert } from 'node:assert';
import { A32_ROWS } from './a32.ts';
import { THUMB_ROWS } from './thumb.ts';
import { lookupA32, lookupThumb } from './decode.ts';
import { ARCH_LEVELS, archLevel, depositFields, extractFields, type Row } from './row.ts';
import { randomWords } from './random-words.ts';

/** The plain reading of the table: all matching rows of the level, most fixed bits first. */
function slowLookup(rows: readonly Row[], word: number, level: number): Row | undefined {
  const fixed = (row: Row): number => [...row.bits].filter((letter) => '01'.includes(letter)).length;
  const matching = rows.filter(
    (row) =>
      (word & row.mask) >>> 0 === row.value && archLevel(row.arch) <= level && acceptsCondition(row, word, level),
  );
  const best = matching.sort((a, b) => fixed(b) - fixed(a))[0];
  return best?.group === 'undefined' ? undefined : best;
}

function acceptsCondition(row: Row, word: number, level: number): boolean {
  if (row.bits.length === 16) return true;
  const unconditional = word >>> 28 === 15;
  return row.bits.startsWith('1111') === unconditional && (!unconditional || level >= 2);
}

function overlapping(rows: readonly Row[]): [Row, Row][] {
  const pairs: [Row, Row][] = [];
  rows.forEach((a, i) => {
    for (const b of rows.slice(i + 1)) {
      const sameSpace = a.bits.length === 16 || a.bits.startsWith('1111') === b.bits.startsWith('1111');
      if (sameSpace && ((a.value ^ b.value) & a.mask & b.mask) === 0) pairs.push([a, b]);
    }
  });
  return pairs;
}

describe('instruction table', () => {
  for (const [title, rows, width] of [
    ['A32', A32_ROWS, 32],
    ['Thumb', THUMB_ROWS, 16],
  ] as const) {
    it(`${title}: names are unique and bit strings are ${width} long`, () => {
      assert.equal(new Set(rows.map((row) => row.name)).size, rows.length);
      for (const row of rows) assert.match(row.bits, new RegExp(`^[01a-zA-Z]{${width}}$`), row.name);
    });

    it(`${title}: of two overlapping rows one is a special case of the other`, () => {
      const ambiguous = overlapping(rows).filter(([a, b]) => {
        const common = (a.mask & b.mask) >>> 0;
        return a.mask === b.mask || (common !== a.mask && common !== b.mask);
      });
      assert.deepEqual(
        ambiguous.map(([a, b]) => `${a.name} ${b.name}`),
        [],
      );
    });

    it(`${title}: fields survive extraction and deposit`, () => {
      for (const row of rows) {
        for (const noise of randomWords(50, row.value)) {
          const word = ((noise & ~(row.mask | row.shouldMask)) | row.value | row.shouldValue) & (2 ** width - 1);
          assert.equal(depositFields(row.bits, extractFields(row.bits, word)), word >>> 0, row.name);
        }
      }
    });
  }

  it('the bucketed lookup agrees with the plain reading of the table', () => {
    for (const arch of ARCH_LEVELS) {
      for (const word of randomWords(4000, archLevel(arch) + 1)) {
        assert.equal(
          lookupA32(word, arch),
          slowLookup(A32_ROWS, word, archLevel(arch)),
          `${arch} ${word.toString(16)}`,
        );
      }
    }
    for (let half = 0; half < 0x10000; half += 3) {
      assert.equal(lookupThumb(half, 'v5T'), slowLookup(THUMB_ROWS, half, 2), half.toString(16));
    }
  });
});
