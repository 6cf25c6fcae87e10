import assert from 'node:assert/strict';
import { A32_ROWS } from './a32.ts';
import { decodeA32 } from './decode.ts';
import { encodeA32 } from './encode.ts';
import { randomWords } from './random-words.ts';
import { extractFields } from './row.ts';

const WORDS_PER_ROW = 200;

describe('encode', () => {
  it('gives a word of every row back from its fields, with the should-be bits as they should be', () => {
    let seed = 1;
    for (const row of A32_ROWS) {
      for (const random of randomWords(WORDS_PER_ROW, seed++)) {
        const word = ((random & ~row.mask) | row.value) >>> 0;
        const regular = ((word & ~row.shouldMask) | row.shouldValue) >>> 0;
        const encoded = encodeA32(row.name, extractFields(row.bits, word));
        assert.equal(encoded, regular, `${row.name}: ${word.toString(16)}`);
      }
    }
  });

  it('undoes the decoder for words of any row', () => {
    const seen = new Set<string>();
    for (const word of randomWords(200_000, 4711)) {
      const { row, fields } = decodeA32(word, 'v6K');
      if (!row || row.group === 'undefined') continue;
      seen.add(row.name);
      const regular = ((word & ~row.shouldMask) | row.shouldValue) >>> 0;
      const encoded = encodeA32(row.name, fields);
      assert.equal(encoded, regular, `${row.name}: ${word.toString(16)}`);
      const again = decodeA32(encoded, 'v6K');
      // Should-be bits can lead to another row only where that row fixes them.
      if (encoded === word) assert.deepEqual([again.row?.name, again.fields], [row.name, fields]);
    }
    assert.ok(seen.size > 100, `${seen.size} rows met`);
  });

  it('means "always" where no condition is given', () => {
    for (const { name, bits } of A32_ROWS)
      if (bits.startsWith('cccc')) assert.equal(encodeA32(name, {}) >>> 28, 14, name);
    assert.equal(encodeA32('B', { c: 0, i: 0 }) >>> 28, 0);
  });

  it('names a row that does not exist', () => {
    assert.throws(() => encodeA32('MVR', {}), /no row MVR/);
  });
});
