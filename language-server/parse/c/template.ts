/** Templates of asm statements as text: escapes decoded, pasted pieces filled in, every character with its place. */
import { Expander, type Macro, type MacroTable, parseDefine } from '../preprocessor/macros.ts';
import { tokenize, type Token } from '../preprocessor/tokens.ts';
import { type Source } from '../source.ts';
import { type Traced, TracedBuilder } from '../traced.ts';
import type { AsmStatement } from './asm-statements.ts';
import { blankedText, skipLiteral } from './blank.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', a: '\x07', b: '\b' };
/** Texts one template may have when its pieces have several. */
const MAX_VARIANTS = 48;
const MAX_DEPTH = 8;
/** Stands for a piece whose text is not known: no mnemonic has it. */
const UNKNOWN = '\x7f';

/** Contents of a string literal: appended with the places of its characters, or returned as text. */
function decode(text: string, start: number, end: number, add: (text: string, at: number, span: number) => void): void {
  let from = start;
  for (let at = start; at < end; at++) {
    if (text[at] !== '\\') continue;
    add(text.slice(from, at), from, 0);
    const octal = /^\\([0-7]{1,3}|x[0-9a-fA-F]+)/.exec(text.slice(at, at + 12));
    const length = octal ? octal[0].length : 2;
    const code = octal ? parseInt(octal[1].replace('x', ''), octal[1].startsWith('x') ? 16 : 8) & 0xff : 0;
    add(
      octal ? String.fromCharCode(code) : (ESCAPES[text[at + 1]] ?? text[at + 1] ?? ''),
      at,
      Math.min(length, end - at),
    );
    at += length - 1;
    from = at + 1;
  }
  add(text.slice(from, end), from, 0);
}

function stringValue(token: string): string {
  let value = '';
  decode(token, 1, token.length - (token.length > 1 && token.endsWith('"') ? 1 : 0), (text) => (value += text));
  return value;
}

/** An invocation of a macro: its argument texts, and the definition in which it stands. */
interface Invocation {
  readonly args: readonly string[];
  readonly inside: Macro | undefined;
}

/** A part of a template: a string literal of the file, or texts that stand for a range of it. */
interface Part {
  readonly literal: boolean;
  readonly start: number;
  readonly end: number;
  /** Empty for a literal; empty for others when nothing is known. */
  readonly texts: readonly string[];
}

/** Finds what the parameters of macros stand for, from the invocations in the same file. */
class Pasting {
  private readonly source: Source;
  private readonly macros: MacroTable;
  private readonly known = new Map<string, readonly string[]>();

  constructor(source: Source, macros: MacroTable) {
    this.source = source;
    this.macros = macros;
  }

  /** The parts of a piece at a range of the file. */
  partsOf(code: string, start: number, inside: Macro | undefined): Part[] {
    const tokens = new Expander(this.macros).expand(tokenize(code, this.source, start));
    const end = start + code.length;
    const parts: Part[] = [];
    for (const token of tokens) {
      if (token.kind === 'space') continue;
      const here = token.source === this.source && token.from >= start && token.from < end;
      const last = token.from + (token.span || token.text.length);
      if (here && token.kind === 'string' && token.span === 0)
        parts.push({ literal: true, start: token.from, end: last, texts: [] });
      else {
        // What comes from another place stands for the invocation in this one.
        const place = here
          ? { from: token.from, end: last }
          : token.also?.find(({ source, from }) => source === this.source && from >= start && from < end);
        const range = place ?? { from: start, end };
        parts.push({ literal: false, start: range.from, end: range.end, texts: this.optionsOf(token, inside, 0) });
      }
    }
    return parts;
  }

  /** Texts that code can have. Without any, it is unknown. */
  private textsOf(code: string, inside: Macro | undefined, depth: number): readonly string[] {
    if (depth > MAX_DEPTH) return [];
    const tokens = new Expander(this.macros).expand(tokenize(code, this.source, 0));
    let texts: string[] = [''];
    for (const token of tokens) {
      const options = this.optionsOf(token, inside, depth);
      if (options.length === 0) return [];
      texts = texts.flatMap((text) => options.map((option) => text + option)).slice(0, MAX_VARIANTS);
    }
    return texts;
  }

  private optionsOf(token: Token, inside: Macro | undefined, depth: number): readonly string[] {
    if (token.kind === 'space') return [''];
    if (token.kind === 'string') return [stringValue(token.text)];
    const parameter = inside?.parameters?.indexOf(token.text) ?? -1;
    if (!inside || parameter < 0) return [];
    return this.parameterTexts(inside, parameter, depth);
  }

  private parameterTexts(macro: Macro, parameter: number, depth: number): readonly string[] {
    const key = `${macro.name}:${parameter}`;
    const known = this.known.get(key);
    if (known) return known;
    // Broken off here for macros that invoke each other.
    this.known.set(key, []);
    const texts = new Set<string>();
    for (const { args, inside } of this.invocationsOf(macro)) {
      for (const text of this.textsOf(args[parameter] ?? '', inside, depth + 1)) texts.add(text);
      if (texts.size >= MAX_VARIANTS) break;
    }
    const found = [...texts];
    this.known.set(key, found);
    return found;
  }

  /** Macros that look like objects and only rename a macro. */
  private otherNames(name: string): string[] {
    return [...this.macros.values()]
      .filter(({ parameters, body }) => !parameters && body === name)
      .map((other) => other.name);
  }

  private invocationsOf(macro: Macro): Invocation[] {
    const text = blankedText(this.source);
    const found: Invocation[] = [];
    // A name may be pasted too: prefix_##size(...).
    const names = [macro.name, ...this.otherNames(macro.name)];
    const spelled = names.map((name) => name.replaceAll('$', '\\$')).join('|');
    const pattern = new RegExp(`\\b(${spelled}|(\\w+?)\\s*##\\s*\\w+)\\s*\\(`, 'g');
    for (let match = pattern.exec(text); match && found.length < MAX_VARIANTS; match = pattern.exec(text)) {
      const prefix = match[2] as string | undefined;
      if (prefix !== undefined && !names.some((name) => name.startsWith(prefix))) continue;
      const start = text.lastIndexOf('\n', match.index) + 1;
      const head = /^[ \t]*#[ \t]*define\s+/.exec(text.slice(start, start + 64));
      if (head && start + head[0].length === match.index) continue;
      const end = text.indexOf('\n', match.index);
      const inside = head
        ? parseDefine(text.slice(start + head[0].length, end < 0 ? text.length : end), this.source, 0)
        : undefined;
      found.push({ args: argumentTexts(text, pattern.lastIndex), inside });
    }
    return found;
  }
}

/** Argument texts from behind an opening parenthesis. */
function argumentTexts(text: string, from: number): string[] {
  const args: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length && at < from + 4096; at++) {
    const char = text[at];
    if (char === '"' || char === "'") at = skipLiteral(text, at) - 1;
    else if (char === '(') depth++;
    else if (char === ',' && depth === 0) {
      args.push(text.slice(start, at));
      start = at + 1;
    } else if (char === ')' && depth-- === 0) {
      args.push(text.slice(start, at));
      return args;
    }
  }
  return args;
}

/** A template with what is needed to read it. */
export class TemplateReader {
  private readonly source: Source;
  private readonly pasting: Pasting;
  private readonly parts = new Map<AsmStatement, readonly Part[]>();

  /** `macros` are those that may occur between strings. */
  constructor(source: Source, macros: MacroTable) {
    this.source = source;
    this.pasting = new Pasting(source, macros);
  }

  /** Whether a template has a piece of which nothing is known. */
  hasUnknown(statement: AsmStatement): boolean {
    return this.partsOf(statement).some(({ literal, texts }) => !literal && texts.length === 0);
  }

  /** The texts that a template can have: one, unless pieces of it have several. */
  variants(statement: AsmStatement): Traced[] {
    const parts = this.partsOf(statement);
    const most = Math.min(MAX_VARIANTS, Math.max(1, ...parts.map(({ texts }) => texts.length)));
    const built: Traced[] = [];
    // Every text of every piece occurs; combinations of pieces that vary independently need not.
    for (let i = 0; i < most; i++) built.push(this.build(parts, i));
    return built;
  }

  private partsOf(statement: AsmStatement): readonly Part[] {
    let parts = this.parts.get(statement);
    if (parts) return parts;
    const text = blankedText(this.source);
    const { define } = statement;
    const inside =
      define && parseDefine(text.slice(define.start, define.end).replace(/^[ \t]*#[ \t]*define/, ''), this.source, 0);
    parts = statement.pieces.flatMap(({ kind, start, end }): Part[] =>
      kind === 'string'
        ? [{ literal: true, start, end, texts: [] }]
        : this.pasting.partsOf(text.slice(start, end), start, inside),
    );
    this.parts.set(statement, parts);
    return parts;
  }

  private build(parts: readonly Part[], index: number): Traced {
    const text = blankedText(this.source);
    const builder = new TracedBuilder();
    for (const { literal, start, end, texts } of parts) {
      if (!literal)
        builder.add(texts.length > 0 ? texts[index % texts.length] : UNKNOWN, this.source, start, end - start);
      else {
        const last = end - 1 > start && text[end - 1] === '"' ? end - 1 : end;
        decode(text, start + 1, last, (part, at, span) => builder.add(part, this.source, at, span));
      }
    }
    return builder.build();
  }
}
