/** System control registers of the ARM926EJ-S, field by field (ARM DDI 0198E, 2.3). */
import type { RegisterName } from '../../emulator/registers.ts';
import type { SystemRegister } from '../protocol.ts';
import { hex32 } from '../target.ts';
import { describeFault, DOMAIN_ACCESS } from './descriptors.ts';

type Field = SystemRegister['fields'][number];

/** Bits of SCTLR, and what they mean when they are set. */
const SCTLR_BITS: readonly [string, number, string][] = [
  ['M', 0, 'MMU on'],
  ['A', 1, 'alignment checked'],
  ['C', 2, 'data cache on'],
  ['B', 7, 'big-endian'],
  ['S', 8, 'system protection: AP 0 is read-only for privileged modes'],
  ['R', 9, 'ROM protection: AP 0 is read-only for all'],
  ['I', 12, 'instruction cache on'],
  ['V', 13, 'vectors at 0xffff0000'],
  ['RR', 14, 'round-robin replacement'],
  ['L4', 15, 'loads to PC do not change state'],
];

const sctlr = (value: number): Field[] =>
  SCTLR_BITS.map(([name, bit, meaning]) => ({ name, value: ((value >>> bit) & 1) === 1, meaning }));

const dacr = (value: number): Field[] =>
  Array.from({ length: 16 }, (_, domain) => {
    const field = (value >>> (domain * 2)) & 3;
    return { name: `D${domain}`, value: field, meaning: DOMAIN_ACCESS[field] };
  });

const faultStatus = (value: number): Field[] => [
  { name: 'status', value: value & 15, meaning: describeFault(value) },
  { name: 'domain', value: (value >>> 4) & 15, meaning: 'domain of the access' },
];

const FIELDS: Readonly<Partial<Record<RegisterName, (value: number) => Field[]>>> = {
  midr: (value) => [
    { name: 'implementer', value: value >>> 24, meaning: value >>> 24 === 0x41 ? 'ARM' : 'other' },
    { name: 'part', value: (value >>> 4) & 0xfff, meaning: `0x${((value >>> 4) & 0xfff).toString(16)}` },
    { name: 'revision', value: value & 15, meaning: `r${(value >>> 20) & 15}p${value & 15}` },
  ],
  sctlr,
  ttbr0: (value) => [{ name: 'base', value: (value & 0xffff_c000) >>> 0, meaning: 'level 1 table, 16 KB' }],
  dacr,
  dfsr: faultStatus,
  ifsr: faultStatus,
  fcseidr: (value) => [{ name: 'PID', value: value >>> 25, meaning: 'process that addresses below 32 MB belong to' }],
};

/** Decodes a system control register; one without fields has an empty list. */
export function decodeSystemRegister(name: RegisterName, value: number): SystemRegister {
  return { name, value: hex32(value), fields: FIELDS[name]?.(value) ?? [] };
}
