/** Starts the debug adapter as a process of its own, so that a guest running flat out never blocks the editor. */
import { join } from 'node:path';
import * as vscode from 'vscode';

/**
 * The command `trapline dap`, run by the Node runtime that the editor contains. Relative paths of a launch
 * configuration start at `folder`.
 */
export function adapterDescriptor(extensionPath: string, folder: string | undefined): vscode.DebugAdapterDescriptor {
  return new vscode.DebugAdapterExecutable(process.execPath, [join(extensionPath, 'dist', 'cli.js'), 'dap'], {
    env: { ELECTRON_RUN_AS_NODE: '1' },
    ...(folder !== undefined && { cwd: folder }),
  });
}
