/** Copies a guest that the extension brings along into a folder of the user's choice, ready for F5. */
import * as vscode from 'vscode';
import { configuration } from './configurations.ts';

/** The guests, by command. */
const COMMANDS = {
  'trapline.openSampleKernel': { guest: 'sample', folder: 'trapline-sample-kernel', name: 'Sample kernel' },
  'trapline.openLinuxGuest': { guest: 'linux', folder: 'trapline-linux', name: 'Linux' },
} as const;

type Brought = (typeof COMMANDS)[keyof typeof COMMANDS];

/** Registers the commands. */
export function registerGuestCopies({ extensionUri }: vscode.ExtensionContext): vscode.Disposable[] {
  return Object.entries(COMMANDS).map(([command, brought]) =>
    // Tests and other extensions name the folder; users are asked.
    vscode.commands.registerCommand(command, (parent?: vscode.Uri) => openGuest(extensionUri, brought, parent)),
  );
}

async function openGuest(extension: vscode.Uri, brought: Brought, given?: vscode.Uri): Promise<vscode.Uri | undefined> {
  const parent = given ?? (await chooseParent(brought));
  if (!parent) return undefined;
  const target = await freeFolder(parent, brought.folder);
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Copying: ${brought.name}` },
      () => copyGuest(extension, brought, target),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(
      `${brought.name} could not be copied to ${target.fsPath}: ${reason}. Choose a folder that can be written.`,
    );
    return undefined;
  }
  if (!given) await vscode.commands.executeCommand('vscode.openFolder', target, { forceReuseWindow: isEmptyWindow() });
  return target;
}

const isEmptyWindow = (): boolean => (vscode.workspace.workspaceFolders?.length ?? 0) === 0;

async function chooseParent({ name, folder }: Brought): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: `${name}: choose where the folder "${folder}" is made`,
    openLabel: 'Copy Here',
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return chosen?.[0];
}

/** A folder that does not exist: nothing of the user's is overwritten. */
async function freeFolder(parent: vscode.Uri, name: string): Promise<vscode.Uri> {
  for (let n = 1; ; n++) {
    const folder = vscode.Uri.joinPath(parent, n === 1 ? name : `${name}-${n}`);
    if (!(await exists(folder))) return folder;
  }
}

const exists = (uri: vscode.Uri): Thenable<boolean> =>
  vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );

/** In a browser an extension's folders cannot be listed: the build lists the files (scripts/build.mjs). */
async function copyGuest(extension: vscode.Uri, { guest, name }: Brought, target: vscode.Uri): Promise<void> {
  const list = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, 'dist', 'guest-files.json'));
  const files = JSON.parse(new TextDecoder().decode(list)) as Record<string, string[]>;
  for (const file of files[guest]) {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, 'guests', guest, file));
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(target, file), bytes);
  }
  const launch = {
    version: '0.2.0',
    configurations: [configuration({ program: '${workspaceFolder}', name: name.toLowerCase() })],
  };
  const text = new TextEncoder().encode(`${JSON.stringify(launch, undefined, 2)}\n`);
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(target, '.vscode', 'launch.json'), text);
}
