/** Debug configurations: what F5 does without a launch.json, and what is filled in when one leaves it out. */
import * as vscode from 'vscode';
import { isArmElf } from './arm-elf.ts';

const NOT_HERE = '**/{node_modules,.git}/**';
const MOST_GUESTS = 20;
const MOST_CANDIDATES = 200;
const ELF_NAMES = '**/{vmlinux,*.elf,*.axf}';
const HEADER_SIZE = 52;

/** A guest in the workspace: a folder with a guest.json, or an ELF file. */
interface FoundGuest {
  /** Path for `program`, with the workspace folder as a variable. */
  program: string;
  name: string;
}

/** Fills in what a configuration leaves out; with no configuration at all, finds a guest in the workspace. */
export class TraplineConfigurationProvider implements vscode.DebugConfigurationProvider {
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
    const guests = await findGuests(folder);
    return guests.length > 0 ? guests.map((guest) => configuration(guest)) : [configuration(placeholder)];
  }

  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    config: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const empty = !config.type && !config.request && !config.name;
    if (!empty) return withDefaults(config);
    const guest = await chooseGuest(folder);
    return guest && withDefaults(configuration(guest));
  }
}

/** The guests of the workspace, in the list of configurations to pick from. */
export class TraplineDynamicConfigurations implements vscode.DebugConfigurationProvider {
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
    return (await findGuests(folder)).map((guest) => withDefaults(configuration(guest)));
  }
}

const placeholder: FoundGuest = { program: '${workspaceFolder}/vmlinux', name: 'kernel' };

function configuration({ program, name }: FoundGuest): vscode.DebugConfiguration {
  return { type: 'trapline', request: 'launch', name: `Trapline: ${name}`, program, stopOnEntry: true };
}

function withDefaults(config: vscode.DebugConfiguration): vscode.DebugConfiguration {
  return { console: 'terminal', ...config };
}

async function chooseGuest(folder: vscode.WorkspaceFolder | undefined): Promise<FoundGuest | undefined> {
  const guests = await findGuests(folder);
  if (guests.length > 1) {
    const items = guests.map((guest) => ({ label: guest.name, description: guest.program, guest }));
    return (await vscode.window.showQuickPick(items, { placeHolder: 'The guest to debug' }))?.guest;
  }
  if (guests.length === 0) {
    void vscode.window.showErrorMessage(
      'There is nothing to debug: this workspace has no folder with a guest.json and no ELF file for 32-bit ARM. ' +
        'Open one, or add a launch.json with "program".',
    );
  }
  return guests[0];
}

/** Guest folders first, then ELF files for ARM that lie in none of them. */
async function findGuests(folder: vscode.WorkspaceFolder | undefined): Promise<FoundGuest[]> {
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
  return [...folders, ...kernels]
    .map((uri) => ({ program: programOf(uri), name: vscode.workspace.asRelativePath(uri) }))
    .sort((a, b) => a.name.length - b.name.length || a.name.localeCompare(b.name));
}

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
  if (!owner) return uri.fsPath;
  const inside = uri.path.slice(owner.uri.path.length);
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  return `\${workspaceFolder${several ? `:${owner.name}` : ''}}${inside}`;
}
