/** Debug sessions through the editor's own interface: the sample kernel and Linux. */
import * as vscode from 'vscode';
import { check, equal, fileOf, until } from './check.ts';
import { Session } from './session.ts';

const SAMPLE = '${workspaceFolder}/sample';
/** CPSR.M of SVC mode. */
const SVC = 0x13;
const BOOT_TIMEOUT = 90_000;

/** The number of the first line of a file that contains a text, 0-based. */
async function lineOf(uri: vscode.Uri, text: string): Promise<number> {
  const lines = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)).split('\n');
  const line = lines.findIndex((each) => each.includes(text));
  check(line >= 0, `${uri.path} contains ${text}`);
  return line;
}

describe('debugging', () => {
  afterEach(async () => {
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await vscode.debug.stopDebugging();
  });

  for (const mode of ['lpv', 'native']) {
    it(`stops the sample kernel at a line of C, steps, and reads it: ${mode}`, async () => {
      const main = fileOf('sample/kernel/main.c');
      const line = await lineOf(main, 'kernel_main(');
      const session = await Session.start({ program: SAMPLE, mode, stopOnEntry: true });
      equal(await session.stopped(), 'entry', 'reason');
      const [entry] = await session.frames();
      check(entry.source?.path?.endsWith('kernel/boot.S'), `source of the entry: ${JSON.stringify(entry)}`);
      vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('kernel_main')]);
      await session.resume();
      check(/breakpoint/.test(await session.stopped()), 'stopped by the breakpoint');
      const [frame] = await session.frames();
      equal(frame.name, 'kernel_main', 'function');
      check(frame.line > line, `line ${frame.line} is in the function, which begins at ${line + 1}`);
      const editor = await until(
        'the editor shows the file',
        () => vscode.window.activeTextEditor?.document.uri.toString(),
        (uri) => uri === main.toString(),
      );
      check(editor, 'an editor');
      await session.resume('next');
      equal(await session.stopped(), 'step', 'reason of the second stop');
      const [next] = await session.frames();
      check(next.line !== frame.line, 'another line');
      const registers = await session.variables('Core registers');
      check(/^0x[0-9a-f]{8}$/.test(registers.get('pc') ?? ''), `pc: ${JSON.stringify([...registers])}`);
      // Its own mode: in lpv the physical CPU is in user mode.
      equal(Number(registers.get('cpsr')) & 31, SVC, 'mode');
      await session.stop();
    });
  }

  it('stops at a breakpoint in an assembly file', async () => {
    const boot = fileOf('sample/kernel/exceptions.S');
    const line = await lineOf(boot, 'vector_svc:');
    vscode.debug.addBreakpoints([
      new vscode.SourceBreakpoint(new vscode.Location(boot, new vscode.Position(line + 1, 0))),
    ]);
    const session = await Session.start({ program: SAMPLE });
    await session.stopped(BOOT_TIMEOUT);
    const [frame] = await session.frames();
    check(frame.source?.path?.endsWith('exceptions.S'), `source: ${JSON.stringify(frame)}`);
    await session.stop();
  });

  it('takes input in the console of the guest, and counts its traps in the source', async () => {
    const session = await Session.start({ program: SAMPLE });
    await session.printed('> ', BOOT_TIMEOUT);
    await session.request('trapline/input', { text: 'help\n' });
    await session.printed('poweroff');
    await session.request('pause', { threadId: 1 });
    await session.stopped();
    const exceptions = fileOf('sample/kernel/exceptions.S');
    const document = await vscode.workspace.openTextDocument(exceptions);
    // Not a preview, which the source of the next stop would replace.
    await vscode.window.showTextDocument(document, { preview: false });
    const { lines } = await session.request<{ lines: { path: string; line: number }[] }>('trapline/lineExits');
    const own = lines.filter(({ path }) => path.endsWith('exceptions.S')).map(({ line }) => line);
    check(own.length > 0, 'lines of the file with exits');
    const lenses = await until(
      'counts as code lenses',
      () => vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', exceptions),
      (all) => all.some(({ command }) => command?.command === 'trapline.showTraps'),
    );
    const shown = lenses.filter(({ command }) => command?.command === 'trapline.showTraps');
    const sorted = (list: number[]): number[] => list.sort((a, b) => a - b);
    equal(sorted(shown.map(({ range }) => range.start.line + 1)), sorted(own), 'lines with a code lens');
    await session.stop();
  });

  it('runs two sessions at once', async () => {
    const first = await Session.start({ program: SAMPLE, console: 'debugConsole' });
    const second = await Session.start({ program: SAMPLE, mode: 'native', stopOnEntry: true });
    await second.stopped();
    await first.printed('> ', BOOT_TIMEOUT);
    equal(second.console, '', 'the console of the one that stands');
    await first.stop();
    await second.resume();
    await second.printed('> ', BOOT_TIMEOUT);
    await second.stop();
  });

  it('debugs Linux', async () => {
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('start_kernel')]);
    const session = await Session.start({ program: '${workspaceFolder}/linux' });
    await session.stopped(BOOT_TIMEOUT);
    equal(
      (await session.frames()).map(({ name }) => name),
      ['start_kernel'],
      'stack',
    );
    await session.resume();
    await session.printed('/ #', BOOT_TIMEOUT);
    await session.stop();
  });
});

describe('the guests that the extension brings', () => {
  it('are copied into a folder, complete and ready to run', async () => {
    const parent = fileOf('copies');
    const first = await vscode.commands.executeCommand<vscode.Uri>('trapline.openSampleKernel', parent);
    const second = await vscode.commands.executeCommand<vscode.Uri>('trapline.openSampleKernel', parent);
    check(first.path.endsWith('/trapline-sample-kernel') && second.path.endsWith('-2'), `${first.path} ${second.path}`);
    const [copied, original] = await Promise.all(
      [vscode.Uri.joinPath(first, 'kernel.elf'), fileOf('sample/kernel.elf')].map((uri) =>
        vscode.workspace.fs.readFile(uri),
      ),
    );
    equal(copied.length, original.length, 'size of the kernel');
    const launch = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(first, '.vscode/launch.json'));
    check(new TextDecoder().decode(launch).includes('"type": "trapline"'), 'a launch.json');
    const session = await Session.start({
      program: `\${workspaceFolder}/copies/trapline-sample-kernel`,
      stopOnEntry: true,
    });
    await session.stopped();
    await session.stop();
  });
});
