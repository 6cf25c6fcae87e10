/** The servers as workers of the browser. */
import * as vscode from 'vscode';
import type { Platform } from '../platform.ts';
import { serveFiles } from './served-files.ts';
import { startWorker } from './start-worker.ts';
import { WorkerAdapter } from './worker-adapter.ts';

export function webPlatform(extension: vscode.Uri): Platform {
  const script = (name: string): vscode.Uri => vscode.Uri.joinPath(extension, 'dist', name);
  return {
    debugAdapter: ({ workspaceFolder, configuration }) => {
      if (configuration.request === 'attach')
        throw new Error(
          'A browser cannot reach the port of a guest; attach with VS Code on a desktop, or use "launch".',
        );
      const folder = workspaceFolder ?? vscode.workspace.workspaceFolders?.[0];
      return new vscode.DebugAdapterInlineImplementation(new WorkerAdapter(script('dap-worker.js'), folder?.uri));
    },
    languageClient: async (options) => {
      const { LanguageClient } = await import('vscode-languageclient/browser');
      const worker = await startWorker(script('lsp-worker.js'), 'Trapline language server');
      const client = new LanguageClient('trapline', 'Trapline', worker, options);
      serveFiles(client);
      return client;
    },
    verify: () => Promise.reject(new Error('a browser cannot do this; use "trapline verify" or VS Code on a desktop')),
  };
}
