/** A debug session, driven through the editor's own interface, with what its adapter has said. */
import * as vscode from 'vscode';
import { check, until, workspace } from './check.ts';

interface Message {
  type: string;
  event?: string;
  body?: { reason?: string; text?: string; output?: string };
}

interface Frame {
  id: number;
  name: string;
  line: number;
  source?: { path?: string };
}

interface Variable {
  name: string;
  value: string;
  variablesReference: number;
}

export class Session {
  readonly session: vscode.DebugSession;
  /** What the guest has printed. */
  console = '';
  ended = false;
  private stops: string[] = [];

  private constructor(session: vscode.DebugSession) {
    this.session = session;
  }

  /** Starts a configuration; comes back when the editor has a session. */
  static async start(config: Record<string, unknown>): Promise<Session> {
    const name = `session ${Math.random()}`;
    let started: Session | undefined;
    const tracker = vscode.debug.registerDebugAdapterTrackerFactory('trapline', {
      createDebugAdapterTracker: (session) => {
        if (session.name !== name) return undefined;
        const own = new Session(session);
        started = own;
        return { onDidSendMessage: (message: Message) => own.take(message), onExit: () => (own.ended = true) };
      },
    });
    const configuration = { type: 'trapline', request: 'launch', name, ...config };
    const accepted = await vscode.debug.startDebugging(workspace(), configuration);
    tracker.dispose();
    check(accepted && started, 'the session starts');
    return started;
  }

  request<T>(command: string, args: object = {}): Thenable<T> {
    return this.session.customRequest(command, args) as Thenable<T>;
  }

  /** Waits for the next stop that nobody has waited for, and gives its reason. */
  async stopped(timeout?: number): Promise<string> {
    await until(
      'a stop',
      () => this.stops.length,
      (count) => count > 0,
      timeout,
    );
    return this.stops.shift()!;
  }

  async frames(): Promise<Frame[]> {
    return (await this.request<{ stackFrames: Frame[] }>('stackTrace', { threadId: 1 })).stackFrames;
  }

  async resume(command: 'continue' | 'next' | 'stepIn' | 'stepOut' = 'continue'): Promise<void> {
    await this.request(command, { threadId: 1 });
  }

  /** Pauses a guest that runs, looks at it, and lets it go on. */
  async resumeAfterPause(): Promise<void> {
    await this.request('pause', { threadId: 1 });
    await this.stopped();
    check((await this.frames()).length > 0, 'there is a frame');
    await this.resume();
  }

  /** The variables of a scope of the innermost frame. */
  async variables(scope: string): Promise<Map<string, string>> {
    const [frame] = await this.frames();
    const { scopes } = await this.request<{ scopes: Variable[] }>('scopes', { frameId: frame.id });
    const found = scopes.find(({ name }) => name === scope);
    check(found, `there is a scope ${scope}: ${scopes.map(({ name }) => name).join(', ')}`);
    const { variables } = await this.request<{ variables: Variable[] }>('variables', {
      variablesReference: found.variablesReference,
    });
    return new Map(variables.map(({ name, value }) => [name, value]));
  }

  async printed(text: string, timeout?: number): Promise<void> {
    await until(
      `the guest prints ${JSON.stringify(text)}`,
      () => this.console.slice(-2000),
      () => this.console.includes(text),
      timeout,
    );
  }

  /** Ends the session and waits until it is gone. */
  async stop(): Promise<void> {
    await vscode.debug.stopDebugging(this.session);
    await until(
      'the session ends',
      () => this.ended,
      (ended) => ended,
    );
  }

  private take({ event, body }: Message): void {
    if (event === 'stopped') this.stops.push(body?.reason ?? '');
    if (event === 'trapline/console') this.console += body?.text ?? '';
    if (event === 'terminated') this.ended = true;
  }
}
