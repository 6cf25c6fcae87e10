/** The Exit Log view: pages that are joined, filters, lanes of who executed, and zooming. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ExitLogRow } from '../../../debug-adapter/protocol.ts';
import { EMPTY_LOG, extended, filtered, firstAfter, MOST_EXITS, moved, placeOf, stretches, tickStep, zoomed } from './model.ts'; // prettier-ignore

const exit = (index: number, more: Partial<ExitLogRow> = {}): ExitLogRow => ({
  ...{ index, instructions: index * 10, cause: 'status.mrs', pc: '0xc0008000', mode: 'svc', hostInstructions: 30 },
  ...more,
});
const exits = (from: number, to: number): ExitLogRow[] => Array.from({ length: to - from }, (_, i) => exit(from + i));

describe('model of the Exit Log view', () => {
  it('joins pages, forgets the oldest, and starts anew after a gap or a restart', () => {
    let log = extended(EMPTY_LOG, { exits: exits(0, 1000), next: 1000, total: 1500, oldest: 0 });
    log = extended(log, { exits: exits(1000, 1500), next: 1500, total: 1500, oldest: 0 });
    assert.deepEqual([log.exits.length, log.next], [1500, 1500]);
    log = extended(log, { exits: exits(1500, 6000), next: 6000, total: 6000, oldest: 1904 });
    assert.deepEqual([log.exits.length, log.exits[0].index], [MOST_EXITS, 1904]);
    log = extended(log, { exits: exits(9000, 9010), next: 9010, total: 9010, oldest: 4914 });
    assert.deepEqual([log.exits.length, log.exits[0].index], [10, 9000]);
    log = extended(log, { exits: [], next: 0, total: 0, oldest: 0 });
    assert.equal(log.exits.length, 0);
  });

  it('filters by every word, over causes, modes, symbols and registers', () => {
    const list = [
      exit(0, { symbol: 'put_char+0x1c', cause: 'mmio.pl011-0' }),
      exit(1, { mode: 'usr', cause: 'guest.svc', symbol: 'system_call+0x14' }),
      exit(2, { register: { address: '0x101f1018', device: 'pl011-0', register: 'UARTFR', write: false } }),
    ];
    const found = (filter: string): number[] => filtered(list, filter).map(({ index }) => index);
    assert.deepEqual([found(''), found('MMIO'), found('usr svc'), found('uartfr'), found('put usr')], [[0, 1, 2], [0], [1], [2], []]); // prettier-ignore
    assert.equal(placeOf(list[2]), '← pl011-0 UARTFR');
  });

  it('has lanes without gaps, whose lengths are the instructions of guest and host', () => {
    const list = fc.array(fc.record({ guest: fc.nat(500), host: fc.nat(60), user: fc.boolean() }), { maxLength: 50 });
    fc.assert(
      fc.property(list, (steps) => {
        let instructions = 0;
        const log = steps.map(({ guest, host, user }, index) =>
          exit(index, { instructions: (instructions += guest), hostInstructions: host, mode: user ? 'usr' : 'svc' }),
        );
        const lanes = stretches(log);
        lanes.forEach(({ from, to }, i) => assert.ok(from === (lanes[i - 1]?.to ?? 0) && to >= from));
        const sum = (lane: number): number =>
          lanes.filter((stretch) => stretch.lane === lane).reduce((total, { from, to }) => total + to - from, 0);
        assert.equal(sum(0) + sum(1), instructions);
        assert.equal(
          sum(2),
          steps.reduce((total, { host }) => total + host, 0),
        );
        const end = lanes.at(-1)?.to ?? 0;
        const middle = firstAfter(lanes, end / 2);
        if (end > 0) assert.ok(lanes[middle].to > end / 2 && (lanes[middle - 1]?.to ?? 0) <= end / 2);
      }),
    );
  });

  it('keeps spans inside the run', () => {
    assert.deepEqual(zoomed({ from: 0, to: 100 }, 0.5, 50, 1000), { from: 25, to: 75 });
    assert.deepEqual(zoomed({ from: 0, to: 100 }, 100, 50, 1000), { from: 0, to: 1000 });
    assert.deepEqual(moved({ from: 900, to: 1000 }, 500, 1000), { from: 900, to: 1000 });
    assert.deepEqual(moved({ from: 0, to: 100 }, -5, 1000), { from: 0, to: 100 });
    assert.deepEqual([tickStep(7), tickStep(45), tickStep(0.2), tickStep(1001)], [10, 50, 1, 2000]);
  });
});
