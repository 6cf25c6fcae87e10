/** Debug configurations: what F5 does without a launch.json, and what is filled in when one leaves it out. */
import * as vscode from 'vscode';
import { findGuests, type FoundGuest } from './find-guests.ts';

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
    if (!vscode.workspace.isTrusted) {
      void vscode.window.showErrorMessage(
        'Trapline runs no guest of a folder that is not trusted. Use "Workspaces: Manage Workspace Trust" if you trust it.',
      );
      return undefined;
    }
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

/** The configuration that debugs a guest from its first instruction. */
export function configuration({ program, name }: FoundGuest): vscode.DebugConfiguration {
  return { type: 'trapline', request: 'launch', name: `Trapline: ${name}`, program, stopOnEntry: true };
}

function withDefaults(config: vscode.DebugConfiguration): vscode.DebugConfiguration {
  return { console: 'terminal', ...config };
}

/** The guest to debug: the only one, or the user's choice; undefined, after a message, when there is none. */
export async function chooseGuest(folder: vscode.WorkspaceFolder | undefined): Promise<FoundGuest | undefined> {
  const guests = await findGuests(folder);
  if (guests.length > 1) {
    const items = guests.map((guest) => ({ label: guest.name, description: guest.program, guest }));
    return (await vscode.window.showQuickPick(items, { placeHolder: 'The guest to debug' }))?.guest;
  }
  if (guests.length === 0) void offerSample();
  return guests[0];
}

async function offerSample(): Promise<void> {
  const open = 'Open the Sample Kernel';
  const chosen = await vscode.window.showErrorMessage(
    'There is nothing to debug: this workspace has no folder with a guest.json and no ELF file for 32-bit ARM. ' +
      'Open one, or add a launch.json with "program".',
    open,
  );
  if (chosen === open) await vscode.commands.executeCommand('trapline.openSampleKernel');
}
