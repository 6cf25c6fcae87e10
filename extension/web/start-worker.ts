/** Starts a worker from a script of the extension. */
import * as vscode from 'vscode';

/**
 * The script is read through the editor: where the extension lies on a server, a worker cannot load it by its address.
 * Rejects when there is no such script.
 */
export async function startWorker(script: vscode.Uri, name: string): Promise<Worker> {
  const source = await vscode.workspace.fs.readFile(script);
  const url = URL.createObjectURL(new Blob([new Uint8Array(source)], { type: 'text/javascript' }));
  return new Worker(url, { name });
}
