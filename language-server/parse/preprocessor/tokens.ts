/** Tokens of the C preprocessor, with their origins. */
import type { Source } from '../source.ts';
import type { Place } from '../traced.ts';

export interface Token {
  readonly text: string;
  readonly kind: 'name' | 'string' | 'space' | 'other';
  readonly source: Source;
  /** Where it was written; see `Segment` for `span`. */
  readonly from: number;
  readonly span: number;
  /** Other places that it stands for: the invocations and parameters through which it came, innermost first. */
  readonly also?: readonly Place[];
  /** Macros that must not be expanded in it again. */
  readonly hidden: ReadonlySet<string> | undefined;
}

const TOKEN = /([A-Za-z_$][\w$]*)|("(?:[^"\\]|\\.)*"?)|('(?:\\.|[^'\\\s])'?)|(\s+)|(\.?\d[\w.]*)|(##|\.\.\.|[^])/gy;

/** Splits text that stands at `start` of a file. */
export function tokenize(text: string, source: Source, start: number): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const kind =
      match[1] !== undefined ? 'name' : match[2] !== undefined ? 'string' : match[4] !== undefined ? 'space' : 'other';
    tokens.push({ text: match[0], kind, source, from: start + match.index, span: 0, hidden: undefined });
  }
  return tokens;
}
