import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { decodeTrap, encodeTrap, LPV_FORMS, trapGroup } from './lpv.ts';
import { randomWords } from './random-words.ts';
import { needsTrap, sensitiveClass } from './sensitivity.ts';

const hex = (word: number | undefined): string => (word === undefined ? 'none' : word.toString(16).padStart(8, '0'));

/** Original, trap and text of the published and agreed examples. */
const VECTORS: readonly (readonly [number, number, string])[] = [
  [0xe10f2000, 0xef022000, 'mrs r2,cpsr'],
  [0xe4b10004, 0xec110204, 'ldrt r0,[r1],#4'],
  [0xe6623184, 0xec223684, 'strbt r3,[r2],-r4,lsl #3'],
  [0xe95d7fff, 0xef3d7fff, 'ldmdb sp,{r0-lr}^'],
  [0xe8ddffff, 0xef5d7fff, 'ldmia sp,{r0-pc}^'],
  [0xe9486000, 0xefa86000, 'stmdb r8,{sp,lr}^'],
  [0xe1b0f00e, 0xefed000e, 'movs pc,lr'],
  [0xe25ef004, 0xeff2e004, 'subs pc,lr,#4'],
  [0xf10c0080, 0xef0c0080, 'cpsid i'],
  [0xe321f0d3, 0xef0130d3, 'msr cpsr_c,#0xd3'],
  [0xe16ff000, 0xef0fc000, 'msr spsr_cxsf,r0'],
];

/** CPS with imod 01, or with neither imod nor M. */
function hasNoTrap(word: number): boolean {
  if (sensitiveClass(word) !== 'CPS') return false;
  const [imod, changesMode] = [(word >>> 18) & 3, (word >>> 17) & 1];
  return imod === 1 || (imod === 0 && changesMode === 0);
}

function roundTrips(word: number): void {
  const trap = encodeTrap(word);
  if (trap === undefined) assert.fail(`${hex(word)} has no trap`);
  assert.equal(hex(decodeTrap(trap)), hex(word), `through ${hex(trap)}`);
  assert.equal((trap & 0x0e000000) >>> 0 === 0x0c000000 || (trap & 0x0f000000) === 0x0f000000, true);
}

/** Random members of a form: letters random, the rest as in the bit string. */
function* members(mask: number, value: number, count: number): Generator<number> {
  for (const word of randomWords(count, value ^ mask)) yield ((word & ~mask) | value) >>> 0;
}

describe('LPV traps', () => {
  for (const [original, trap, text] of VECTORS) {
    it(`encodes ${text} as ${hex(trap)}`, () => {
      assert.equal(hex(encodeTrap(original)), hex(trap));
      assert.equal(hex(decodeTrap(trap)), hex(original));
    });
  }

  it('round-trips millions of originals, all but the CPS forms that have no trap', function () {
    this.timeout(60_000);
    let count = 0;
    for (const form of LPV_FORMS) {
      for (const word of members(form.originalMask, form.originalValue, 100_000)) {
        if (!needsTrap(word)) continue;
        if (hasNoTrap(word)) assert.equal(encodeTrap(word), undefined);
        else roundTrips(word);
        count++;
      }
    }
    assert.ok(count > 1_800_000, `${count} words`);
  });

  it('round-trips every status, RFE, SRS and CPS word of one condition', () => {
    let count = 0;
    const bases = [0xe1000000, 0xe1400000, 0xe1200000, 0xe1600000, 0xf1000000, 0xf8000000, 0xf9000000];
    for (const base of bases) {
      for (let high = 0; high < 0x100; high++) {
        for (const low of [0x0000, 0x0a00, 0x0510, 0x051f, 0x00d3, 0xf000, 0xf00f, 0x01d3, 0x3000]) {
          const word = (base | (high << 16) | low) >>> 0;
          if (!needsTrap(word) || hasNoTrap(word)) continue;
          roundTrips(word);
          count++;
        }
      }
    }
    assert.ok(count > 200, `${count} words`);
  });

  it('gives every trap word one original, which encodes to it again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), fc.integer({ min: 0, max: 14 }), (low, cond) => {
        const word = ((cond << 28) | 0x0f000000 | low) >>> 0;
        const original = decodeTrap(word);
        if (original === undefined || (original & 0xfffffdff) >>> 0 === 0xf1010000) return;
        assert.equal(hex(encodeTrap(original)), hex(word));
      }),
      { numRuns: 50_000 },
    );
  });

  it('encodes nothing that is not sensitive, or that traps by itself', () => {
    for (const word of [
      0xe1a00000, 0xe3a0f000, 0xee070f9a, 0xec510f11, 0xe320f000, 0xef022000, 0xe8bd8010, 0xf1010200,
    ]) {
      assert.equal(encodeTrap(word), undefined, hex(word));
    }
    for (const word of randomWords(200_000, 5)) {
      assert.equal(encodeTrap(word) !== undefined, needsTrap(word) && !hasNoTrap(word), hex(word));
    }
  });

  it('refuses a trap with a reserved bit set', () => {
    for (const form of LPV_FORMS) {
      const bits = [...form.trap];
      bits.forEach((letter, i) => {
        if (letter !== '0' || i < 8 || i >= 20) return;
        const changed = (form.trapValue | (0x0e << 28) | (1 << (31 - i))) >>> 0;
        const original = decodeTrap(changed);
        if (original === undefined) return;
        const other = LPV_FORMS.find(({ trapMask, trapValue }) => (changed & trapMask) >>> 0 === trapValue);
        assert.notEqual(other?.name, form.name);
      });
    }
    const reserved = [0xef022001, 0xef012800, 0xef014010, 0xef010080, 0xef0c8080, 0xef0c0280, 0xef0c00a0, 0xef100001];
    for (const word of [...reserved, 0xef118513, 0xef108053, 0xef001002, 0xef011000, 0xef005000, 0xef007000]) {
      assert.equal(decodeTrap(word), undefined, hex(word));
    }
  });

  it('leaves ordinary system calls alone', () => {
    for (const word of [0xef123456, 0xef000000, 0xef000005, 0xefc00000, 0xefd00000, 0xff022000]) {
      assert.equal(decodeTrap(word), undefined, hex(word));
    }
    assert.equal(decodeTrap(0xefe80000), undefined, 'a comparison writes no register');
    assert.equal(decodeTrap(0xefed0090), undefined, 'bits 7 and 4: not a shifter operand');
    assert.equal(decodeTrap(0xef0030d3), undefined, 'an empty field mask is a hint');
  });

  it('decodes SETEND but never produces it', () => {
    assert.equal(hex(decodeTrap(0xef001001)), 'f1010200');
    assert.equal(hex(decodeTrap(0xef001000)), 'f1010000');
    assert.equal(encodeTrap(0xf1010200), undefined);
  });

  it('uses AL for the originals that have no condition', () => {
    for (const word of [0xf10c0080, 0xf8bd0a00, 0xf96d0513]) assert.equal(encodeTrap(word)! >>> 28, 14);
    assert.equal(decodeTrap(0x0f0c0080), undefined);
  });

  it('keeps bit 20 (load or store) of the LDRT family', () => {
    for (const form of LPV_FORMS.filter(({ group }) => group === 12)) {
      for (const word of members(form.originalMask, form.originalValue, 2000)) {
        if (word >>> 28 === 15) continue;
        assert.equal((encodeTrap(word)! >>> 20) & 1, (word >>> 20) & 1, hex(word));
        assert.equal(trapGroup(encodeTrap(word)!), 12);
      }
    }
  });

  it('encodes offsets whose P, U and W bits are all 0, in the MCRR space', () => {
    const trap = encodeTrap(0xe4b10004 & ~0xf00);
    assert.equal(hex(trap), 'ec110204');
    assert.equal(hex(encodeTrap(0xe4310004)), 'ec110104');
    assert.equal(hex(decodeTrap(0xec110104)), 'e4310004');
    assert.equal(hex(encodeTrap(0xe4310204)), 'ec510104');
    assert.equal(hex(decodeTrap(0xec510104)), 'e4310204');
  });

  it('numbers the groups', () => {
    assert.equal(trapGroup(0xef022000), 0);
    assert.equal(trapGroup(0xef3d7fff), 3);
    assert.equal(trapGroup(0xef5d7fff), 5);
    assert.equal(trapGroup(0xefa86000), 10);
    assert.equal(trapGroup(0xec110204), 12);
    assert.equal(trapGroup(0xefed000e), 14);
    assert.equal(trapGroup(0xef123456), undefined);
  });
});
