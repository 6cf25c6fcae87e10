/** Tests that guests declare in their guest.json, in the Test Explorer: run, debugged, and with coverage of the guest's sources. */
import * as vscode from 'vscode';
import { detailsOf, RunCoverage } from './coverage.ts';
import { declaredGuest } from './declared-tests.ts';
import { runTestSession, type TestJob } from './test-session.ts';

const FILES = '**/guest.json';
const NOT_HERE = '**/{node_modules,.git}/**';
const MOST_GUESTS = 100;

type Kind = 'run' | 'debug' | 'coverage';

export class GuestTests implements vscode.Disposable {
  private readonly debugType: string;
  private readonly log: vscode.LogOutputChannel;
  private readonly controller: vscode.TestController;
  private readonly disposables: { dispose(): unknown }[] = [];
  private readonly jobs = new WeakMap<vscode.TestItem, TestJob>();

  /** Finds tests when the Test Explorer is first looked at, and follows changes from then on. */
  constructor(debugType: string, log: vscode.LogOutputChannel) {
    this.debugType = debugType;
    this.log = log;
    this.controller = vscode.tests.createTestController('trapline', 'Guests');
    this.disposables.push(this.controller);
    this.addProfile('Run', vscode.TestRunProfileKind.Run, 'run');
    this.addProfile('Debug', vscode.TestRunProfileKind.Debug, 'debug');
    const coverage = this.addProfile('Run with Coverage', vscode.TestRunProfileKind.Coverage, 'coverage');
    coverage.loadDetailedCoverage = (_run, file) => Promise.resolve(detailsOf(file));
    this.controller.refreshHandler = () => this.findAll();
    this.controller.resolveHandler = async (item) => {
      if (item) await this.read(item.uri);
      else await this.follow();
    };
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private addProfile(name: string, kind: vscode.TestRunProfileKind, how: Kind): vscode.TestRunProfile {
    return this.controller.createRunProfile(name, kind, (request, token) => this.run(request, token, how), true);
  }

  private async follow(): Promise<void> {
    const watcher = vscode.workspace.createFileSystemWatcher(FILES);
    this.disposables.push(
      watcher,
      watcher.onDidCreate((uri) => this.read(uri)),
      watcher.onDidChange((uri) => this.read(uri)),
      watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString())),
    );
    await this.findAll();
  }

  private async findAll(): Promise<void> {
    const files = await vscode.workspace.findFiles(FILES, NOT_HERE, MOST_GUESTS);
    await Promise.all(files.map((uri) => this.read(uri)));
  }

  /** Reads the tests of a guest anew; a file that is not valid right now keeps those that it had. */
  private async read(uri: vscode.Uri | undefined): Promise<void> {
    if (!uri) return;
    const id = uri.toString();
    let text: string;
    try {
      text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    } catch (error) {
      this.log.debug(`${uri.path}: ${String(error)}`);
      this.controller.items.delete(id);
      return;
    }
    const guest = declaredGuest(text);
    if (!guest) return;
    if (guest.tests.length === 0) {
      this.controller.items.delete(id);
      return;
    }
    const folder = vscode.Uri.joinPath(uri, '..');
    const item = this.controller.createTestItem(id, guest.name ?? vscode.workspace.asRelativePath(folder), uri);
    item.description = vscode.workspace.asRelativePath(folder);
    const children: vscode.TestItem[] = [];
    for (const { name, modes, line } of guest.tests) {
      for (const mode of modes) {
        const child = this.controller.createTestItem(`${id} ${mode} ${name}`, name, uri);
        if (modes.length > 1 || mode !== 'lpv') child.description = mode;
        child.sortText = String(children.length).padStart(6, '0');
        if (line !== undefined) child.range = new vscode.Range(line, 0, line, 0);
        this.jobs.set(child, { folder, test: name, mode });
        children.push(child);
      }
    }
    item.children.replace(children);
    this.controller.items.add(item);
  }

  private async run(request: vscode.TestRunRequest, token: vscode.CancellationToken, how: Kind): Promise<void> {
    const run = this.controller.createTestRun(request);
    const coverage = how === 'coverage' ? new RunCoverage() : undefined;
    const items = this.chosen(request);
    for (const item of items) run.enqueued(item);
    let roots: vscode.Uri | undefined;
    for (const item of items) {
      const job = this.jobs.get(item);
      if (!job) continue;
      if (token.isCancellationRequested) {
        run.skipped(item);
        continue;
      }
      roots ??= job.folder;
      await this.runOne(run, item, job, how, token, coverage);
    }
    const base = roots;
    if (base) coverage?.report(run, (path) => uriOf(path, base));
    run.end();
  }

  private async runOne(
    run: vscode.TestRun,
    item: vscode.TestItem,
    job: TestJob,
    how: Kind,
    token: vscode.CancellationToken,
    coverage: RunCoverage | undefined,
  ): Promise<void> {
    run.started(item);
    run.appendOutput(`\x1b[1m${job.test} (${job.mode})\x1b[0m\r\n`, undefined, item);
    const started = Date.now();
    const result = await runTestSession(job, {
      ...{ debugType: this.debugType, testRun: run, token, debug: how === 'debug' },
      collect: coverage && ((session) => coverage.add(session)),
      onConsole: (text) => run.appendOutput(text.replace(/\r*\n/g, '\r\n'), undefined, item),
    });
    run.appendOutput('\r\n', undefined, item);
    const took = Date.now() - started;
    if (typeof result !== 'string' && result.passed) {
      run.passed(item, took);
    } else if (token.isCancellationRequested) {
      run.skipped(item);
    } else {
      const message = new vscode.TestMessage(typeof result === 'string' ? result : result.message);
      if (item.uri && item.range) message.location = new vscode.Location(item.uri, item.range);
      if (typeof result === 'string') run.errored(item, message, took);
      else run.failed(item, message, took);
    }
  }

  /** The tests that a request means, in their order. */
  private chosen(request: vscode.TestRunRequest): vscode.TestItem[] {
    const excluded = new Set(request.exclude);
    const found: vscode.TestItem[] = [];
    const visit = (item: vscode.TestItem): void => {
      if (excluded.has(item)) return;
      if (this.jobs.has(item)) found.push(item);
      item.children.forEach(visit);
    };
    if (request.include) request.include.forEach(visit);
    else this.controller.items.forEach(visit);
    return found;
  }
}

/** A path from the adapter, on the file system that the guest is on. */
function uriOf(path: string, guest: vscode.Uri): vscode.Uri {
  return guest.scheme === 'file' ? vscode.Uri.file(path) : vscode.Uri.parse(path, true);
}
