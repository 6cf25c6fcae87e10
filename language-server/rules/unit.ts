/** One unit of assembly from file to sites: preprocessor, assembler, classification. */
import { assembleSensitive } from '../../isa/assemble.ts';
import { lookupMnemonic } from '../../isa/mnemonics.ts';
import { trapsInUserMode, type SensitiveClass } from '../../isa/sensitivity.ts';
import { USER_MODE_CODE } from '../../isa/user-mode-code.ts';
import { Assembler, type InstructionSite } from '../parse/gas/assembler.ts';
import { splitStatements } from '../parse/gas/statement.ts';
import type { MacroTable } from '../parse/preprocessor/macros.ts';
import {
  commandLineMacros,
  findInclude,
  Preprocessor,
  tracedLine,
  type CompileSettings,
  type LineRange,
  type Problem,
  type SourceProvider,
} from '../parse/preprocessor/preprocess.ts';
import { Source } from '../parse/source.ts';
import type { Origin } from '../parse/traced.ts';
import type { Site, SiteTable } from './finding.ts';
import { expandedNames, writtenNames } from './names.ts';
import { aliasesOf, plainNames, statementsOf, writtenSites } from './written-sites.ts';

/** What reading one unit has found besides its sites. */
export interface UnitResult {
  readonly problems: readonly Problem[];
  /** Lines (0-based) of each file that conditions of the preprocessor disable. */
  readonly inactive: ReadonlyMap<Source, readonly LineRange[]>;
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

/** Whether a name may be that of a sensitive instruction. */
export function isCandidate(name: string): boolean {
  const dot = name.indexOf('.');
  return lookupMnemonic(dot < 0 ? name : name.slice(0, dot)) !== undefined;
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
  const traced = text.rangeOf(nameStart, end) ?? text.originOf(nameStart);
  if (!traced) return;
  const passed = passedWhole(site, traced);
  const origin = passed ?? traced;
  const { source, start } = origin;
  const where = lineOf(site);
  const place = { file: where.source.path, line: where.line + 1 };
  const entry = table.at(source, start, () => newSite(source, start, origin.end, found.class));
  const verbatim = passed !== undefined || text.isVerbatim(nameStart, nameStart + name.length);
  entry.end = Math.max(entry.end, origin.end);
  entry.classes.add(found.class);
  const word = found.symbolic.length === 0 && !trapsInUserMode(found.class) ? found.word : undefined;
  if (word !== undefined) entry.words.add(word);
  entry.active = true;
  if (site.frames.length > 0 && !trapsInUserMode(found.class)) noteAliases(operands, assembler, table);
  entry.userMode ||= site.userMode;
  if (site.thumb) entry.thumb = true;
  else entry.arm = true;
  const inDefine = where.source !== source || source.position(start).line !== place.line;
  const expanded = site.frames.some(({ kind }) => kind === 'macro') && passed === undefined;
  if (expanded || (inDefine && !verbatimLine(site, source, start))) entry.inMacro = true;
  entry.occurrences.push({ ...place, class: found.class, word });
  if (!verbatim && site.frames.length === 0) entry.pasted = true;
  if (entry.written === '') {
    entry.written = writtenText(source, start, entry.end);
    entry.names = writtenNames(aliasesOf(source));
    entry.pasted ||= /^[A-Za-z_]\w*\(/.test(entry.written);
  }
}

/**
 * Where a statement stands that an invocation passes to its macro as an argument, for a body in which nothing but the
 * parameter is the statement: there it can be replaced. Undefined for any other statement.
 */
function passedWhole({ text, statement, frames }: InstructionSite, { source, start, end }: Origin): Origin | undefined {
  const macros = frames.filter(({ kind }) => kind === 'macro');
  if (macros.length !== 1 || !/^\\[A-Za-z_]\w*$/.test(source.text.slice(start, end))) return undefined;
  const [invocation] = macros;
  const line = invocation.source.lines.find((candidate) => candidate.line === invocation.line);
  const passed = text.text.slice(statement.nameStart, statement.end).trimEnd();
  const at = line?.text.indexOf(passed) ?? -1;
  if (!line || at < 0 || line.text.includes(passed, at + 1)) return undefined;
  return { source: invocation.source, start: line.start + at, end: line.start + at + passed.length };
}

/** Notes aliases among the operands of an expansion: computed traps need their numbers. */
function noteAliases(operands: string, assembler: Assembler, table: SiteTable): void {
  for (const [name] of operands.matchAll(/[A-Za-z_]\w*/g)) {
    const alias = assembler.alias(name.toLowerCase());
    const origin = alias?.text.rangeOf(alias.start, alias.end);
    if (!alias || !origin || alias.text.text.includes('\\')) continue;
    const ends = table.aliases.get(origin.source) ?? new Map<number, string>();
    table.aliases.set(origin.source, ends.set(origin.end, `${name} ${alias.register}`));
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

/** A site with nothing known but its place. */
export function newSite(source: Source, start: number, end: number, found: SensitiveClass): Site {
  return {
    source,
    start,
    end,
    classes: new Set([found]),
    words: new Set(),
    occurrences: [],
    inMacro: false,
    active: false,
    thumb: false,
    arm: false,
    userMode: false,
    pasted: false,
    needsString: false,
    compiled: false,
    inString: false,
    written: '',
    names: writtenNames(new Map()),
  };
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
      wants: isCandidate,
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
  const preprocessor = new Preprocessor(provider, settings, {
    line: (line, from, expanded) => {
      assembler.outerUncertain = preprocessor.isUncertain;
      if (expanded) assembler.line(expanded, from, line.line, splitStatements(expanded.text));
      else {
        const plain = plainNames(line);
        if (plain && assembler.skips(plain)) return;
        assembler.line(tracedLine(line, from), from, line.line, statementsOf(line));
      }
    },
  });
  preprocessor.run(source, commandLineMacros(new Source('<command line>', ''), settings.defines));
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
    const known = table.find(source, start);
    if (known) {
      known.inMacro ||= inMacro;
      known.written = text;
      known.end = end;
      continue;
    }
    const site = table.at(source, start, () => newSite(source, start, end, found));
    site.written = text;
    site.names = writtenNames(aliasesOf(source));
    const line = source.position(start).line - 1;
    const disabled = inactive.some(([from, to]) => line >= from && line < to);
    site.inMacro = inMacro && !disabled;
    site.thumb = thumb;
  }
}
