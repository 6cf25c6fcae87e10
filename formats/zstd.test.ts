import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';
import { unzstd } from './zstd.ts';

const LIMIT = 1 << 24;

function zstd(input: Uint8Array, ...options: string[]): Uint8Array {
  const { status, stdout, stderr } = spawnSync('zstd', ['-q', '-c', ...options], { input, maxBuffer: LIMIT });
  assert.equal(status, 0, stderr.toString());
  return new Uint8Array(stdout);
}

/** Text with repetitions, as of symbols and strings. */
function text(size: number): Uint8Array {
  const words = ['struct ', 'task_', 'list', '_head', ' *next', ';\n', 'unsigned ', 'int '];
  const bytes = new Uint8Array(size);
  let state = 12345;
  for (let at = 0; at < size;) {
    state = (state * 1103515245 + 12345) >>> 0;
    const word = new TextEncoder().encode(words[state >>> 29]);
    bytes.set(word.subarray(0, size - at), at);
    at += word.length;
  }
  return bytes;
}

const random = Uint8Array.from({ length: 40_000 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 0xff);

describe('zstd', () => {
  before(function () {
    if (spawnSync('zstd', ['--version']).status !== 0) this.skip();
  });

  const samples: Readonly<Record<string, Uint8Array>> = {
    nothing: new Uint8Array(0),
    'one byte': Uint8Array.of(7),
    zeros: new Uint8Array(300_000),
    'short text': text(200),
    'long text': text(700_000),
    noise: random,
    'a few different bytes': random.map((byte) => (byte & 3) + 65),
    mixed: Uint8Array.from([...text(50_000), ...random, ...text(50_000)]),
  };
  for (const [name, sample] of Object.entries(samples)) {
    for (const options of [['-1'], ['-9'], ['-19'], ['--fast=5', '--no-check']]) {
      it(`unpacks ${name} (${options.join(' ')})`, () => {
        assert.ok(Buffer.from(sample).equals(unzstd(zstd(sample, ...options), LIMIT)));
      });
    }
  }

  it('unpacks what the command packed, whatever it was', () => {
    const bytes = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(60)), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, (parts) => {
        const input = Uint8Array.from(
          parts.flatMap(([part, times]) => Array.from({ length: times }, () => [...part]).flat()),
        );
        assert.ok(Buffer.from(input).equals(unzstd(zstd(input, '-19'), LIMIT)));
      }),
      { numRuns: 20 },
    );
  });

  it('refuses to unpack more than allowed', () => {
    assert.throws(() => unzstd(zstd(new Uint8Array(100_000)), 99_999), /more than 99999 bytes/);
  });

  it('says what is wrong with damaged data', () => {
    const good = zstd(text(5000), '-19');
    fc.assert(
      fc.property(damaged(good), (bytes) => throwsOnlyInputError(() => unzstd(bytes, 1 << 20))),
      { numRuns: 500 },
    );
  });
});
