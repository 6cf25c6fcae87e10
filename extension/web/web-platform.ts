/** The servers as workers of the browser. */
import * as vscode from 'vscode';
import type { Platform } from '../platform.ts';
import { WorkerAdapter } from './worker-adapter.ts';

export function webPlatform(extension: vscode.Uri): Platform {
  const script = (name: string): vscode.Uri => vscode.Uri.joinPath(extension, 'dist', name);
  return {
    debugAdapter: ({ workspaceFolder }) => {
      const folder = workspaceFolder ?? vscode.workspace.workspaceFolders?.[0];
      return new vscode.DebugAdapterInlineImplementation(new WorkerAdapter(script('dap-worker.js'), folder?.uri));
    },
    languageClient: async (options) => {
      const { LanguageClient } = await import('vscode-languageclient/browser');
      const worker = new Worker(script('lsp-worker.js').toString(true), { name: 'Trapline language server' });
      return new LanguageClient('trapline', 'Trapline', worker, options);
    },
    verify: () => Promise.reject(new Error('a browser cannot do this; use "trapline verify" or VS Code on a desktop')),
  };
}
