/**
 * The formatter: labels at the margin, instructions one step in, one tab or space before operands, a blank behind commas of
 * instructions. It changes blanks only, and only where they have no meaning: never in comments, strings, the C
 * preprocessor's lines, continued lines or operands of macros.
 */
import { instructionsNamed } from '../isa/instruction-names.ts';
import type { LogicalLine } from './parse/lines.ts';
import type { Source } from './parse/source.ts';
import type { TextEdit } from './rules/edits.ts';
import { statementsOf } from './rules/written-sites.ts';

export interface FormatOptions {
  readonly tabSize: number;
  readonly insertSpaces: boolean;
}

/** The blanks before an instruction. */
const stepOf = ({ tabSize, insertSpaces }: FormatOptions): string =>
  insertSpaces ? ' '.repeat(Math.max(1, Math.min(tabSize, 16))) : '\t';

class LineFormatter {
  readonly edits: TextEdit[] = [];
  private readonly text: string;
  private readonly line: LogicalLine;

  constructor(source: Source, line: LogicalLine) {
    this.text = source.text;
    this.line = line;
  }

  /** Puts `blanks` between two columns that hold nothing but blanks. */
  private between(from: number, to: number, blanks: string): void {
    const start = this.line.start + from;
    const end = this.line.start + to;
    const present = this.text.slice(start, end);
    if (present !== blanks && /^[ \t]*$/.test(present)) this.edits.push({ start, end, text: blanks });
  }

  format(step: string): void {
    const { text, end, start } = this.line;
    const raw = this.text.slice(start, end);
    // Text over several lines, by continuation or comment, is laid out by hand.
    if (raw.includes('\n')) return;
    const width = raw.trimEnd().length;
    this.between(width, raw.length, '');
    const statements = statementsOf(this.line);
    if (statements.length !== 1 || width === 0) return;
    const [statement] = statements;
    const { labels, nameStart, kind, name, operandStart } = statement;
    if (kind === 'assignment') return;
    const first = text.search(/\S/);
    if (labels.length > 0) {
      this.between(0, first, '');
      if (kind === 'empty') return;
      const colon = text.lastIndexOf(':', nameStart - 1);
      this.between(
        colon + 1,
        nameStart,
        nameStart - colon > 1 && colon + 1 - first >= step.length && step !== '\t' ? ' ' : step,
      );
      return this.operands(kind, name, nameStart, operandStart, statement.end);
    }
    // ENTRY(name) and the like stand at the margin by custom; what is there stays there, and the rest is moved in.
    if (name.includes('(') || /^\.(?:req|dn|qn)\s/i.test(statement.operands)) return;
    if (first === nameStart && (first > 0 || kind === 'instruction')) this.indent(first, step);
    this.operands(kind, name, nameStart, operandStart, statement.end);
  }

  /** One step, but for what is deliberately further in. */
  private indent(first: number, step: string): void {
    const present = this.text.slice(this.line.start, this.line.start + first);
    if (present.replace(/\t/g, step).length > step.length && present.trim() === '' && present.startsWith(step)) return;
    this.between(0, first, step);
  }

  private operands(kind: string, name: string, nameStart: number, operandStart: number, end: number): void {
    const nameEnd = nameStart + name.length;
    if (name === '' || operandStart >= end) return;
    const present = this.text.slice(this.line.start + nameEnd, this.line.start + operandStart);
    // A run of blanks may line things up; a mix of tabs and blanks cannot.
    if (present !== '\t' && !/^ +$/.test(present))
      this.between(nameEnd, operandStart, present.includes('\t') ? '\t' : ' ');
    const dot = name.indexOf('.');
    if (kind !== 'instruction' || !instructionsNamed(dot > 0 ? name.slice(0, dot) : name)) return;
    const { text } = this.line;
    const raw = this.text.slice(this.line.start, this.line.end);
    // Comments inside operands, and characters, are left alone.
    if (raw.slice(operandStart, end) !== text.slice(operandStart, end) || /["'\\(]/.test(text.slice(operandStart, end)))
      return;
    for (let at = text.indexOf(',', operandStart); at >= 0 && at < end; at = text.indexOf(',', at + 1)) {
      const before = text.slice(0, at).trimEnd().length;
      const after = at + 1 + /^[ \t]*/.exec(text.slice(at + 1))![0].length;
      // Between two commas there is nothing to close up to.
      if (before > operandStart && text[before - 1] !== ',') this.between(before, at, '');
      if (after < end) this.between(at + 1, after, ' ');
    }
  }
}

/** Edits that lay out the lines between two offsets, in order. `touches` says which lines count. */
export function formatEdits(source: Source, from: number, to: number, options: FormatOptions): TextEdit[] {
  const edits: TextEdit[] = [];
  const step = stepOf(options);
  for (const line of source.lines) {
    if (line.end < from) continue;
    if (line.start > to) break;
    if (line.directive) continue;
    const formatter = new LineFormatter(source, line);
    formatter.format(step);
    edits.push(...formatter.edits.sort((a, b) => a.start - b.start));
  }
  return edits.filter((edit, i) => i === 0 || edit.start >= edits[i - 1].end);
}
