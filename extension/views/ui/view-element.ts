/** What every view has: the session, its numbers in time, what it remembers, and errors where the user looks. */
import { html, LitElement, nothing, type CSSResultGroup, type TemplateResult } from 'lit';
import type { SessionState, ShowRequest } from '../messages.ts';
import { Host } from './host.ts';
import { Refresh } from './refresh.ts';
import { viewStyles } from './styles.ts';

const STATES: Readonly<Record<SessionState['state'], string>> = {
  none: 'no session',
  starting: 'starting',
  running: 'running',
  stopped: 'stopped',
  ended: 'ended',
};

export abstract class ViewElement extends LitElement {
  static override styles: CSSResultGroup = viewStyles;
  protected readonly host = new Host();
  protected session: SessionState = { id: '', name: '', state: 'none', version: 0 };
  private problem = '';
  private readonly refresh = new Refresh(() => this.loadShowingErrors(), this.interval);

  override connectedCallback(): void {
    super.connectedCallback();
    this.host.start(
      (session) => this.sessionChanged(session),
      (show) => this.show(show),
    );
  }

  /** Least milliseconds from one load to the next while the guest runs. */
  protected get interval(): number {
    return 500;
  }

  /** Asks for what the view shows. */
  protected abstract load(): Promise<void>;

  /** A guest has come in place of another: forgets what was shown of the old one. */
  protected abstract forget(): void;

  /** Another part of the editor asks to show something here. */
  protected show(_show: ShowRequest): void {}

  /** Whether the guest can be asked. */
  protected get isAlive(): boolean {
    return this.session.state === 'running' || this.session.state === 'stopped';
  }

  protected reload(): void {
    this.refresh.request();
  }

  /** Does something for the user; an error is shown in the view until the next thing is done. */
  protected attempt(action: () => Promise<unknown>): void {
    this.fail('');
    action().catch((error: unknown) => this.fail(error instanceof Error ? error.message : String(error)));
  }

  protected fail(message: string): void {
    this.problem = message;
    this.requestUpdate();
  }

  /** The state of the session as text with a mark. */
  protected stateMark(): TemplateResult {
    const { state } = this.session;
    return html`<span class=${`state ${state}`} role="status">${STATES[state]}</span>`;
  }

  protected problemBox(): TemplateResult | typeof nothing {
    return this.problem === '' ? nothing : html`<div class="error" role="alert">${this.problem}</div>`;
  }

  private sessionChanged(session: SessionState): void {
    const before = this.session;
    this.session = session;
    if (session.id !== before.id) {
      this.forget();
      this.fail('');
    }
    const hasMoved =
      session.id !== before.id ||
      session.version !== before.version ||
      session.state !== before.state ||
      session.frameId !== before.frameId;
    if (hasMoved) this.refresh.request();
    else if (session.stats !== before.stats) this.refresh.requestSoon();
    this.requestUpdate();
  }

  private async loadShowingErrors(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      // A session that ends leaves requests unanswered.
      if (this.isAlive) this.fail(error instanceof Error ? error.message : String(error));
    }
    this.requestUpdate();
  }
}
