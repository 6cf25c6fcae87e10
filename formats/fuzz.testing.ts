/** Property-test support: damaged versions of a good file, and the rule that a reader throws `InputError` or nothing. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InputError } from './input-error.ts';

/** Bytes that are a damaged copy of `seed`: some bytes or words changed, cut short, spliced, or all random. */
export function damaged(seed: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.oneof(
    fc.nat({ max: seed.length - 1 }),
    fc.nat({ max: Math.min(63, seed.length - 1) }),
    fc.nat({ max: Math.min(255, seed.length - 1) }).map((fromEnd) => seed.length - 1 - fromEnd),
  );
  const word = fc.oneof(
    fc.constantFrom(0, 1, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0, seed.length),
    fc.nat({ max: 0xffff_ffff }),
  );
  const bytes = fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((edits) => {
    const copy = seed.slice();
    for (const [at, value] of edits) copy[at] = value;
    return copy;
  });
  const words = fc.array(fc.tuple(place, word, fc.boolean()), { minLength: 1, maxLength: 4 }).map((edits) => {
    const copy = seed.slice();
    const view = new DataView(copy.buffer);
    for (const [at, value, little] of edits) if (at + 4 <= copy.length) view.setUint32(at & ~3, value >>> 0, little);
    return copy;
  });
  const cut = place.map((length) => seed.slice(0, length));
  return fc.oneof(bytes, words, cut, fc.uint8Array({ maxLength: 512 }));
}

/** Runs a reader; anything thrown must be an `InputError` with a one-line message. */
export function throwsOnlyInputError(read: () => void): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof InputError, `threw ${error instanceof Error ? error.stack : String(error)}`);
    assert.doesNotMatch(error.message, /\n|undefined|NaN|\[object/);
  }
}
