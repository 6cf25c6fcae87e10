/**
 * Random code: words of every row of the instruction tables up to ARMv5TEJ with random fields, mixed with arbitrary
 * words. Fields are biased so that something happens: mostly unconditional, small aligned offsets, short branches.
 * Words that the manual calls UNPREDICTABLE are left out, as there is nothing to compare them with.
 */
import { A32_ROWS } from '../../isa/a32.ts';
import { decodeA32, decodeThumb } from '../../isa/decode.ts';
import { archLevel, type Row } from '../../isa/row.ts';
import { THUMB_ROWS } from '../../isa/thumb.ts';
import type { Rng } from './rng.ts';

export const ARCH = 'v5TEJ';
const MODES = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];
const COND_AL = 14;
const THUMB_PREFIX = 0xf000;
const THUMB_SUFFIX = 0xf800;
const THUMB_BLX_SUFFIX = 0xe800;
const NOP = 0xe1a0_0000;
const THUMB_NOP = 0x46c0;

const within = (row: Row): boolean => archLevel(row.arch) <= archLevel(ARCH);
const a32Rows = A32_ROWS.filter(within);
const thumbRows = THUMB_ROWS.filter(within);
/** Chosen more often than other rows: few rows, much behaviour. */
const FREQUENT = /^(LDR|STR|LDM|STM|SWP|MRS|MSR|B$|BL|BX|SVC)/;
const frequentRows = a32Rows.filter((row) => FREQUENT.test(row.name));

/** cp15 operations that may appear anywhere: identification, fault status and address, process and context, TLB. */
const CP15_READS = [
  ...[0xee10_0f10, 0xee10_0f30, 0xee11_0f10, 0xee12_0f10, 0xee13_0f10, 0xee15_0f10, 0xee15_0f30, 0xee16_0f10],
  ...[0xee1d_0f10, 0xee1d_0f30],
];
const CP15_WRITES = [
  ...[0xee05_0f10, 0xee05_0f30, 0xee06_0f10, 0xee0d_0f30, 0xee08_0f17, 0xee08_0f15, 0xee08_0f16, 0xee08_0f37],
  ...[0xee07_0f15, 0xee07_0f9a, 0xee07_0f35, 0xee07_0f3a, 0xee07_0f3e],
];

/** Writes a value to a field of a word by the letter of the field. */
function setField(row: Row, word: number, letter: string, value: number): number {
  let left = value;
  let result = word;
  for (let i = row.bits.length - 1; i >= 0; i--) {
    if (row.bits[i] !== letter) continue;
    const bit = 1 << (row.bits.length - 1 - i);
    result = left & 1 ? result | bit : result & ~bit;
    left >>>= 1;
  }
  return result >>> 0;
}

function randomFields(row: Row, rng: Rng): number {
  const random = rng.word();
  const free = ~(row.mask | row.shouldMask);
  let word = (row.value | row.shouldValue | (random & free)) >>> 0;
  if (row.bits.length === 16) word &= 0xffff;
  if (row.bits.startsWith('cccc')) {
    word = setField(row, word, 'c', rng.chance(70) ? COND_AL : rng.below(15));
  }
  return word;
}

/** A PSR value of a real mode, sometimes in Thumb state. */
export function randomPsr(rng: Rng): number {
  const flags = rng.word() & 0xf800_0000;
  return (flags | (rng.word() & 0xc0) | (rng.chance(25) ? 0x20 : 0) | rng.pick(MODES)) >>> 0;
}

function shapeA32(row: Row, word: number, rng: Rng): number {
  const { name } = row;
  if (row.group === 'load-store') {
    if (name.endsWith('_imm') && rng.chance(70)) {
      const small = rng.below(16) * (rng.chance(80) ? 4 : 1);
      if (/H_|SB_|D_/.test(name)) return setField(row, word, 'i', small);
      return setField(row, word, 'i', small);
    }
    return name.endsWith('_reg') && row.bits.includes('i') && rng.chance(50) ? setField(row, word, 'i', 0) : word;
  }
  if (name === 'B' || name === 'BL' || name === 'BLX_imm') {
    const distance = rng.chance(80) ? rng.below(24) : -rng.below(12) - 3;
    return setField(row, word, 'i', rng.chance(95) ? distance & 0xff_ffff : rng.word() & 0xff_ffff);
  }
  if (name === 'MSR_imm' || name === 'MSR_reg') {
    const mask = rng.pick([1, 8, 9, 9, 9, 15, 6]);
    let result = setField(row, word, 'f', mask);
    if (name === 'MSR_imm' && mask & 1) result = setField(row, result, 'r', 0);
    if (name === 'MSR_imm' && mask & 1) result = setField(row, result, 'i', randomPsr(rng) & 0xdf);
    return result;
  }
  if (row.group === 'multiple' && rng.chance(60)) {
    return setField(row, word, 'l', rng.word() & rng.word() & rng.word() & 0xffff) | (word & (row.value & 0x8000));
  }
  if (name === 'MCR' || name === 'MRC') {
    if (rng.chance(70)) {
      const base = rng.pick(name === 'MCR' ? CP15_WRITES : CP15_READS);
      return (base | (rng.below(rng.chance(90) ? 15 : 16) << 12)) >>> 0;
    }
    // A coprocessor that is absent: undefined.
    const cp = rng.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13]);
    return setField(row, word, 'p', cp);
  }
  if (row.group === 'coprocessor') return setField(row, word, 'p', rng.pick([0, 1, 2, 3, 4, 7, 8, 9, 12, 13]));
  return word;
}

/** Whether a random word must not be generated: writes to system control, waiting, coprocessors QEMU adds. */
function unwanted(word: number): boolean {
  if ((word & 0x0f00_0010) !== 0x0e00_0010 && (word & 0x0c00_0000) !== 0x0c00_0000) return false;
  if ((word & 0x0f00_0000) === 0x0f00_0000) return false;
  const cp = (word >>> 8) & 15;
  if (cp === 10 || cp === 11 || cp === 14) return true;
  if (cp !== 15) return false;
  if ((word & 0x0f00_0010) !== 0x0e00_0010) return true;
  const base = (word & 0x0fff_0fff) | 0xe000_0000;
  return !CP15_READS.includes(base >>> 0) && !CP15_WRITES.includes(base >>> 0);
}

/** One A32 word. */
export function randomA32(rng: Rng): number {
  for (let tries = 0; tries < 40; tries++) {
    let word: number;
    if (rng.chance(8)) word = rng.word();
    else {
      const row = rng.pick(rng.chance(45) ? frequentRows : a32Rows);
      // The sum of two random registers is seldom an address.
      if (row.group === 'load-store' && row.name.endsWith('_reg') && rng.chance(65)) continue;
      word = shapeA32(row, randomFields(row, rng), rng) >>> 0;
    }
    if (!unwanted(word) && decodeA32(word, ARCH).unpredictable === undefined) return word;
  }
  return NOP;
}

function randomThumbHalf(rng: Rng): number {
  for (let tries = 0; tries < 40; tries++) {
    const row = rng.pick(thumbRows);
    let half = rng.chance(8) ? rng.word() & 0xffff : randomFields(row, rng);
    if (row.name === 'T_B' && rng.chance(95)) half = 0xe000 | ((rng.below(24) - (rng.chance(20) ? 12 : 0)) & 0x7ff);
    if (row.name === 'T_B_cond' && rng.chance(90)) half = (half & 0xff00) | (rng.below(24) & 0xff);
    const decoded = decodeThumb(half, undefined, ARCH);
    if (decoded.unpredictable === undefined && decoded.row?.name !== 'T_BL_prefix') return half;
  }
  return THUMB_NOP;
}

/** A word of Thumb code: two halfwords, or a BL or BLX pair. */
export function randomThumbWord(rng: Rng): number {
  if (rng.chance(6)) {
    const near = rng.chance(90);
    const high = near ? rng.pick([0, 0, 0x7ff]) : rng.below(0x800);
    const low = near ? (high ? 0x7ff - rng.below(40) : rng.below(60)) : rng.below(0x800);
    const suffix = rng.chance(50) ? THUMB_SUFFIX | low : THUMB_BLX_SUFFIX | (low & 0x7fe);
    return (THUMB_PREFIX | high | (suffix << 16)) >>> 0;
  }
  return (randomThumbHalf(rng) | (randomThumbHalf(rng) << 16)) >>> 0;
}

/** Values that arithmetic and shifts treat specially. */
const SPECIAL = [0, 1, 31, 32, 33, 0xff, 0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x8000, 0x7fff, 0xffff_8000];

/** A value for a register or a data word; `pointer` makes an address in a mapped range. */
export function randomValue(rng: Rng, pointer: () => number): number {
  const kind = rng.below(100);
  if (kind < 60) return pointer();
  if (kind < 72) return rng.word();
  if (kind < 84) return rng.pick(SPECIAL);
  if (kind < 92) return randomPsr(rng);
  return rng.below(256);
}
