/** Entry point on Node: the servers are processes of their own, so that they never block the editor. */
import type * as vscode from 'vscode';
import { register } from './register.ts';
import { nodePlatform } from './node-platform.ts';

/** Called by the editor when something of ours is wanted. */
export function activate(context: vscode.ExtensionContext): void {
  register(context, nodePlatform(context.extensionUri));
}
