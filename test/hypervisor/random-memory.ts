/** Where random guests have their tables, code and data, and the addresses and descriptors worth trying. */
import { DEVICE } from './hostile-board.ts';
import type { Random } from './random.ts';
import { coarse, fine, large, section, small, tiny } from './words.ts';

export const L1 = 0x4000;
export const OTHER_L1 = 0x8000;
export const L2 = 0xc000;
export const FINE = 0xd000;
export const THIRD_L1 = 0x3_0000;
export const ROOTS = [L1, OTHER_L1, THIRD_L1] as const;
export const CODE = 0x1_0000;
export const USER_CODE = 0x1_1000;
export const DATA = 0x2_0000;

/** Pages in which a hypervisor's own vectors and the page that it shares with the guest may lie, and their neighbours. */
export const HOST_PAGES = [
  ...[0xffff_0000, 0xffff_0000, 0xffff_1000, 0xffff_1000, 0xffff_2000, 0xffff_3000],
  ...[0, 0, 0x1000, 0x2000],
] as const;

/** Addresses worth aiming at, as physical and (mostly) as virtual ones. */
export function address(random: Random): number {
  const base = random.pick([
    ...[0, L1, L1 + 4, OTHER_L1, L2, L2 + 0x100, FINE, CODE, USER_CODE, DATA, DATA + 0x1000, 0x7_f000, 0x8_0000],
    ...[DEVICE, DEVICE + 0xe00, DEVICE + 0xf00, DEVICE + 0x1000, 0x0010_0000, 0x0020_0000, 0x0030_0000, 0x0200_0000],
    ...[0xf000_0000, 0xf000_4000, 0xf040_0000, 0xffff_0000, 0xffff_1000, 0xffff_f000, 0xc000_0000, 0xfff0_0000],
  ]);
  const offset = random.pick([0, 0, 4, 8, 0x3fc, 0x400, 0xff0, 0xff8, 0xffc, -4, -8, random.below(0x1000) & ~3]);
  return (base + offset + (random.chance(6) ? random.below(4) : 0)) >>> 0;
}

function frame(random: Random): number {
  return random.chance(70)
    ? random.pick([0, L1, OTHER_L1, L2, FINE, CODE, USER_CODE, DATA, DATA + 0x1000])
    : random.pick([DEVICE, 0xf000_0000, 0xf000_5000, 0x7_f000, 0x8_0000, 0xffff_f000]);
}

export function l1Descriptor(random: Random): number {
  const domain = random.chance(70) ? 0 : random.below(16);
  switch (random.below(10)) {
    case 0:
      return random.word();
    case 1:
      return 0;
    case 2:
    case 3:
    case 4:
      return coarse(random.pick([L2, L2 + 0x400, L2 + 0x800, L1, L1 + 0x400, DATA, DEVICE, 0xf000_0000]), domain);
    case 5:
    case 6:
      return fine(random.pick([FINE, FINE, L1, OTHER_L1, L2, DATA, 0xf000_0000]), domain);
    default:
      return section(random.pick([0, 0, 0, 0, DEVICE, 0xf000_0000, 0x10_0000]), random.below(4), domain);
  }
}

export function l2Descriptor(random: Random): number {
  const ap = random.below(4) * 0x55;
  switch (random.below(10)) {
    case 0:
      return random.word();
    case 1:
      return 0;
    case 2:
    case 3:
      return large(frame(random) & 0xffff_0000, random.chance(50) ? 0xff : random.below(256));
    case 4:
      return tiny(frame(random) | (random.below(4) << 10), random.below(4));
    default:
      return small(frame(random), random.chance(70) ? 0xff : ap);
  }
}
