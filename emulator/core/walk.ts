/**
 * The table walk of ARMv5 (ARM DDI 0100I, B4.7): reads descriptors, and leaves the whole walk as a value in WALK_*.
 * "Walk unreadable", "no mapping" and "mapping found" are distinct results; permission is decided afterwards, so that
 * the CPU, the shadow builder and a viewer share one function.
 */
import {
  HOST_PAGE,
  PHYS_MAP,
  REGIME_R,
  REGIME_S,
  REGIME_USER,
  WALK_AP,
  WALK_CB,
  WALK_DOMAIN,
  WALK_DOMAIN_ACCESS,
  WALK_L1,
  WALK_L1_ADDRESS,
  WALK_L2,
  WALK_L2_ADDRESS,
  WALK_PA,
  WALK_SHIFT,
  WALK_STATUS,
} from './generated/layout';

/** Fault status codes, FSR bits 3..0 (ARM DDI 0100I, B4.6). */
export const FSR_ALIGNMENT: u32 = 0x1;
export const FSR_EXTERNAL_WALK_L1: u32 = 0xc;
export const FSR_EXTERNAL_WALK_L2: u32 = 0xe;
const FSR_EXTERNAL_SECTION: u32 = 0x8;
const FSR_EXTERNAL_PAGE: u32 = 0xa;
const FSR_TRANSLATION_SECTION: u32 = 0x5;
const FSR_TRANSLATION_PAGE: u32 = 0x7;
const FSR_DOMAIN_SECTION: u32 = 0x9;
const FSR_DOMAIN_PAGE: u32 = 0xb;
const FSR_PERMISSION_SECTION: u32 = 0xd;
const FSR_PERMISSION_PAGE: u32 = 0xf;

/** Host address of a physical word, or 0 when no RAM answers (or, in a guest's own walk, RAM that is not the guest's). */
function tableWord(physical: u32, guest: bool): u32 {
  const page = physical >>> 12;
  if (guest && page >= HOST_PAGE) return 0;
  const base = load<u32>(PHYS_MAP + ((<u32>page) << 2));
  return base ? base + (physical & 0xffc) : 0;
}

/**
 * Walks the tables at `ttbr` for a modified virtual address. Leaves the walk in WALK_*; returns WALK_STATUS: 0 when a
 * mapping was found, else the fault status (5, 7 translation; 12, 14 external abort on a descriptor).
 */
export function walk(ttbr: u32, dacr: u32, mva: u32, guest: bool): u32 {
  const l1Address = (ttbr & 0xffff_c000) | ((mva >>> 18) & 0x3ffc);
  store<u32>(WALK_L1_ADDRESS, l1Address);
  store<u32>(WALK_L1, 0);
  store<u32>(WALK_L2_ADDRESS, 0);
  store<u32>(WALK_L2, 0);
  store<u32>(WALK_SHIFT, 20);
  store<u32>(WALK_DOMAIN, 0);
  store<u32>(WALK_DOMAIN_ACCESS, 0);
  const l1Word = tableWord(l1Address, guest);
  if (!l1Word) return finish(FSR_EXTERNAL_WALK_L1);
  const l1 = load<u32>(l1Word);
  store<u32>(WALK_L1, l1);
  const kind = l1 & 3;
  // The domain in the status of a section translation fault is not valid by the manual; the descriptor's field is kept.
  const domain = (l1 >>> 5) & 15;
  store<u32>(WALK_DOMAIN, domain);
  store<u32>(WALK_DOMAIN_ACCESS, (dacr >>> (domain << 1)) & 3);
  if (kind == 0) return finish(FSR_TRANSLATION_SECTION);
  if (kind == 2) {
    store<u32>(WALK_PA, (l1 & 0xfff0_0000) | (mva & 0xf_ffff));
    store<u32>(WALK_AP, (l1 >>> 10) & 3);
    store<u32>(WALK_CB, (l1 >>> 2) & 3);
    return finish(0);
  }
  const l2Address =
    kind == 1 ? (l1 & 0xffff_fc00) | ((mva >>> 10) & 0x3fc) : (l1 & 0xffff_f000) | ((mva >>> 8) & 0xffc);
  store<u32>(WALK_L2_ADDRESS, l2Address);
  store<u32>(WALK_SHIFT, 12);
  const l2Word = tableWord(l2Address, guest);
  if (!l2Word) return finish(FSR_EXTERNAL_WALK_L2);
  const l2 = load<u32>(l2Word);
  store<u32>(WALK_L2, l2);
  store<u32>(WALK_CB, (l2 >>> 2) & 3);
  switch (l2 & 3) {
    case 1:
      store<u32>(WALK_PA, (l2 & 0xffff_0000) | (mva & 0xffff));
      store<u32>(WALK_AP, (l2 >>> (4 + ((mva >>> 13) & 6))) & 3);
      store<u32>(WALK_SHIFT, 16);
      return finish(0);
    case 2:
      store<u32>(WALK_PA, (l2 & 0xffff_f000) | (mva & 0xfff));
      store<u32>(WALK_AP, (l2 >>> (4 + ((mva >>> 9) & 6))) & 3);
      return finish(0);
    case 3:
      // Tiny pages exist in fine tables only; in a coarse table the encoding is UNPREDICTABLE: no mapping here.
      if (kind != 3) return finish(FSR_TRANSLATION_PAGE);
      store<u32>(WALK_PA, (l2 & 0xffff_fc00) | (mva & 0x3ff));
      store<u32>(WALK_AP, (l2 >>> 4) & 3);
      store<u32>(WALK_SHIFT, 10);
      return finish(0);
    default:
      return finish(FSR_TRANSLATION_PAGE);
  }
}

// @ts-ignore: decorator
@inline function finish(status: u32): u32 {
  store<u32>(WALK_STATUS, status);
  return status;
}

/**
 * Decides an access to the mapping that the last walk found (ARM DDI 0100I, B4.3): 0, or the domain (9, 11) or
 * permission (13, 15) fault. `control` holds the regime's REGIME_S, REGIME_R and REGIME_USER bits.
 */
export function permission(control: u32, write: bool): u32 {
  const page = load<u32>(WALK_SHIFT) != 20;
  const access = load<u32>(WALK_DOMAIN_ACCESS);
  if (access == 3) return 0;
  if (access != 1) return page ? FSR_DOMAIN_PAGE : FSR_DOMAIN_SECTION;
  const denied = page ? FSR_PERMISSION_PAGE : FSR_PERMISSION_SECTION;
  const user = (control & REGIME_USER) != 0;
  switch (load<u32>(WALK_AP)) {
    case 0:
      if (write) return denied;
      if (control & REGIME_R) return control & REGIME_S ? denied : 0;
      return control & REGIME_S && !user ? 0 : denied;
    case 1:
      return user ? denied : 0;
    case 2:
      return user && write ? denied : 0;
    default:
      return 0;
  }
}

/** Status of an external abort on the access itself, by the kind of mapping of the last walk. */
export function externalAbort(mmu: bool): u32 {
  return mmu && load<u32>(WALK_SHIFT) != 20 ? FSR_EXTERNAL_PAGE : FSR_EXTERNAL_SECTION;
}
