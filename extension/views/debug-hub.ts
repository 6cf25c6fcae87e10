/** Follows the debug sessions of our type, and tells the views about the one that the user looks at. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import type { RunEndedBody, StatsChangedBody } from '../../debug-adapter/protocol.ts';
import type { SessionState } from './messages.ts';

/** Requests after whose success the guest runs. */
const RESUMING = new Set(['configurationDone', 'continue', 'next', 'stepIn', 'stepOut', 'goto', 'restart']);
/** Requests after whose success a standing guest is another than before. */
const CHANGING = new Set(['setVariable', 'setExpression', 'writeMemory', 'goto']);

interface Followed {
  session: vscode.DebugSession;
  state: SessionState;
  runs: number;
}

/** A run that is over. */
export interface EndedRun {
  session: vscode.DebugSession;
  body: RunEndedBody;
}

export class DebugHub implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<SessionState>();
  private readonly runOver = new vscode.EventEmitter<EndedRun>();
  private readonly followed = new Map<string, Followed>();
  private shown: Followed | undefined;
  private readonly subscriptions: { dispose(): void }[];
  /** The state of the session that is shown has changed, or another session is shown. */
  readonly onDidChange = this.changed.event;
  readonly onDidEndRun = this.runOver.event;

  constructor(type: string) {
    this.subscriptions = [
      this.changed,
      this.runOver,
      vscode.debug.registerDebugAdapterTrackerFactory(type, {
        createDebugAdapterTracker: (session) => this.follow(session),
      }),
      vscode.debug.onDidChangeActiveDebugSession((session) => {
        const followed = session && this.followed.get(session.id);
        if (followed) this.show(followed);
      }),
      vscode.debug.onDidChangeActiveStackItem((item) => this.selectFrame(item)),
      vscode.debug.onDidTerminateDebugSession((session) => this.ended(session)),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  get state(): SessionState {
    return this.shown?.state ?? { id: '', name: '', state: 'none', version: 0 };
  }

  /** The session that is shown, while its guest can be asked. */
  get session(): vscode.DebugSession | undefined {
    return this.shown && this.isAlive(this.shown) ? this.shown.session : undefined;
  }

  /** Sends a request to the session that is shown. Rejects with a message for the user. */
  async request<T>(command: string, args: object = {}): Promise<T> {
    const { session } = this;
    if (!session) throw new Error('No guest is being debugged.');
    return (await session.customRequest(command, args)) as T;
  }

  private isAlive({ state }: Followed): boolean {
    return state.state === 'running' || state.state === 'stopped';
  }

  private follow(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const followed: Followed = {
      session,
      runs: 0,
      state: { id: `${session.id}.0`, name: session.name, state: 'starting', version: 0 },
    };
    this.followed.set(session.id, followed);
    if (!this.shown || !this.isAlive(this.shown)) this.show(followed);
    return { onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => this.received(followed, message) };
  }

  private received(followed: Followed, message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') this.event(followed, message as DebugProtocol.Event);
    if (message.type !== 'response') return;
    const { command, success } = message as DebugProtocol.Response;
    if (!success) return;
    if (command === 'restart') {
      followed.runs++;
      this.update(followed, { id: `${followed.session.id}.${followed.runs}` });
    }
    if (RESUMING.has(command)) this.update(followed, { state: 'running' });
    if (CHANGING.has(command)) this.update(followed, { version: followed.state.version + 1 });
  }

  private event(followed: Followed, { event, body }: DebugProtocol.Event): void {
    const version = followed.state.version + 1;
    switch (event) {
      case 'stopped':
        this.update(followed, { state: 'stopped', version });
        break;
      case 'continued':
        this.update(followed, { state: 'running' });
        break;
      case 'memory':
      case 'invalidated':
        this.update(followed, { version });
        break;
      case 'trapline/statsChanged':
        this.update(followed, { stats: body as StatsChangedBody });
        break;
      case 'trapline/runEnded':
        this.runOver.fire({ session: followed.session, body: body as RunEndedBody });
        break;
      case 'terminated':
        this.update(followed, { state: 'ended', version });
        break;
    }
  }

  private ended(session: vscode.DebugSession): void {
    const followed = this.followed.get(session.id);
    if (!followed) return;
    this.followed.delete(session.id);
    this.update(followed, { state: 'ended' });
    const other = [...this.followed.values()].find((candidate) => this.isAlive(candidate));
    if (this.shown === followed && other) this.show(other);
  }

  private selectFrame(item: vscode.DebugThread | vscode.DebugStackFrame | undefined): void {
    const followed = item && this.followed.get(item.session.id);
    if (!followed || !('frameId' in item) || followed.state.frameId === item.frameId) return;
    this.update(followed, { frameId: item.frameId });
  }

  private show(followed: Followed): void {
    if (this.shown === followed) return;
    this.shown = followed;
    void vscode.commands.executeCommand('setContext', 'trapline.hasSession', true);
    this.changed.fire(followed.state);
  }

  private update(followed: Followed, change: Partial<SessionState>): void {
    followed.state = { ...followed.state, ...change };
    if (followed === this.shown) this.changed.fire(followed.state);
  }
}
