/** C source as one text of the same length, with comments and continuations blanked. */
import { splitLines } from '../lines.ts';
import type { Source } from '../source.ts';

/** The text; offsets in it are offsets in the file. Newlines inside comments and behind continuations are blanks. */
export function blankedText(source: Source): string {
  return source.once(blankedText, () => {
    const parts: string[] = [];
    let at = 0;
    for (const { start, end, text } of splitLines(source.text, { at: false })) {
      parts.push(source.text.slice(at, start), text);
      at = end;
    }
    parts.push(source.text.slice(at));
    return parts.join('');
  });
}

/** Behind the string or character constant at `at`; the end of the text for one that does not end. */
export function skipLiteral(text: string, at: number): number {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === quote) return i + 1;
    else if (char === '\n') return i;
  }
  return text.length;
}
