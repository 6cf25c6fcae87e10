/** What the linter knows of one file: made when it is asked for, kept until something that it was made from changes. */
import { Linter, type LintResult, type SettingsProvider } from '../lint.ts';
import type { SourceProvider } from '../parse/preprocessor/preprocess.ts';
import type { Source } from '../parse/source.ts';
import type { Finding } from '../rules/finding.ts';
import type { UnitResult } from '../rules/unit.ts';

export interface Analysis {
  readonly source: Source;
  readonly lint: LintResult;
  /** Findings in the file itself. */
  readonly findings: readonly Finding[];
  /** For assembly: the unit that the file is. */
  readonly unit: UnitResult | undefined;
}

/** Analyses that are kept; each holds the sources that it has read. */
const MAX_KEPT = 400;

interface Kept {
  readonly analysis: Analysis;
  readonly generation: number;
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
  private readonly kept = new Map<string, Kept & { answers: ReadonlyMap<string, Source | undefined> }>();
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
    this.kept.clear();
  }

  /** Some file has changed. */
  fileChanged(): void {
    this.changes++;
  }

  /** The analysis of a source, from what is kept when nothing has changed. */
  of(source: Source): Analysis {
    const known = this.kept.get(source.path);
    if (known && known.analysis.source === source && this.isGood(known)) {
      this.kept.delete(source.path);
      this.kept.set(source.path, known);
      return known.analysis;
    }
    const provider = new Recorder(this.provider);
    const linter = new Linter({ provider, settings: this.settings() }, true);
    linter.add(source);
    const lint = linter.result();
    const findings = lint.findings.filter((finding) => finding.source === source);
    const analysis: Analysis = { source, lint, findings, unit: lint.units.get(source) };
    this.kept.delete(source.path);
    this.kept.set(source.path, { analysis, generation: this.generation, answers: provider.answers });
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value!);
    this.checked.set(analysis, this.changes);
    return analysis;
  }

  /** Analyses at hand, of the files that read `source`. */
  *including(source: Source): Generator<Analysis> {
    for (const { analysis } of this.kept.values()) {
      if (analysis.source !== source && analysis.unit?.files.has(source)) yield analysis;
    }
  }

  private isGood({
    analysis,
    generation,
    answers,
  }: Kept & { answers: ReadonlyMap<string, Source | undefined> }): boolean {
    if (generation !== this.generation) return false;
    if (this.checked.get(analysis) === this.changes) return true;
    for (const [path, answer] of answers) if (this.provider.get(path) !== answer) return false;
    this.checked.set(analysis, this.changes);
    return true;
  }
}
