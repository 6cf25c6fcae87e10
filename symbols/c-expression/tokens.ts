/** Splits a C expression into tokens. */
import { InputError } from '../../formats/input-error.ts';

export type Token =
  | { readonly kind: 'name' | 'register' | 'operator' | 'end'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'integer';
      readonly value: bigint;
      readonly suffix: string;
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'float'; readonly value: number; readonly text: string; readonly at: number }
  | { readonly kind: 'character' | 'string'; readonly value: string; readonly text: string; readonly at: number };

const LONGEST = 4096;
const PATTERN =
  /\s*(?:([A-Za-z_]\w*)|(\$[A-Za-z_]\w*)|(\d+\.\d*(?:[eE][-+]?\d+)?[fF]?|\.\d+(?:[eE][-+]?\d+)?[fF]?)|(0[xX][\da-fA-F]+|0[bB][01]+|\d+)([uUlL]*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(->|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:()[\].,]))/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** An error of an expression, with the place in it. */
export function expressionError(problem: string, text: string, at: number): InputError {
  return new InputError(`${problem}: ${text.slice(0, at)}<here>${text.slice(at)}`);
}

/** The tokens of an expression, the last of kind `end`. Throws an `InputError` that shows the place. */
export function tokenize(text: string): Token[] {
  if (text.length > LONGEST) throw new InputError(`an expression of more than ${LONGEST} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    PATTERN.lastIndex = at;
    const match = PATTERN.exec(text);
    if (!match) throw expressionError('this is not C', text, at);
    const [all, name, register, float, integer, suffix, character, string, operator] = match;
    const start = at;
    at += all.length;
    const common = { text: all.trim(), at: start };
    if (name !== undefined) tokens.push({ kind: 'name', ...common });
    else if (register !== undefined) tokens.push({ kind: 'register', ...common });
    else if (float !== undefined) tokens.push({ kind: 'float', value: Number(float.replace(/[fF]$/, '')), ...common });
    else if (integer !== undefined) {
      const octal = /^0\d+$/.test(integer);
      if (octal && /[89]/.test(integer)) throw expressionError('an octal number with 8 or 9 in it', text, start);
      const value = BigInt(octal ? `0o${integer.slice(1)}` : integer);
      tokens.push({ kind: 'integer', value: BigInt.asUintN(64, value), suffix: suffix.toLowerCase(), ...common });
    } else if (character !== undefined) tokens.push({ kind: 'character', value: unescape(character), ...common });
    else if (string !== undefined) tokens.push({ kind: 'string', value: unescape(string), ...common });
    else tokens.push({ kind: 'operator', text: operator, at: start });
  }
  tokens.push({ kind: 'end', text: '', at: end });
  return tokens;
}

function unescape(text: string): string {
  return text.replace(/\\(x[\da-fA-F]+|[0-7]{1,3}|.)/g, (_, code: string) => {
    if (/^x./.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16) & 0xff);
    if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8) & 0xff);
    return ESCAPES[code] ?? code;
  });
}
