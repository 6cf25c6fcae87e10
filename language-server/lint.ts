/** The linter over a set of files: what the command line, the editor and tests call. */
import { asmStatements } from './parse/c/asm-statements.ts';
import {
  COMMAND_LINE,
  type CompileSettings,
  type LineRange,
  type Problem,
  type SourceProvider,
} from './parse/preprocessor/preprocess.ts';
import type { Source } from './parse/source.ts';
import { noteAsmStatements, readCContext, type CContext, type ContextOf } from './rules/c-unit.ts';
import { findingOf, type Finding } from './rules/finding.ts';
import { type Note, SiteTable } from './rules/site-table.ts';
import { noteWrittenSites, readAssemblyUnit, type UnitResult } from './rules/unit.ts';
import { SUPPORT_FILE } from './rules/support-file.ts';

/** Gives the settings with which a file is compiled. */
export interface SettingsProvider {
  assembly(path: string): CompileSettings;
  c(path: string): CompileSettings;
}

export interface LintHost {
  readonly provider: SourceProvider;
  readonly settings: SettingsProvider;
}

/** What the linter knows of a set of files. */
export interface LintResult {
  /** In the order of files and offsets. */
  readonly findings: readonly Finding[];
  readonly problems: readonly Problem[];
  /** Register aliases that computed traps need: by file, the end of the definition with the name and its register. */
  readonly aliases: SiteTable['aliases'];
  /** Lines (0-based, end excluded) of each linted file that the configuration disables. */
  readonly inactive: ReadonlyMap<Source, readonly LineRange[]>;
  /** What reading each unit of assembly has left behind. */
  readonly units: ReadonlyMap<Source, UnitResult>;
}

/** What a header needs to hold assembly worth reading. */
const ASSEMBLY_IN_HEADER =
  /\.macro\b|__ASSEMBLY__|__ASSEMBLER__|#[ \t]*define[^\n]*\b(?:m[rs][rs]|cps|srs|rfe|ld[rm]|st[rm])/i;

/** Gathers sites of files, one after the other; the result covers them all. */
export class Linter {
  private readonly host: LintHost;
  private readonly keepsUnits: boolean;
  private readonly table: SiteTable;
  /** What is wrong with the files themselves, in the order in which they were added. */
  readonly problems: Problem[] = [];
  private readonly inactive = new Map<Source, readonly LineRange[]>();
  private readonly units = new Map<Source, UnitResult>();

  /** With `keepsUnits` the result has the units, at the price of their memory. `log` gets every note that is taken. */
  constructor(host: LintHost, keepsUnits = false, log?: (note: Note) => void) {
    this.host = host;
    this.keepsUnits = keepsUnits;
    this.table = new SiteTable(log);
  }

  /** Takes what another linter has found, note by note: as if its files had been added here. */
  take(notes: Iterable<Note>, problems: readonly Problem[]): void {
    for (const note of notes) this.table.take(note);
    this.problems.push(...problems);
  }

  /**
   * Reads one file, and through its includes the macros that it uses. False when it has no assembly: nothing of it is kept
   * then.
   */
  add(source: Source): boolean {
    const { path, language } = source;
    if (language === undefined || path.endsWith(`/${SUPPORT_FILE}`)) return false;
    if (language === 'assembly') {
      this.addAssembly(source);
      return true;
    }
    const isWritten = language === 'header' && ASSEMBLY_IN_HEADER.test(source.text);
    if (isWritten) this.addWritten(source, []);
    const hasStatements = asmStatements(source).length > 0;
    if (hasStatements) this.addC(source);
    return isWritten || hasStatements;
  }

  private addAssembly(source: Source): void {
    const { provider, settings } = this.host;
    const unit = readAssemblyUnit(source, settings.assembly(source.path), provider, this.table);
    if (this.keepsUnits) this.units.set(source, unit);
    for (const problem of unit.problems) if (problem.source === source) this.problems.push(problem);
    this.addWritten(source, unit.inactive);
  }

  private addWritten(source: Source, inactive: readonly LineRange[]): void {
    this.inactive.set(source, inactive);
    noteWrittenSites(source, inactive, this.table);
  }

  private addC(source: Source): void {
    const { provider, settings } = this.host;
    const contexts = new Map<boolean, CContext>();
    const contextOf: ContextOf = (whole) => {
      let context = contexts.get(whole);
      if (!context) contexts.set(whole, (context = readCContext(source, settings.c(source.path), provider, whole)));
      return context;
    };
    noteAsmStatements(source, contextOf, this.table);
    const context = contexts.get(false);
    if (context) this.inactive.set(source, context.inactive);
  }

  /** Everything found so far. */
  result(): LintResult {
    const findings = [...this.table].filter(({ source }) => source.path !== COMMAND_LINE).map(findingOf);
    findings.sort((a, b) =>
      a.source.path < b.source.path ? -1 : a.source.path > b.source.path ? 1 : a.start - b.start,
    );
    return {
      findings,
      problems: this.problems,
      aliases: this.table.aliases,
      inactive: this.inactive,
      units: this.units,
    };
  }
}
