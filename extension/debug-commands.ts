/** Commands that start a session, and the one that verifies a binary. */
import * as vscode from 'vscode';
import { chooseGuest, configuration } from './configurations.ts';
import { guestAt } from './find-guests.ts';
import type { Platform } from './platform.ts';
import { TextReports } from './text-reports.ts';

/** Registers them. */
export function registerDebugCommands(platform: Platform, log: vscode.LogOutputChannel): vscode.Disposable[] {
  const reports = new TextReports();
  return [
    reports,
    vscode.commands.registerCommand('trapline.debugGuest', (uri?: vscode.Uri) => debugGuest(uri)),
    vscode.commands.registerCommand('trapline.verifyBinary', (uri?: vscode.Uri) => verify(platform, reports, log, uri)),
  ];
}

/** Debugs the guest that a file or its folder is; without one, a guest of the workspace. */
async function debugGuest(uri: vscode.Uri | undefined): Promise<void> {
  const guest = uri ? guestAt(asGuest(uri)) : await chooseGuest(undefined);
  if (!guest) return;
  const folder = (uri && vscode.workspace.getWorkspaceFolder(uri)) ?? vscode.workspace.workspaceFolders?.[0];
  await vscode.debug.startDebugging(folder, configuration(guest));
}

/** A guest.json stands for its folder. */
const asGuest = (uri: vscode.Uri): vscode.Uri =>
  uri.path.endsWith('/guest.json') ? vscode.Uri.joinPath(uri, '..') : uri;

async function verify(
  platform: Platform,
  reports: TextReports,
  log: vscode.LogOutputChannel,
  given: vscode.Uri | undefined,
): Promise<void> {
  const uri = given ?? (await chooseBinary());
  if (!uri) return;
  const name = uri.path.split('/').at(-1) ?? '';
  const title = `Looking for sensitive instructions in ${name}`;
  try {
    const text = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
      platform.verify(uri),
    );
    await reports.show(`Sensitive instructions left in ${name}`, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(`verify ${uri.toString(true)}: ${reason}`);
    void vscode.window.showErrorMessage(`${name} cannot be verified: ${reason}`);
  }
}

async function chooseBinary(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'The ELF file to verify: a kernel, a module or an object',
    openLabel: 'Verify',
    canSelectMany: false,
  });
  return chosen?.[0];
}
