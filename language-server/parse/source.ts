/** A source file with its logical lines, and positions in it. */
import { splitLines, updateLines, type LogicalLine } from './lines.ts';

/** What kind of text a file holds; headers are read by both languages. */
export type Language = 'assembly' | 'c' | 'header';

/** The language of a path; undefined for files that hold neither. `.s` is not preprocessed. */
export function languageOf(path: string): Language | undefined {
  if (/\.(s|sx|asm)$/i.test(path)) return 'assembly';
  if (/\.(c|cc|cpp|cxx|c\+\+)$/i.test(path)) return 'c';
  return /\.(h|hh|hpp|hxx|inc)$/i.test(path) ? 'header' : undefined;
}

/** A position, 1-based as editors show it. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export class Source {
  readonly path: string;
  readonly text: string;
  /** What it holds; undefined for a file that is neither assembly nor C. */
  readonly language: Language | undefined;
  /** Whether the C preprocessor reads it: everything but `.s`. */
  readonly preprocessed: boolean;
  private cachedLines: LogicalLine[] | undefined;
  private starts: Uint32Array | undefined;
  /** What later stages derive from the whole text. */
  readonly derived = new Map<unknown, unknown>();

  /** The language is told by the path, unless the caller knows better: an editor has documents without an extension. */
  constructor(path: string, text: string, language = languageOf(path)) {
    this.path = path;
    this.text = text;
    this.language = language;
    this.preprocessed = !path.endsWith('.s');
  }

  /** The logical lines, read as assembly. */
  get lines(): readonly LogicalLine[] {
    this.cachedLines ??= splitLines(this.text, { at: this.language === 'assembly' });
    return this.cachedLines;
  }

  /** The same file after an edit; unchanged lines are taken over. */
  edited(text: string): Source {
    const next = new Source(this.path, text, this.language);
    if (this.cachedLines) {
      next.cachedLines = updateLines(this.cachedLines, this.text, text, { at: this.language === 'assembly' });
    }
    return next;
  }

  /** Line and column of an offset. */
  position(offset: number): Position {
    const starts = this.lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low] + 1 };
  }

  /** Offset of the first character of a line, 1-based; undefined when there is no such line. */
  lineStart(line: number): number | undefined {
    return this.lineStarts()[line - 1];
  }

  /** The text of a line, 1-based; empty when there is none. */
  lineText(line: number): string {
    const starts = this.lineStarts();
    if (line < 1 || line > starts.length) return '';
    return this.text.slice(starts[line - 1], line < starts.length ? starts[line] - 1 : this.text.length);
  }

  private lineStarts(): Uint32Array {
    if (this.starts) return this.starts;
    const found = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) found.push(at + 1);
    this.starts = Uint32Array.from(found);
    return this.starts;
  }

  /** A value derived from the text, made once. */
  once<T>(key: unknown, make: () => T): T {
    if (!this.derived.has(key)) this.derived.set(key, make());
    return this.derived.get(key) as T;
  }
}
