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
