/**
 * Integer expressions of the C preprocessor and of the assembler: two tables of operators, one reader. A value that
 * cannot be known (a label, a configuration symbol) makes the result unknown, unless it does not matter.
 */

/** A number, or undefined when it cannot be known. */
export type Value = number | undefined;

/** How a name or another operand is evaluated. */
export interface ExpressionNames {
  /** The value of a name; unknown when it has none that can be known. */
  name(text: string): Value;
  /** Reads `defined X` and the like at `rest`: the value and the characters read. Absent in the assembler. */
  special?(name: string, rest: string): { value: Value; length: number } | undefined;
}

export interface ExpressionLanguage {
  /** Binary operators with their precedence; a higher one binds more tightly. */
  readonly operators: ReadonlyMap<string, number>;
  /** What a true comparison is worth. */
  readonly truth: number;
  readonly conditional: boolean;
}

const table = (levels: readonly string[]): ReadonlyMap<string, number> =>
  new Map(levels.flatMap((level, i) => level.split(' ').map((operator): [string, number] => [operator, i + 1])));

/** C (ISO C, 6.10.1 and 6.6). */
export const C_EXPRESSION: ExpressionLanguage = {
  operators: table(['||', '&&', '|', '^', '&', '== !=', '< > <= >=', '<< >>', '+ -', '* / %']),
  truth: 1,
  conditional: true,
};

/** The assembler (GNU as, "Infix Operators"): a true comparison is -1. */
export const GAS_EXPRESSION: ExpressionLanguage = {
  operators: table(['||', '&&', '== <> != < > >= <=', '+ -', '| & ^ !', '* / % << >>']),
  truth: -1,
  conditional: false,
};

const MAX_DEPTH = 200;

/** Not an expression. One object: it says nothing else, and traces of the stack are slow to make. */
class SyntaxFailure extends Error {}
const FAILURE = new SyntaxFailure();

class ExpressionReader {
  private at = 0;
  private depth = 0;
  private readonly text: string;
  private readonly names: ExpressionNames;
  private readonly language: ExpressionLanguage;

  constructor(text: string, names: ExpressionNames, language: ExpressionLanguage) {
    this.text = text;
    this.names = names;
    this.language = language;
  }

  whole(): Value {
    const value = this.expression();
    if (this.peek() !== '') throw FAILURE;
    return value;
  }

  private peek(): string {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at++;
    return this.text[this.at] ?? '';
  }

  private expression(): Value {
    if (++this.depth > MAX_DEPTH) throw FAILURE;
    const condition = this.binary(1);
    this.depth--;
    if (!this.language.conditional || this.peek() !== '?') return condition;
    this.at++;
    const yes = this.expression();
    if (this.peek() !== ':') throw FAILURE;
    this.at++;
    const no = this.expression();
    if (condition === undefined) return yes === no ? yes : undefined;
    return condition !== 0 ? yes : no;
  }

  private operator(): string {
    this.peek();
    const two = this.text.slice(this.at, this.at + 2);
    if (two.length === 2 && this.language.operators.has(two)) return two;
    const one = two[0] ?? '';
    return this.language.operators.has(one) ? one : '';
  }

  private binary(least: number): Value {
    let left = this.unary();
    for (;;) {
      const operator = this.operator();
      const precedence = this.language.operators.get(operator);
      if (precedence === undefined || precedence < least) return left;
      this.at += operator.length;
      left = this.apply(operator, left, this.binary(precedence + 1));
    }
  }

  private apply(operator: string, left: Value, right: Value): Value {
    const { truth } = this.language;
    if (operator === '&&') {
      if (left === 0 || right === 0) return 0;
      return left === undefined || right === undefined ? undefined : truth;
    }
    if (operator === '||') {
      if ((left !== undefined && left !== 0) || (right !== undefined && right !== 0)) return truth;
      return left === undefined || right === undefined ? undefined : 0;
    }
    if (left === undefined || right === undefined) return undefined;
    return compute(operator, left, right, truth);
  }

  private unary(): Value {
    if (++this.depth > MAX_DEPTH) throw FAILURE;
    const value = this.operand();
    this.depth--;
    return value;
  }

  private operand(): Value {
    const char = this.peek();
    if (char === '-' || char === '+' || char === '~' || char === '!') {
      this.at++;
      const value = this.unary();
      if (value === undefined || char === '+') return value;
      if (char === '-') return -value;
      if (char === '~') return ~value;
      return value === 0 ? this.language.truth : 0;
    }
    if (char === '(') {
      this.at++;
      const value = this.expression();
      if (this.peek() !== ')') throw FAILURE;
      this.at++;
      return value;
    }
    if (char === "'") return this.character();
    const rest = this.text.slice(this.at, this.at + 256);
    const number = /^(0x[0-9a-f]+|0b[01]+(?![0-9a-f])|\d+)([a-z]*)/i.exec(rest);
    if (number) return this.number(number);
    const name = /^[A-Za-z_.$][\w.$]*/.exec(rest);
    if (!name) throw FAILURE;
    this.at += name[0].length;
    const special = this.names.special?.(name[0], this.text.slice(this.at));
    if (special) {
      this.at += special.length;
      return special.value;
    }
    return this.names.name(name[0]);
  }

  private number([whole, digits, suffix]: RegExpExecArray): Value {
    this.at += whole.length;
    // 1b and 1f are local labels of the assembler; suffixes are C's.
    if (/^[bf]$/i.test(suffix) && !this.language.conditional) return undefined;
    if (suffix !== '' && !/^(u|l|ll|ul|ull|lu|llu)$/i.test(suffix)) throw FAILURE;
    return /^0\d/.test(digits) ? parseInt(digits, 8) : Number(digits);
  }

  private character(): Value {
    const match = /^'(\\.|[^\\])'?/.exec(this.text.slice(this.at));
    if (!match) throw FAILURE;
    this.at += match[0].length;
    const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, 0: 0, b: 8, f: 12 };
    const [, text] = match;
    return text.length === 1 ? text.charCodeAt(0) : (escapes[text[1]] ?? text.charCodeAt(1));
  }
}

/** Bits of two numbers, in 64-bit two's complement where 32 bits are not enough. */
function bitwise(left: number, right: number, of: (a: bigint, b: bigint) => bigint): number {
  if (!Number.isSafeInteger(left) || !Number.isSafeInteger(right)) return NaN;
  return Number(BigInt.asIntN(64, of(BigInt(left), BigInt(right))));
}

const small = (value: number): boolean => (value | 0) === value;

function compute(operator: string, left: number, right: number, truth: number): Value {
  const yes = (condition: boolean): number => (condition ? truth : 0);
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? undefined : Math.trunc(left / right);
    case '%':
      return right === 0 ? undefined : left % right;
    case '<<':
      return right < 0 || right > 63 ? undefined : bitwise(left, right, (a, b) => a << b);
    case '>>':
      return right < 0 || right > 63 ? undefined : bitwise(left, right, (a, b) => a >> b);
    case '|':
      return small(left) && small(right) ? left | right : bitwise(left, right, (a, b) => a | b);
    case '&':
      return small(left) && small(right) ? left & right : bitwise(left, right, (a, b) => a & b);
    case '^':
      return small(left) && small(right) ? left ^ right : bitwise(left, right, (a, b) => a ^ b);
    case '!':
      return bitwise(left, right, (a, b) => a | ~b);
    case '==':
      return yes(left === right);
    case '!=':
    case '<>':
      return yes(left !== right);
    case '<':
      return yes(left < right);
    case '>':
      return yes(left > right);
    case '<=':
      return yes(left <= right);
    default:
      return yes(left >= right);
  }
}

/** The value of an expression, unknown as undefined; 'invalid' when it is none. */
export function evaluate(text: string, names: ExpressionNames, language: ExpressionLanguage): Value | 'invalid' {
  try {
    const value = new ExpressionReader(text, names, language).whole();
    return value !== undefined && !Number.isFinite(value) ? undefined : value;
  } catch (error) {
    if (error instanceof SyntaxFailure) return 'invalid';
    throw error;
  }
}
