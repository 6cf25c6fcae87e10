import { strict as assert } from 'node:assert';
import {
  compareRandom,
  compareThumb,
  emptyComparison,
  hasObjdump,
  type Comparison,
} from '../scripts/compare-objdump.ts';
import { disassemble } from './disassemble.ts';

const arm = (word: number, address = 0x8000): string => disassemble(word, address).text;

describe('disassembler', () => {
  it('names PC-relative targets, with symbols when there are any', () => {
    assert.equal(arm(0xea000001), 'b 0x800c');
    assert.equal(arm(0xe59f0010), 'ldr r0, [pc, #16] @ 0x8018');
    const symbolize = (address: number): string => `main+${address - 0x8000}`;
    assert.equal(disassemble(0xebfffffe, 0x8000, { symbolize }).text, 'bl 0x8000 <main+0>');
  });

  it('spells constants in decimal and remarks on large ones', () => {
    assert.equal(arm(0xe3a004ff), 'mov r0, #-16777216 @ 0xff000000');
    assert.equal(arm(0xe3a00c04), 'mov r0, #4, 24 @ 0x400');
    assert.equal(arm(0xe2800004), 'add r0, r0, #4');
  });

  it('splits operands at the top level only', () => {
    assert.deepEqual(disassemble(0xe8bd8010, 0).operands, ['{r4, pc}']);
    assert.deepEqual(disassemble(0xe7910102, 0).operands, ['r0', '[r1, r2, lsl #2]']);
    assert.deepEqual(disassemble(0xee070f9a, 0).operands, ['p15', '0', 'r0', 'c7', 'c10', '4']);
  });

  it('names undefined and UNPREDICTABLE words', () => {
    assert.equal(arm(0xe1600090), 'undefined');
    assert.equal(arm(0xe7f001f2), 'udf #18');
    assert.match(arm(0xe001f291), /<UNPREDICTABLE>$/);
    assert.equal(disassemble(0xe6bf0f31, 0, { arch: 'v5TE' }).text, 'undefined');
  });

  it('joins the halves of a Thumb BL', () => {
    assert.equal(disassemble(0xf000, 0x8000, { thumb: true, next: 0xf802 }).text, 'bl 0x8008');
    assert.equal(disassemble(0xf000, 0x8002, { thumb: true, next: 0xe802 }).text, 'blx 0x8008');
    assert.equal(disassemble(0xf802, 0x8002, { thumb: true }).mnemonic, 'bl');
  });
});

describe('disassembler against objdump', function () {
  this.timeout(60_000);
  before(function () {
    if (!hasObjdump()) this.skip();
  });

  function expectEqual(result: Comparison, atLeast: number): void {
    assert.deepEqual(result.differences.slice(0, 20), []);
    assert.ok(result.compared >= atLeast, `only ${result.compared} compared`);
  }

  for (const arch of ['v6K', 'v5TEJ', 'v5TE'] as const) {
    it(`agrees on random A32 words of ${arch}`, () => {
      const result = emptyComparison();
      compareRandom(60_000, 2026, arch, result);
      expectEqual(result, 45_000);
    });
  }

  it('agrees on every Thumb halfword, and on BL and BLX pairs', () => {
    const result = emptyComparison();
    compareThumb(result);
    expectEqual(result, 72_000);
  });
});
