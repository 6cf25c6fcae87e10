/** Heat and words for lines of the source. */
import assert from 'node:assert/strict';
import { heatLevel, hoverText, isFlaggedSite, lensTitle, LEVELS } from './line-heat.ts';

const row = (causes: Record<string, number>): Parameters<typeof lensTitle>[0] => {
  const count = Object.values(causes).reduce((sum, one) => sum + one, 0);
  return { path: '/a.c', line: 3, count, hostInstructions: 37 * count, causes };
};

describe('heat of source lines', () => {
  it('grows with the order of magnitude', () => {
    const levels = [0, 1, 10, 100, 1000, 10_000].map((count) => heatLevel(count, 10_000));
    assert.deepEqual(levels, [0, 1, 1, 2, 3, LEVELS]);
    assert.equal(heatLevel(1, 1), LEVELS);
  });

  it('says what leaves the guest', () => {
    assert.equal(lensTitle(row({ mmio: 1 })), '1 exit: mmio');
    assert.equal(lensTitle(row({ mmio: 1302 })), '1,302 exits: mmio');
    assert.equal(lensTitle(row({ a: 1, b: 3 })), '4 exits: b 75 %, a');
    assert.equal(lensTitle(row({ a: 1, b: 3, c: 2 })), '6 exits: b 50 %, 2 more causes');
    assert.match(
      hoverText(row({ a: 1, b: 3 }), 8),
      /\*\*4 exits\*\* here, 50\.0 % of all, 37\.0 host[^]*\| b \| 3 \|\n\| a \| 1 \|/,
    );
  });

  it('knows the diagnostics of sites that need a trap', () => {
    assert.ok(isFlaggedSite('trapline', 'lpv-mrs'));
    assert.ok(!isFlaggedSite('trapline', 'syntax'));
    assert.ok(!isFlaggedSite('clangd', 'lpv-mrs'));
    assert.ok(!isFlaggedSite(undefined, undefined));
  });
});
