/** What every feature has in common: it registers its handlers and says what a client may ask for. */
import type { ClientCapabilities, Connection, ServerCapabilities } from 'vscode-languageserver';
import type { Workspace } from '../workspace/workspace.ts';

export interface ProviderContext {
  readonly connection: Connection;
  readonly workspace: Workspace;
  readonly client: ClientCapabilities;
}

/** Registers the handlers of a feature; returns its part of the server's capabilities. Called while initializing. */
export type Provider = (context: ProviderContext) => Partial<ServerCapabilities>;

/** Milliseconds that a long request works before it lets others in. */
const SLICE = 15;

/** Lets other messages in, when a slice of time is over. One object serves one request. */
export class Pause {
  private until = performance.now() + SLICE;

  /** Resolves at once while the slice lasts. */
  async turn(): Promise<void> {
    if (performance.now() < this.until) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.until = performance.now() + SLICE;
  }
}
