/**
 * Names of their own that the vector floating-point unit gives to coprocessor instructions (ARM DDI 0100, C4; DDI 0406, A7): their class
 * among the sensitive ones. Advanced SIMD shares most names; its instructions are no coprocessor instructions, and operands tell.
 */
import { CONDITION_NAMES } from './mnemonics.ts';
import type { SensitiveClass } from './sensitivity.ts';

type Decide = SensitiveClass | ((types: readonly string[], kinds: string) => SensitiveClass | undefined);

/** Arithmetic is the coprocessor's on single registers, and on double ones with their type. */
const arithmetic: Decide = (types, kinds) => (kinds.includes('s') || types.includes('f64') ? 'CDP' : undefined);

/** Kinds of operands of VMOV, each a letter: core register, single, double, element, immediate. */
const MOVES: ReadonlyMap<string, SensitiveClass> = new Map([
  ['sr', 'MCR'],
  ['rs', 'MRC'],
  ['er', 'MCR'],
  ['re', 'MRC'],
  ['drr', 'MCRR'],
  ['rrd', 'MRRC'],
  ['ssrr', 'MCRR'],
  ['rrss', 'MRRC'],
  ['ss', 'CDP'],
  ['si', 'CDP'],
]);
const move: Decide = (types, kinds) =>
  MOVES.get(kinds) ?? ((kinds === 'dd' || kinds === 'di') && types.includes('f64') ? 'CDP' : undefined);

const NAMES: ReadonlyMap<string, Decide> = new Map<string, Decide>([
  ...['vldr', 'vpop', 'vldm', 'vldmia', 'vldmdb', 'flds', 'fldd'].map((name): [string, Decide] => [name, 'LDC']),
  ...['vstr', 'vpush', 'vstm', 'vstmia', 'vstmdb', 'fsts', 'fstd'].map((name): [string, Decide] => [name, 'STC']),
  ...['ia', 'db', 'fd', 'ea'].flatMap((mode) =>
    ['s', 'd', 'x'].flatMap((size): [string, Decide][] => [
      [`fldm${mode}${size}`, 'LDC'],
      [`fstm${mode}${size}`, 'STC'],
    ]),
  ),
  ...['vmrs', 'fmrx', 'fmstat', 'fmrs', 'fmrdl', 'fmrdh'].map((name): [string, Decide] => [name, 'MRC']),
  ...['vmsr', 'fmxr', 'fmsr', 'fmdlr', 'fmdhr'].map((name): [string, Decide] => [name, 'MCR']),
  ...['fmrrd', 'fmrrs'].map((name): [string, Decide] => [name, 'MRRC']),
  ...['fmdrr', 'fmsrr'].map((name): [string, Decide] => [name, 'MCRR']),
  ['vmov', move],
  ['vdup', (_, kinds) => (kinds === 'dr' || kinds === 'qr' ? 'MCR' : undefined)],
  ...['vdiv', 'vsqrt', 'vcmp', 'vcmpe', 'vnmul', 'vnmla', 'vnmls', 'vcvtr', 'vcvtb', 'vcvtt', 'vfnma', 'vfnms'].map(
    (name): [string, Decide] => [name, 'CDP'],
  ),
  ...['vadd', 'vsub', 'vmul', 'vmla', 'vmls', 'vabs', 'vneg', 'vcvt', 'vfma', 'vfms'].map((name): [string, Decide] => [
    name,
    arithmetic,
  ]),
  ...'add sub mul div mac nmac msc nmsc nmul cpy abs neg sqrt cmp cmpe cmpz cmpez tosi toui tosiz touiz sito uito const'
    .split(' ')
    .flatMap((name): [string, Decide][] => [
      [`f${name}s`, 'CDP'],
      [`f${name}d`, 'CDP'],
    ]),
  ['fcvtds', 'CDP'],
  ['fcvtsd', 'CDP'],
]);

const known = new Map<string, Decide | undefined>();
const MAX_KNOWN = 5000;

/** What a name without its types means, with or without a condition. */
function decisionOf(name: string): Decide | undefined {
  if (!/^[fv]/.test(name)) return undefined;
  if (known.has(name)) return known.get(name);
  let found = NAMES.get(name);
  for (const condition of CONDITION_NAMES.keys()) {
    if (found !== undefined) break;
    if (condition !== '' && name.endsWith(condition)) found = NAMES.get(name.slice(0, -condition.length));
  }
  if (known.size < MAX_KNOWN) known.set(name, found);
  return found;
}

/** Whether a name, in lower case and without its types, may be that of a coprocessor instruction. */
export function isCoprocessorName(name: string): boolean {
  return decisionOf(name) !== undefined;
}

/** The kind of an operand, as a letter; `isCore` knows core registers, `alias` what other names stand for. */
function kindOf(
  operand: string,
  isCore: (name: string) => boolean,
  alias: (name: string) => string | undefined,
): string {
  if (/^[#$]/.test(operand)) return 'i';
  const bracket = operand.indexOf('[');
  const name = bracket < 0 ? operand : operand.slice(0, bracket).trim();
  const vector = /^([sdq])\d+(?:\.\w+)?$/.exec(alias(name) ?? name);
  if (vector) return bracket < 0 ? vector[1] : 'e';
  return isCore(name) ? 'r' : '?';
}

/** The class of an instruction by a name of its own, in lower case; undefined when it is none of the coprocessors'. */
export function coprocessorClass(
  mnemonic: string,
  operands: string,
  isCore: (name: string) => boolean,
  alias: (name: string) => string | undefined,
): SensitiveClass | undefined {
  const [name, ...types] = mnemonic.split('.');
  const decision = decisionOf(name);
  if (decision === undefined || typeof decision === 'string') return decision;
  const kinds = operands
    .toLowerCase()
    .split(',')
    .map((operand) => kindOf(operand.trim(), isCore, alias));
  return decision(types, kinds.join(''));
}
