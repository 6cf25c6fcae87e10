/** The Traps view's numbers: sums by class, comparisons, counts since a moment, rates. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ExitsResponse } from '../../../debug-adapter/protocol.ts';
import { causeTree, classOf, RateHistory, since, summarize, visibleCauses } from './model.ts';

function exitsOf(causes: Record<string, number>, functions: Record<string, number> = {}): ExitsResponse {
  const byCause = Object.entries(causes).map(([cause, count]) => ({ cause, count, hostInstructions: 10 * count }));
  const total = byCause.reduce((sum, { count }) => sum + count, 0);
  const rows = Object.entries(functions).map(([name, count]) => ({
    ...{ function: name, count, hostInstructions: 10 * count, sites: 1 },
  }));
  return {
    ...{
      mode: 'lpv',
      instructions: 1000,
      total,
      hostInstructions: 10 * total,
      byCause,
      otherExits: 0,
      otherAccesses: 0,
    },
    sites: { total: 0, rows: [] },
    functions: { total: rows.length, rows },
    registers: { total: 0, rows: [] },
  };
}

const CAUSES = { 'status.mrs': 3, 'status.msr': 5, wfi: 1, 'mmio.pl011-0': 20, 'mmio.pl190': 2 };

describe('model of the Traps view', () => {
  it('puts causes under their classes, the largest first', () => {
    const rows = causeTree(exitsOf(CAUSES), undefined);
    assert.deepEqual(
      rows.map(({ key, name, depth, count }) => [key, name, depth, count]),
      [
        ['mmio.*', 'mmio', 1, 22],
        ['mmio.pl011-0', 'pl011-0', 2, 20],
        ['mmio.pl190', 'pl190', 2, 2],
        ['status.*', 'status', 1, 8],
        ['status.msr', 'msr', 2, 5],
        ['status.mrs', 'mrs', 2, 3],
        ['wfi', 'wfi', 1, 1],
      ],
    );
    assert.deepEqual(
      visibleCauses(rows, new Set(['mmio.*'])).map(({ key }) => key),
      ['mmio.*', 'status.*', 'status.msr', 'status.mrs', 'wfi'],
    );
  });

  it('compares with another run, and shows causes that are gone', () => {
    const before = summarize(exitsOf({ 'status.mrs': 10, 'cp15.tlb': 4 }));
    const rows = causeTree(exitsOf({ 'status.mrs': 2, wfi: 1 }), before);
    assert.deepEqual(
      rows.map(({ key, count, before }) => [key, count, before]),
      [
        ['status.mrs', 2, 10],
        ['cp15.tlb', 0, 4],
        ['wfi', 1, 0],
      ],
    );
  });

  it('sums each class and all classes, whatever the causes', () => {
    const names = fc.constantFrom(...Object.keys(CAUSES), 'status.cps', 'cp15.id', 'cp15.tlb', 'guest.svc');
    fc.assert(
      fc.property(fc.dictionary(names, fc.nat(1e6)), fc.dictionary(names, fc.nat(1e6)), (now, earlier) => {
        const exits = exitsOf(now);
        const rows = causeTree(exits, summarize(exitsOf(earlier)));
        const top = rows.filter(({ depth }) => depth === 1);
        assert.equal(
          top.reduce((sum, { count }) => sum + count, 0),
          exits.total,
        );
        for (const head of top.filter(({ isClass }) => isClass)) {
          const own = rows.filter(({ key, depth }) => depth === 2 && classOf(key) === head.name);
          assert.equal(
            own.reduce((sum, { count }) => sum + count, 0),
            head.count,
          );
          assert.equal(
            own.reduce((sum, { before }) => sum + (before ?? 0), 0),
            head.before,
          );
        }
      }),
    );
  });

  it('counts from a moment on', () => {
    const start = summarize(exitsOf({ 'status.mrs': 3, wfi: 1 }, { idle: 4 }));
    const shown = since({ ...exitsOf({ 'status.mrs': 8, wfi: 1 }, { idle: 5, work: 4 }), instructions: 1500 }, start);
    assert.deepEqual([shown.total, shown.instructions], [5, 500]);
    assert.deepEqual(shown.byCause, [{ cause: 'status.mrs', count: 5, hostInstructions: 50 }]);
    assert.deepEqual(
      shown.functions.rows.map((row) => [row.function, row.count]),
      [
        ['idle', 1],
        ['work', 4],
      ],
    );
  });

  it('has rates by million instructions, and curves of one length', () => {
    const history = new RateHistory(3);
    history.sample(1_000_000, new Map([['a', 500]]));
    assert.equal(history.rate('a'), 500);
    history.sample(2_000_000, new Map([['a', 600]]));
    history.sample(2_000_000, new Map([['a', 600]]));
    assert.deepEqual(history.curve('a'), [100]);
    history.sample(2_500_000, new Map([['a', 600], ['b', 50]])); // prettier-ignore
    assert.deepEqual([history.curve('a'), history.curve('b')], [[100, 0], [0, 100]]); // prettier-ignore
    for (let i = 1; i <= 5; i++) history.sample(2_500_000 + i * 1000, new Map([['a', 600 + i]]));
    assert.deepEqual(history.curve('a'), [1000, 1000, 1000]);
    history.sample(10, new Map([['a', 1]]));
    assert.deepEqual(history.curve('a'), []);
  });
});
