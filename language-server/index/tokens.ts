/**
 * The tokens of a line as an editor needs them: what each word is, and whether it defines something. Made from one line
 * alone and kept with it, so an edit costs the lines that it touches.
 */
import { standardRegisters } from '../../isa/assemble.ts';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import type { Statement } from '../parse/gas/statement.ts';
import type { LogicalLine } from '../parse/lines.ts';
import { cacheOf, directiveOf } from '../parse/preprocessor/preprocess.ts';
import { statementsOf } from '../rules/written-sites.ts';

/** What a definition defines. */
export type SymbolKind = 'label' | 'local' | 'constant' | 'macro' | 'define' | 'alias' | 'parameter';

/** What a word is. */
export type TokenKind =
  | 'mnemonic'
  | 'call'
  | 'directive'
  | 'preprocessor'
  | 'symbol'
  | 'local'
  | 'parameter'
  | 'register'
  | 'status'
  | 'coprocessor'
  | 'number'
  | 'string'
  | 'include'
  | 'shift';

export interface Token {
  /** Column in the logical line, and length. */
  readonly at: number;
  readonly length: number;
  readonly kind: TokenKind;
  /** As it is written; for a reference to a parameter without its backslash, for a local label its number. */
  readonly name: string;
  readonly defines?: SymbolKind | undefined;
}

/** Tokens of a line beyond this many are not read: nobody writes them, and the memory is bounded. */
const MAX_TOKENS = 4000;
/** Characters of a line that are read. */
const MAX_LENGTH = 100_000;

const WORD =
  /\\(?:\(\)|@|([A-Za-z_.$][\w.$]*))|(\d+)([bf])(?![\w])|(0[xX][0-9a-fA-F]+|0[bB][01]+|\d[\w]*)|("(?:[^"\\]|\\.)*"?)|('(?:\\.|[^\s\\])'?)|([A-Za-z_.$][\w.$]*(?:\\(?:\(\)|@|[A-Za-z_.$][\w.$]*)[\w.$]*)*)/g;
const STATUS = /^(?:cpsr|spsr|apsr)(?:_[a-z]+)?$/i;
const SHIFT = /^(?:lsl|lsr|asr|ror|rrx|asl)$/i;
const COPROCESSOR = /^(?:p\d{1,2}|cr?\d{1,2})$/i;
const COPROCESSOR_NAME = /^(?:cdp|ldc|stc|mcr|mrc)/;
/** Macros of Linux and others that define their first argument as a label. */
const DEFINES_LABEL = /^(?:ENTRY|WEAK|GLOBAL|SYM_(?:FUNC|CODE|DATA|INNER_LABEL)(?:_START)?\w*|ARM_ENTRY|FUNCTION)$/;
const CLOSES_LABEL = /^(?:END|ENDPROC|SYM_\w*_END\w*|EXPORT_SYMBOL\w*)$/;
/** Directives whose first operand is the name that they define. */
const ASSIGNING: ReadonlySet<string> = new Set(['.set', '.equ', '.equiv', '.eqv']);

class LineTokens {
  readonly tokens: Token[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  add(at: number, length: number, kind: TokenKind, name: string, defines?: SymbolKind): void {
    if (length > 0 && this.tokens.length < MAX_TOKENS) {
      this.tokens.push(defines ? { at, length, kind, name, defines } : { at, length, kind, name });
    }
  }

  /** Reads a range of operands. `special` says what a plain word is, when it is not a symbol. */
  words(from: number, to: number, special: (word: string) => TokenKind | undefined): void {
    if (to <= from) return;
    const part = this.text.slice(from, to);
    for (const match of part.matchAll(WORD)) {
      const [whole, parameter, local, direction, number, string, character, word] = match as (string | undefined)[];
      const at = from + match.index;
      const length = match[0].length;
      if (parameter !== undefined) this.add(at, length, 'parameter', parameter);
      else if (local !== undefined && direction !== undefined) this.add(at, length, 'local', local);
      else if (number !== undefined || character !== undefined) this.add(at, length, 'number', match[0]);
      else if (string !== undefined) this.add(at, length, 'string', string);
      else if (word !== undefined) {
        if (word.includes('\\')) this.pasted(at, word);
        else if (word !== '.') this.add(at, length, special(word) ?? 'symbol', word);
      }
      if (whole === undefined || this.tokens.length >= MAX_TOKENS) return;
    }
  }

  /** A word with references to parameters in it: only these are known. */
  pasted(at: number, word: string): void {
    for (const match of word.matchAll(/\\([A-Za-z_.$][\w.$]*)/g)) {
      this.add(at + match.index, match[0].length, 'parameter', match[1]);
    }
  }
}

const plainWord = (word: string): TokenKind | undefined => {
  const lower = word.toLowerCase();
  if (standardRegisters().has(lower)) return 'register';
  return STATUS.test(word) ? 'status' : SHIFT.test(word) ? 'shift' : undefined;
};
const coprocessorWord = (word: string): TokenKind | undefined =>
  COPROCESSOR.test(word) ? 'coprocessor' : plainWord(word);
const noWord = (): undefined => undefined;

function labels(line: LineTokens, text: string, statement: Statement): void {
  let at = statement.start;
  for (const label of statement.labels) {
    at = text.indexOf(label, at);
    if (at < 0) return;
    if (/^\d+$/.test(label)) line.add(at, label.length, 'local', label, 'local');
    else if (label.includes('\\')) line.pasted(at, label);
    else line.add(at, label.length, 'symbol', label, 'label');
    at += label.length + 1;
  }
}

/** What stands behind `.macro`: its name and its parameters. */
function macroHeader(line: LineTokens, text: string, { operandStart, end }: Statement): void {
  const head = /^([^\s,(]+)/.exec(text.slice(operandStart, end));
  if (!head) return;
  line.add(operandStart, head[1].length, 'call', head[1], 'macro');
  const from = operandStart + head[0].length;
  const parameter = /[\s,]*([A-Za-z_.$][\w.$]*)(?:\s*:\s*(?:req|vararg))?(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,)]*))?/y;
  const rest = text.slice(from, end);
  for (let match = parameter.exec(rest); match; match = parameter.exec(rest)) {
    const at = from + match.index + match[0].indexOf(match[1]);
    line.add(at, match[1].length, 'parameter', match[1], 'parameter');
  }
}

function directive(line: LineTokens, text: string, statement: Statement): void {
  const { name, nameStart, operandStart, operands, end } = statement;
  line.add(nameStart, name.length, 'directive', name);
  if (name === '.macro') {
    macroHeader(line, text, statement);
    return;
  }
  const first = /^\\?([A-Za-z_.$][\w.$]*)/.exec(operands);
  if (ASSIGNING.has(name) && first) {
    if (!operands.startsWith('\\')) line.add(operandStart, first[0].length, 'symbol', first[1], 'constant');
    line.words(operandStart + first[0].length, end, plainWord);
  } else if (/^\.i(?:rp|rpc|rep|repc)$/.test(name) && first) {
    const at = operandStart + first[0].length - first[1].length;
    line.add(at, first[1].length, 'parameter', first[1], 'parameter');
    line.words(operandStart + first[0].length, end, plainWord);
  } else if (name === '.include') {
    const quoted = /^"([^"]*)"/.exec(operands);
    if (quoted) line.add(operandStart, quoted[0].length, 'include', quoted[1]);
  } else if (name === '.purgem' && first) line.add(operandStart, first[0].length, 'call', first[1]);
  else if (/^\.(?:section|arch|cpu|fpu|syntax|eabi_attribute|type|code|pushsection)$/.test(name)) {
    // Their operands are words of the directive, but for the symbol of .type.
    if (name === '.type' && first) line.add(operandStart, first[0].length, 'symbol', first[1]);
  } else line.words(operandStart, end, plainWord);
}

function instruction(line: LineTokens, text: string, statement: Statement): void {
  const { name, nameStart, operandStart, operands, end } = statement;
  if (name.includes('(')) {
    linkage(line, text, statement);
    return;
  }
  const alias = /^\.(req|dn|qn)\s/i.exec(operands);
  const written = text.slice(nameStart, nameStart + name.length);
  if (alias) {
    if (!written.includes('\\')) line.add(nameStart, name.length, 'symbol', written, 'alias');
    line.add(operandStart, alias[1].length + 1, 'directive', `.${alias[1].toLowerCase()}`);
    line.words(operandStart + alias[0].length, end, plainWord);
    return;
  }
  if (written.includes('\\')) line.pasted(nameStart, written);
  const literal = name.split('\\')[0];
  const dot = literal.indexOf('.');
  const known = literal !== '' && instructionsNamed(dot > 0 ? literal.slice(0, dot) : literal);
  if (known) line.add(nameStart, literal.length, 'mnemonic', literal);
  else if (!written.includes('\\')) line.add(nameStart, name.length, 'call', written);
  line.words(operandStart, end, known && COPROCESSOR_NAME.test(literal) ? coprocessorWord : plainWord);
}

/** A macro of the C preprocessor where an instruction stands: ENTRY(name), ARM( instruction ). */
function linkage(line: LineTokens, text: string, { nameStart, end }: Statement): void {
  const call = /^([A-Za-z_]\w*)\s*\(\s*/.exec(text.slice(nameStart, end));
  if (!call) {
    line.words(nameStart, end, plainWord);
    return;
  }
  line.add(nameStart, call[1].length, 'symbol', call[1]);
  const from = nameStart + call[0].length;
  const argument = /^[A-Za-z_.$][\w.$]*/.exec(text.slice(from, end));
  if (argument && (DEFINES_LABEL.test(call[1]) || CLOSES_LABEL.test(call[1]))) {
    line.add(from, argument[0].length, 'symbol', argument[0], DEFINES_LABEL.test(call[1]) ? 'label' : undefined);
    line.words(from + argument[0].length, end, plainWord);
    return;
  }
  const known = argument && instructionsNamed(argument[0].toLowerCase());
  if (known) line.add(from, argument[0].length, 'mnemonic', argument[0].toLowerCase());
  line.words(from + (known ? argument[0].length : 0), end, plainWord);
}

function preprocessor(line: LineTokens, logical: LogicalLine): void {
  const { name, rest, restAt } = directiveOf(logical);
  const { text } = logical;
  const hash = text.indexOf('#');
  line.add(hash, restAt - hash, 'preprocessor', name);
  const end = text.trimEnd().length;
  if (/^(?:include|include_next|import)$/.test(name)) {
    const target = /^\s*(?:"([^"]*)"|<([^>]*)>)/.exec(rest);
    if (target) {
      const at = restAt + target[0].search(/["<]/);
      line.add(at, restAt + target[0].length - at, 'include', target[1] ?? target[2]);
    } else line.words(restAt, end, noWord);
    return;
  }
  if (name !== 'define') {
    if (name !== 'error' && name !== 'warning' && name !== 'pragma') line.words(restAt, end, noWord);
    return;
  }
  const head = /^\s*([A-Za-z_$][\w$]*)(\([^)]*\))?/.exec(rest);
  if (!head) return;
  const at = restAt + head[0].indexOf(head[1]);
  line.add(at, head[1].length, 'symbol', head[1], 'define');
  const parameters = new Set<string>();
  const list = head[2] as string | undefined;
  for (const match of list?.matchAll(/[A-Za-z_$][\w$]*/g) ?? []) {
    parameters.add(match[0]);
    line.add(at + head[1].length + match.index, match[0].length, 'parameter', match[0], 'parameter');
  }
  line.words(restAt + head[0].length, end, (word) => (parameters.has(word) ? 'parameter' : plainWord(word)));
}

/** The tokens of a line, in order; comments have none. */
export function tokensOf(logical: LogicalLine): readonly Token[] {
  const cache = cacheOf(logical);
  if (cache.tokens) return cache.tokens as readonly Token[];
  const line = new LineTokens(logical.text);
  if (logical.text.length <= MAX_LENGTH) {
    if (logical.directive) preprocessor(line, logical);
    else {
      for (const statement of statementsOf(logical)) {
        labels(line, logical.text, statement);
        if (statement.kind === 'directive') directive(line, logical.text, statement);
        else if (statement.kind === 'instruction') instruction(line, logical.text, statement);
        else if (statement.kind === 'assignment') {
          const { name, nameStart, operandStart, end } = statement;
          if (name.includes('\\')) line.pasted(nameStart, name);
          else if (name !== '.') line.add(nameStart, name.length, 'symbol', name, 'constant');
          line.words(operandStart, end, plainWord);
        }
      }
    }
  }
  line.tokens.sort((a, b) => a.at - b.at);
  cache.tokens = line.tokens;
  return line.tokens;
}
