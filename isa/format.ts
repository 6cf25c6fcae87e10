/**
 * The placeholders of the syntax templates. Each one turns fields of a word into text, in the spelling of the unified
 * assembler language as GNU objdump prints it; coprocessor operands are spelled p15 and c7, as assemblers accept them.
 */
import type { Fields, Row } from './row.ts';

export interface FormatContext {
  readonly f: Fields;
  readonly word: number;
  readonly address: number;
  readonly symbolize: ((address: number) => string | undefined) | undefined;
  /** The suffix of a Thumb BL or BLX pair. */
  readonly suffix: { readonly row: Row; readonly fields: Fields } | undefined;
  /** Receives remarks: constants in hexadecimal, targets of PC-relative operands. */
  readonly remark: (text: string) => void;
}

export const REGISTER_NAMES: readonly string[] = [
  ...Array.from({ length: 10 }, (_, i) => `r${i}`),
  'sl',
  'fp',
  'ip',
  'sp',
  'lr',
  'pc',
];

const CONDITIONS = ['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', '', ''];
const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'];

/** Assembler name of a core register. */
export function registerName(number: number): string {
  return REGISTER_NAMES[number & 15];
}

/** Condition suffix; empty for AL and for the unconditional space. */
export function conditionSuffix(cond: number): string {
  return CONDITIONS[cond & 15];
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
const signExtend = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

/** The value of a rotated 8-bit immediate (ARM ARM, "Data-processing operands - Immediate"). */
export function rotatedImmediate(rotate: number, imm8: number): number {
  const amount = (rotate * 2) & 31;
  return amount === 0 ? imm8 : ((imm8 >>> amount) | (imm8 << (32 - amount))) >>> 0;
}

/** The smallest rotation that encodes a value, as assemblers choose it; undefined when there is none. */
export function canonicalRotation(value: number): number | undefined {
  for (let rotate = 0; rotate < 16; rotate++) {
    const amount = rotate * 2;
    const imm8 = amount === 0 ? value >>> 0 : ((value << amount) | (value >>> (32 - amount))) >>> 0;
    if (imm8 <= 0xff) return rotate;
  }
  return undefined;
}

function target(ctx: FormatContext, address: number): string {
  const symbol = ctx.symbolize?.(address >>> 0);
  return symbol === undefined ? hex(address) : `${hex(address)} <${symbol}>`;
}

function number(ctx: FormatContext, value: number): string {
  if (value > 16 || value < -16) ctx.remark(hex(value));
  return `#${value}`;
}

function immediate(ctx: FormatContext): string {
  const [rotate, imm8] = [ctx.f.r, ctx.f.i];
  const value = rotatedImmediate(rotate, imm8);
  if (canonicalRotation(value) === rotate) return number(ctx, value | 0);
  ctx.remark(hex(value));
  return `#${imm8}, ${rotate * 2}`;
}

/** ", lsl #n" after a register; empty for no shift. */
function shiftSuffix(type: number, amount: number): string {
  if (amount === 0 && type === 0) return '';
  if (amount === 0 && type === 3) return ', rrx';
  return `, ${SHIFTS[type]} #${amount === 0 ? 32 : amount}`;
}

const shifted = ({ f }: FormatContext): string => registerName(f.m) + shiftSuffix(f.t, f.i);

/** An address from its offset text; post-indexed when P is 0. */
function indexed(f: Fields, offset: string): string {
  const base = registerName(f.n);
  if (f.P === 0) return `[${base}], ${offset}`;
  return `[${base}${offset === '' ? '' : `, ${offset}`}]${f.W === 1 ? '!' : ''}`;
}

function immediateAddress(ctx: FormatContext, offset: number, post: boolean): string {
  const { f } = ctx;
  const up = f.U === 1;
  if (f.n === 15) ctx.remark(target(ctx, ctx.address + 8 + (post ? 0 : up ? offset : -offset)));
  else if (offset > 16) ctx.remark(hex(up ? offset : -offset));
  const silent = !post && f.W === 0 && up && offset === 0;
  return indexed(post ? { ...f, P: 0 } : f, silent ? '' : `#${up ? '' : '-'}${offset}`);
}

const sign = (f: Fields): string => (f.U === 1 ? '' : '-');

function coprocessorAddress(ctx: FormatContext): string {
  const { f } = ctx;
  const [base, up] = [registerName(f.n), f.U === 1];
  if (f.P === 0 && f.W === 0) return `[${base}], {${f.i}}`;
  const offset = f.i * 4;
  if (f.n === 15) ctx.remark(target(ctx, ctx.address + 8 + (f.P === 0 ? 0 : up ? offset : -offset)));
  const silent = f.P === 1 && f.W === 0 && up && offset === 0;
  return indexed(f, silent ? '' : `#${sign(f)}${offset}`);
}

function registerList(mask: number): string {
  const names: string[] = [];
  for (let i = 0; i < 16; i++) if ((mask >>> i) & 1) names.push(registerName(i));
  return `{${names.join(', ')}}`;
}

/** One register has the spelling of STM and LDM, as PUSH and POP of one register assemble to STR and LDR. */
function stackTransfer({ f }: FormatContext, many: string, one: string): string {
  const single = (f.l & (f.l - 1)) === 0 && f.l !== 0;
  return `${single ? one : many}${conditionSuffix(f.c)} ${single ? 'sp!, ' : ''}${registerList(f.l)}`;
}

/** Addressing mode 4 of the increment or decrement kind. */
const direction = (f: Fields): string => (f.U === 1 ? 'i' : 'd') + (f.P === 1 ? 'b' : 'a');
const flags = (f: Fields): string => (f.A ? 'a' : '') + (f.I ? 'i' : '') + (f.F ? 'f' : '');

function cps({ f }: FormatContext): string {
  const mode = `#${f.m}`;
  if (f.i < 2) return `cps ${mode}`;
  return `${f.i === 2 ? 'cpsie' : 'cpsid'} ${flags(f)}${f.M === 1 ? `, ${mode}` : ''}`;
}

function statusRegister({ f, word }: FormatContext): string {
  const mask = f.f;
  const letters = (mask & 8 ? 'f' : '') + (mask & 4 ? 's' : '') + (mask & 2 ? 'x' : '') + (mask & 1 ? 'c' : '');
  return `${(word >>> 22) & 1 ? 'SPSR' : 'CPSR'}_${letters}`;
}

const literalAddress = ({ address }: FormatContext, offset: number): number => ((address & ~3) + 4 + offset) >>> 0;

function thumbLiteral(ctx: FormatContext): string {
  ctx.remark(target(ctx, literalAddress(ctx, ctx.f.i * 4)));
  return `[pc, #${ctx.f.i * 4}]`;
}

function thumbBranch(ctx: FormatContext, offset: number): string {
  return target(ctx, ctx.address + 4 + offset);
}

/** Target of a BL pair; the high half alone says where the low half counts from. */
function thumbLongBranch(ctx: FormatContext): string {
  const high = signExtend(ctx.f.i, 11) << 12;
  if (!ctx.suffix) return hex(ctx.address + 4 + high);
  const [base, low] = [ctx.address + 4 + high, ctx.suffix.fields.i];
  return ctx.suffix.row.name === 'T_BLX_suffix' ? target(ctx, (base + low * 4) & ~3) : target(ctx, base + low * 2);
}

const offset5 = ({ f }: FormatContext, scale: number): string => `[${registerName(f.n)}, #${f.i * scale}]`;

type Placeholder = (ctx: FormatContext) => string;

const register =
  (letter: string): Placeholder =>
  ({ f }) =>
    registerName(f[letter]);
const suffixIf =
  (letter: string, text: string, otherwise = ''): Placeholder =>
  ({ f }) =>
    f[letter] === 1 ? text : otherwise;
const coprocessorRegister =
  (letter: string): Placeholder =>
  ({ f }) =>
    `c${f[letter]}`;

export const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  c: ({ f }) => conditionSuffix(f.c),
  S: suffixIf('S', 's'),
  N: suffixIf('N', 'l'),
  X: suffixIf('X', 'x'),
  R: suffixIf('R', 'r'),
  x: suffixIf('x', 't', 'b'),
  y: suffixIf('y', 't', 'b'),
  wb: suffixIf('W', '!'),
  endian: suffixIf('E', 'be', 'le'),
  d: register('d'),
  n: register('n'),
  m: register('m'),
  s: register('s'),
  h: register('h'),
  d1: ({ f }) => registerName(f.d + 1),
  m1: ({ f }) => registerName(f.m + 1),
  imm: immediate,
  shi: shifted,
  shr: ({ f }) => `${registerName(f.m)}, ${SHIFTS[f.t]} ${registerName(f.s)}`,
  shiftop: ({ f }) => {
    if (f.i === undefined) return SHIFTS[f.t];
    if (f.i === 0 && f.t === 0) return 'mov';
    return f.i === 0 && f.t === 3 ? 'rrx' : SHIFTS[f.t];
  },
  movshi: ({ f }) => {
    const plain = f.i === 0 && (f.t === 0 || f.t === 3);
    return registerName(f.m) + (plain ? '' : `, #${f.i === 0 ? 32 : f.i}`);
  },
  psr: ({ f }) => (f.R === 1 ? 'SPSR' : 'CPSR'),
  psrf: statusRegister,
  hint: ({ f }) => `{${f.i}}`,
  branch: (ctx) => {
    const offset = signExtend(ctx.f.i, 24) * 4 + (ctx.f.H === 1 ? 2 : 0);
    return target(ctx, ctx.address + 8 + offset);
  },
  svc: ({ f }) => `0x${f.i.toString(16).padStart(8, '0')}`,
  bkpt: ({ f }) => `0x${f.i.toString(16).padStart(4, '0')}`,
  mem12: (ctx) => immediateAddress(ctx, ctx.f.i, ctx.f.P === 0),
  post12: (ctx) => immediateAddress(ctx, ctx.f.i, true),
  memreg: (ctx) => indexed(ctx.f, sign(ctx.f) + shifted(ctx)),
  postreg: (ctx) => indexed({ ...ctx.f, P: 0 }, sign(ctx.f) + shifted(ctx)),
  mem8: (ctx) => immediateAddress(ctx, ctx.f.i, ctx.f.P === 0),
  memidx: ({ f }) => indexed(f, sign(f) + registerName(f.m)),
  pldmem: (ctx) => {
    const f: Fields = { ...ctx.f, P: 1, W: 0, m: ctx.f.x & 15, t: (ctx.f.x >>> 5) & 3, i: ctx.f.x >>> 7 };
    const inner: FormatContext = { ...ctx, f };
    return f.I === 1 ? indexed(f, sign(f) + shifted(inner)) : immediateAddress(inner, f.x, false);
  },
  ldm: ({ f }) => (f.U === 1 && f.P === 0 ? 'ldm' : `ldm${direction(f)}`),
  stm: ({ f, word }) => (f.U === 1 && f.P === 0 && f.W === 0 && !((word >>> 22) & 1) ? 'stm' : `stm${direction(f)}`),
  srs: ({ f }) => `srs${direction(f)}`,
  rfe: ({ f }) => `rfe${direction(f)}`,
  pushone: ({ f }) => `{${registerName(f.d)}}`,
  pushmany: (ctx) => stackTransfer(ctx, 'push', 'stmfd'),
  popmany: (ctx) => stackTransfer(ctx, 'pop', 'ldmfd'),
  base: ({ f }) => registerName(f.n) + (f.W === 1 ? '!' : ''),
  list: ({ f, word }) => registerList(f.c === undefined ? f.l : word & 0xffff),
  cp: ({ f }) => `p${f.p}`,
  opc1: ({ f }) => `${f.q}`,
  opc2: ({ f }) => `${f.Q}`,
  Cd: coprocessorRegister('d'),
  Cn: coprocessorRegister('n'),
  Cm: coprocessorRegister('m'),
  dflags: ({ f }) => (f.d === 15 ? 'APSR_nzcv' : registerName(f.d)),
  memcp: coprocessorAddress,
  cps,
  mode: ({ f }) => `#${f.m}`,
  lsl: ({ f }) => shiftSuffix(0, f.i),
  pkhasr: ({ f }) => `asr #${f.i === 0 ? 32 : f.i}`,
  ror: ({ f }) => (f.r === 0 ? '' : `, ror #${f.r * 8}`),
  satp1: ({ f }) => `#${f.j + 1}`,
  satj: ({ f }) => `#${f.j}`,
  sat: ({ f }) => (f.S === 1 ? `, asr #${f.i === 0 ? 32 : f.i}` : shiftSuffix(0, f.i)),
  dec: (ctx) => number(ctx, ctx.f.i),
  plain: ({ f }) => `${f.i}`,
  dec32: (ctx) => number(ctx, ctx.f.i === 0 ? 32 : ctx.f.i),
  decx4: (ctx) => number(ctx, ctx.f.i * 4),
  adr: (ctx) => {
    ctx.remark(target(ctx, literalAddress(ctx, ctx.f.i * 4)));
    return `#${ctx.f.i * 4}`;
  },
  literal: thumbLiteral,
  mem5: (ctx) => offset5(ctx, 1),
  mem5x2: (ctx) => offset5(ctx, 2),
  mem5x4: (ctx) => offset5(ctx, 4),
  memsp: ({ f }) => `[sp, #${f.i * 4}]`,
  pushlist: ({ f }) => registerList(f.l | (f.R === 1 ? 0x4000 : 0)),
  poplist: ({ f }) => registerList(f.l | (f.R === 1 ? 0x8000 : 0)),
  tbase: ({ f }) => registerName(f.n) + ((f.l >>> f.n) & 1 ? '' : '!'),
  tcps: ({ f }) => `${f.i === 1 ? 'cpsid' : 'cpsie'} ${flags(f)}`,
  tbranch8: (ctx) => thumbBranch(ctx, signExtend(ctx.f.i, 8) * 2),
  tbranch11: (ctx) => thumbBranch(ctx, signExtend(ctx.f.i, 11) * 2),
  blprefix: thumbLongBranch,
  blsuffix: ({ f }) => `lr + #${f.i * 2}`,
  blxsuffix: ({ f }) => `lr + #${f.i * 4}`,
};
