/** The Page Tables view: rows of the tree, walks in words, and who made an entry. */
import assert from 'node:assert/strict';
import type { ExitLogRow, ShadowState, TableRow, WalkedDescriptor } from '../../../debug-adapter/protocol.ts';
import { apText, cacheText, lastFill, possibleWrites, rowAt, treeRows, typeText, walkSteps } from './model.ts';

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

function row(
  index: number,
  address: number,
  type: WalkedDescriptor['type'],
  state: ShadowState,
  entries = 0,
): TableRow {
  const cell = { state, entries };
  return {
    ...{ index, address: hex(address) },
    guest: { level: 1, address: '0x00004000', word: '0x00000000', type, target: '0x00010000' },
    shadow: { privileged: cell, user: { state: 'missing' } },
  };
}

function exit(index: number, cause: string, address: number): ExitLogRow {
  const common = { index, instructions: index, pc: hex(index), mode: 'svc', hostInstructions: 30 };
  return { ...common, cause, address: hex(address) };
}

describe('model of the Page Tables view', () => {
  const megabytes = [
    row(0, 0, 'coarse', 'same', 3),
    row(1, 0x10_0000, 'section', 'missing'),
    row(2, 0x20_0000, 'section', 'narrower', 2),
  ];
  const pages = new Map([[0, [row(0, 0, 'small', 'same'), row(1, 0x1000, 'small', 'missing')]]]);

  it('has pages under the megabytes that are open', () => {
    const rows = treeRows(megabytes, pages, false);
    assert.deepEqual(
      rows.map(({ key, depth, hasPages }) => [key, depth, hasPages]),
      [
        ['0x00000000', 1, true],
        ['0/0x00000000', 2, false],
        ['0/0x00001000', 2, false],
        ['0x00100000', 1, false],
        ['0x00200000', 1, true],
      ],
    );
    assert.equal(rowAt(rows, 0x1fff), 2);
    assert.equal(rowAt(rows, 0xffff_ffff), 4);
  });

  it('shows only what needs attention, or is missing, in the mode wanted', () => {
    const keys = (user: boolean, filter: 'attention' | 'missing'): string[] =>
      treeRows(megabytes, new Map(), user, filter).map(({ key }) => key);
    assert.deepEqual(keys(false, 'attention'), ['0x00200000']);
    assert.deepEqual(keys(false, 'missing'), ['0x00100000']);
    assert.equal(keys(true, 'missing').length, 3);
  });

  it('explains a walk of two levels', () => {
    const coarse: WalkedDescriptor = {
      ...{ level: 1, address: '0x0002b000', word: '0x00017411', type: 'coarse', domain: 0, target: '0x00017400' },
    };
    const small: WalkedDescriptor = {
      ...{ level: 2, address: '0x00017494', word: '0x00025552', type: 'small', ap: [1, 1, 1, 1], target: '0x00025000' },
      ...{ c: false, b: true },
    };
    const [first, second] = walkSteps(0xc002_5fa0, 0x0002_8000, [coarse, small]);
    assert.equal(first.from, 'table 0x00028000 + VA[31:20] (0xc00) × 4 = 0x0002b000');
    assert.equal(second.from, 'table 0x00017400 + VA[19:12] (0x25) × 4 = 0x00017494');
    assert.equal(second.result, 'small 4 KB, AP 1, buffered at 0x00025000');
    assert.deepEqual([typeText(small), apText({ ...small, ap: [0, 1, 2, 3] }), cacheText(small)], ['small 4 KB', '0.1.2.3', '–B']); // prettier-ignore
    // The numbers in the text are those of the architecture.
    assert.equal(0x0002_8000 + 0xc00 * 4, Number(coarse.address));
    assert.equal(0x0001_7400 + 0x25 * 4, Number(small.address));
  });

  it('finds the exits that made an entry', () => {
    const log = [
      exit(1, 'shadow.fill', 0xc002_5004),
      exit(2, 'shadow.page-table-write', 0xc001_7494),
      exit(3, 'shadow.fill', 0xc002_5ffc),
      exit(4, 'shadow.emulation', 0xc0ff_f494),
      exit(5, 'shadow.page-table-write', 0xc001_7498),
    ];
    assert.equal(lastFill(log, 0xc002_5fa0)?.index, 3);
    assert.equal(lastFill(log, 0xc002_6000), undefined);
    assert.deepEqual(
      possibleWrites(log, '0x00017494').map(({ index }) => index),
      [4, 2],
    );
  });
});
