/** One unit of assembly from file to sites: preprocessor, assembler, classification. */
import { assembleSensitive, isSensitiveName } from '../../isa/assemble.ts';
import { trapsInUserMode } from '../../isa/sensitivity.ts';
import { USER_MODE_CODE } from '../../isa/user-mode-code.ts';
import { Assembler, type InstructionSite } from '../parse/gas/assembler.ts';
import type { LogicalLine } from '../parse/lines.ts';
import type { MacroTable } from '../parse/preprocessor/macros.ts';
import {
  findInclude,
  Preprocessor,
  tracedLine,
  type CompileSettings,
  type LineRange,
  type Problem,
  type SourceProvider,
} from '../parse/preprocessor/preprocess.ts';
import { HeaderText } from '../parse/preprocessor/reading.ts';
import type { Source } from '../parse/source.ts';
import type { Traced } from '../parse/traced.ts';
import type { SiteTable } from './site-table.ts';
import { expandedNames } from './names.ts';
import { plainNames, statementsOf, writtenSites } from './written-sites.ts';

/** What reading one unit has found besides its sites. */
export interface UnitResult {
  readonly problems: readonly Problem[];
  /** Lines (0-based) of the unit's own file that conditions of the preprocessor disable. */
  readonly inactive: readonly LineRange[];
  /** The assembler at the end of the unit: its macros, symbols and register aliases. */
  readonly assembler: Assembler;
  /** Macros of the preprocessor at the end of the unit. */
  readonly defines: MacroTable;
  /** All files that were read, the unit's own included. */
  readonly files: ReadonlySet<Source>;
}

/** The line to which the assembler attributes an instruction: that of the outermost macro invocation. */
function attributed(site: InstructionSite): { source: Source; line: number } {
  return site.frames.find(({ kind }) => kind === 'macro') ?? site;
}

/** Notes an instruction that belongs to one of the classes. */
export function noteInstruction(
  site: InstructionSite,
  assembler: Assembler,
  table: SiteTable,
  lineOf = attributed,
): void {
  const { name, operands, nameStart, end } = site.statement;
  const names = expandedNames(assembler);
  const found = assembleSensitive(name, operands, names);
  if (!found) return;
  const { text } = site;
  const origin = text.rangeOf(nameStart, end) ?? text.originOf(nameStart);
  if (!origin) return;
  const { source, start } = origin;
  const where = lineOf(site);
  const place = { file: where.source.path, line: where.line + 1 };
  const traps = trapsInUserMode(found.class);
  if (site.frames.length > 0 && !traps) noteAliases(operands, assembler, table);
  const inDefine = where.source !== source || source.position(start).line !== place.line;
  const known = table.find(source, start);
  table.take({
    kind: 'made',
    source,
    start,
    end: origin.end,
    class: found.class,
    word: found.symbolic.length === 0 && !traps ? found.word : undefined,
    place,
    inMacro: site.frames.some(({ kind }) => kind === 'macro') || (inDefine && !verbatimLine(site, source, start)),
    userMode: site.userMode,
    thumb: site.thumb,
    pasted: site.frames.length === 0 && !text.isVerbatim(nameStart, nameStart + name.length),
    written: known === undefined || known.written === '' ? writtenText(source, start, origin.end) : undefined,
  });
}

/** Notes aliases among the operands of an expansion: computed traps need their numbers. */
function noteAliases(operands: string, assembler: Assembler, table: SiteTable): void {
  for (const [name] of operands.matchAll(/[A-Za-z_]\w*/g)) {
    const alias = assembler.alias(name.toLowerCase());
    const origin = alias?.text.rangeOf(alias.start, alias.end);
    if (!alias || !origin || alias.text.text.includes('\\')) continue;
    const { source, end } = origin;
    const text = `${name} ${alias.register}`;
    if (table.aliases.get(source)?.get(end) !== text) table.take({ kind: 'alias', source, start: end, alias: text });
  }
}

/** Whether an instruction stands in the line that it is attributed to, possibly continued over several. */
function verbatimLine(site: InstructionSite, source: Source, start: number): boolean {
  const line = site.source === source ? lineAt(source, start) : undefined;
  return line?.line === site.line;
}

function lineAt(source: Source, offset: number): Source['lines'][number] | undefined {
  const { lines } = source;
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (lines[middle].start <= offset) low = middle;
    else high = middle - 1;
  }
  return lines[low];
}

/** The text of a statement in its file, without comments. */
function writtenText(source: Source, start: number, end: number): string {
  const line = lineAt(source, start);
  return line ? line.text.slice(start - line.start, end - line.start).trimEnd() : '';
}

/** Reads a unit of assembly: the file, what it includes, and everything that its macros produce. */
export function readAssemblyUnit(
  source: Source,
  settings: CompileSettings,
  provider: SourceProvider,
  table: SiteTable,
): UnitResult {
  const problems: Problem[] = [];
  const included = new Set<Source>();
  const assembler = new Assembler(
    {
      wants: isSensitiveName,
      instruction: (site, from) => noteInstruction(site, from, table),
      problem: (text, start, end, message) => {
        const origin = text.rangeOf(start, end) ?? text.originOf(start);
        if (origin) problems.push({ ...origin, message });
      },
      include: (name, from) => {
        const found = findInclude(name, from.path, undefined, settings.includePaths, provider);
        if (found) included.add(found);
        return found;
      },
    },
    USER_MODE_CODE,
  );
  const take = (line: LogicalLine, from: Source, expanded: Traced | undefined, uncertain: boolean): void => {
    assembler.outerUncertain = uncertain;
    if (expanded) assembler.line(expanded, from, line.line);
    else {
      const plain = plainNames(line);
      if (plain && assembler.skips(plain)) return;
      assembler.line(tracedLine(line, from), from, line.line, statementsOf(line));
    }
  };
  const takeHeader = (text: HeaderText): void => {
    assembler.header(text, () => {
      for (const entry of text.entries) {
        if (entry instanceof HeaderText) takeHeader(entry);
        else take(entry.line, entry.source, entry.expanded, entry.uncertain);
      }
    });
  };
  const preprocessor = new Preprocessor(provider, settings, {
    line: (line, from, expanded) => take(line, from, expanded, preprocessor.isUncertain),
    header: takeHeader,
  });
  preprocessor.run(source);
  assembler.finish();
  return {
    problems: [...preprocessor.problems, ...problems],
    inactive: preprocessor.inactive,
    assembler,
    defines: preprocessor.macros,
    files: new Set([...preprocessor.files, ...included]),
  };
}

/** Adds the sites that are written in a file and that no unit has reached. */
export function noteWrittenSites(source: Source, inactive: readonly LineRange[], table: SiteTable): void {
  for (const { class: found, start, end, text, inMacro, thumb } of writtenSites(source)) {
    const line = source.position(start).line - 1;
    const disabled = inactive.some(([from, to]) => line >= from && line < to);
    table.take({ kind: 'written', source, start, end, class: found, text, inMacro, thumb, disabled });
  }
}
