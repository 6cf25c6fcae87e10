/** The language status item: whether the server runs, and what it is doing. */
import * as vscode from 'vscode';
import type { BaseLanguageClient, Middleware } from 'vscode-languageclient';
import { fullSelector } from './selectors.ts';

/** States of the client, as numbers: its enumeration would load the client, which is not needed before it starts. */
const STOPPED = 1;
const RUNNING = 2;
const STARTING = 3;
const FAILED = 4;

export class LanguageStatus {
  private readonly item: vscode.LanguageStatusItem;
  /** Titles and messages of what is in progress, by token. */
  private readonly progress = new Map<string | number, { title: string; text: string }>();
  private state: number = STOPPED;

  constructor(log: vscode.LogOutputChannel) {
    this.item = vscode.languages.createLanguageStatusItem('trapline', fullSelector() as vscode.DocumentSelector);
    this.item.name = 'Trapline';
    this.item.command = { title: 'Show Log', command: 'trapline.showLog', tooltip: log.name };
    this.show();
  }

  /** Follows the state of a client. */
  follow(client: BaseLanguageClient): { dispose(): unknown } {
    return client.onDidChangeState(({ newState }) => {
      this.state = newState;
      if (this.state !== RUNNING) this.progress.clear();
      this.show();
    });
  }

  /** Sees the progress that the server reports; the editor goes on to show it where it does. */
  readonly middleware: Middleware = {
    handleWorkDoneProgress: (token, params, next) => {
      if (params.kind === 'end') this.progress.delete(token);
      else {
        const title = params.kind === 'begin' ? params.title : (this.progress.get(token)?.title ?? '');
        this.progress.set(token, { title, text: params.message ?? '' });
      }
      this.show();
      next(token, params);
    },
  };

  dispose(): void {
    this.item.dispose();
  }

  private show(): void {
    const { item } = this;
    const running = [...this.progress.values()].at(-1);
    item.busy = this.state === STARTING || running !== undefined;
    item.text = this.state === FAILED ? 'ARM assembly: not available' : 'ARM assembly';
    item.severity =
      this.state === FAILED ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    item.detail = running ? [running.title, running.text].filter(Boolean).join(': ') : DETAILS[this.state];
  }
}

const DETAILS: Readonly<Record<number, string>> = {
  [STOPPED]: 'not started: no assembly is open',
  [STARTING]: 'starting',
  [RUNNING]: 'ready',
  [FAILED]: 'the language server did not start; see the log',
};
