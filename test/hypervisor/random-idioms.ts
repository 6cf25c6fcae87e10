/**
 * What random words hardly ever come to: a few words that together change a table, a root, a domain or a control bit,
 * or use the pages in which a hypervisor would have its own vectors. They use r0 to r3.
 */
import type { Random } from './random.ts';
import * as M from './random-memory.ts';
import { coarse, fine, instruction, load, NOP, patched, section, small, store, system } from './words.ts';

export const ADDRESS = 0;
export const VALUE = 1;
export const OTHER = 2;
/** Megabytes that are mapped, or through which process numbers map the low ones. */
const MEGABYTES = [0, 1, 1, 2, 5, 0x20, 0x21, 0x40, 0x100, 0xf00, 0xfff, 0xfff, 0xfff];
/** SCTLR bits V (twice), S, R, both, M, as the fields of an immediate. */
const CONTROL_BITS = [
  { i: 2, r: 10 },
  { i: 2, r: 10 },
  { i: 1, r: 12 },
  { i: 2, r: 12 },
  { i: 3, r: 12 },
  { i: 1, r: 0 },
] as const;
const RETURNS = [
  instruction('MOV_shi', { S: 1, d: 15, m: 14 }),
  instruction('SUB_imm', { S: 1, d: 15, n: 14, i: 4 }),
  instruction('SUB_imm', { S: 1, d: 15, n: 14, i: 8 }),
];

/** Puts a constant into a register, in one to four words. */
export function constant(d: number, value: number): number[] {
  const words: number[] = [];
  for (let shift = 0; shift < 32; shift += 8) {
    const i = (value >>> shift) & 0xff;
    if (i === 0) continue;
    const rotation = ((32 - shift) / 2) & 15;
    words.push(
      instruction(words.length > 0 ? 'ORR_imm' : 'MOV_imm', { d, n: words.length > 0 ? d : 0, i, r: rotation }),
    );
  }
  return words.length > 0 ? words : [instruction('MOV_imm', { d, i: 0 })];
}

export const storeWord = (address: number, value: number): number[] => [
  ...constant(ADDRESS, address),
  ...constant(VALUE, value),
  store(VALUE, ADDRESS),
];

/** A TLB operation, or none: an entry may be used unflushed. */
function perhapsFlush(random: Random): number[] {
  switch (random.below(4)) {
    case 0:
      return [system(8, ADDRESS, 7, 0)];
    case 1:
      return [system(8, ADDRESS, random.pick([5, 6, 7]), 1)];
    default:
      return [];
  }
}

function secondLevelSlot(random: Random): number {
  if (random.chance(25)) return M.FINE + 4 * random.pick([0, 1, 2, 3, 4, 8, 0x3c0, 0x3c4, 0x3c8, random.below(1024)]);
  const table = M.L2 + 0x400 * random.pick([0, 0, 1, 1, 2, 3]);
  return table + 4 * random.pick([0, 1, 2, 3, 0x20, 0x21, 0xf0, 0xf0, 0xf1, 0xf1, 0xf2, 0xf3, random.below(256)]);
}

function firstLevelSlot(random: Random): number {
  return random.pick(M.ROOTS) + 4 * random.pick(MEGABYTES);
}

/** Changes one descriptor. The low megabyte, which has the code, mostly stays mapped to itself. */
function editTable(random: Random): number[] {
  if (random.chance(45)) {
    const slot = firstLevelSlot(random);
    const low = (slot & 0x3fff) === 0 && random.chance(85);
    const value = low ? random.pick([section(0), section(0, 2), section(0, 1), coarse(M.L2)]) : M.l1Descriptor(random);
    return [...storeWord(slot, value), ...perhapsFlush(random)];
  }
  const value = random.chance(40)
    ? small(
        random.pick([0, M.DATA, M.DATA + 0x1000, M.CODE, M.L2, M.L1, M.FINE]),
        random.pick([0xff, 0xaa, 0x55, 0xe4]),
      )
    : M.l2Descriptor(random);
  return [...storeWord(secondLevelSlot(random), value), ...perhapsFlush(random)];
}

/** One second-level table for two megabytes, or for two roots. */
function shareTable(random: Random): number[] {
  const table = random.chance(75)
    ? coarse(M.L2 + 0x400 * random.below(4), random.below(3))
    : fine(M.FINE, random.below(3));
  return [...storeWord(firstLevelSlot(random), table), ...storeWord(firstLevelSlot(random), table)];
}

/** A table that nothing refers to any more becomes data: the words in it change, and perhaps it comes back. */
function retireTable(random: Random): number[] {
  const slot = firstLevelSlot(random);
  if ((slot & 0x3fff) === 0) return [];
  const table = random.pick([M.L2 + 0x400, M.L2 + 0x800, M.FINE]);
  const words = [...storeWord(slot, 0), ...perhapsFlush(random)];
  words.push(...constant(ADDRESS, table + 4 * random.pick([0, 0xf0, 0xf1])), ...constant(VALUE, random.word()));
  words.push(instruction('STM', { n: ADDRESS, U: 1, W: 1, l: 0x0e }), store(VALUE, ADDRESS, 4));
  if (random.chance(60)) words.push(...storeWord(slot, coarse(table)));
  return words;
}

function changeRoot(random: Random): number[] {
  const root = random.chance(94) ? random.pick(M.ROOTS) : random.pick([M.L2 & ~0x3fff, M.DATA, M.address(random)]);
  return [...constant(VALUE, root), system(2, VALUE), ...(random.chance(50) ? [system(8, VALUE, 7, 0)] : [])];
}

function changeControl(random: Random): number[] {
  switch (random.below(4)) {
    case 0: {
      const types = random.chance(70) ? (random.word() & ~3) | random.pick([1, 1, 1, 3]) : random.word();
      return [...constant(VALUE, types >>> 0), system(3, VALUE)];
    }
    case 1:
      return [...constant(VALUE, random.pick([0, 0, 0x0200_0000, 0x0400_0000])), system(13, VALUE, 0, random.below(2))];
    default:
      return [
        instruction('MRC', { d: VALUE, n: 1, p: 15 }),
        instruction('EOR_imm', { d: VALUE, n: VALUE, ...random.pick(CONTROL_BITS) }),
        system(1, VALUE),
      ];
  }
}

/** Loads, stores and calls in the pages of a hypervisor, and vectors rewritten where they are. */
function useHostPage(random: Random): number[] {
  const page = random.pick(M.HOST_PAGES);
  switch (random.below(6)) {
    case 0:
      return storeWord(page + 4 * random.below(8), patched(random.pick(RETURNS)));
    case 1: {
      // A return instruction first, then the call.
      const at = page + 0x400 + 4 * random.below(64);
      const words = random.chance(60) ? storeWord(at, instruction('BX', { m: 14 })) : constant(ADDRESS, at);
      return [...words, instruction('BLX_reg', { m: ADDRESS })];
    }
    case 2:
      return [
        ...constant(ADDRESS, page + random.pick([0xff8, 0xffc, 0x3fc, 0])),
        instruction(random.pick(['STM', 'LDM']), { n: ADDRESS, U: 1, l: 0x0e }),
      ];
    default: {
      const words = constant(ADDRESS, page + 4 * random.below(1024));
      const access = random.pick([
        load(OTHER, ADDRESS),
        store(OTHER, ADDRESS),
        instruction('LDRT_imm', { d: OTHER, n: ADDRESS, U: 1 }),
        instruction('STRT_imm', { d: OTHER, n: ADDRESS, U: 1 }),
        instruction('SWP', { d: 3, m: OTHER, n: ADDRESS }),
      ]);
      return [...words, access];
    }
  }
}

/** A few words that do one such thing; not yet paravirtualized. */
export function idiom(random: Random): number[] {
  const kind = random.below(100);
  const words = ((): number[] => {
    if (kind < 30) return editTable(random);
    if (kind < 38) return shareTable(random);
    if (kind < 46) return retireTable(random);
    if (kind < 56) return changeRoot(random);
    if (kind < 70) return changeControl(random);
    return useHostPage(random);
  })();
  return words.length > 0 ? words : [NOP];
}
