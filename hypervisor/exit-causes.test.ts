import assert from 'node:assert/strict';
import { A32_ROWS } from '../isa/a32.ts';
import { decodeTrap, encodeTrap } from '../isa/lpv.ts';
import { depositFields } from '../isa/row.ts';
import { CAUSE, CAUSES, causeOfWord, type Cause } from './exit-causes.ts';

function causeOf(word: number): Cause {
  return CAUSES[causeOfWord(word)];
}

describe('exit causes', () => {
  it('have one index each', () => {
    assert.equal(new Set(CAUSES).size, CAUSES.length);
    for (const [name, index] of Object.entries(CAUSE)) assert.equal(CAUSES[index], name);
  });

  it('name each sensitive instruction', () => {
    const expected: readonly (readonly [number, Cause])[] = [
      [0xe10f2000, 'status.mrs'],
      [0xe14f8000, 'status.mrs'],
      [0xe321f0d3, 'status.msr'],
      [0xe16ff001, 'status.msr'],
      [0xf10c0080, 'status.cps'],
      [0xe1b0f00e, 'return.data-processing'],
      [0xe25ef004, 'return.data-processing'],
      [0xe8fdffff, 'return.ldm'],
      [0xf8bd0a00, 'return.rfe'],
      [0xf96d0513, 'status.srs'],
      [0xe9527ffe, 'user-bank.ldm'],
      [0xe9486000, 'user-bank.stm'],
      [0xe4b10004, 'user-access.load'],
      [0xe4f10001, 'user-access.load'],
      [0xe4a10004, 'user-access.store'],
      [0xe4e10001, 'user-access.store'],
      [0xee100f10, 'cp15.id'],
      [0xee11cf10, 'cp15.control'],
      [0xee020f10, 'cp15.translation-table'],
      [0xee030f10, 'cp15.domain-access'],
      [0xee150f30, 'cp15.fault-status'],
      [0xee160f10, 'cp15.fault-address'],
      [0xee070f15, 'cp15.cache'],
      [0xee070f90, 'wfi'],
      [0xee070f58, 'wfi'],
      [0xee080f17, 'cp15.tlb'],
      [0xee0a0f10, 'cp15.lockdown'],
      [0xee0d0f10, 'cp15.process-id'],
      [0xee0f0f10, 'cp15.test'],
      [0xee100e10, 'coprocessor'],
    ];
    for (const [word, cause] of expected) assert.equal(causeOf(word), cause, word.toString(16));
  });

  it('follow from the trap word as from the original', () => {
    for (const { bits } of A32_ROWS) {
      const word = depositFields(bits, { c: 14, n: 1, d: 15, S: 1, f: 1, l: 0x8001, i: 0x10, m: 2, M: 1, s: 3 });
      const trap = encodeTrap(word);
      const original = trap === undefined ? undefined : decodeTrap(trap);
      if (original !== undefined) assert.equal(causeOf(original), causeOf(word));
    }
  });
});
