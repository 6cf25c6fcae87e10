/** Fixes as edits of a file, and their inverse. */
import { aliasSymbol, applyReplacement, keepOriginal, restoreText } from './fix.ts';
import type { Finding } from './finding.ts';

/** A change of text between two offsets of a file. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Whether a finding is one that fixes may touch: it has a trap, and nothing says that it must stay. */
export function isFixable(finding: Finding): boolean {
  return finding.replacement !== undefined && finding.keep === undefined && !finding.thumb;
}

/** The edit that replaces one site. Undefined when it has no trap. */
export function editOf({ source, start, end, replacement, inString }: Finding): TextEdit | undefined {
  if (!replacement) return undefined;
  const original = source.text.slice(start, end);
  const text = applyReplacement(original, replacement, inString);
  return { start, end, text: replacement.form === 'statement' ? keepOriginal(text, original) : text };
}

/**
 * Edits of all fixable sites of one file, in order and without overlaps. `aliases` are those of the file that computed
 * traps need, by the end of their definitions.
 */
export function editsOf(findings: readonly Finding[], aliases: ReadonlyMap<number, string> = new Map()): TextEdit[] {
  const fixable = findings.filter(isFixable);
  const edits = fixable.flatMap((finding) => editOf(finding) ?? []);
  for (const [end, alias] of aliases) {
    const [name, register] = alias.split(' ');
    edits.push({ start: end, end, text: aliasSymbol(name, register) });
  }
  edits.sort((a, b) => a.start - b.start);
  return edits.filter((edit, i) => i === 0 || edit.start >= edits[i - 1].end);
}

/** A text with edits applied; they are in order and do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: replacement } of edits) {
    parts.push(text.slice(at, start), replacement);
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** The edit that restores the original of a replaced statement on the line around an offset. */
export function restoreEdit(text: string, offset: number): TextEdit | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const newline = text.indexOf('\n', offset);
  const end = newline < 0 ? text.length : newline;
  const line = text.slice(start, end);
  const restored = restoreText(line);
  return restored === line ? undefined : { start, end, text: restored };
}
