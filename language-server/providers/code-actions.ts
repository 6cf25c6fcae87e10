/**
 * Code actions: a sensitive instruction becomes its trap, alone, with its file or with the workspace; and back. A fix is safe
 * when its trap is literal: it needs nothing but itself. Others need assembler symbols, so they come with edits of
 * other files and are shown before they are applied.
 */
import {
  CodeActionKind,
  MessageType,
  ShowMessageNotification,
  type CancellationToken,
  type CodeAction,
  type Diagnostic,
  type WorkDoneProgressReporter,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import { COMMANDS } from '../protocol.ts';
import type { Source } from '../parse/source.ts';
import { aliasesToAdd, applyEdits, editOf, editsOf, isFixable, restoreEdit, type TextEdit } from '../rules/edits.ts';
import { replacedText, type Finding } from '../rules/finding.ts';
import { aliasSymbol, restoreText } from '../rules/fix.ts';
import { severityOf } from '../rules/severity.ts';
import { EditBuilder } from '../workspace/edit-builder.ts';
import { findingsOf } from '../workspace/findings.ts';
import { offsetAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import { SOURCE } from './diagnostics.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider, type ProviderContext } from './provider.ts';

/** Replaces what can be replaced safely, on saving a file. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.trapline`;
/** Restores the originals of a file. */
export const RESTORE_ALL = `${CodeActionKind.Source}.restoreAll.trapline`;
const RESTORE = `${CodeActionKind.RefactorRewrite}.trapline.restore`;
const CONFIRM = 'Replace by traps that need assembler symbols (lpv-traps.h)';

const isSafe = (finding: Finding): boolean => finding.replacement?.computed === false;

class Actions {
  private readonly context: ProviderContext;

  constructor(context: ProviderContext) {
    this.context = context;
  }

  private get workspace(): Workspace {
    return this.context.workspace;
  }

  private show(type: MessageType, message: string): void {
    void this.context.connection.sendNotification(ShowMessageNotification.type, { type, message });
  }

  private builder(): EditBuilder {
    return new EditBuilder(this.workspace, this.context.client);
  }

  /** Fixable findings of a source whose rules are on. */
  fixable(source: Source): readonly Finding[] {
    const { severities } = this.workspace.settings;
    return findingsOf(this.workspace, source).findings.filter(
      (finding) => isFixable(finding) && severityOf(finding, severities) !== 'off',
    );
  }

  /** Adds symbols for register aliases that reach macros, in every file that defines one. */
  private addAliases(builder: EditBuilder, source: Source): void {
    const { lint } = this.workspace.analysisOf(source);
    for (const [file, aliases] of lint.aliases) {
      const edits = [...aliasesToAdd(file.text, aliases)].map(([end, alias]): TextEdit => {
        const [name, register] = alias.split(' ');
        return { start: end, end, text: aliasSymbol(name, register) };
      });
      builder.add(file, edits);
    }
  }

  /** The edit that replaces some findings of a file. */
  replace(source: Source, findings: readonly Finding[]): WorkspaceEdit {
    const builder = this.builder();
    this.addTo(builder, source, findings);
    return builder.build(findings.every(isSafe) ? undefined : CONFIRM);
  }

  addTo(builder: EditBuilder, source: Source, findings: readonly Finding[]): void {
    builder.add(source, editsOf(findings));
    if (findings.every(isSafe)) return;
    this.addAliases(builder, source);
    builder.addSupport(source.path);
  }

  ofFinding(source: Source, finding: Finding, diagnostics: readonly Diagnostic[]): CodeAction[] {
    const range = rangeAt(source, finding.start, finding.end);
    const own = diagnostics.filter(
      ({ code, range: at }) =>
        code === finding.rule.id && at.start.line === range.start.line && at.start.character === range.start.character,
    );
    const actions: CodeAction[] = [];
    if (isFixable(finding) && editOf(finding)) {
      actions.push({
        title: `Replace by its trap: ${replacedText(finding)}`,
        kind: CodeActionKind.QuickFix,
        diagnostics: own,
        isPreferred: isSafe(finding),
        edit: this.replace(source, [finding]),
      });
    }
    if (finding.keep === undefined && finding.rule.consequence !== 'traps already' && !finding.inString) {
      actions.push({
        title: 'Keep this instruction: add a comment "lpv: keep"',
        kind: CodeActionKind.QuickFix,
        diagnostics: own,
        edit: this.suppress(source, finding),
      });
    }
    return actions;
  }

  /** A comment on a line of its own before the instruction; it needs a reason, which the user will know better. */
  private suppress(source: Source, { start }: Finding): WorkspaceEdit {
    const lineStart = source.text.lastIndexOf('\n', start - 1) + 1;
    const indent = /^[ \t]*/.exec(source.text.slice(lineStart, start))![0];
    const newline = source.text[source.text.indexOf('\n') - 1] === '\r' ? '\r\n' : '\n';
    const builder = this.builder();
    // Inside a continued definition the comment must be continued too.
    const before = source.lineText(source.position(start).line - 1);
    const text = before.trimEnd().endsWith('\\')
      ? `${indent}/* lpv: keep reviewed */ \\${newline}`
      : `${indent}/* lpv: keep reviewed */${newline}`;
    builder.add(source, [{ start: lineStart, end: lineStart, text }]);
    return builder.build();
  }

  restoreLine(source: Source, offset: number): CodeAction | undefined {
    const edit = restoreEdit(source.text, offset);
    if (!edit) return undefined;
    const builder = this.builder();
    builder.add(source, [edit]);
    const title = `Restore the original: ${edit.text.trim().slice(0, 60)}`;
    return { title, kind: RESTORE, edit: builder.build() };
  }

  /** Edits that restore a whole file, line by line. */
  restoreFile(source: Source): TextEdit[] {
    if (restoreText(source.text) === source.text) return [];
    const edits: TextEdit[] = [];
    for (let at = 0; at <= source.text.length;) {
      const edit = restoreEdit(source.text, at);
      if (edit) edits.push(edit);
      const newline = source.text.indexOf('\n', at);
      if (newline < 0) break;
      at = newline + 1;
    }
    // A call that goes over lines is restored as a whole.
    const whole = restoreText(source.text);
    return applyEdits(source.text, edits) === whole ? edits : [{ start: 0, end: source.text.length, text: whole }];
  }

  ofFile(source: Source, kinds: readonly string[] | undefined, touched: boolean): CodeAction[] {
    const actions: CodeAction[] = [];
    const wants = (kind: string): boolean =>
      kinds === undefined || kinds.some((only) => kind === only || kind.startsWith(`${only}.`));
    const fixable = wants(FIX_ALL) || (touched && wants(CodeActionKind.QuickFix)) ? this.fixable(source) : [];
    const safe = fixable.filter(isSafe);
    if (safe.length > 0 && wants(FIX_ALL) && (kinds !== undefined || touched)) {
      actions.push({
        title: `Replace ${count(safe.length)} by traps where that is safe`,
        kind: FIX_ALL,
        edit: this.replace(source, safe),
      });
    }
    if (touched && fixable.length > 0 && wants(CodeActionKind.QuickFix)) {
      if (fixable.length > 1) {
        actions.push({
          title: `Replace ${count(fixable.length)} in this file`,
          kind: CodeActionKind.QuickFix,
          edit: this.replace(source, fixable),
        });
      }
      const title = 'Replace all sensitive instructions in the workspace';
      actions.push({ title, kind: CodeActionKind.QuickFix, command: { title, command: COMMANDS.fixWorkspace } });
    }
    if (kinds !== undefined && wants(RESTORE_ALL)) {
      const edits = this.restoreFile(source);
      if (edits.length > 0) {
        const builder = this.builder();
        builder.add(source, edits);
        actions.push({ title: 'Restore the originals of all traps', kind: RESTORE_ALL, edit: builder.build() });
      }
    }
    return actions;
  }

  /** Applies edits to all sources of the workspace; the client shows them first. */
  async everywhere(
    label: string,
    token: CancellationToken,
    progress: WorkDoneProgressReporter,
    add: (builder: EditBuilder, source: Source) => void,
  ): Promise<boolean> {
    const { connection } = this.context;
    const builder = this.builder();
    const pause = new Pause();
    const paths = await this.workspace.listSources(token);
    progress.begin(label, 0, undefined, true);
    for (const [i, path] of paths.entries()) {
      if (token.isCancellationRequested) break;
      const source = this.workspace.get(path);
      if (source) await this.workspace.complete(() => findingsOf(this.workspace, source));
      if (source) add(builder, source);
      await pause.turn();
      if (i % 50 === 0) progress.report(Math.floor((i / paths.length) * 100), `${i} of ${paths.length} files`);
    }
    progress.done();
    if (token.isCancellationRequested) return false;
    if (builder.files === 0) {
      this.show(MessageType.Info, `${label}: there is nothing to change.`);
      return true;
    }
    const { applied, failureReason } = await connection.workspace.applyEdit({ label, edit: builder.build(label) });
    if (!applied && failureReason !== undefined) {
      this.show(MessageType.Error, `${label}: the edit was not applied: ${failureReason}`);
    }
    return applied;
  }
}

const count = (n: number): string => (n === 1 ? 'one sensitive instruction' : `${n} sensitive instructions`);

export const codeActions: Provider = (context) => {
  const { connection, workspace } = context;
  const actions = new Actions(context);

  connection.onCodeAction(async ({ textDocument, range, context: { only, diagnostics } }) => {
    const source = await workspace.complete(() => {
      const asked = workspace.sourceOf(textDocument.uri);
      if (asked) findingsOf(workspace, asked);
      return asked;
    });
    if (!source) return null;
    const start = offsetAt(source, range.start);
    const end = offsetAt(source, range.end);
    const wants = (kind: string): boolean =>
      only === undefined || only.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
    const touched = findingsOf(workspace, source).findings.filter(
      (finding) =>
        finding.start <= end && finding.end >= start && severityOf(finding, workspace.settings.severities) !== 'off',
    );
    const own = diagnostics.filter((diagnostic) => diagnostic.source === SOURCE);
    const found = wants(CodeActionKind.QuickFix)
      ? touched.flatMap((finding) => actions.ofFinding(source, finding, own))
      : [];
    found.push(...actions.ofFile(source, only, touched.some(isFixable)));
    const restore = wants(RESTORE) ? actions.restoreLine(source, start) : undefined;
    return restore ? [...found, restore] : found;
  });

  connection.onExecuteCommand(async ({ command }, token, progress) => {
    if (command === COMMANDS.fixWorkspace) {
      return actions.everywhere('Replace sensitive instructions by traps', token, progress, (builder, source) =>
        actions.addTo(builder, source, actions.fixable(source)),
      );
    }
    if (command === COMMANDS.restoreWorkspace) {
      return actions.everywhere('Restore the originals of traps', token, progress, (builder, source) => {
        if (source.language !== undefined) builder.add(source, actions.restoreFile(source));
      });
    }
    return null;
  });

  return {
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL, RESTORE, RESTORE_ALL] },
    executeCommandProvider: { commands: Object.values(COMMANDS), workDoneProgress: true },
  };
};
