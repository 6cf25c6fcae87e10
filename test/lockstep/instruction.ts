/** What the comparison needs to know of an instruction: its row, and the address that it accesses. */
import { decodeA32, decodeThumb } from '../../isa/decode.ts';
import type { Fields, Row } from '../../isa/row.ts';
import { ARCH } from './generator.ts';

export interface Instruction {
  readonly word: number;
  readonly thumb: boolean;
  readonly size: 2 | 4;
  readonly row: Row | undefined;
  /** Name of the row, '' for an undefined word. */
  readonly name: string;
  readonly fields: Fields;
  readonly unpredictable: string | undefined;
}

const CACHE_LIMIT = 200_000;
const cache = new Map<number, Instruction>();

/** Decodes an A32 word, or the two halfwords at a Thumb address; remembers what it has seen. */
export function decodeInstruction(word: number, thumb: boolean): Instruction {
  const key = thumb ? word + 0x1_0000_0000 : word;
  const known = cache.get(key);
  if (known) return known;
  if (cache.size > CACHE_LIMIT) cache.clear();
  const decoded = thumb ? decodeThumb(word & 0xffff, word >>> 16, ARCH) : decodeA32(word, ARCH);
  const unpaired = decoded.row?.name === 'T_BL_prefix' && !decoded.suffix;
  const instruction: Instruction = {
    word,
    thumb,
    size: decoded.size,
    row: decoded.row,
    name: decoded.row?.name ?? '',
    fields: decoded.fields,
    unpredictable: unpaired ? 'a BL prefix without its suffix' : decoded.unpredictable,
  };
  cache.set(key, instruction);
  return instruction;
}

/** Whether a condition holds for the flags of a CPSR value (ARM DDI 0100I, A3.2). */
export function conditionHolds(cond: number, cpsr: number): boolean {
  const n = cpsr >>> 31;
  const z = (cpsr >>> 30) & 1;
  const c = (cpsr >>> 29) & 1;
  const v = (cpsr >>> 28) & 1;
  const base = [z === 1, c === 1, n === 1, v === 1, c === 1 && z === 0, n === v, z === 0 && n === v, true][cond >>> 1];
  return cond === 15 || base !== ((cond & 1) === 1);
}

/** Where an instruction accesses memory: first address, and the alignment that it asks for. */
export interface Access {
  readonly address: number;
  readonly alignment: 1 | 2 | 4 | 8;
}

function shifted(value: number, type: number, amount: number, carry: number): number {
  switch (type) {
    case 0:
      return value << amount;
    case 1:
      return amount ? value >>> amount : 0;
    case 2:
      return value >> (amount || 31);
    default:
      return amount ? (value >>> amount) | (value << (32 - amount)) : (value >>> 1) | (carry << 31);
  }
}

function countBits(list: number): number {
  let count = 0;
  for (let left = list; left; left &= left - 1) count++;
  return count;
}

function multipleAddress(base: number, list: number, up: boolean, pre: boolean): number {
  const bytes = countBits(list) * 4;
  if (up) return pre ? base + 4 : base;
  return pre ? base - bytes : base - bytes + 4;
}

function alignmentOf(name: string): Access['alignment'] {
  if (/^(T_)?(LDRB|STRB|LDRSB|SWPB)/.test(name)) return 1;
  if (/^(T_)?(LDRH|STRH|LDRSH)/.test(name)) return 2;
  return /^(LDRD|STRD)/.test(name) ? 8 : 4;
}

/** The access of a load or store, from the registers before it (r15 is its own address); undefined for others. */
export function accessOf({ name, row, fields: f, thumb, word }: Instruction, r: Uint32Array): Access | undefined {
  if (!row || !['load-store', 'multiple', 'exclusive'].includes(row.group)) return undefined;
  const alignment = alignmentOf(name);
  const reg = (n: number): number => (n === 15 ? r[15] + (thumb ? 4 : 8) : r[n]);
  const at = (address: number): Access => ({ address: address >>> 0, alignment });
  if (thumb) return at(thumbAddress(name, f, reg));
  if (row.group === 'multiple') return at(multipleAddress(reg(f.n), f.l | (word & 0x8000), f.U === 1, f.P === 1));
  if (row.group === 'exclusive') return at(reg(f.n));
  const registerForm = name.endsWith('_reg');
  let offset = f.i;
  if (registerForm) offset = 't' in f ? shifted(reg(f.m), f.t, f.i, (r[16] >>> 29) & 1) : reg(f.m);
  const pre = 'P' in f && f.P === 1;
  return at(pre ? reg(f.n) + (f.U ? offset : -offset) : reg(f.n));
}

function thumbAddress(name: string, f: Fields, reg: (n: number) => number): number {
  if (name === 'T_PUSH') return reg(13) - 4 * (countBits(f.l) + f.R);
  if (name === 'T_POP') return reg(13);
  if (name === 'T_LDR_lit') return (reg(15) & ~3) + f.i * 4;
  if (name.endsWith('_sp')) return reg(13) + f.i * 4;
  if (name.endsWith('_reg')) return reg(f.n) + reg(f.m);
  if (name.endsWith('_imm')) return reg(f.n) + f.i * alignmentOf(name);
  return reg(f.n);
}
