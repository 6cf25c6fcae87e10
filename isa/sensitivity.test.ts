import { strict as assert } from 'node:assert';
import { randomWords } from './random-words.ts';
import {
  isSensitive,
  needsTrap,
  sensitiveClass,
  SENSITIVE_CLASSES,
  sensitivity,
  trapsInUserMode,
} from './sensitivity.ts';

const OPCODES = 'AND EOR SUB RSB ADD ADC SBC RSC - - - - ORR MOV BIC MVN'.split(' ');

/** Mask, value, name of the specification's list, written down independently of the tables. */
const RECOGNISERS: readonly (readonly [mask: number, value: number, name: string])[] = [
  [0x0fbf0fff, 0x010f0000, 'MRS'],
  [0x0fb0f000, 0x0320f000, 'MSR'],
  [0x0fb0fff0, 0x0120f000, 'MSR'],
  [0x0e708000, 0x08500000, 'LDM2'],
  [0x0e508000, 0x08508000, 'LDM3'],
  [0x0e700000, 0x08400000, 'STM2'],
  [0x0d700000, 0x04300000, 'LDRT'],
  [0x0d700000, 0x04700000, 'LDRBT'],
  [0x0d700000, 0x04200000, 'STRT'],
  [0x0d700000, 0x04600000, 'STRBT'],
  [0x0c10f000, 0x0010f000, 'data'],
];
const UNCONDITIONAL: readonly (readonly [mask: number, value: number, name: string])[] = [
  [0xfff1fe20, 0xf1000000, 'CPS'],
  [0xfe50ffff, 0xf8100a00, 'RFE'],
  [0xfe5fffe0, 0xf84d0500, 'SRS'],
];

/** The specification's answer, for the classes that do not trap by themselves. */
function recognise(word: number): string {
  const list = word >>> 28 === 15 ? UNCONDITIONAL : RECOGNISERS;
  for (const [mask, value, name] of list) {
    if ((word & mask) >>> 0 !== value) continue;
    const registerForm = (word & 0x02000000) !== 0;
    if (name === 'MSR' && mask === 0x0fb0f000 && (word & 0x000f0000) === 0) continue;
    if (/RB?T$/.test(name) && registerForm && (word & 0x10) !== 0) continue;
    if (name !== 'data') return name;
    if ((word & 0x01800000) === 0x01000000 || (!registerForm && (word & 0x90) === 0x90)) continue;
    return OPCODES[(word >>> 21) & 15];
  }
  return 'none';
}

function check(word: number): void {
  const found = sensitiveClass(word);
  const mine = found !== 'none' && trapsInUserMode(found) ? 'none' : found;
  if (mine !== recognise(word)) assert.fail(`${word.toString(16)}: ${mine}, specification ${recognise(word)}`);
}

describe('sensitivity', () => {
  it('has 31 classes, 7 of which trap in user mode', () => {
    assert.equal(new Set(SENSITIVE_CLASSES).size, 31);
    assert.equal(SENSITIVE_CLASSES.filter(trapsInUserMode).length, 7);
  });

  it('agrees with the recogniser masks of the specification on millions of words', function () {
    this.timeout(60_000);
    for (const word of randomWords(3_000_000, 21)) check(word);
    for (const [mask, value] of [...RECOGNISERS, ...UNCONDITIONAL]) {
      for (const noise of randomWords(60_000, value)) {
        check(((noise & ~mask) | value) >>> 0);
        check(((noise & ~mask) | value | 0xf0000000) >>> 0);
        // One wrong bit: the edge of each class.
        check((((noise & ~mask) | value) ^ (1 << (noise & 31))) >>> 0);
      }
    }
  });

  it('knows coprocessor access, which traps by itself', () => {
    const words = {
      MCR: 0xee070f9a,
      MRC: 0xee100f10,
      MCRR: 0xec400f00,
      MRRC: 0xec510f11,
      CDP: 0xee000000,
      LDC: 0xed900100,
      STC: 0xed800100,
    };
    for (const [name, word] of Object.entries(words)) {
      assert.deepEqual(sensitivity(word), { class: name, trapsInUserMode: true });
      assert.equal(isSensitive(word) && !needsTrap(word), true);
    }
  });

  it('calls ordinary words none', () => {
    for (const word of [
      0xe1a0f00e, 0xe8bd8010, 0xe320f000, 0xe59f0000, 0xef000000, 0xf57ff01f, 0xf1010200, 0xe13ff000,
    ]) {
      assert.deepEqual(sensitivity(word), { class: 'none', trapsInUserMode: false }, word.toString(16));
    }
  });
});
