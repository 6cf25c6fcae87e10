/** The client of the language server: started by the first document or command that needs it. */
import * as vscode from 'vscode';
import { RevealOutputChannelOn, type BaseLanguageClient } from 'vscode-languageclient';
import type { COMMANDS, CLIENT_COMMANDS, TRAP_COUNTS, TrapCount } from '../../language-server/protocol.ts';
import type { Platform } from '../platform.ts';
import { fullSelector, isWanted, limitToAssembly } from './selectors.ts';
import { LanguageStatus } from './status.ts';

const TRAP_COUNTS_METHOD: typeof TRAP_COUNTS = 'trapline/trapCounts';
const FIX_WORKSPACE: (typeof COMMANDS)['fixWorkspace'] = 'trapline.fixWorkspace';
const RESTORE_WORKSPACE: (typeof COMMANDS)['restoreWorkspace'] = 'trapline.restoreWorkspace';
const SHOW_REFERENCES: (typeof CLIENT_COMMANDS)['showReferences'] = 'trapline.showReferences';

/** A position as the protocol has it, 0-based. */
interface WirePosition {
  readonly line: number;
  readonly character: number;
}

export class Language {
  private readonly context: vscode.ExtensionContext;
  private readonly platform: Platform;
  private readonly log: vscode.LogOutputChannel;
  private readonly status: LanguageStatus;
  private starting: Promise<BaseLanguageClient> | undefined;
  private counts: readonly TrapCount[] = [];

  constructor(context: vscode.ExtensionContext, platform: Platform, log: vscode.LogOutputChannel) {
    this.context = context;
    this.platform = platform;
    this.log = log;
    this.status = new LanguageStatus(log);
    context.subscriptions.push(this.status, { dispose: () => void this.stop() });
  }

  /** The running client. Rejects when the server cannot be started; the next call tries again. */
  client(): Promise<BaseLanguageClient> {
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  /** Starts the server when a document needs it; says in the log when that fails. */
  want(document: vscode.TextDocument): void {
    if (this.starting || !isWanted(document)) return;
    this.client().catch((error: unknown) => this.log.error('The language server did not start:', error));
  }

  /** Runs a command of the server. */
  async execute(command: string): Promise<void> {
    const client = await this.client();
    await client.sendRequest('workspace/executeCommand', { command, arguments: [] });
  }

  /** Tells the server how often traps have been taken; it keeps the last that it was told. */
  takeTrapCounts(counts: readonly TrapCount[]): void {
    this.counts = counts;
    void this.starting?.then((client) => this.sendCounts(client));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.client();
  }

  private async start(): Promise<BaseLanguageClient> {
    const client = await this.platform.languageClient({
      documentSelector: fullSelector(),
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: this.status.middleware,
    });
    limitToAssembly(client);
    this.context.subscriptions.push(this.status.follow(client));
    await client.start();
    await this.sendCounts(client);
    return client;
  }

  private async stop(): Promise<void> {
    const client = await this.starting?.catch(() => undefined);
    this.starting = undefined;
    await client?.dispose();
  }

  private async sendCounts(client: BaseLanguageClient): Promise<void> {
    if (this.counts.length > 0) await client.sendNotification(TRAP_COUNTS_METHOD, { counts: this.counts });
  }
}

/** Registers the language features and their commands. */
export function registerLanguage(
  context: vscode.ExtensionContext,
  platform: Platform,
  log: vscode.LogOutputChannel,
): Language {
  const language = new Language(context, platform, log);
  const command = (id: string, run: (...args: never[]) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(id, run);
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument((document) => language.want(document)),
    vscode.workspace.onDidSaveTextDocument((document) => language.want(document)),
    command('trapline.replaceInWorkspace', () => language.execute(FIX_WORKSPACE)),
    command('trapline.restoreInWorkspace', () => language.execute(RESTORE_WORKSPACE)),
    command('trapline.replaceInFile', () => sourceAction('source.fixAll.trapline')),
    command('trapline.restoreInFile', () => sourceAction('source.restoreAll.trapline')),
    command('trapline.restartLanguageServer', () => language.restart()),
    command('trapline.showLog', () => log.show()),
    command(SHOW_REFERENCES, (uri: string, position: WirePosition) =>
      vscode.commands.executeCommand(
        'editor.action.findReferences',
        vscode.Uri.parse(uri),
        new vscode.Position(position.line, position.character),
      ),
    ),
  );
  for (const document of vscode.workspace.textDocuments) language.want(document);
  return language;
}

/** Applies the only action of a kind to the file in the active editor. */
const sourceAction = (kind: string): Thenable<unknown> =>
  vscode.commands.executeCommand('editor.action.sourceAction', { kind, apply: 'first' });
