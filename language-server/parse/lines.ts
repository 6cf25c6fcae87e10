/**
 * From text to logical lines: continuations joined and comments blanked. A logical line is as long as the text it stands
 * for, so that a column in it plus its start is an offset in the file.
 */

/** A comment that speaks to us, such as `@ lpv: keep reason`, is looked for in the text itself, not here. */
export interface LogicalLine {
  /** Offset of the first character in the file. */
  readonly start: number;
  /** Offset behind the last character, without the newline. */
  readonly end: number;
  /** The text with comments, continuations and inner newlines as spaces. */
  readonly text: string;
  /** A line of the C preprocessor: its first character that is not blank is a #. */
  readonly directive: boolean;
  /** 0-based number of its first line in the file. */
  readonly line: number;
  /** What later stages derive from the text alone. */
  cache: unknown;
}

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const STAR = 42;
const SLASH = 47;
const AT = 64;
const BACKSLASH = 92;

/** Characters that mean nothing to the splitting of lines. */
const PLAIN = /[^\n"'/@\\]*/y;

const isBlank = (code: number): boolean => code === 32 || code === 9 || code === 12;

/** Which comments a text has. */
export interface LineSyntax {
  /** `@` begins a comment (assembler, but not C). */
  readonly at: boolean;
}

/** Blanks ranges of a text, which keeps its length. */
function blanked(text: string, start: number, end: number, ranges: readonly number[]): string {
  let result = '';
  let from = start;
  for (let i = 0; i < ranges.length; i += 2) {
    result += text.slice(from, ranges[i]) + ' '.repeat(ranges[i + 1] - ranges[i]);
    from = ranges[i + 1];
  }
  return result + text.slice(from, end);
}

/** Reads the logical line at `start`; pushes it and returns the offset and line number of the next one. */
class LineReader {
  private readonly text: string;
  private readonly syntax: LineSyntax;
  line: number;

  constructor(text: string, syntax: LineSyntax, line: number) {
    this.text = text;
    this.syntax = syntax;
    this.line = line;
  }

  /** The line that begins at `start`, which is less than the length of the text. */
  read(start: number): LogicalLine {
    const { text } = this;
    const { length } = text;
    const first = this.line;
    let at = start;
    while (at < length && isBlank(text.charCodeAt(at))) at++;
    const directive = text.charCodeAt(at) === HASH;
    const blanks: number[] = [];
    while (at < length) {
      PLAIN.lastIndex = at;
      PLAIN.test(text);
      at = PLAIN.lastIndex;
      if (at >= length) break;
      const code = text.charCodeAt(at);
      if (code === NEWLINE) break;
      else if (code === BACKSLASH) at = this.continuation(at, blanks);
      else if (code === SLASH) at = this.slash(at, blanks);
      else if (code === QUOTE) at = this.string(at, blanks);
      else if (code === APOSTROPHE && !directive) at = this.character(at);
      else if (code === AT && this.syntax.at) {
        const end = this.commentEnd(at);
        blanks.push(at, end);
        at = end;
      } else at++;
    }
    const end = at > start && text.charCodeAt(at - 1) === RETURN ? at - 1 : at;
    const content =
      blanks.length === 0 ? text.slice(start, end) : blanked(text, start, end, blanks).slice(0, end - start);
    this.line++;
    return { start, end, text: content, directive, line: first, cache: undefined };
  }

  /** Whether a backslash and the end of a line are here. */
  private continues(at: number): boolean {
    if (this.text.charCodeAt(at) !== BACKSLASH) return false;
    const next = this.text.charCodeAt(at + 1);
    return next === NEWLINE || (next === RETURN && this.text.charCodeAt(at + 2) === NEWLINE);
  }

  /** The end of a comment that goes on to the end of its line, or to a backslash before that. */
  private commentEnd(at: number): number {
    const { text } = this;
    const newline = text.indexOf('\n', at);
    if (newline < 0) return text.length;
    const last = text.charCodeAt(newline - 1) === RETURN ? newline - 2 : newline - 1;
    return last >= at && this.continues(last) ? last : newline;
  }

  private continuation(at: number, blanks: number[]): number {
    if (!this.continues(at)) return at + 1;
    const end = this.text.charCodeAt(at + 1) === NEWLINE ? at + 2 : at + 3;
    blanks.push(at, end);
    this.line++;
    return end;
  }

  private slash(at: number, blanks: number[]): number {
    const next = this.text.charCodeAt(at + 1);
    if (next === SLASH) {
      const end = this.commentEnd(at);
      blanks.push(at, end);
      return end;
    }
    if (next !== STAR) return at + 1;
    const close = this.text.indexOf('*/', at + 2);
    const end = close < 0 ? this.text.length : close + 2;
    for (let i = this.text.indexOf('\n', at); i >= 0 && i < end; i = this.text.indexOf('\n', i + 1)) this.line++;
    blanks.push(at, end);
    return end;
  }

  /** Behind the string that begins here; an unfinished one ends with its line. */
  private string(at: number, blanks: number[]): number {
    const { text } = this;
    for (let i = at + 1; i < text.length;) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) return i + 1;
      if (code === NEWLINE) return i;
      if (code !== BACKSLASH) i++;
      else i = this.continues(i) ? this.continuation(i, blanks) : i + 2;
    }
    return text.length;
  }

  /** Behind a character constant: 'x' or, as the assembler allows, 'x. */
  private character(at: number): number {
    const { text } = this;
    let i = at + 1;
    if (text.charCodeAt(i) === BACKSLASH && !this.continues(i)) i++;
    const code = text.charCodeAt(i);
    if (!(code > 32)) return at + 1;
    i++;
    return text.charCodeAt(i) === APOSTROPHE ? i + 1 : i;
  }
}

/** Splits a text into logical lines. Takes time in proportion to its length. */
export function splitLines(text: string, syntax: LineSyntax): LogicalLine[] {
  const lines: LogicalLine[] = [];
  const reader = new LineReader(text, syntax, 0);
  for (let at = 0; at < text.length;) {
    const line = reader.read(at);
    lines.push(line);
    at = line.end;
    while (at < text.length && text.charCodeAt(at) !== NEWLINE) at++;
    at++;
  }
  return lines;
}

/** A line that stands elsewhere now; what is kept with it stays. */
function movedLine({ start, end, text, directive, line, cache }: LogicalLine, by: number, lines: number): LogicalLine {
  return { start: start + by, end: end + by, text, directive, line: line + lines, cache };
}

/**
 * The lines of an edited text, with those before and behind the edit taken over from the old ones: their caches stay.
 * Lines behind an edit have moved; only what has no change in text is reused.
 */
export function updateLines(
  old: readonly LogicalLine[],
  oldText: string,
  text: string,
  syntax: LineSyntax,
): LogicalLine[] {
  const shorter = Math.min(oldText.length, text.length);
  let same = 0;
  while (same < shorter && oldText.charCodeAt(same) === text.charCodeAt(same)) same++;
  let tail = 0;
  while (
    tail < shorter - same &&
    oldText.charCodeAt(oldText.length - 1 - tail) === text.charCodeAt(text.length - 1 - tail)
  )
    tail++;
  const shift = text.length - oldText.length;
  // A line is unchanged when the edit does not even touch the newline that ends it.
  let low = 0;
  let high = old.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (old[middle].end + 1 < same) low = middle + 1;
    else high = middle;
  }
  const lines = old.slice(0, low);
  const resume = old[low]?.start ?? oldText.length;
  const reader = new LineReader(text, syntax, old[low]?.line ?? lines.length);
  let candidate = low;
  for (let at = resume; at < text.length;) {
    const unchangedFrom = text.length - tail;
    if (at >= unchangedFrom) {
      while (candidate < old.length && old[candidate].start + shift < at) candidate++;
      if (old[candidate]?.start + shift === at && text.charCodeAt(at - 1) === NEWLINE) {
        const moved = reader.line - old[candidate].line;
        for (; candidate < old.length; candidate++) {
          const line = old[candidate];
          lines.push(shift === 0 && moved === 0 ? line : movedLine(line, shift, moved));
        }
        return lines;
      }
    }
    const line = reader.read(at);
    lines.push(line);
    at = line.end;
    while (at < text.length && text.charCodeAt(at) !== NEWLINE) at++;
    at++;
  }
  return lines;
}
