/** A terminal for the console of each guest whose configuration says `"console": "terminal"`. */
import * as vscode from 'vscode';

/** What stays readable after a guest has filled its screen many times before the terminal was opened. */
const MOST_BACKLOG = 256 * 1024;

/** The console of one guest: prints what the session reports, types what the user types. */
class GuestTerminal implements vscode.Pseudoterminal {
  readonly onDidWrite: vscode.Event<string>;
  private readonly write = new vscode.EventEmitter<string>();
  private readonly session: vscode.DebugSession;
  private backlog: string | undefined = '';
  private ended = false;

  constructor(session: vscode.DebugSession) {
    this.session = session;
    this.onDidWrite = this.write.event;
  }

  open(): void {
    if (this.backlog) this.write.fire(this.backlog);
    this.backlog = undefined;
  }

  close(): void {
    this.ended = true;
  }

  handleInput(text: string): void {
    if (this.ended) return;
    // The session may end while the request is on its way.
    this.session.customRequest('trapline/input', { text }).then(undefined, () => undefined);
  }

  /** Shows text of the guest. A guest that sends a line feed alone means a new line. */
  show(text: string): void {
    const shown = text.replace(/\r?\n/g, '\r\n');
    if (this.backlog === undefined) this.write.fire(shown);
    else this.backlog = (this.backlog + shown).slice(-MOST_BACKLOG);
  }

  /** Says that the session is over; the text stays. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.show('\n\x1b[2m(the debug session has ended)\x1b[0m\n');
  }
}

/** Opens a terminal with the first session event and keeps it in step with its session. */
export class GuestTerminals implements vscode.Disposable {
  private readonly terminals = new Map<string, GuestTerminal>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(type: string) {
    const ours = (session: vscode.DebugSession): boolean =>
      session.type === type && session.configuration['console'] === 'terminal';
    this.subscriptions = [
      vscode.debug.onDidStartDebugSession((session) => {
        if (ours(session)) this.of(session);
      }),
      vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
        if (event === 'trapline/console' && ours(session)) this.of(session).show((body as { text: string }).text);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        this.terminals.get(session.id)?.end();
        this.terminals.delete(session.id);
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private of(session: vscode.DebugSession): GuestTerminal {
    const known = this.terminals.get(session.id);
    if (known) return known;
    const pty = new GuestTerminal(session);
    this.terminals.set(session.id, pty);
    vscode.window.createTerminal({ name: session.name, pty, isTransient: true }).show(true);
    return pty;
  }
}
