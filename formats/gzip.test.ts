import assert from 'node:assert/strict';
import { crc32 as zlibCrc32, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';
import { crc32, gunzip, gzip, isGzip } from './gzip.ts';

const text = new TextEncoder().encode('a kernel, a kernel, a kernel for a horse '.repeat(50));

describe('gzip', () => {
  it('round-trips, alone and against zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        assert.deepEqual(gunzip(gzip(bytes), bytes.length), bytes);
        assert.deepEqual(new Uint8Array(gunzipSync(gzip(bytes))), bytes);
        assert.deepEqual(gunzip(new Uint8Array(gzipSync(bytes)), bytes.length), bytes);
        if (zlibCrc32) assert.equal(crc32(bytes), zlibCrc32(bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('reads a header with a name and an extra field, and padding after the end', () => {
    const plain = gzip(text);
    const header = [0x1f, 0x8b, 8, 4 | 8, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 0x6b, 0];
    const file = new Uint8Array([...header, ...plain.subarray(10), ...new Array<number>(300).fill(0)]);
    assert.deepEqual(gunzip(file, text.length), text);
  });

  it('joins the members of a file', () => {
    const file = new Uint8Array([...gzip(text), 0, 0, ...gzip(new Uint8Array([1, 2]))]);
    assert.deepEqual(gunzip(file, 1 << 20), new Uint8Array([...text, 1, 2]));
    assert.throws(() => gunzip(new Uint8Array([...gzip(text), 5]), 1 << 20), /not a gzip file/);
  });

  it('stops a bomb at the limit', () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 << 20)));
    assert.throws(() => gunzip(bomb, 1 << 20, 'bomb.gz'), /bomb\.gz: unpacks to more than 1048576 bytes/);
  });

  it('finds damage by the checksum', () => {
    const file = new Uint8Array(gzipSync(text, { level: 0 }));
    file[100] ^= 1;
    assert.throws(() => gunzip(file, 1 << 20), /checksum is wrong/);
    assert.throws(() => gunzip(gzip(text).subarray(0, 40), 1 << 20), /cut short/);
    assert.equal(isGzip(new Uint8Array([0x1f])), false);
  });

  it('answers damaged files with an InputError', () => {
    fc.assert(
      fc.property(damaged(gzip(text)), (bytes) => throwsOnlyInputError(() => gunzip(bytes, 1 << 20))),
      { numRuns: 1000 },
    );
  });
});
