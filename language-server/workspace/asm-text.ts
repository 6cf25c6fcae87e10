/**
 * Asm statements of C as text of the assembler, so that what works in assembly works in them: one source for each statement, as long as
 * the statement, in which everything but the contents of its strings is blank.
 */
import { asmStatements, type AsmStatement } from '../parse/c/asm-statements.ts';
import { Source } from '../parse/source.ts';

export interface AsmText {
  /** The text, read as assembly that is not preprocessed. */
  readonly source: Source;
  /** Offset of its first character in the file. */
  readonly base: number;
}

/** Escapes as blanks of their length; those that end a line do so here. */
function contents(text: string): string {
  return text.replace(/\\(?:\r?\n|[0-7]{1,3}|x[0-9a-f]+|[^])/gi, (escape) =>
    escape === '\\n' ? ' \n' : ' '.repeat(escape.length),
  );
}

function textOf(source: Source, { start, end, pieces }: AsmStatement): AsmText {
  const { text } = source;
  let result = '';
  for (const piece of pieces) {
    if (piece.kind !== 'string') continue;
    const closed = piece.end - 1 > piece.start && text[piece.end - 1] === '"';
    const last = closed ? piece.end - 1 : piece.end;
    result += ' '.repeat(piece.start + 1 - start - result.length) + contents(text.slice(piece.start + 1, last));
  }
  result += ' '.repeat(Math.max(0, end - start - result.length));
  return { source: new Source(`${source.path}.${start}.s`, result), base: start };
}

/** The asm statements of a C file or a header, in order. */
export function asmTexts(source: Source): readonly AsmText[] {
  if (source.language === 'assembly') return [];
  return source.once(asmTexts, () => asmStatements(source).map((statement) => textOf(source, statement)));
}

/** The asm statement around an offset, in whose strings it is. */
export function asmTextAt(source: Source, offset: number): AsmText | undefined {
  return asmTexts(source).find(({ source: { text }, base }) => offset >= base && offset <= base + text.length);
}

/** What an offset of a document lies in: the text of an asm statement, else the document, where that is assembly. */
export function assemblyAt(source: Source, offset: number): AsmText | undefined {
  const inside = asmTextAt(source, offset);
  if (inside) return inside;
  return source.language === 'c' ? undefined : { source, base: 0 };
}
