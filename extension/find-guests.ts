/** Guests in the workspace: folders with a guest.json, and ELF files for ARM. */
import * as vscode from 'vscode';
import { isArmElf } from './arm-elf.ts';

const NOT_HERE = '**/{node_modules,.git}/**';
const MOST_GUESTS = 20;
const MOST_CANDIDATES = 200;
const ELF_NAMES = '**/{vmlinux,*.elf,*.axf}';
const HEADER_SIZE = 52;

/** A guest in the workspace: a folder with a guest.json, or an ELF file. */
export interface FoundGuest {
  /** Path for `program`, with the workspace folder as a variable. */
  program: string;
  name: string;
}

/** Guest folders first, then ELF files for ARM that lie in none of them. */
export async function findGuests(folder: vscode.WorkspaceFolder | undefined): Promise<FoundGuest[]> {
  const pattern = (glob: string): vscode.GlobPattern => (folder ? new vscode.RelativePattern(folder, glob) : glob);
  const descriptions = await vscode.workspace.findFiles(pattern('**/guest.json'), NOT_HERE, MOST_GUESTS);
  const folders = descriptions.map((uri) => vscode.Uri.joinPath(uri, '..'));
  const candidates = await vscode.workspace.findFiles(pattern(ELF_NAMES), NOT_HERE, MOST_CANDIDATES);
  const kernels: vscode.Uri[] = [];
  for (const uri of candidates) {
    if (kernels.length >= MOST_GUESTS) break;
    if (folders.some((guest) => uri.path.startsWith(`${guest.path}/`))) continue;
    if (await hasArmHeader(uri)) kernels.push(uri);
  }
  return [...folders, ...kernels].map(guestAt).sort((a, b) => a.name.length - b.name.length || compare(a.name, b.name));
}

/** The guest that a folder or a file is. */
export function guestAt(uri: vscode.Uri): FoundGuest {
  const relative = vscode.workspace.asRelativePath(uri);
  // The workspace folder itself has no relative path.
  const name = relative.startsWith('/') ? (uri.path.split('/').filter(Boolean).at(-1) ?? relative) : relative;
  return { program: programOf(uri), name };
}

const compare = (a: string, b: string): number => a.localeCompare(b);

async function hasArmHeader(uri: vscode.Uri): Promise<boolean> {
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    return size >= HEADER_SIZE && isArmElf(await vscode.workspace.fs.readFile(uri));
  } catch {
    return false;
  }
}

function programOf(uri: vscode.Uri): string {
  const owner = vscode.workspace.getWorkspaceFolder(uri);
  if (!owner) return uri.scheme === 'file' ? uri.fsPath : uri.toString(true);
  const inside = uri.path.slice(owner.uri.path.length);
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  return `\${workspaceFolder${several ? `:${owner.name}` : ''}}${inside}`;
}
