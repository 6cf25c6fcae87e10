/** Macros of the C preprocessor: definitions and expansion (ISO C, 6.10.3), with the origin of every character. */
import type { Source } from '../source.ts';
import { type Place, type Traced, TracedBuilder } from '../traced.ts';
import { tokenize, type Token } from './tokens.ts';

export class Macro {
  readonly name: string;
  /** Parameter names; undefined for a macro that looks like an object. */
  readonly parameters: readonly string[] | undefined;
  /** The last parameter takes the rest of the arguments. */
  readonly variadic: boolean;
  readonly source: Source;
  /** The replacement as it is written, and where. */
  readonly body: string;
  readonly bodyStart: number;
  private cached: readonly Token[] | undefined;

  constructor(
    name: string,
    parameters: readonly string[] | undefined,
    variadic: boolean,
    source: Source,
    body: string,
    bodyStart: number,
  ) {
    this.name = name;
    this.parameters = parameters;
    this.variadic = variadic;
    this.source = source;
    this.body = body;
    this.bodyStart = bodyStart;
  }

  get tokens(): readonly Token[] {
    this.cached ??= tokenize(this.body, this.source, this.bodyStart);
    return this.cached;
  }
}

export type MacroTable = ReadonlyMap<string, Macro>;

/** Reads what follows `#define`; undefined when it is malformed. */
export function parseDefine(text: string, source: Source, start: number): Macro | undefined {
  const head = /^\s*([A-Za-z_$][\w$]*)/.exec(text);
  if (!head) return undefined;
  const name = head[1];
  let at = head[0].length;
  let parameters: string[] | undefined;
  let variadic = false;
  if (text[at] === '(') {
    const close = text.indexOf(')', at);
    if (close < 0) return undefined;
    const list = text.slice(at + 1, close).trim();
    parameters = list === '' ? [] : list.split(',').map((parameter) => parameter.trim());
    const last = parameters.at(-1);
    if (last?.endsWith('...')) {
      variadic = true;
      parameters[parameters.length - 1] = last.slice(0, -3).trim() || '__VA_ARGS__';
    }
    at = close + 1;
  }
  while (at < text.length && text.charCodeAt(at) <= 32) at++;
  return new Macro(name, parameters, variadic, source, text.slice(at).trimEnd(), start + at);
}

/** Tokens that one expansion may produce, rescans included. */
const MAX_TOKENS = 50_000;
/** Places that a token remembers besides its own. */
const MAX_PLACES = 6;
const NO_TOKENS: readonly Token[] = [];

interface Arguments {
  readonly list: Token[][];
  /** Index of the closing parenthesis. */
  readonly close: number;
}

/** Expands tokens. One object serves one line: its budget bounds what hostile macros can cost. */
export class Expander {
  private readonly macros: Pick<MacroTable, 'get'>;
  private budget = MAX_TOKENS;
  /** The last macro name met had an argument list that did not end: it may continue on the next line. */
  unfinished = false;

  constructor(macros: Pick<MacroTable, 'get'>) {
    this.macros = macros;
  }

  expand(input: readonly Token[]): Token[] {
    const output: Token[] = [];
    // A stack in reverse, so that replacements are read again before what follows.
    const rest: Token[] = [...input].reverse();
    while (rest.length > 0) {
      const token = rest.pop()!;
      const macro = token.kind === 'name' && !token.hidden?.has(token.text) ? this.macros.get(token.text) : undefined;
      if (!macro || this.budget <= 0) {
        output.push(token);
        continue;
      }
      if (!macro.parameters) {
        const hidden = withName(token.hidden, macro.name);
        this.push(
          rest,
          this.substitute(macro, NO_TOKENS, [], token, token.from + (token.span || token.text.length), hidden),
        );
        continue;
      }
      const found = readArguments(rest, macro);
      if (found === 'none') output.push(token);
      else if (found === 'unfinished') {
        this.unfinished = true;
        output.push(token);
      } else {
        const last = rest[found.close];
        rest.length = found.close;
        const hidden = withName(intersect(token.hidden, last.hidden), macro.name);
        const end =
          last.source === token.source && last.from > token.from ? last.from + 1 : token.from + token.text.length;
        this.push(rest, this.substitute(macro, macro.tokens, found.list, token, end, hidden));
      }
    }
    return output;
  }

  private push(rest: Token[], tokens: readonly Token[]): void {
    this.budget -= tokens.length + 1;
    for (let i = tokens.length - 1; i >= 0; i--) rest.push(tokens[i]);
  }

  private substitute(
    macro: Macro,
    body: readonly Token[],
    args: Token[][],
    site: Token,
    siteEnd: number,
    hidden: ReadonlySet<string>,
  ): Token[] {
    const source = macro.parameters ? body : macro.tokens;
    const result: Token[] = [];
    const expanded: (Token[] | undefined)[] = [];
    const parameterOf = (token: Token | undefined): number =>
      token?.kind === 'name' && macro.parameters ? macro.parameters.indexOf(token.text) : -1;
    const place = { source: site.source, from: site.from, end: siteEnd };
    const also = [place, ...(site.also ?? [])].slice(0, MAX_PLACES);
    /** What # and ## make has no place of its own: it stands for the whole invocation. */
    const made = (text: string, kind: Token['kind']): Token => ({
      text,
      kind,
      source: site.source,
      from: site.from,
      span: Math.max(1, siteEnd - site.from),
      hidden,
    });
    for (let i = 0; i < source.length && this.budget > 0; i++) {
      const token = source[i];
      if (token.text === '##' && result.length > 0) {
        const next = skipSpaces(source, i + 1);
        i = this.paste(result, source, next, args, parameterOf, made);
        continue;
      }
      if (token.text === '#' && macro.parameters) {
        const next = skipSpaces(source, i + 1);
        const parameter = parameterOf(source[next]);
        if (parameter >= 0) {
          result.push(made(stringify(args[parameter] ?? []), 'string'));
          i = next;
          continue;
        }
      }
      const parameter = parameterOf(token);
      if (parameter < 0) {
        result.push(placed(token, hidden, also));
        continue;
      }
      const argument = args[parameter] ?? [];
      const following = source[skipSpaces(source, i + 1)]?.text === '##';
      if (!following) expanded[parameter] ??= this.nested(argument);
      const reference = [{ source: token.source, from: token.from, end: token.from + token.text.length }, place];
      for (const part of following ? argument : expanded[parameter]!) {
        const places = part.also ? [...reference, ...part.also].slice(0, MAX_PLACES) : reference;
        result.push(placed(part, part.kind === 'name' ? union(part.hidden, hidden) : undefined, places));
      }
      this.budget -= argument.length;
    }
    return result;
  }

  private nested(argument: readonly Token[]): Token[] {
    const inner = new Expander(this.macros);
    inner.budget = this.budget;
    const result = inner.expand(argument);
    this.budget = inner.budget;
    return result;
  }

  /** Joins the last token of the result with what follows ##; returns the index of the last token used. */
  private paste(
    result: Token[],
    source: readonly Token[],
    next: number,
    args: readonly Token[][],
    parameterOf: (token: Token | undefined) => number,
    made: (text: string, kind: Token['kind']) => Token,
  ): number {
    const parameter = parameterOf(source[next]);
    const right = parameter >= 0 ? trimmed(args[parameter] ?? []) : source[next] ? [source[next]] : [];
    while (result.at(-1)?.kind === 'space') result.pop();
    if (right.length === 0) {
      // ", ## args" with no arguments drops the comma (a GNU extension).
      if (result.at(-1)?.text === ',' && parameter >= 0) result.pop();
      return next;
    }
    const left = result.at(-1);
    if (!left || left.text === ',') {
      result.push(...right);
      return next;
    }
    const text = left.text + right[0].text;
    const kind = /^[A-Za-z_$][\w$]*$/.test(text) ? 'name' : 'other';
    result[result.length - 1] = made(text, kind);
    result.push(...right.slice(1));
    return next;
  }
}

/** A token that has come through a macro. Only names can be expanded again, so only they remember what must not be. */
function placed(token: Token, hidden: ReadonlySet<string> | undefined, also: readonly Place[]): Token {
  const { text, kind, source, from, span } = token;
  return { text, kind, source, from, span, also, hidden: kind === 'name' ? hidden : undefined };
}

function skipSpaces(tokens: readonly Token[], at: number): number {
  while (tokens[at]?.kind === 'space') at++;
  return at;
}

function trimmed(tokens: readonly Token[]): Token[] {
  let start = 0;
  let end = tokens.length;
  while (start < end && tokens[start].kind === 'space') start++;
  while (end > start && tokens[end - 1].kind === 'space') end--;
  return tokens.slice(start, end);
}

function withName(hidden: ReadonlySet<string> | undefined, name: string): ReadonlySet<string> {
  return hidden ? new Set([...hidden, name]) : new Set([name]);
}

function union(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): ReadonlySet<string> {
  return a ? new Set([...a, ...b]) : b;
}

function intersect(
  a: ReadonlySet<string> | undefined,
  b: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (!a || !b) return undefined;
  return new Set([...a].filter((name) => b.has(name)));
}

function stringify(argument: readonly Token[]): string {
  const text = trimmed(argument)
    .map(({ text, kind }) => (kind === 'space' ? ' ' : kind === 'string' ? text.replace(/[\\"]/g, '\\$&') : text))
    .join('');
  return `"${text}"`;
}

/** Reads an argument list from a reversed stack. */
function readArguments(rest: readonly Token[], macro: Macro): Arguments | 'none' | 'unfinished' {
  let at = rest.length - 1;
  while (at >= 0 && rest[at].kind === 'space') at--;
  if (at < 0 || rest[at].text !== '(') return 'none';
  const count = macro.parameters!.length;
  const list: Token[][] = [[]];
  let depth = 0;
  for (at--; at >= 0; at--) {
    const token = rest[at];
    if (token.kind === 'other') {
      if (token.text === '(') depth++;
      else if (token.text === ')') {
        if (depth === 0) return { list: list.map(trimmed), close: at };
        depth--;
      } else if (token.text === ',' && depth === 0 && !(macro.variadic && list.length === count)) {
        list.push([]);
        continue;
      }
    }
    list.at(-1)!.push(token);
  }
  return 'unfinished';
}

/** Tokens as text. */
export function joinTokens(tokens: readonly Token[]): Traced {
  const builder = new TracedBuilder();
  for (const { text, source, from, span, also } of tokens) builder.add(text, source, from, span, also);
  return builder.build();
}
