/** What the editor knows of the extension, and how long it takes to activate. */
import * as vscode from 'vscode';
import { check, equal, fileOf, inWorker } from './check.ts';

/** The machine of the tests may be busy; docs/editor.md has measured figures. */
const SLOWEST_ACTIVATION_MS = 1000;

/** Beside the folder that is open: a folder with a guest activates the extension. */
const GUESTS = ['sample', 'linux', 'printer'];

describe('the extension', () => {
  after(async () => {
    for (const guest of GUESTS) await vscode.workspace.fs.copy(fileOf(`../${guest}`), fileOf(guest));
  });

  it('activates fast, and only when it is needed', async () => {
    const extension = vscode.extensions.getExtension('trapline.trapline');
    check(extension, 'it is installed');
    equal(extension.isActive, false, 'active without a reason');
    const start = performance.now();
    await extension.activate();
    const took = performance.now() - start;
    // eslint-disable-next-line no-console -- the figure is what the test is for.
    console.log(`activated in ${took.toFixed(1)} ms`);
    // In a browser the time is that of loading the extension over the network.
    check(inWorker || took < SLOWEST_ACTIVATION_MS, `activation took ${took} ms`);
  });

  it('has a handler for every command that it contributes', async () => {
    const extension = vscode.extensions.getExtension('trapline.trapline')!;
    const manifest = extension.packageJSON as { contributes: { commands: { command: string }[] } };
    const contributed = manifest.contributes.commands;
    const known = new Set(await vscode.commands.getCommands(true));
    equal(
      contributed.map(({ command }) => command).filter((id) => !known.has(id)),
      [],
      'commands without a handler',
    );
  });
});
