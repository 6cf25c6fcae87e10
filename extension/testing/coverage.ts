/** What the tests of a run have executed together, for the editor's coverage views. */
import * as vscode from 'vscode';
import type { CoverageArguments, CoverageResponse } from '../../debug-adapter/protocol.ts';

/** Lines and functions of a file, and whether any test has executed them. */
interface Covered {
  readonly lines: Map<number, boolean>;
  readonly functions: Map<string, { readonly name: string; readonly line: number; executed: boolean }>;
}

/** A file with its lines at hand. */
class GuestFileCoverage extends vscode.FileCoverage {
  readonly details: vscode.FileCoverageDetail[];

  constructor(uri: vscode.Uri, { lines, functions }: Covered) {
    const statements = [...lines].map(([line, executed]) => new vscode.StatementCoverage(executed, at(line)));
    const declarations = [...functions.values()].map(
      ({ name, line, executed }) => new vscode.DeclarationCoverage(name, executed, at(line)),
    );
    super(uri, count(statements), undefined, count(declarations));
    this.details = [...statements, ...declarations];
  }
}

export class RunCoverage {
  private readonly files = new Map<string, Covered>();

  /** Adds what a session has executed; it is still there. */
  async add(session: vscode.DebugSession): Promise<void> {
    for (let start = 0; ;) {
      const wanted: CoverageArguments = { start };
      const { total, files } = (await session.customRequest('trapline/coverage', wanted)) as CoverageResponse;
      for (const file of files) if (file.path !== undefined) this.merge(file.path, file);
      start += files.length;
      if (files.length === 0 || start >= total) return;
    }
  }

  /** Hands everything over. `uriOf` makes a file of the host of a path. */
  report(run: vscode.TestRun, uriOf: (path: string) => vscode.Uri): void {
    for (const [path, covered] of this.files) run.addCoverage(new GuestFileCoverage(uriOf(path), covered));
  }

  private merge(path: string, { lines, functions }: CoverageResponse['files'][number]): void {
    let covered = this.files.get(path);
    if (!covered) this.files.set(path, (covered = { lines: new Map(), functions: new Map() }));
    for (const { line, executed } of lines) covered.lines.set(line, executed || covered.lines.get(line) === true);
    for (const entry of functions) {
      const key = `${entry.line} ${entry.name}`;
      const known = covered.functions.get(key);
      if (known) known.executed ||= entry.executed;
      else covered.functions.set(key, { ...entry });
    }
  }
}

/** The lines of a file of a run. */
export function detailsOf(coverage: vscode.FileCoverage): vscode.FileCoverageDetail[] {
  return coverage instanceof GuestFileCoverage ? coverage.details : [];
}

const at = (line: number): vscode.Position => new vscode.Position(Math.max(0, line - 1), 0);

const count = (entries: readonly { readonly executed: boolean | number }[]): vscode.TestCoverageCount =>
  new vscode.TestCoverageCount(entries.filter(({ executed }) => executed).length, entries.length);
