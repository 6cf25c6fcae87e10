/**
 * The assembler of the sensitive instructions: from mnemonic and operands, as people write them, to the word. Its
 * syntax is that of the table's templates. Operands that are not known yet (a macro's parameter, a compiler's operand)
 * stay symbolic: the word has 0 in their place, and the caller gets their text.
 */
import { coprocessorClass, isCoprocessorName } from './coprocessor-names.ts';
import { canonicalRotation } from './format.ts';
import { lookupMnemonic, type Mnemonic } from './mnemonics.ts';
import { A32_ROWS } from './a32.ts';
import { depositFields, type Row } from './row.ts';
import { isDataClass, trapsInUserMode, type SensitiveClass } from './sensitivity.ts';

/** What the assembler does not know of itself: the program's names. */
export interface OperandContext {
  /** The number of a register name that is not a standard one (`.req`); 'symbolic' when its value comes later. */
  register(name: string): number | 'symbolic' | undefined;
  /** What a name in lower case was given to by `.req`; also a register of a coprocessor. */
  alias?(name: string): string | undefined;
  /** The value of an expression; 'symbolic' when it comes later, undefined when it is no expression. */
  value(text: string): number | 'symbolic' | undefined;
}

/** An operand whose value is not known yet. */
export interface SymbolicOperand {
  readonly kind: 'register' | 'immediate' | 'offset' | 'mode' | 'member' | 'range';
  /** Letter of the field in the row's bit string. */
  readonly letter: string;
  readonly text: string;
}

export interface Assembled {
  readonly row: Row;
  readonly class: SensitiveClass;
  /** The word; symbolic operands are 0 in it. 0 for coprocessor instructions, whose operands are not read. */
  readonly word: number;
  readonly symbolic: readonly SymbolicOperand[];
}

const STANDARD_NAMES: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 16 }, (_, i): [string, number] => [`r${i}`, i]),
  ...Array.from({ length: 4 }, (_, i): [string, number] => [`a${i + 1}`, i]),
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`v${i + 1}`, i + 4]),
  ['sb', 9],
  ['sl', 10],
  ['fp', 11],
  ['ip', 12],
  ['sp', 13],
  ['lr', 14],
  ['pc', 15],
]);

/** Standard register names (APCS and AAPCS), with their numbers. */
export function standardRegisters(): ReadonlyMap<string, number> {
  return STANDARD_NAMES;
}

const SHIFTS: Readonly<Record<string, number>> = { lsl: 0, asl: 0, lsr: 1, asr: 2, ror: 3 };
const PC = 15;
/** Fields of `msr cpsr`, without a suffix: flags and control. */
const DEFAULT_FIELDS = 9;
const NAMED_FIELDS: Readonly<Record<string, number>> = { all: 9, flg: 8, ctl: 1 };
const APSR_FIELDS: Readonly<Record<string, number>> = { '': 8, nzcvq: 8, g: 4, nzcvqg: 12 };

/** The operands do not fit the template. One object: it says nothing else, and traces of the stack are slow to make. */
class Mismatch extends Error {}
const MISMATCH = new Mismatch();

/** Reads operands against a template. */
class Operands {
  readonly fields: Record<string, number>;
  readonly symbolic: SymbolicOperand[] = [];
  private at = 0;
  private readonly text: string;
  private readonly context: OperandContext;
  /** Row to take instead, when an immediate fits only its complement (`movs pc, #-1` is MVN). */
  complement = false;
  private readonly mayComplement: ((value: number) => number) | undefined;

  constructor(
    text: string,
    context: OperandContext,
    fields: Readonly<Record<string, number>>,
    mayComplement?: (value: number) => number,
  ) {
    this.text = text;
    this.context = context;
    this.fields = { ...fields };
    this.mayComplement = mayComplement;
  }

  get done(): boolean {
    this.space();
    return this.at >= this.text.length;
  }

  space(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at++;
  }

  accept(literal: string): boolean {
    this.space();
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  expect(literal: string): void {
    if (!this.accept(literal)) throw MISMATCH;
  }

  /** The next operand's text: up to a comma, brace or bracket outside parentheses, or one of `stops`. */
  upTo(stops: string): string {
    this.space();
    const start = this.at;
    let depth = 0;
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at];
      // A %[name] operand of a compiler has brackets of its own.
      if (char === '%' && /[[a-z]/i.test(this.text[this.at + 1] ?? '')) {
        const close = this.text.indexOf(']', this.at);
        if (/^%[a-zA-Z]?\[/.test(this.text.slice(this.at, this.at + 3)) && close >= 0) this.at = close;
        continue;
      }
      if (char === '\\' && this.text.startsWith('\\()', this.at)) {
        this.at += 2;
        continue;
      }
      if (char === '(') depth++;
      else if (char === ')' && depth > 0) depth--;
      else if (depth === 0 && stops.includes(char)) break;
    }
    const found = this.text.slice(start, this.at).trimEnd();
    if (found === '') throw MISMATCH;
    return found;
  }

  numberOf(name: string): number | 'symbolic' {
    const known = this.context.register(name.toLowerCase()) ?? STANDARD_NAMES.get(name.toLowerCase());
    const value = known ?? this.context.register(name);
    if (value === undefined) throw MISMATCH;
    return value;
  }

  register(letter: string, stops = ',]!}'): void {
    const text = this.upTo(stops);
    const value = this.numberOf(text);
    if (value === 'symbolic') this.symbolic.push({ kind: 'register', letter, text });
    this.fields[letter] = value === 'symbolic' ? 0 : value;
  }

  /** The value after a #; a symbolic one is noted under `letter`. */
  value(kind: SymbolicOperand['kind'], letter: string, stops: string): number | undefined {
    if (!this.accept('#') && !this.accept('$')) throw MISMATCH;
    const text = this.upTo(stops);
    const value = this.context.value(text);
    if (value === undefined) throw MISMATCH;
    if (value !== 'symbolic') return value;
    this.symbolic.push({ kind, letter, text });
    return undefined;
  }

  immediate(): void {
    const value = this.value('immediate', 'i', ',');
    this.fields.r = 0;
    this.fields.i = 0;
    if (value === undefined) return;
    if (this.accept(',')) {
      const rotation = this.context.value(this.upTo(','));
      if (typeof rotation !== 'number' || rotation & ~30 || value & ~0xff) throw MISMATCH;
      this.fields.r = rotation / 2;
      this.fields.i = value;
      return;
    }
    let bits = value >>> 0;
    let rotate = canonicalRotation(bits);
    if (rotate === undefined && this.mayComplement) {
      bits = this.mayComplement(bits) >>> 0;
      rotate = canonicalRotation(bits);
      this.complement = true;
    }
    if (rotate === undefined) throw MISMATCH;
    this.fields.r = rotate;
    this.fields.i = rotate === 0 ? bits : ((bits << (rotate * 2)) | (bits >>> (32 - rotate * 2))) >>> 0;
  }

  /** A shift by a constant, after the register: the comma, its name and its amount, all of which may be missing. */
  constantShift(): void {
    this.fields.t = 0;
    this.fields.i = 0;
    if (!this.accept(',')) return;
    const [name] = /^[a-z]+/i.exec(this.rest()) ?? [''];
    this.at += name.length;
    if (name.toLowerCase() === 'rrx') {
      this.fields.t = 3;
      return;
    }
    if (!Object.hasOwn(SHIFTS, name.toLowerCase())) throw MISMATCH;
    this.fields.t = SHIFTS[name.toLowerCase()];
    this.shiftAmount(this.fields.t);
  }

  shiftAmount(type: number): void {
    const amount = this.value('offset', 'i', ',') ?? 0;
    if (amount < 0 || amount > 32 || (amount === 32 && (type === 0 || type === 3))) throw MISMATCH;
    this.fields.i = amount & 31;
    if (amount === 0) this.fields.t = 0;
  }

  registerShift(): void {
    this.register('m');
    this.expect(',');
    const [name] = /^[a-z]+/i.exec(this.rest()) ?? [''];
    if (!Object.hasOwn(SHIFTS, name.toLowerCase())) throw MISMATCH;
    this.at += name.length;
    this.fields.t = SHIFTS[name.toLowerCase()];
    if (this.rest().startsWith('#')) throw MISMATCH;
    this.register('s');
  }

  rest(): string {
    this.space();
    return this.text.slice(this.at);
  }

  psr(withFields: boolean): void {
    const text = this.upTo(',').toLowerCase();
    const match = /^(cpsr|spsr|apsr)(?:_([a-z]+))?$/.exec(text);
    if (!match) throw MISMATCH;
    const [, name, suffix = ''] = match;
    this.fields.R = name === 'spsr' ? 1 : 0;
    if (!withFields) {
      // Old kernels write `mrs r0, cpsr_all`.
      if (suffix !== '' && suffix !== 'all') throw MISMATCH;
      return;
    }
    if (name === 'apsr') {
      if (!Object.hasOwn(APSR_FIELDS, suffix)) throw MISMATCH;
      this.fields.f = APSR_FIELDS[suffix];
    } else if (suffix === '') this.fields.f = DEFAULT_FIELDS;
    else if (Object.hasOwn(NAMED_FIELDS, suffix)) this.fields.f = NAMED_FIELDS[suffix];
    else if (/^[cxsf]{1,4}$/.test(suffix))
      this.fields.f = [...suffix].reduce((mask, l) => mask | (1 << 'cxsf'.indexOf(l)), 0);
    else throw MISMATCH;
  }

  /** A register list with its braces. A symbolic member cannot be placed: it is a mode of its own. */
  list(): number {
    this.expect('{');
    let mask = 0;
    do {
      const text = this.upTo(',}');
      const dash = text.indexOf('-');
      const first = this.numberOf(dash < 0 ? text : text.slice(0, dash).trim());
      const last = dash < 0 ? first : this.numberOf(text.slice(dash + 1).trim());
      if (first === 'symbolic' || last === 'symbolic') {
        this.symbolic.push({ kind: dash < 0 ? 'member' : 'range', letter: 'l', text });
        continue;
      }
      if (last < first) throw MISMATCH;
      for (let i = first; i <= last; i++) mask |= 1 << i;
    } while (this.accept(','));
    this.expect('}');
    return mask;
  }

  /** A post-indexed address with an immediate offset, or with none. */
  postImmediate(): void {
    this.expect('[');
    this.register('n');
    this.expect(']');
    this.fields.U = 1;
    this.fields.i = 0;
    if (!this.accept(',')) return;
    const negativeZero = /^[#$]\s*-\s*0+$/.test(this.rest());
    const value = this.value('offset', 'i', ',') ?? 0;
    if (value < -4095 || value > 4095) throw MISMATCH;
    this.fields.U = value < 0 || negativeZero ? 0 : 1;
    this.fields.i = Math.abs(value);
  }

  postRegister(): void {
    this.expect('[');
    this.register('n');
    this.expect(']');
    this.expect(',');
    this.fields.U = this.accept('-') ? 0 : 1;
    this.accept('+');
    if (/^[#$]/.test(this.rest())) throw MISMATCH;
    this.register('m');
    this.constantShift();
  }

  processorFlags(): void {
    const text = this.upTo(',').toLowerCase();
    if (!/^[aif]{1,3}$/.test(text)) throw MISMATCH;
    for (const flag of ['a', 'i', 'f']) this.fields[flag.toUpperCase()] = text.includes(flag) ? 1 : 0;
  }

  mode(): void {
    if (!this.accept('#')) this.accept('$');
    const text = this.upTo(',!');
    const value = this.context.value(text);
    if (value === undefined || (typeof value === 'number' && (value < 0 || value > 31))) throw MISMATCH;
    if (value === 'symbolic') this.symbolic.push({ kind: 'mode', letter: 'm', text });
    this.fields.m = value === 'symbolic' ? 0 : value;
  }
}

/** Readers of the placeholders, the reverse of those in format.ts. */
const READERS: Readonly<Record<string, (o: Operands) => void>> = {
  d: (o) => o.register('d'),
  n: (o) => o.register('n'),
  m: (o) => o.register('m'),
  s: (o) => o.register('s'),
  imm: (o) => o.immediate(),
  shi: (o) => {
    o.register('m');
    o.constantShift();
  },
  shr: (o) => o.registerShift(),
  movshi: (o) => {
    o.register('m');
    o.expect(',');
    o.shiftAmount(o.fields.t);
  },
  psr: (o) => o.psr(false),
  psrf: (o) => o.psr(true),
  list: (o) => {
    o.fields.l = o.list();
  },
  base: (o) => {
    o.register('n', ',!');
    o.fields.W = o.accept('!') ? 1 : 0;
  },
  post12: (o) => o.postImmediate(),
  postreg: (o) => o.postRegister(),
  flags: (o) => o.processorFlags(),
  withmode: (o) => {
    o.fields.M = 0;
    o.fields.m = 0;
    if (!o.accept(',')) return;
    o.fields.M = 1;
    o.mode();
  },
  wb: (o) => {
    o.fields.W = o.accept('!') ? 1 : 0;
  },
  mode: (o) => o.mode(),
};

/** Pairs of operations that assemblers exchange when only the complement of an immediate can be encoded. */
const invert = (value: number): number => ~value;
const negate = (value: number): number => -value;
const COMPLEMENTS: Readonly<Record<string, readonly [row: string, of: (value: number) => number]>> = {
  MOV_imm: ['MVN_imm', invert],
  MVN_imm: ['MOV_imm', invert],
  AND_imm: ['BIC_imm', invert],
  BIC_imm: ['AND_imm', invert],
  ADC_imm: ['SBC_imm', invert],
  SBC_imm: ['ADC_imm', invert],
  ADD_imm: ['SUB_imm', negate],
  SUB_imm: ['ADD_imm', negate],
};
const rowByName = new Map(A32_ROWS.map((row) => [row.name, row]));

type Step = (operands: Operands) => void;
const steps = new Map<string, readonly Step[]>();

/** What reads the operands of a template, part by part. */
function stepsOf(template: string): readonly Step[] {
  let found = steps.get(template);
  if (!found) {
    found = [...template.matchAll(/\{(\w+)\}|([^{]+)/g)].map(([, placeholder, literal]): Step => {
      if (placeholder !== undefined) return READERS[placeholder];
      const text = literal.trim();
      return (operands) => operands.expect(text);
    });
    steps.set(template, found);
  }
  return found;
}

function read(template: string, operands: Operands): void {
  for (const step of stepsOf(template)) step(operands);
  if (!operands.done) throw MISMATCH;
}

/** SRS was written `srsdb #19!` before the unified language. */
const OLD_SRS = '{mode}{wb}';

function templatesOf(mnemonic: Mnemonic): readonly string[] {
  const { row, operands } = mnemonic;
  if (row.name === 'SRS') return [operands, OLD_SRS];
  if (row.name === 'CPS' && mnemonic.fields.i === 0) return [operands];
  // "subs pc, #4" leaves out a first operand that is the destination.
  return operands.startsWith('{d}, {n}, ') ? [operands, operands.replace('{n}, ', '')] : [operands];
}

function assembleAs(
  mnemonic: Mnemonic,
  template: string,
  text: string,
  context: OperandContext,
): Assembled | undefined {
  const complement = COMPLEMENTS[mnemonic.row.name];
  const operands = new Operands(text, context, mnemonic.fields, complement?.[1]);
  read(template, operands);
  const { fields, symbolic } = operands;
  if (isDataClass(mnemonic.class) && (fields.d !== PC || symbolic.some(({ letter }) => letter === 'd')))
    return undefined;
  if (template !== mnemonic.operands && !template.includes('{n}') && mnemonic.row.bits.includes('nnnn')) {
    if (isDataClass(mnemonic.class)) fields.n = fields.d;
  }
  if (mnemonic.row.name === 'CPS' && fields.i === 0) fields.M = 1;
  const hasPc = ((fields.l ?? 0) >>> PC) & 1;
  if ((mnemonic.row.name === 'LDM2' && hasPc) || (mnemonic.row.name === 'LDM3' && !hasPc)) return undefined;
  const row = operands.complement ? rowByName.get(complement[0])! : mnemonic.row;
  let word = depositFields(row.bits, fields);
  if (row.name === 'STM2') word = (word | (fields.l & 0xffff)) >>> 0;
  const found = operands.complement ? (row.name.replace('_imm', '') as SensitiveClass) : mnemonic.class;
  return { row, class: found, word, symbolic };
}

/** The first operand of coprocessor instructions: a coprocessor, or what may turn out to be one. */
const COPROCESSOR = /^\s*(p\d{1,2}|cp?\d{1,2}|\d{1,2}|\\|%|[A-Za-z_.])/i;

/** Whether a mnemonic, in lower case, may be that of a sensitive instruction. */
export function isSensitiveName(mnemonic: string): boolean {
  const dot = mnemonic.indexOf('.');
  const name = dot < 0 ? mnemonic : mnemonic.slice(0, dot);
  return lookupMnemonic(name) !== undefined || isCoprocessorName(name);
}

/** Coprocessor instructions by names of their own. */
function assembleCoprocessor(mnemonic: string, operands: string, context: OperandContext): Assembled | undefined {
  const isCore = (name: string): boolean => typeof (context.register(name) ?? STANDARD_NAMES.get(name)) === 'number';
  const found = coprocessorClass(mnemonic, operands, isCore, (name) => context.alias?.(name));
  return found && { row: rowByName.get(found)!, class: found, word: 0, symbolic: [] };
}

/**
 * Assembles a statement. Undefined when it is none of the 31 sensitive classes, or its operands are not those of one.
 * `mnemonic` is in lower case.
 */
export function assembleSensitive(mnemonic: string, operands: string, context: OperandContext): Assembled | undefined {
  const dot = mnemonic.indexOf('.');
  const candidates = lookupMnemonic(dot < 0 ? mnemonic : mnemonic.slice(0, dot));
  if (!candidates) return assembleCoprocessor(mnemonic, operands, context);
  // Nearly all multiple transfers are those of the current bank.
  if (candidates[0].operands.endsWith('^') && !operands.includes('^')) return undefined;
  if (isDataClass(candidates[0].class)) {
    // Most of these write a register that is not PC, which one look tells.
    const comma = operands.indexOf(',');
    const destination = STANDARD_NAMES.get(operands.slice(0, Math.max(comma, 0)).trim().toLowerCase());
    if (comma < 0 || (destination !== undefined && destination !== PC)) return undefined;
  }
  for (const candidate of candidates) {
    if (trapsInUserMode(candidate.class)) {
      if (!COPROCESSOR.test(operands) || !operands.includes(',')) continue;
      return { row: candidate.row, class: candidate.class, word: 0, symbolic: [] };
    }
    for (const template of templatesOf(candidate)) {
      try {
        const found = assembleAs(candidate, template, operands, context);
        if (found) return found;
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
      }
    }
  }
  return undefined;
}
