import assert from 'node:assert/strict';
import fc from 'fast-check';
import { meetsHitCondition, parseHitCondition } from './hit-count.ts';

describe('hit conditions', () => {
  const counts = (text: string): number[] => {
    const test = parseHitCondition(text);
    assert.ok(test, text);
    return [1, 2, 3, 4, 5, 6].filter((count) => meetsHitCondition(test, count));
  };

  it('compare the count, or divide it', () => {
    assert.deepEqual(counts('3'), [3, 4, 5, 6]);
    assert.deepEqual(counts('>= 3'), [3, 4, 5, 6]);
    assert.deepEqual(counts('>3'), [4, 5, 6]);
    assert.deepEqual(counts(' =3 '), [3]);
    assert.deepEqual(counts('==3'), [3]);
    assert.deepEqual(counts('<3'), [1, 2]);
    assert.deepEqual(counts('<=3'), [1, 2, 3]);
    assert.deepEqual(counts('%3'), [3, 6]);
  });

  it('are refused when they are none', () => {
    for (const text of ['', 'x', '3x', '-1', '%0', '>=', '1e3', '!3']) assert.equal(parseHitCondition(text), undefined);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const test = parseHitCondition(text);
        assert.ok(test === undefined || typeof meetsHitCondition(test, 1) === 'boolean');
      }),
    );
  });
});
