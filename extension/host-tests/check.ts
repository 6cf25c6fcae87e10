/** Assertions without Node, as the tests also run in a worker. */
import * as vscode from 'vscode';

/** Whether the extension host is a worker of a browser. */
export const inWorker = 'importScripts' in globalThis;

/** Fails unless a condition holds. */
export function check(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Fails unless two values are the same as JSON. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(left === right, `${what}: ${left}, expected ${right}`);
}

/** Waits until something is found, and returns it; fails with what was seen last. */
export async function until<T>(
  what: string,
  probe: () => Thenable<T> | T,
  holds: (value: T) => boolean,
  timeout = 20_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (holds(value)) return value;
    check(Date.now() < end, `${what}: not within ${timeout} ms; last seen: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The folder that is open. */
export function workspace(): vscode.WorkspaceFolder {
  const folder = vscode.workspace.workspaceFolders?.[0];
  check(folder, 'a folder is open');
  return folder;
}

/** A file of the folder that is open. */
export const fileOf = (path: string): vscode.Uri => vscode.Uri.joinPath(workspace().uri, path);
