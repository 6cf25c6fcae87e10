/** The servers as processes: the command `trapline`, run by the Node runtime that the editor contains. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Platform } from './platform.ts';

const AS_NODE = { ELECTRON_RUN_AS_NODE: '1' };
const MOST_OUTPUT = 64 * 1024 * 1024;

export function nodePlatform(extension: vscode.Uri): Platform {
  const cli = join(extension.fsPath, 'dist', 'cli.js');
  return {
    // Relative paths of a launch configuration start at the folder that it is of.
    debugAdapter: ({ workspaceFolder, configuration }) => {
      // The adapter of a guest that runs already is in the process of that guest.
      if (configuration.request === 'attach') return runningAdapter(configuration);
      const folder = workspaceFolder ?? vscode.workspace.workspaceFolders?.[0];
      const cwd = folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
      return new vscode.DebugAdapterExecutable(process.execPath, [cli, 'dap'], {
        env: AS_NODE,
        ...(cwd !== undefined && { cwd }),
      });
    },
    languageClient: async (options) => {
      const { LanguageClient } = await import('vscode-languageclient/node');
      const server = {
        command: process.execPath,
        args: [cli, 'lsp'],
        options: { env: { ...process.env, ...AS_NODE } },
      };
      return new LanguageClient('trapline', 'Trapline', server, options);
    },
    verify: (file) => runVerify(cli, file.fsPath),
  };
}

const LOCAL_HOST = '127.0.0.1';

/** The adapter of `trapline run --dap PORT`. */
function runningAdapter({ port, host }: vscode.DebugConfiguration): vscode.DebugAdapterServer {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error('To attach, "port" must be the number that was given to "trapline run --dap PORT".');
  return new vscode.DebugAdapterServer(port, typeof host === 'string' ? host : LOCAL_HOST);
}

/** Exit code 1 says that something was found; it is no failure. */
function runVerify(cli: string, path: string): Promise<string> {
  const options = { env: { ...process.env, ...AS_NODE }, maxBuffer: MOST_OUTPUT };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, 'verify', path], options, (error, stdout, stderr) => {
      if (!error || error.code === 1) resolve(stdout);
      else reject(new Error(stderr.trim() || error.message));
    });
  });
}
