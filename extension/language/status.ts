/** The language status item: whether the server runs, and what it is doing. */
import * as vscode from 'vscode';
import { State, type BaseLanguageClient, type Middleware } from 'vscode-languageclient';
import { fullSelector } from './selectors.ts';

export class LanguageStatus implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;
  /** Titles and messages of what is in progress, by token. */
  private readonly progress = new Map<string | number, { title: string; text: string }>();
  private state = State.Stopped;

  constructor(log: vscode.LogOutputChannel) {
    this.item = vscode.languages.createLanguageStatusItem('trapline', fullSelector() as vscode.DocumentSelector);
    this.item.name = 'Trapline';
    this.item.command = { title: 'Show Log', command: 'trapline.showLog', tooltip: log.name };
    this.show();
  }

  /** Follows the state of a client. */
  follow(client: BaseLanguageClient): vscode.Disposable {
    return client.onDidChangeState(({ newState }) => {
      this.state = newState;
      if (newState !== State.Running) this.progress.clear();
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
    item.busy = this.state === State.Starting || running !== undefined;
    item.text = this.state === State.StartFailed ? 'ARM assembly: not available' : 'ARM assembly';
    item.severity =
      this.state === State.StartFailed
        ? vscode.LanguageStatusSeverity.Error
        : vscode.LanguageStatusSeverity.Information;
    item.detail = running ? [running.title, running.text].filter(Boolean).join(': ') : DETAILS[this.state];
  }
}

const DETAILS: Readonly<Record<State, string>> = {
  [State.Stopped]: 'not started: no assembly is open',
  [State.Starting]: 'starting',
  [State.Running]: 'ready',
  [State.StartFailed]: 'the language server did not start; see the log',
};
