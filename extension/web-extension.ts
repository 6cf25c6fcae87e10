/** Entry point in a browser: the servers are workers, and files are reached through the editor. */
import type * as vscode from 'vscode';
import { register } from './register.ts';
import { webPlatform } from './web/web-platform.ts';

/** Called by the editor when something of ours is wanted. */
export function activate(context: vscode.ExtensionContext): void {
  register(context, webPlatform(context.extensionUri));
}
