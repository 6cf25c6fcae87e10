/**
 * The asm statements of C, C++ and headers (GCC, "How to Use Inline Assembly Language in C Code"): where each one
 * is, and the pieces of its template: string literals, and what macros or parameters put between them.
 */
import type { Source } from '../source.ts';
import { blankedText, skipLiteral } from './blank.ts';

/** One piece of a template. */
export interface TemplatePiece {
  readonly kind: 'string' | 'other';
  /** Offsets in the file, quotes included. */
  readonly start: number;
  readonly end: number;
}

export interface AsmStatement {
  readonly start: number;
  /** Behind the closing parenthesis, or where reading stopped. */
  readonly end: number;
  readonly pieces: readonly TemplatePiece[];
  /** With operands, % is special in the template. */
  readonly extended: boolean;
  /** The #define line in which it stands: where that begins and ends. */
  readonly define: { readonly start: number; readonly end: number } | undefined;
}

/**
 * The keyword, or a literal in which it does not count. One that does not end goes to the end of its line: looking for an end from
 * each of its quotes would take too long.
 */
const KEYWORD = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|\b(?:__asm__|__asm|asm)\b/g;
/** A file without it has no asm statement. Paths of headers, such as <asm/io.h>, are in nearly every file of a kernel. */
const MAY_HAVE = /\basm\b(?!\/[^/*]|-)|__asm/;
const QUALIFIERS = /(?:\s|\b(?:volatile|__volatile__|__volatile|goto|inline|__inline__|__inline)\b)*/y;
const DIRECTIVE = /\n[ \t]*#[^\n]*/y;
/** Characters one statement may have; what is longer is not read further. */
const MAX_STATEMENT = 1 << 20;

/** Reads the template behind the opening parenthesis. */
function readTemplate(text: string, from: number, inDefine: boolean): Omit<AsmStatement, 'start' | 'define'> {
  const pieces: TemplatePiece[] = [];
  const limit = Math.min(text.length, from + MAX_STATEMENT);
  let at = from;
  let extended = false;
  while (at < limit) {
    const char = text[at];
    if (char === '\n') {
      if (inDefine) break;
      DIRECTIVE.lastIndex = at;
      at = DIRECTIVE.exec(text) ? DIRECTIVE.lastIndex : at + 1;
    } else if (char.charCodeAt(0) <= 32) at++;
    else if (char === '"') {
      const end = skipLiteral(text, at);
      pieces.push({ kind: 'string', start: at, end });
      at = end;
    } else if (char === ':') {
      extended = true;
      break;
    } else if (char === ')') break;
    else {
      const end = otherPiece(text, at, limit);
      pieces.push({ kind: 'other', start: at, end });
      at = end;
    }
  }
  return { pieces, extended, end: extended ? closing(text, at, limit) : Math.min(at + 1, text.length) };
}

/** A name with its arguments, if any. */
function otherPiece(text: string, start: number, limit: number): number {
  const name = /^[A-Za-z_]\w*/.exec(text.slice(start, start + 256));
  let at = start + (name ? name[0].length : 1);
  let next = at;
  while (next < limit && text.charCodeAt(next) <= 32) next++;
  if (!name || text[next] !== '(') return at;
  at = closing(text, next + 1, limit);
  return at;
}

/** Behind the parenthesis that closes the one before `from`. */
function closing(text: string, from: number, limit: number): number {
  let depth = 0;
  for (let at = from; at < limit; at++) {
    const char = text[at];
    if (char === '"' || char === "'") at = skipLiteral(text, at) - 1;
    else if (char === '(') depth++;
    else if (char === ')' && depth-- === 0) return at + 1;
  }
  return limit;
}

/** The #define line around an offset, in blanked text. */
function defineAround(text: string, at: number): { start: number; end: number } | undefined {
  const start = text.lastIndexOf('\n', at) + 1;
  if (!/^[ \t]*#[ \t]*define\b/.test(text.slice(start, start + 256))) return undefined;
  const end = text.indexOf('\n', at);
  return { start, end: end < 0 ? text.length : end };
}

/** All asm statements of a file, in order. */
export function asmStatements(source: Source): readonly AsmStatement[] {
  return source.once(asmStatements, () => {
    const statements: AsmStatement[] = [];
    if (!MAY_HAVE.test(source.text)) return statements;
    const text = blankedText(source);
    KEYWORD.lastIndex = 0;
    for (let match = KEYWORD.exec(text); match; match = KEYWORD.exec(text)) {
      if (match[0][0] === '"' || match[0][0] === "'") continue;
      QUALIFIERS.lastIndex = KEYWORD.lastIndex;
      QUALIFIERS.exec(text);
      const open = QUALIFIERS.lastIndex;
      if (text[open] !== '(') continue;
      const define = defineAround(text, match.index);
      const template = readTemplate(text, open + 1, define !== undefined);
      if (template.pieces.length > 0) statements.push({ start: match.index, ...template, define });
      KEYWORD.lastIndex = Math.max(KEYWORD.lastIndex, template.end);
    }
    return statements;
  });
}
