/** What differs between the hosts of the extension: Node on a desktop or a server, a worker in a browser. */
import type * as vscode from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';

/** Where the servers run, and how they are reached. */
export interface Platform {
  /** The debug adapter of a session. */
  debugAdapter(session: vscode.DebugSession): vscode.DebugAdapterDescriptor;
  /** A client of the language server, not yet started. */
  languageClient(options: LanguageClientOptions): Promise<BaseLanguageClient>;
  /** The sensitive instructions that are left in a binary, as `trapline verify` prints them. */
  verify(file: vscode.Uri): Promise<string>;
}
