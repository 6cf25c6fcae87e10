/** Diagnostics: pulled for a document and for the workspace; pushed to clients that do not pull. */
import {
  DiagnosticRefreshRequest,
  DiagnosticSeverity,
  DiagnosticTag,
  DocumentDiagnosticReportKind,
  type CancellationToken,
  type Diagnostic,
  type DiagnosticRelatedInformation,
  type WorkspaceDiagnosticParams,
  type WorkspaceDiagnosticReport,
  type WorkspaceDocumentDiagnosticReport,
} from 'vscode-languageserver';
import { languageOf, type Source } from '../parse/source.ts';
import { messageOf, type Finding } from '../rules/finding.ts';
import type { Severity } from '../rules/rules.ts';
import { severityOf } from '../rules/severity.ts';
import type { FileFindings } from '../workspace/findings.ts';
import { findingsOf } from '../workspace/findings.ts';
import { positionAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider } from './provider.ts';

const SEVERITIES: Readonly<Record<Exclude<Severity, 'off'>, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};
export const SOURCE = 'trapline';
/** Expansions that a diagnostic names; more are counted only. */
const MAX_RELATED = 20;

function related(workspace: Workspace, { expansions = [] }: Finding): DiagnosticRelatedInformation[] {
  return expansions.slice(0, MAX_RELATED).flatMap(({ file, line }) => {
    const source = workspace.get(file);
    if (!source) return [];
    const length = source.lineText(line).length;
    const range = { start: { line: line - 1, character: 0 }, end: { line: line - 1, character: length } };
    return [{ location: { uri: workspace.uriOf(file), range }, message: 'expanded here' }];
  });
}

/** The diagnostic of a finding; undefined when its rule is switched off. */
export function diagnosticOf(workspace: Workspace, finding: Finding): Diagnostic | undefined {
  const severity = severityOf(finding, workspace.settings.severities);
  if (severity === 'off') return undefined;
  const { source, start, end, rule, expansions } = finding;
  // A header that no known file expands has nothing to count.
  const told = expansions?.length === 0 ? { ...finding, expansions: undefined } : finding;
  const kept = finding.keep === undefined ? '' : ` Kept: ${finding.keep}.`;
  const information = related(workspace, finding);
  return {
    range: rangeAt(source, start, end),
    severity: SEVERITIES[severity],
    code: rule.id,
    codeDescription: { href: rule.url },
    source: SOURCE,
    message: messageOf(told) + kept,
    ...(information.length > 0 && { relatedInformation: information }),
  };
}

/** All diagnostics of a file: findings, syntax problems, and lines that the configuration disables. */
export function diagnosticsOf(
  workspace: Workspace,
  source: Source,
  { findings, analysis }: FileFindings,
): Diagnostic[] {
  const diagnostics = findings.flatMap((finding) => diagnosticOf(workspace, finding) ?? []);
  const { lint } = analysis;
  for (const { source: where, start, end, message } of lint.problems) {
    if (where !== source) continue;
    const range = rangeAt(source, start, end);
    diagnostics.push({ range, severity: DiagnosticSeverity.Warning, code: 'syntax', source: SOURCE, message });
  }
  if (workspace.settings.inactive) {
    for (const [from, to] of lint.inactive.get(source) ?? []) {
      const { lines } = source;
      const [first, last] = [lines[from], lines[Math.min(to, lines.length) - 1]];
      if (!first || !last) continue;
      diagnostics.push({
        range: { start: positionAt(source, first.start), end: positionAt(source, last.end) },
        severity: DiagnosticSeverity.Hint,
        tags: [DiagnosticTag.Unnecessary],
        code: 'inactive',
        source: SOURCE,
        message: 'The configuration disables these lines.',
      });
    }
  }
  return diagnostics;
}

/** What an asm statement begins with. */
const ASM = /\basm\b|\b__asm/;

/** Reports on the whole workspace, and waits while nothing has changed since the last one. */
class WorkspaceReports {
  private readonly workspace: Workspace;
  private completed = -1;
  private waiting: (() => void)[] = [];

  constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  /** Something has changed: who waits goes on. */
  wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }

  /** Waits until something has changed, or the client has given up. Clients ask again as soon as they have an answer. */
  async change(token: CancellationToken): Promise<void> {
    while (this.completed === this.workspace.analyses.version && !token.isCancellationRequested) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        token.onCancellationRequested(() => resolve());
      });
    }
  }

  async report(
    previous: ReadonlyMap<string, string>,
    token: CancellationToken,
    progress: (done: number, of: number) => void,
    partial: (items: WorkspaceDocumentDiagnosticReport[]) => void,
  ): Promise<void> {
    const { workspace } = this;
    const { version } = workspace.analyses;
    const pause = new Pause();
    const paths = await workspace.listSources(token);
    let items: WorkspaceDocumentDiagnosticReport[] = [];
    /** Asks for what a report on a file needs, for hosts whose files come later. */
    const look = (path: string): void => {
      if (languageOf(path) === 'c' && !ASM.test(workspace.peek(path) ?? '')) return;
      const source = workspace.get(path);
      if (source) findingsOf(workspace, source, !workspace.isOpen(path));
    };
    const seen = new Set<string>();
    const add = (path: string): void => {
      const uri = workspace.uriOf(path);
      // Most C files of a kernel hold no assembly; reading them again is cheaper than keeping them.
      if (languageOf(path) === 'c' && !ASM.test(workspace.peek(path) ?? '')) return;
      seen.add(uri);
      const source = workspace.get(path);
      if (!source) return;
      const found = findingsOf(workspace, source, !workspace.isOpen(path));
      const known = previous.get(uri);
      const documentVersion = workspace.versionOf(path);
      if (known === found.id) {
        items.push({ kind: DocumentDiagnosticReportKind.Unchanged, resultId: found.id, uri, version: documentVersion });
        return;
      }
      const diagnostics = diagnosticsOf(workspace, source, found);
      if (diagnostics.length === 0 && known === undefined) return;
      items.push({
        kind: DocumentDiagnosticReportKind.Full,
        resultId: found.id,
        uri,
        version: documentVersion,
        items: diagnostics,
      });
    };
    // Headers last: what is known of them comes from the files that read them.
    const ordered = [...paths].sort((a, b) => Number(isHeader(a)) - Number(isHeader(b)));
    for (const [i, path] of ordered.entries()) {
      if (token.isCancellationRequested) return;
      if (workspace.host.settled) await workspace.complete(() => look(path));
      add(path);
      const before = performance.now();
      await pause.turn();
      if (performance.now() > before && items.length > 0) {
        partial(items);
        items = [];
      }
      progress(i + 1, ordered.length);
    }
    // What is no longer there has no findings.
    for (const uri of previous.keys()) {
      if (!seen.has(uri)) items.push({ kind: DocumentDiagnosticReportKind.Full, uri, version: null, items: [] });
    }
    partial(items);
    this.completed = version;
  }
}

const isHeader = (path: string): boolean => languageOf(path) === 'header';

export const diagnostics: Provider = ({ connection, workspace, client }) => {
  const reports = new WorkspaceReports(workspace);
  const pulls = client.textDocument?.diagnostic !== undefined;
  workspace.onChange(() => reports.wake());

  connection.languages.diagnostics.on(async ({ textDocument, previousResultId }) => {
    const asked = await workspace.complete(() => {
      const source = workspace.sourceOf(textDocument.uri);
      return source && { source, found: findingsOf(workspace, source) };
    });
    if (!asked) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    const { source, found } = asked;
    if (previousResultId === found.id) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId: found.id };
    const items = diagnosticsOf(workspace, source, found);
    return { kind: DocumentDiagnosticReportKind.Full, resultId: found.id, items };
  });

  connection.languages.diagnostics.onWorkspace(
    async (
      { previousResultIds }: WorkspaceDiagnosticParams,
      token,
      workDone,
      partial,
    ): Promise<WorkspaceDiagnosticReport> => {
      await workspace.ready;
      const previous = new Map(previousResultIds.map(({ uri, value }) => [uri, value]));
      if (previous.size > 0) await reports.change(token);
      const items: WorkspaceDocumentDiagnosticReport[] = [];
      workDone.begin('Looking for sensitive instructions', 0, undefined, true);
      let shown = 0;
      await reports.report(
        previous,
        token,
        (done, of) => {
          const percentage = Math.floor((done / of) * 100);
          if (percentage > shown) workDone.report((shown = percentage), `${done} of ${of} files`);
        },
        (some) => {
          if (partial) partial.report({ items: some });
          else items.push(...some);
        },
      );
      workDone.done();
      return { items };
    },
  );

  if (pulls) {
    if (client.workspace?.diagnostics?.refreshSupport === true) {
      workspace.onOutsideChange(() => void connection.sendRequest(DiagnosticRefreshRequest.type));
    }
  } else pushDiagnostics(connection, workspace);
  return {
    diagnosticProvider: {
      identifier: SOURCE,
      interFileDependencies: true,
      workspaceDiagnostics: true,
      workDoneProgress: true,
    },
  };
};

/** Milliseconds without a change before findings are pushed. */
const QUIET = 100;

function pushDiagnostics(connection: Parameters<Provider>[0]['connection'], workspace: Workspace): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const push = (): void => {
    timer = undefined;
    for (const { uri, version } of workspace.documents.all()) {
      const source = workspace.sourceOf(uri);
      if (!source) continue;
      const items = diagnosticsOf(workspace, source, findingsOf(workspace, source));
      void connection.sendDiagnostics({ uri, version, diagnostics: items });
    }
  };
  workspace.onChange(() => {
    clearTimeout(timer);
    timer = setTimeout(push, QUIET);
  });
  workspace.documents.onDidClose(
    ({ document }) => void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] }),
  );
}
