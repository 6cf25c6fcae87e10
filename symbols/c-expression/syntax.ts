/** The syntax of C expressions: a tree by recursive descent, with names of types told apart by who asks. */
import { expressionError, tokenize, type Token } from './tokens.ts';

/** A type as written: a base, then pointers and array bounds around it. */
export interface WrittenType {
  readonly base: { readonly namespace: 'struct' | 'union' | 'enum' | 'plain'; readonly name: string };
  readonly pointers: number;
  readonly bounds: readonly number[];
  /** For a pointer to a function: the base with its pointers is what that returns. */
  readonly function?: {
    readonly pointers: number;
    readonly parameters: readonly WrittenType[];
    /** Ends in `...`. */
    readonly isVariadic: boolean;
    /** `()` leaves the parameters open. */
    readonly isPrototyped: boolean;
  };
}

export type Syntax =
  | { readonly kind: 'integer'; readonly value: bigint; readonly suffix: string; readonly isDecimal: boolean }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'character' | 'string'; readonly value: string }
  | { readonly kind: 'name' | 'register'; readonly name: string; readonly at: number }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Syntax; readonly at: number }
  | {
      readonly kind: 'binary' | 'assign';
      readonly operator: string;
      readonly left: Syntax;
      readonly right: Syntax;
      readonly at: number;
    }
  | { readonly kind: 'conditional'; readonly condition: Syntax; readonly yes: Syntax; readonly no: Syntax }
  | {
      readonly kind: 'member';
      readonly object: Syntax;
      readonly name: string;
      readonly arrow: boolean;
      readonly at: number;
    }
  | { readonly kind: 'cast'; readonly type: WrittenType; readonly operand: Syntax; readonly at: number }
  | { readonly kind: 'sizeofType'; readonly type: WrittenType; readonly at: number }
  | { readonly kind: 'offsetOf'; readonly type: WrittenType; readonly member: readonly string[]; readonly at: number }
  | {
      readonly kind: 'containerOf';
      readonly operand: Syntax;
      readonly type: WrittenType;
      readonly member: readonly string[];
      readonly at: number;
    };

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=']);
const UNARY = new Set(['*', '&', '-', '+', '!', '~']);
const TYPE_WORDS = new Set([
  'void',
  'char',
  'short',
  'int',
  'long',
  'float',
  'double',
  'signed',
  'unsigned',
  '_Bool',
  'bool',
]);
const QUALIFIERS = new Set(['const', 'volatile', 'restrict']);
const TAGS = new Set(['struct', 'union', 'enum']);
const MAX_DEPTH = 100;

/** Parses an expression. `isType` says whether a plain name is that of a type. Throws an `InputError` with the place. */
export function parseExpression(text: string, isType: (name: string) => boolean): Syntax {
  const parser = new Parser(text, isType);
  return parser.whole();
}

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private readonly isType: (name: string) => boolean;
  private position = 0;
  private depth = 0;

  constructor(text: string, isType: (name: string) => boolean) {
    this.text = text;
    this.tokens = tokenize(text);
    this.isType = isType;
  }

  whole(): Syntax {
    const tree = this.assignment();
    if (this.token.kind !== 'end') this.fail('an operator or the end is expected');
    return tree;
  }

  private get token(): Token {
    return this.tokens[this.position];
  }

  private assignment(): Syntax {
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply');
    const left = this.conditional();
    const { text, at } = this.token;
    let tree = left;
    if (this.token.kind === 'operator' && ASSIGNMENTS.has(text)) {
      this.position++;
      tree = { kind: 'assign', operator: text.slice(0, -1), left, right: this.assignment(), at };
    }
    this.depth--;
    return tree;
  }

  private conditional(): Syntax {
    const condition = this.binary(1);
    if (!this.accept('?')) return condition;
    const yes = this.assignment();
    this.expect(':');
    return { kind: 'conditional', condition, yes, no: this.assignment() };
  }

  private binary(lowest: number): Syntax {
    let left = this.unary();
    for (;;) {
      const { kind, text, at } = this.token;
      const precedence = kind === 'operator' ? PRECEDENCE[text] : undefined;
      if (precedence === undefined || precedence < lowest) return left;
      this.position++;
      left = { kind: 'binary', operator: text, left, right: this.binary(precedence + 1), at };
    }
  }

  private unary(): Syntax {
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply');
    const tree = this.prefixed();
    this.depth--;
    return tree;
  }

  private prefixed(): Syntax {
    const { kind, text, at } = this.token;
    if (kind === 'operator' && UNARY.has(text)) {
      this.position++;
      return { kind: 'unary', operator: text, operand: this.unary(), at };
    }
    if (kind === 'name' && text === 'sizeof') {
      this.position++;
      if (this.isTypeAfterParenthesis()) {
        this.expect('(');
        const type = this.type();
        this.expect(')');
        return { kind: 'sizeofType', type, at };
      }
      return { kind: 'unary', operator: 'sizeof', operand: this.unary(), at };
    }
    if (this.isTypeAfterParenthesis()) {
      this.expect('(');
      const type = this.type();
      this.expect(')');
      return { kind: 'cast', type, operand: this.unary(), at };
    }
    return this.postfix();
  }

  private postfix(): Syntax {
    let tree = this.primary();
    for (;;) {
      const { at } = this.token;
      if (this.accept('[')) {
        const index = this.assignment();
        this.expect(']');
        const sum: Syntax = { kind: 'binary', operator: '+', left: tree, right: index, at };
        tree = { kind: 'unary', operator: '*', operand: sum, at };
      } else if (this.accept('.')) tree = { kind: 'member', object: tree, name: this.name(), arrow: false, at };
      else if (this.accept('->')) tree = { kind: 'member', object: tree, name: this.name(), arrow: true, at };
      else return tree;
    }
  }

  private primary(): Syntax {
    const token = this.token;
    this.position++;
    switch (token.kind) {
      case 'integer':
        return { kind: 'integer', value: token.value, suffix: token.suffix, isDecimal: /^[1-9]/.test(token.text) };
      case 'float':
      case 'character':
      case 'string':
        return token.kind === 'float'
          ? { kind: 'float', value: token.value }
          : { kind: token.kind, value: token.value };
      case 'register':
        return { kind: 'register', name: token.text.slice(1), at: token.at };
      case 'name':
        if (token.text === 'container_of' && this.token.text === '(') return this.containerOf(token.at);
        if (token.text === 'offsetof' && this.token.text === '(') return this.offsetOf(token.at);
        return { kind: 'name', name: token.text, at: token.at };
      default:
        if (token.kind === 'operator' && token.text === '(') {
          const inner = this.assignment();
          this.expect(')');
          return inner;
        }
        this.position--;
        return this.fail('a value is expected');
    }
  }

  private containerOf(at: number): Syntax {
    this.expect('(');
    const operand = this.assignment();
    this.expect(',');
    return { kind: 'containerOf', operand, ...this.typeAndMember(), at };
  }

  private offsetOf(at: number): Syntax {
    this.expect('(');
    return { kind: 'offsetOf', ...this.typeAndMember(), at };
  }

  /** `struct task, list.next)` */
  private typeAndMember(): { type: WrittenType; member: readonly string[] } {
    const type = this.type();
    this.expect(',');
    const member = [this.name()];
    while (this.accept('.')) member.push(this.name());
    this.expect(')');
    return { type, member };
  }

  private isTypeAfterParenthesis(): boolean {
    if (this.token.text !== '(' || this.token.kind !== 'operator') return false;
    const next = this.tokens[this.position + 1];
    return next.kind === 'name' && this.startsType(next.text);
  }

  private startsType(name: string): boolean {
    return TAGS.has(name) || TYPE_WORDS.has(name) || QUALIFIERS.has(name) || this.isType(name);
  }

  private type(): WrittenType {
    const words: string[] = [];
    let namespace: WrittenType['base']['namespace'] = 'plain';
    while (this.token.kind === 'name') {
      const { text } = this.token;
      if (QUALIFIERS.has(text)) this.position++;
      else if (TAGS.has(text) && words.length === 0) {
        this.position++;
        namespace = text as 'struct' | 'union' | 'enum';
        words.push(this.name());
      } else if (TYPE_WORDS.has(text) || (words.length === 0 && this.isType(text))) {
        words.push(text);
        this.position++;
      } else break;
    }
    if (words.length === 0) this.fail('a type is expected');
    let pointers = 0;
    for (;;) {
      if (this.accept('*')) pointers++;
      else if (this.token.kind === 'name' && QUALIFIERS.has(this.token.text)) this.position++;
      else break;
    }
    const base = { namespace, name: words.join(' ') };
    if (this.token.text === '(' && this.tokens[this.position + 1].text === '*')
      return { base, pointers, bounds: [], function: this.functionType() };
    const bounds: number[] = [];
    while (this.accept('[')) {
      const token = this.token;
      if (token.kind !== 'integer') return this.fail('a number is expected');
      this.position++;
      bounds.push(Number(token.value));
      this.expect(']');
    }
    return { base, pointers, bounds };
  }

  /** `(*)(int, char *)` behind what the function returns. */
  private functionType(): NonNullable<WrittenType['function']> {
    this.expect('(');
    let pointers = 0;
    while (this.accept('*')) pointers++;
    this.expect(')');
    this.expect('(');
    if (this.accept(')')) return { pointers, parameters: [], isVariadic: false, isPrototyped: false };
    const parameters: WrittenType[] = [];
    let isVariadic: boolean;
    do {
      isVariadic = parameters.length > 0 && this.accept('.');
      if (!isVariadic) parameters.push(this.type());
    } while (!isVariadic && this.accept(','));
    for (let dot = 1; isVariadic && dot < 3; dot++) this.expect('.');
    this.expect(')');
    const [only] = parameters;
    const isNone = parameters.length === 1 && only.base.name === 'void' && only.pointers === 0 && !only.function;
    return { pointers, parameters: isNone ? [] : parameters, isVariadic, isPrototyped: true };
  }

  private name(): string {
    if (this.token.kind !== 'name') this.fail('a name is expected');
    return this.tokens[this.position++].text;
  }

  private accept(operator: string): boolean {
    if (this.token.kind !== 'operator' || this.token.text !== operator) return false;
    this.position++;
    return true;
  }

  private expect(operator: string): void {
    if (!this.accept(operator)) this.fail(`${operator} is expected`);
  }

  private fail(problem: string): never {
    throw expressionError(problem, this.text, this.token.at);
  }
}
