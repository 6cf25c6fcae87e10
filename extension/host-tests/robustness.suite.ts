/** Guests and folders that behave badly. */
import * as vscode from 'vscode';
import { check, equal, fileOf, until } from './check.ts';
import { Session } from './session.ts';

/** Bytes that the guest `printer` prints before it spins; see test/editor/guests.ts. */
const PRINTED = 10 * 2 ** 20;

describe('robustness', () => {
  afterEach(() => vscode.debug.stopDebugging());

  it('shows a guest that prints 10 MB, and stops one that never ends', async () => {
    const session = await Session.start({ program: '${workspaceFolder}/printer/printer.elf', mode: 'native' });
    await until(
      'all is printed',
      () => session.console.length,
      (length) => length === PRINTED,
      90_000,
    );
    await session.resumeAfterPause();
    await session.stop();
  });

  it('says which file is missing after the files of a session have been deleted', async () => {
    const kernel = fileOf('deleted/kernel.elf');
    await vscode.workspace.fs.copy(fileOf('sample/kernel.elf'), kernel);
    const session = await Session.start({ program: '${workspaceFolder}/deleted/kernel.elf', stopOnEntry: true });
    await session.stopped();
    await vscode.workspace.fs.delete(fileOf('deleted'), { recursive: true });
    equal((await session.frames()).length > 0, true, 'the guest that is loaded goes on');
    const refused = await session.request('restart').then(
      () => '',
      (error: unknown) => String(error),
    );
    check(/kernel\.elf: there is no such file/.test(refused), `message of the restart: ${refused}`);
    await session.stop();
  });

  // Last: under test the editor shows no dialog, and then a session that could not start stays the active one.
  it('says what is wrong with a configuration', async () => {
    const failed = await Session.start({ program: '${workspaceFolder}/nowhere' }).then(
      () => '',
      (error: unknown) => String(error),
    );
    check(failed !== '', 'a session with nothing to run does not start');
  });
});
