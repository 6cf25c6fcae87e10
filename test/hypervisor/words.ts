/** A32 words by the rows of the instruction table: what hostile guests are written in, so that no assembler is needed. */
import { lookupA32 } from '../../isa/decode.ts';
import { encodeA32 } from '../../isa/encode.ts';
import { encodeTrap } from '../../isa/lpv.ts';
import type { Fields } from '../../isa/row.ts';
import { needsTrap } from '../../isa/sensitivity.ts';

export const NOP = 0xe1a0_0000;
export const BRANCH_TO_SELF = 0xeaff_fffe;

export const instruction = encodeA32;

/**
 * Whether a word is sensitive and does not trap by itself, in any form: also in an UNPREDICTABLE one (should-be-zero
 * bits set), which no compiler emits, which has no trap word, and which the core executes like the regular form.
 */
export function sensitiveInAnyForm(word: number): boolean {
  const row = lookupA32(word, 'v6');
  const regular = row ? ((word & ~row.shouldMask) | row.shouldValue) >>> 0 : word;
  return needsTrap(word) || needsTrap(regular);
}

/** What a paravirtualized kernel has in the place of a word: its trap word, or the word itself; NOP when it has none. */
export function patched(word: number): number {
  return sensitiveInAnyForm(word) ? (encodeTrap(word) ?? NOP) : word;
}

/** As `instruction`, and paravirtualized. */
export function kernel(name: string, fields: Fields): number {
  return patched(instruction(name, fields));
}

export function load(d: number, n: number, offset = 0): number {
  return instruction('LDR_imm', { P: 1, U: 1, d, n, i: offset });
}

export function store(d: number, n: number, offset = 0): number {
  return instruction('STR_imm', { P: 1, U: 1, d, n, i: offset });
}

/** MCR to the system control coprocessor. */
export function system(crn: number, d: number, crm = 0, op2 = 0): number {
  return instruction('MCR', { d, n: crn, p: 15, m: crm, Q: op2 });
}

/** A branch by a number of words from the instruction itself. */
export function branch(words: number, c = 14): number {
  return instruction('B', { c, i: (words - 2) & 0xff_ffff });
}

export const svc = (number: number): number => instruction('SVC', { i: number });

/** Descriptors of the guest's tables (ARM DDI 0100I, B4.7). */
export const section = (base: number, ap = 3, domain = 0): number => (base | (ap << 10) | (domain << 5) | 0x12) >>> 0;
export const coarse = (base: number, domain = 0): number => (base | (domain << 5) | 0x11) >>> 0;
export const fine = (base: number, domain = 0): number => (base | (domain << 5) | 0x13) >>> 0;
export const large = (base: number, aps = 0xff): number => (base | (aps << 4) | 1) >>> 0;
export const small = (base: number, aps = 0xff): number => (base | (aps << 4) | 2) >>> 0;
export const tiny = (base: number, ap = 3): number => (base | (ap << 4) | 3) >>> 0;
