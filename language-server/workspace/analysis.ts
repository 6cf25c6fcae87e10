/** What the linter knows of one file: made when it is asked for, kept until something that it was made from changes. */
import { Linter, type LintResult, type SettingsProvider } from '../lint.ts';
import type { SourceProvider } from '../parse/preprocessor/preprocess.ts';
import type { Source } from '../parse/source.ts';
import type { Finding } from '../rules/finding.ts';
import type { UnitResult } from '../rules/unit.ts';

export interface Analysis {
  /** Differs from that of every other analysis. */
  readonly id: number;
  readonly source: Source;
  readonly lint: LintResult;
  /** Findings in the file itself. */
  readonly findings: readonly Finding[];
  /** For assembly: the unit that the file is; absent from a light analysis. */
  readonly unit: UnitResult | undefined;
  /** For assembly: all files that the unit has read. */
  readonly files: ReadonlySet<Source> | undefined;
  /** For assembly: how often each macro is expanded, and where it is defined; names in lower case. */
  readonly expansions: ReadonlyMap<string, MacroUse>;
}

/** Analyses with their units that are kept: those are large. */
const MAX_UNITS = 64;
/** Analyses without their units, for passes over the whole workspace. */
const MAX_LIGHT = 20_000;

export interface MacroUse {
  readonly home: Source;
  readonly count: number;
}

interface Kept {
  readonly analysis: Analysis;
  readonly generation: number;
  readonly answers: ReadonlyMap<string, Source | undefined>;
}

/** A source provider that notes what it is asked for: an analysis is good as long as the answers are the same. */
class Recorder implements SourceProvider {
  readonly answers = new Map<string, Source | undefined>();
  private readonly provider: SourceProvider;

  constructor(provider: SourceProvider) {
    this.provider = provider;
  }

  get(path: string): Source | undefined {
    const found = this.provider.get(path);
    this.answers.set(path, found);
    return found;
  }
}

export class Analyses {
  private readonly provider: SourceProvider;
  private readonly settings: () => SettingsProvider;
  private readonly full = new Map<string, Kept>();
  private readonly light = new Map<string, Kept>();
  private count = 0;
  private generation = 0;
  private checked = new WeakMap<Analysis, number>();
  /** Counts changes of files: while it stays, what was found good is good. */
  private changes = 0;

  constructor(provider: SourceProvider, settings: () => SettingsProvider) {
    this.provider = provider;
    this.settings = settings;
  }

  /** Settings have changed: nothing that is known holds. */
  reset(): void {
    this.generation++;
    this.changes++;
    this.full.clear();
    this.light.clear();
  }

  /** Some file has changed. */
  fileChanged(): void {
    this.changes++;
  }

  /** Counts changes of files and settings. */
  get version(): number {
    return this.changes;
  }

  /** The analysis of a source, from what is kept when nothing has changed. */
  of(source: Source): Analysis {
    return this.from(this.full, source, MAX_UNITS) ?? this.make(source, true);
  }

  /** The same without its unit, when that is not at hand. */
  lightOf(source: Source): Analysis {
    return (
      this.from(this.full, source, MAX_UNITS) ?? this.from(this.light, source, MAX_LIGHT) ?? this.make(source, false)
    );
  }

  private from(table: Map<string, Kept>, source: Source, limit: number): Analysis | undefined {
    const known = table.get(source.path);
    if (!known || known.analysis.source !== source || !this.isGood(known)) return undefined;
    keep(table, known, limit);
    return known.analysis;
  }

  private make(source: Source, withUnit: boolean): Analysis {
    const provider = new Recorder(this.provider);
    const linter = new Linter({ provider, settings: this.settings() }, true);
    linter.add(source);
    const whole = linter.result();
    const unit = whole.units.get(source);
    const lint = withUnit ? whole : { ...whole, units: new Map<Source, UnitResult>() };
    const findings = lint.findings.filter((finding) => finding.source === source);
    const analysis: Analysis = {
      id: ++this.count,
      source,
      lint,
      findings,
      unit: withUnit ? unit : undefined,
      files: unit?.files,
      expansions: expansionsOf(unit),
    };
    const kept = { analysis, generation: this.generation, answers: provider.answers };
    if (withUnit) keep(this.full, kept, MAX_UNITS);
    else keep(this.light, kept, MAX_LIGHT);
    this.checked.set(analysis, this.changes);
    return analysis;
  }

  /** Analyses at hand whose files read `source`, one for each file. */
  *including(source: Source): Generator<Analysis> {
    for (const table of [this.full, this.light]) {
      for (const kept of table.values()) {
        const { analysis, answers } = kept;
        if (analysis.source === source || answers.get(source.path) !== source) continue;
        if ((table === this.full || !this.full.has(analysis.source.path)) && this.isGood(kept)) yield analysis;
      }
    }
  }

  private isGood({ analysis, generation, answers }: Kept): boolean {
    if (generation !== this.generation || this.provider.get(analysis.source.path) !== analysis.source) return false;
    if (this.checked.get(analysis) === this.changes) return true;
    for (const [path, answer] of answers) if (this.provider.get(path) !== answer) return false;
    this.checked.set(analysis, this.changes);
    return true;
  }
}

function expansionsOf(unit: UnitResult | undefined): ReadonlyMap<string, MacroUse> {
  const uses = new Map<string, MacroUse>();
  for (const [name, count] of unit?.assembler.invocations ?? []) {
    const home = unit!.assembler.macros.get(name)?.source;
    if (home) uses.set(name, { home, count });
  }
  return uses;
}

/** Puts an entry last in a table, and takes the first ones out beyond a limit. */
function keep(table: Map<string, Kept>, kept: Kept, limit: number): void {
  const { path } = kept.analysis.source;
  table.delete(path);
  table.set(path, kept);
  if (table.size > limit) table.delete(table.keys().next().value!);
}
