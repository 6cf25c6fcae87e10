/** Files that the debug adapter names by path, in the file system that the editor has open. */
import * as vscode from 'vscode';
import { isUriText, uriOf } from '../uri-text.ts';

/** The URI of an absolute path: on disk, or beside the workspace where that is not on disk. */
export function fileUri(path: string): vscode.Uri {
  if (isUriText(path)) return uriOf(path);
  const uri = vscode.Uri.file(path);
  const workspace = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!workspace || workspace.scheme === 'file') return uri;
  return uri.with({ scheme: workspace.scheme, authority: workspace.authority });
}
