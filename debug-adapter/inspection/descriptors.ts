/** Translation table descriptors of ARMv5, field by field (ARM DDI 0100I, B4.7), and fault status in words. */
import type { Access, Descriptor } from '../protocol.ts';
import { hex32 } from '../target.ts';

const LEVEL_1 = ['fault', 'coarse', 'section', 'fine'] as const;
const LEVEL_2 = ['fault', 'large', 'small', 'tiny'] as const;

/** Bits of an address that a descriptor of a type holds. */
const TARGET = {
  coarse: 0xffff_fc00,
  fine: 0xffff_f000,
  section: 0xfff0_0000,
  large: 0xffff_0000,
  small: 0xffff_f000,
  tiny: 0xffff_fc00,
} as const;

/** Decodes a level 1 descriptor. */
export function decodeLevel1(word: number): Descriptor {
  const type = LEVEL_1[word & 3];
  if (type === 'fault') return { word: hex32(word), type };
  const domain = (word >>> 5) & 15;
  const table = { word: hex32(word), type, domain, target: hex32(word & TARGET[type]) };
  return type === 'section' ? { ...table, ap: [(word >>> 10) & 3], ...attributes(word) } : table;
}

/** Decodes a level 2 descriptor of a coarse or a fine table. */
export function decodeLevel2(word: number, fine: boolean): Descriptor {
  const type = LEVEL_2[word & 3];
  if (type === 'fault') return { word: hex32(word), type };
  if (type === 'tiny' && !fine) return { word: hex32(word), type: 'reserved' };
  const quarters = type === 'tiny' ? [4] : [4, 6, 8, 10];
  const ap = quarters.map((bit) => (word >>> bit) & 3);
  return { word: hex32(word), type, ap, ...attributes(word), target: hex32(word & TARGET[type]) };
}

function attributes(word: number): { c: boolean; b: boolean } {
  return { c: (word & 8) !== 0, b: (word & 4) !== 0 };
}

/** Access by a domain's field of the DACR. */
export const DOMAIN_ACCESS = ['no access', 'client', 'reserved', 'manager'] as const;

/** Fault status, FSR bits 3 to 0 (ARM DDI 0100I, B4.6.1). */
const FAULTS: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'alignment',
  2: 'debug event',
  3: 'alignment',
  5: 'translation, section',
  7: 'translation, page',
  8: 'external abort, section',
  9: 'domain, section',
  10: 'external abort, page',
  11: 'domain, page',
  12: 'external abort on translation, level 1',
  13: 'permission, section',
  14: 'external abort on translation, level 2',
  15: 'permission, page',
};

/** A fault status in words. */
export function describeFault(status: number): string {
  return FAULTS[status & 15] ?? `status 0x${(status & 15).toString(16)}`;
}

/** What an access gets, from its fault status; 0 for none. */
export function access(status: number): Access {
  return status === 0 ? { ok: true } : { ok: false, status: status & 15, fault: describeFault(status) };
}
