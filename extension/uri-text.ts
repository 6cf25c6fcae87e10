/** URIs as the debug adapter in a worker has them: without percent encoding, since names in debug information have none. */
import * as vscode from 'vscode';

/** Whether a path of the adapter is a URI, and not one of the disk. */
export const isUriText = (path: string): boolean => path.includes('://');

/** The text of a URI. */
export function textOf({ scheme, authority, path }: vscode.Uri): string {
  return `${scheme}://${authority}${path}`;
}

/** The reverse of `textOf`. */
export function uriOf(text: string): vscode.Uri {
  const [, scheme, authority, path] = /^([A-Za-z][\w+.-]*):\/\/([^/]*)([^]*)$/.exec(text) ?? ['', 'file', '', text];
  return vscode.Uri.from({ scheme, authority, path });
}
