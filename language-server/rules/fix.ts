/**
 * The trap of a statement, as text: literal where the operands are, computed by the assembler where they are parameters
 * or compiler operands. The original stays beside it in a comment, from which it can be restored.
 */
import { assembleSensitive, type Assembled, type OperandContext, type SymbolicOperand } from '../../isa/assemble.ts';
import { encodeTrap, trapMoves } from '../../isa/lpv.ts';
import { lookupMnemonic } from '../../isa/mnemonics.ts';
import { type Row } from '../../isa/row.ts';
import { trapsInUserMode, type SensitiveClass } from '../../isa/sensitivity.ts';
import { hasPlaceholder } from './names.ts';

/** A way to replace a statement. */
export interface Replacement {
  /**
   * `statement`: new text for all of it. Else a macro of the support file takes the mnemonic, which gets a `prefix`, a
   * `string` with the prefix before it, or a `call` around it.
   */
  readonly form: 'statement' | 'prefix' | 'string' | 'call';
  /** For a statement: the new one, without the comment that keeps the original. */
  readonly text: string;
  /** Whether it needs the support file. */
  readonly computed: boolean;
}

/** What begins the names of the support file's macros. */
const PREFIX = '__lpv_';
/** What begins its symbols: of the assembler's local kind, which leave no trace in an object. */
const SYMBOL = '.Llpv_';
const USER_ACCESS: ReadonlySet<SensitiveClass> = new Set<SensitiveClass>(['LDRT', 'LDRBT', 'STRT', 'STRBT']);
const CONDITION_BITS = 0xf0000000;
const AL = 0xe0000000;

const hex = (value: number, digits: number): string => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;

/** Mnemonic and the blanks behind it. */
function splitMnemonic(statement: string): { mnemonic: string; gap: string; operands: string } {
  const match = /^([^\s{["#]+)(\s*)([^]*)$/.exec(statement);
  return match
    ? { mnemonic: match[1], gap: match[2] || ' ', operands: match[3] }
    : { mnemonic: '', gap: ' ', operands: '' };
}

/** The condition of a literal mnemonic as it is written; unconditional instructions have none. */
function conditionText(mnemonic: string, word: number): string {
  if (word >>> 28 === 15 || (word & CONDITION_BITS) >>> 0 === AL) return '';
  const names = ['eq', 'ne', 'cs|hs', 'cc|lo|ul', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'];
  const spellings = names[word >>> 28].split('|');
  return spellings.find((name) => mnemonic.toLowerCase().slice(3).includes(name)) ?? spellings[0];
}

/** A mnemonic whose condition is a placeholder: `mrs\cond`, `msr%?`. */
const OPEN_CONDITION = /^([a-z0-9]+?)(\\[\w.$]+(?:\\\(\))?|%\?)$/i;

interface Statement {
  readonly found: Assembled;
  readonly condition: string;
  readonly gap: string;
}

function read(statement: string, names: OperandContext): Statement | undefined {
  const { mnemonic, gap, operands } = splitMnemonic(statement);
  const open = OPEN_CONDITION.exec(mnemonic);
  const name = (open ? open[1] : mnemonic).toLowerCase();
  if (hasPlaceholder(name) || !lookupMnemonic(name.split('.')[0])) return undefined;
  const found = assembleSensitive(name, operands, names);
  if (!found || trapsInUserMode(found.class)) return undefined;
  return { found, condition: open ? open[2] : conditionText(mnemonic, found.word), gap };
}

/** Text of a trap whose bits are all known. */
function literal(word: number, { condition, gap }: Pick<Statement, 'condition' | 'gap'>): Replacement | undefined {
  const trap = encodeTrap(word);
  if (trap === undefined) return undefined;
  const isSwi = ((trap >>> 24) & 15) === 15;
  const text = isSwi ? `swi${condition}${gap}${hex(trap & 0xffffff, 6)}` : `.inst${gap}${hex(trap, 8)}`;
  return { form: 'statement', text, computed: false };
}

/** The bits of a field in the words of a row. */
function fieldMask(row: Row, letter: string): number {
  let mask = 0;
  for (const char of row.bits) mask = mask * 2 + (char === letter ? 1 : 0);
  return mask >>> 0;
}

function shifted(text: string, shift: number): string {
  return shift === 0 ? text : `(${text} << ${shift})`;
}

/** A symbolic operand as an expression of bits of the trap; undefined when there is none. */
function term(operand: SymbolicOperand, found: Assembled): string | undefined {
  const name = operand.text.trim();
  if (operand.kind === 'member') return `(1 << ${SYMBOL}${name})`;
  const mask = fieldMask(found.row, operand.letter);
  const move = trapMoves(found.word)?.find((candidate) => (candidate.mask & mask) >>> 0 === mask);
  if (!move) return undefined;
  const position = 31 - Math.clz32(mask & -mask) - move.shift;
  if (operand.kind === 'register') return shifted(`${SYMBOL}${name}`, position);
  return operand.kind === 'mode' ? shifted(`((${name}) & 0x1f)`, position) : undefined;
}

function computed(statement: Statement): Replacement | undefined {
  const { found, condition, gap } = statement;
  const trap = encodeTrap(found.word);
  if (trap === undefined || ((trap >>> 24) & 15) !== 15) return undefined;
  const base = hex(trap & 0xffffff, 6);
  const immediate = found.symbolic.find(({ kind }) => kind === 'immediate');
  const terms = found.symbolic.filter((operand) => operand !== immediate).map((operand) => term(operand, found));
  if (terms.includes(undefined)) return undefined;
  const bits = [base, ...terms].join(' | ');
  if (!immediate) return { form: 'statement', text: `swi${condition}${gap}${bits}`, computed: true };
  if (immediate.text.startsWith('%')) return undefined;
  const text = `${PREFIX}imm${condition}${gap}${bits.includes('|') ? `(${bits})` : bits}, ${immediate.text}`;
  return { form: 'statement', text, computed: true };
}

/** What is known of a site beyond its text. */
export interface SiteFacts {
  readonly class: SensitiveClass;
  /** Words that expansions have produced; empty when there was none. */
  readonly words: ReadonlySet<number>;
  /** The mnemonic is produced by the C preprocessor. */
  readonly pasted: boolean;
  /** Where the mnemonic begins is not inside a string of a template (C only). */
  readonly needsString: boolean;
  /** Compiler operands may be immediates. */
  readonly compiled: boolean;
}

/** Operands of the classes whose instructions have macros that take them whole. */
const USER_ACCESS_OPERANDS = /^\S+,\s*\[[^,\]]+\](\s*,\s*#\S+)?$/;
const MACRO_OPERANDS: Readonly<Partial<Record<SensitiveClass, RegExp>>> = {
  MRS: /^\S+,\s*[\\\w()]+$/,
  MSR: /^[\\\w()]+,\s*(?:[%\\\w[\]()]+|#\d+)$/,
};

/** The replacement of a statement as it is written; undefined when there is none that keeps its meaning. */
export function replacementFor(written: string, facts: SiteFacts, names: OperandContext): Replacement | undefined {
  if (trapsInUserMode(facts.class)) return undefined;
  const { mnemonic, gap, operands } = splitMnemonic(written);
  if (!facts.pasted) {
    const statement = read(written, names);
    if (statement) {
      const { found } = statement;
      const namedImmediate = found.symbolic.some(({ kind }) => kind === 'immediate');
      if (found.symbolic.length === 0 && !hasPlaceholder(statement.condition)) return literal(found.word, statement);
      if (!USER_ACCESS.has(found.class)) {
        if (found.symbolic.length === 0) return literal(found.word, statement);
        // The compiler may choose an immediate where a template has an operand of MSR.
        const chosen = facts.compiled && found.row.name === 'MSR_reg';
        const result = chosen ? undefined : computed(statement);
        if (result) return result;
      }
      if (facts.words.size === 1 && !namedImmediate && !hasPlaceholder(written)) {
        return literal([...facts.words][0], statement);
      }
    } else if (facts.words.size === 1 && !hasPlaceholder(written) && lookupMnemonic(mnemonic.toLowerCase())) {
      const [word] = facts.words;
      return literal(word, { condition: conditionText(mnemonic, word), gap });
    }
  }
  const shape = MACRO_OPERANDS[facts.class] ?? (USER_ACCESS.has(facts.class) ? USER_ACCESS_OPERANDS : undefined);
  if (!shape?.test(operands.trim())) return undefined;
  const call = /^[A-Za-z_]\w*\(/.test(mnemonic);
  return { form: facts.needsString ? 'string' : call ? 'call' : 'prefix', text: '', computed: true };
}

/** A statement as it stands in its file, replaced; `inString` says that it needs the escapes of C. */
export function applyReplacement(original: string, { form, text }: Replacement, inString: boolean): string {
  switch (form) {
    case 'statement':
      // A tab in a string stays as it was written.
      return inString && original.includes('\\t') ? text.replaceAll('\t', '\\t') : text;
    case 'prefix':
      return PREFIX + original;
    case 'string':
      return `"${PREFIX}" ${original}`;
    case 'call': {
      const end = closing(original, original.indexOf('(') + 1) + 1;
      return `LPV(${original.slice(0, end)})${original.slice(end)}`;
    }
  }
}

/** The comment that keeps the original. */
export function keepOriginal(text: string, original: string): string {
  return `${text} /* lpv: ${original.replace(/\s+$/, '').replaceAll('*/', '*\\/')} */`;
}

/** What makes a register alias known to computed traps; it goes behind the statement that defines it. */
export function aliasSymbol(name: string, register: string): string {
  return ` ; ${SYMBOL}${name} = ${SYMBOL}${register} /* lpv: alias */`;
}

const ALIAS_SYMBOL = / ; \.Llpv_\w+ = \.Llpv_\w+ \/\* lpv: alias \*\//g;

/** A replaced statement with its original: `swi 0x022000 /* lpv: mrs r2, cpsr *` `/`. */
const REPLACED =
  /(?:(?:swi|__lpv_imm)[\w\\.$%?()]*?|\.inst)(?:[ \t]|\\t)+(?:(?!\/\*|\bswi\b)[^;\n"])*? \/\* lpv: ((?:(?!\*\/)[^])*) \*\//g;
const PREFIXED = /"__lpv_" |__lpv_(?=[a-z\\%])/g;
const WRAPPED = /\bLPV\(/g;

/** Where a call's text ends, from behind its opening parenthesis. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && depth-- === 0) return i;
    else if (text[i] === '\n') break;
  }
  return -1;
}

/** The text before its replacement: the inverse of every fix in it. Text without fixes comes back as it is. */
export function restoreText(text: string): string {
  if (!text.includes('lpv: ') && !text.includes(PREFIX) && !text.includes('LPV(')) return text;
  let restored = text
    .replace(ALIAS_SYMBOL, '')
    .replace(REPLACED, (_, original: string) => original.replaceAll('*\\/', '*/'));
  for (let match = WRAPPED.exec(restored); match; match = WRAPPED.exec(restored)) {
    const close = closing(restored, WRAPPED.lastIndex);
    if (close < 0) continue;
    restored = restored.slice(0, match.index) + restored.slice(WRAPPED.lastIndex, close) + restored.slice(close + 1);
    WRAPPED.lastIndex = match.index;
  }
  WRAPPED.lastIndex = 0;
  return restored.replace(PREFIXED, '');
}
