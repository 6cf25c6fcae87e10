/** What the linter reports. */
import type { SensitiveClass } from '../../isa/sensitivity.ts';
import type { Source } from '../parse/source.ts';
import { applyReplacement, replacementFor, type Replacement } from './fix.ts';
import { ruleOf, type Rule } from './rules.ts';
import type { Site } from './site-table.ts';

/** A line of a file, 1-based. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One instruction that the assembler makes of a site. */
export interface Occurrence extends Place {
  readonly class: SensitiveClass;
  /** Its word; undefined for coprocessor instructions, and when an operand is not known. */
  readonly word: number | undefined;
}

/** A sensitive instruction where it is written. */
export interface Finding {
  readonly source: Source;
  /** Offsets of the statement, from its mnemonic to its last operand. */
  readonly start: number;
  readonly end: number;
  readonly rule: Rule;
  /** All classes that its expansions have, when the mnemonic is built by pasting. */
  readonly classes: ReadonlySet<SensitiveClass>;
  /** Words that its expansions have, where all operands were known. */
  readonly words: ReadonlySet<number>;
  /** Every instruction made of it, at the line to which the assembler attributes it: the outermost invocation. */
  readonly occurrences: readonly Occurrence[];
  /** Lines that expand it; present for a site in a macro. A line counts as often as it expands the site. */
  readonly expansions: readonly Place[] | undefined;
  /** The configuration disables it everywhere. */
  readonly inactive: boolean;
  /** In Thumb state, where no trap exists. */
  readonly thumb: boolean;
  /** Why it must stay: the reason of a suppression, or code for user mode. */
  readonly keep: string | undefined;
  /** Inside a string literal of C. */
  readonly inString: boolean;
  readonly replacement: Replacement | undefined;
}

const KEEP = /lpv:\s*keep\b[ \t]*([^\n*]*)/;

/** The reason of a `lpv: keep <reason>` comment on a line, or alone on the line before; it needs a reason. */
function keepReason(source: Source, offset: number): string | undefined {
  const { line } = source.position(offset);
  const own = KEEP.exec(source.lineText(line))?.[1].trim();
  if (own !== undefined && own !== '') return own;
  const before = source.lineText(line - 1);
  const above = /^\s*(@|\/\/|\/\*|#|")/.test(before) ? KEEP.exec(before)?.[1].trim() : undefined;
  return above === '' ? undefined : above;
}

/** The finding of a site. */
export function findingOf(site: Site): Finding {
  const [first] = [...site.classes].sort();
  const userMode = site.userMode ? 'code that the kernel lends to user mode' : undefined;
  const thumb = site.thumb && !site.arm;
  const facts = { ...site, class: first };
  return {
    source: site.source,
    start: site.start,
    end: site.end,
    rule: ruleOf(first),
    classes: site.classes,
    words: site.words,
    occurrences: site.occurrences,
    expansions: site.inMacro ? site.occurrences.map(({ file, line }) => ({ file, line })) : undefined,
    inactive: !site.active && !site.inMacro,
    thumb,
    inString: site.inString,
    keep: keepReason(site.source, site.start) ?? userMode,
    replacement: thumb ? undefined : replacementFor(site.written, facts, site.names),
  };
}

/** The statement as it is replaced, without the comment that keeps the original; undefined when there is no fix. */
export function replacedText({ source, start, end, replacement, inString }: Finding): string | undefined {
  return replacement && applyReplacement(source.text.slice(start, end), replacement, inString);
}

/** The sentence of a finding. */
export function messageOf(finding: Finding): string {
  const { rule, replacement, expansions } = finding;
  const parts = [`${rule.title}. ${rule.explanation}`];
  if (finding.thumb) parts.push('It is Thumb code, for which there is no trap.');
  else if (replacement) parts.push(`Its trap: ${replacedText(finding)}`);
  else if (rule.consequence !== 'traps already') parts.push('There is no automatic fix: write the instruction out.');
  if (expansions) parts.push(`Expanded ${expansions.length} ${expansions.length === 1 ? 'time' : 'times'}.`);
  if (finding.inactive) parts.push('The configuration disables it.');
  return parts.join(' ');
}
