/** Asm statements of a C file or a header, from template to sites. */
import { Assembler } from '../parse/gas/assembler.ts';
import { asmStatements, type AsmStatement } from '../parse/c/asm-statements.ts';
import { blankedText } from '../parse/c/blank.ts';
import { TemplateReader } from '../parse/c/template.ts';
import { splitLines } from '../parse/lines.ts';
import type { MacroTable } from '../parse/preprocessor/macros.ts';
import {
  commandLineMacros,
  Preprocessor,
  type CompileSettings,
  type LineRange,
  type SourceProvider,
} from '../parse/preprocessor/preprocess.ts';
import { Source } from '../parse/source.ts';
import { Traced } from '../parse/traced.ts';
import type { SiteTable } from './finding.ts';
import { noteInstruction } from './unit.ts';

/** Macros and disabled lines of a file as C, made when something asks for them. */
export interface CContext {
  readonly macros: MacroTable;
  readonly inactive: readonly LineRange[];
}

/** Preprocesses a file as C. */
export function readCContext(source: Source, settings: CompileSettings, provider: SourceProvider): CContext {
  const preprocessor = new Preprocessor(provider, settings, { line: () => undefined });
  preprocessor.run(source, commandLineMacros(new Source('<command line>', ''), settings.defines));
  return { macros: preprocessor.macros, inactive: preprocessor.inactive.get(source) ?? [] };
}

/** Feeds one text of a template to an assembler. */
function assembleTemplate(template: Traced, source: Source, line: number, assembler: Assembler): void {
  for (const { start, end, text, directive } of splitLines(template.text, { at: true })) {
    if (!directive) assembler.line(new Traced(text, template.slice(start, end).segments), source, line);
  }
  assembler.finish();
}

const NO_CONTEXT: CContext = { macros: new Map(), inactive: [] };

/**
 * Adds the sites of all asm statements of a file. `context` is asked for only when a template has pieces that are not
 * strings, or a site may be disabled.
 */
export function noteAsmStatements(source: Source, context: () => CContext, table: SiteTable): void {
  const statements = asmStatements(source);
  if (statements.length === 0) return;
  const pasted = statements.some(({ pieces }) => pieces.some(({ kind }) => kind === 'other'));
  const reader = new TemplateReader(source, (pasted ? context() : NO_CONTEXT).macros);
  const found = new Set<number>();
  for (const statement of statements) {
    const line = source.position(statement.start).line - 1;
    for (const template of reader.variants(statement)) {
      const assembler = new Assembler({
        instruction: (site, from) => {
          const { nameStart } = site.statement;
          const origin = site.text.originOf(nameStart);
          if (!origin) return;
          noteInstruction(site, from, table, () => ({ source, line: source.position(origin.start).line - 1 }));
          const noted = table.find(source, origin.start);
          if (!noted) return;
          found.add(origin.start);
          describe(noted, statement, source);
        },
        problem: () => undefined,
        include: () => undefined,
      });
      assembleTemplate(template, source, line, assembler);
    }
  }
  if (found.size > 0 && /^[ \t]*#[ \t]*(if|ifdef|ifndef)\b/m.test(source.text))
    markInactive(source, found, context(), table);
}

type Noted = NonNullable<ReturnType<SiteTable['find']>>;

/** What is special about a site in a template. */
function describe(site: Noted, statement: AsmStatement, source: Source): void {
  const piece = statement.pieces.find(({ start, end }) => site.start >= start && site.start < end);
  const last = statement.pieces.find(({ start, end }) => site.end > start && site.end <= end);
  site.compiled = true;
  site.pasted = piece !== last || piece?.kind === 'other';
  site.needsString = piece?.kind === 'other';
  site.written = blankedText(source).slice(site.start, site.end);
  // One word in the text is many in the objects, by the compiler's choice of registers.
  site.expansions.length = 0;
  site.inMacro = false;
  // Pieces between strings leave their quotes in the text; the operands are what is read.
  if (site.pasted && last?.kind === 'string' && piece) {
    const operands = blankedText(source).slice(Math.max(piece.end, last.start + 1), site.end);
    site.written = `${site.written.slice(0, piece.end - site.start)} ${operands.trim()}`;
  }
}

function markInactive(source: Source, found: ReadonlySet<number>, context: CContext, table: SiteTable): void {
  for (const start of found) {
    const line = source.position(start).line - 1;
    const site = table.find(source, start);
    if (site && context.inactive.some(([from, to]) => line >= from && line < to)) site.active = false;
  }
}
