/** Asm statements of a C file or a header, from template to sites. */
import { isSensitiveName } from '../../isa/assemble.ts';
import { Assembler } from '../parse/gas/assembler.ts';
import { asmStatements } from '../parse/c/asm-statements.ts';
import { TemplateReader } from '../parse/c/template.ts';
import { splitLines } from '../parse/lines.ts';
import type { MacroTable } from '../parse/preprocessor/macros.ts';
import {
  Preprocessor,
  type CompileSettings,
  type LineRange,
  type SourceProvider,
} from '../parse/preprocessor/preprocess.ts';
import type { Source } from '../parse/source.ts';
import { Traced } from '../parse/traced.ts';
import type { SiteTable } from './site-table.ts';
import { noteInstruction } from './unit.ts';

/** Macros and disabled lines of a file as C, made when something asks for them. */
export interface CContext {
  readonly macros: MacroTable;
  readonly inactive: readonly LineRange[];
}

/** How names of a kernel's configuration begin. */
const CONFIGURATION = 'CONFIG_';

/**
 * Preprocesses a file as C: with everything that it includes, or its own text alone, where names that are not of the
 * configuration are unknown.
 */
export function readCContext(
  source: Source,
  settings: CompileSettings,
  provider: SourceProvider,
  whole: boolean,
): CContext {
  const own: CompileSettings = {
    ...settings,
    forcedIncludes: [],
    ownTextOnly: true,
    unknownPrefix: '',
    knownPrefix: settings.unknownPrefix === undefined ? CONFIGURATION : undefined,
  };
  const preprocessor = new Preprocessor(provider, whole ? settings : own);
  preprocessor.run(source);
  return { macros: preprocessor.macros, inactive: preprocessor.inactive };
}

/** Feeds one text of a template to an assembler. */
function assembleTemplate(template: Traced, source: Source, line: number, assembler: Assembler): void {
  for (const { start, end, text, directive } of splitLines(template.text, { at: true })) {
    if (!directive) assembler.line(new Traced(text, template.slice(start, end).segments), source, line);
  }
  assembler.finish();
}

/** How a file is read as C, by its own text or with all that it includes. */
export type ContextOf = (whole: boolean) => CContext;

/**
 * Adds the sites of all asm statements of a file. `context` is asked for only when a template has pieces that are not
 * strings, or a site may be disabled; the whole one only when the file itself does not say what a piece is.
 */
export function noteAsmStatements(source: Source, context: ContextOf, table: SiteTable): void {
  const statements = asmStatements(source);
  if (statements.length === 0) return;
  const pasted = statements.some(({ pieces }) => pieces.some(({ kind }) => kind === 'other'));
  let reader = new TemplateReader(source, pasted ? context(false).macros : new Map());
  if (pasted && statements.some((statement) => reader.hasUnknown(statement))) {
    reader = new TemplateReader(source, context(true).macros);
  }
  const found = new Set<number>();
  for (const statement of statements) {
    const line = source.position(statement.start).line - 1;
    for (const template of reader.variants(statement)) {
      const assembler = new Assembler({
        wants: isSensitiveName,
        instruction: (site, from) => {
          const { nameStart } = site.statement;
          const origin = site.text.originOf(nameStart);
          if (!origin) return;
          noteInstruction(site, from, table, () => ({ source, line: source.position(origin.start).line - 1 }));
          if (!table.find(source, origin.start)) return;
          found.add(origin.start);
          const { text, statement: parsed } = site;
          table.take({
            kind: 'template',
            source,
            start: origin.start,
            needsString: !text.isVerbatim(nameStart, nameStart + 1),
            written: text.text.slice(nameStart, parsed.end),
          });
        },
        problem: () => undefined,
        include: () => undefined,
      });
      assembleTemplate(template, source, line, assembler);
    }
  }
  if (found.size > 0 && /^[ \t]*#[ \t]*(if|ifdef|ifndef)\b/m.test(source.text))
    markInactive(source, found, context(false), table);
}

function markInactive(source: Source, found: ReadonlySet<number>, context: CContext, table: SiteTable): void {
  for (const start of found) {
    const line = source.position(start).line - 1;
    if (context.inactive.some(([from, to]) => line >= from && line < to))
      table.take({ kind: 'disabled', source, start });
  }
}
