/** Files of the workspace for the language server in a worker, which has none of its own. */
import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import type {
  LIST_FILES,
  READ_BY_SERVER,
  READ_FILES,
  ListFilesResult,
  ReadFilesParams,
  ReadFilesResult,
} from '../../language-server/protocol.ts';

const LIST: typeof LIST_FILES = 'trapline/listFiles';
const READ: typeof READ_FILES = 'trapline/readFiles';
const FILES: typeof READ_BY_SERVER =
  '**/{*.s,*.S,*.sx,*.asm,*.h,*.hh,*.hpp,*.inc,*.c,*.cc,*.cpp,Makefile,compile_commands.json,.config,autoconf.h,.lpvignore}';
const NOT_HERE = '**/{node_modules,.git}/**';
const MOST_FILES = 100_000;
/** Larger files are no source code. */
const LARGEST = 8 * 1024 * 1024;

/** Answers what the server asks of its client. */
export function serveFiles(client: BaseLanguageClient): void {
  client.onRequest(LIST, async (): Promise<ListFilesResult> => {
    const files = await vscode.workspace.findFiles(FILES, NOT_HERE, MOST_FILES);
    return { files: files.map((uri) => uri.toString()) };
  });
  client.onRequest(READ, async ({ files }: ReadFilesParams): Promise<ReadFilesResult> => {
    return { texts: await Promise.all(files.map((file) => readText(vscode.Uri.parse(file)))) };
  });
}

/** The text of a file; null when it cannot be read: it may be gone since it was listed. */
async function readText(uri: vscode.Uri): Promise<string | null> {
  try {
    const bytes = await vscode.workspace.fs.readFile(uri);
    if (bytes.length > LARGEST) return null;
    const text = new TextDecoder().decode(bytes);
    // Not UTF-8: one character a byte, so that columns are right.
    return text.includes('\ufffd') ? new TextDecoder('latin1').decode(bytes) : text;
  } catch {
    return null;
  }
}
