/** The packaged extension, installed into a real VS Code: what a user does in the first minutes, with keys and mouse. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeWorkspace } from './guests.ts';
import { editorOrSkip, type Editor } from './install.ts';
import { startServer, type Server } from './server.ts';
import { keepScreenshot, ROOT, Workbench } from './workbench.ts';

const SOURCE = '\t.text\n\t.arm\nentry:\n\tmrs\tr2, cpsr\n\tbx\tlr\n';
const FIXED = SOURCE.replace('mrs\tr2, cpsr', 'swi\t0x022000 /* lpv: mrs\tr2, cpsr */');

/** Processes whose command line contains a text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // It has ended.
      }
    })
    .map(Number);
}

describe('the packaged extension', function () {
  this.timeout(180_000);
  const vsix = join(ROOT, `build/trapline-${readVersion()}.vsix`);
  let editor: Editor;
  let server: Server | undefined;
  let folder = '';
  let w: Workbench | undefined;

  before(async function () {
    this.timeout(900_000);
    editor = editorOrSkip(this);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/package.mjs'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
  beforeEach(() => {
    folder = makeWorkspace('sample');
    writeFileSync(join(folder, 'squiggle.S'), SOURCE);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await shot('failed');
    await w?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
    w = server = undefined;
  });

  async function shot(name: string): Promise<void> {
    if (w) await keepScreenshot(w.page, `package-${name}`);
  }

  async function open(options: { restricted?: boolean } = {}): Promise<Workbench> {
    server = await startServer(editor, { vsix, ...options });
    w = await Workbench.open(editor, server, folder);
    return w;
  }

  const squiggles = (bench: Workbench): Promise<number> =>
    bench.page.locator('.squiggly-warning, .squiggly-info').count();

  it('underlines an instruction, and replaces it in the file', async () => {
    const bench = await open();
    await bench.openFile('squiggle.S');
    await bench.until(
      'a squiggle',
      () => squiggles(bench),
      (count) => count > 0,
      40_000,
    );
    await shot('squiggle');
    await bench.clickLine('cpsr');
    await bench.press('Control+.');
    const fix = bench.page.locator('.action-widget .action').filter({ hasText: 'Replace by its trap' }).first();
    await fix.waitFor();
    await shot('quick-fix');
    await bench.press('Enter');
    await bench.until(
      'the replacement',
      () => editorText(bench),
      (text) => text.includes('swi'),
    );
    await bench.press('Control+S');
    await bench.until(
      'the file',
      async () => readFileSync(join(folder, 'squiggle.S'), 'utf8'),
      (text) => text === FIXED,
    );
    await bench.until(
      'no squiggle',
      () => squiggles(bench),
      (count) => count === 0,
    );
    await shot('fixed');
  });

  it('debugs the sample kernel from F5 on, without a launch.json', async () => {
    const bench = await open();
    await bench.openFile('kernel/main.c');
    await bench.press('Control+Shift+D');
    await shot('run-view');
    // With C or assembly in front, the editor does not ask for the debugger.
    await bench.start();
    await bench.until(
      'the first instruction',
      () => bench.markedLine(),
      (line) => /\bmrs\b/.test(line),
      40_000,
    );
    await shot('entry');
    await bench.addFunctionBreakpoint('kernel_main');
    await bench.press('F5');
    await bench.until(
      'stopped in kernel_main',
      () => bench.callStack(),
      ([top]) => top === 'kernel_main',
      40_000,
    );
    const first = await bench.until(
      'the line',
      () => bench.markedLine(),
      (line) => line !== '',
    );
    await bench.press('F10');
    await bench.until(
      'another line',
      () => bench.markedLine(),
      (line) => line !== '' && line !== first,
    );
    await shot('stepped');
    await bench.press('Control+Shift+F5');
    await bench.until(
      'stopped again',
      () => bench.markedLine(),
      (line) => /\bmrs\b/.test(line),
      40_000,
    );
    await bench.press('F5');
    await bench.until(
      'the breakpoint again',
      () => bench.markedLine(),
      (line) => line === first,
      40_000,
    );
    await bench.command('Remove All Breakpoints');
    await bench.press('F5');
    await bench.until(
      'the prompt',
      () => bench.terminalText(),
      (text) => /> *$/.test(text.trimEnd()),
      60_000,
    );
    await shot('prompt');
    await bench.press('Shift+F5');
    await bench.until(
      'the end',
      () => bench.debugging(),
      (on) => !on,
    );
  });

  it('ends the guest when the window is reloaded in the middle of a session', async () => {
    const bench = await open();
    await bench.openFile('kernel/main.c');
    await bench.start();
    await bench.until(
      'a session',
      () => bench.debugging(),
      (on) => on,
      40_000,
    );
    const adapter = `${server!.extensions}/trapline`;
    const adapters = (): number[] => processesWith('\0dap').filter((pid) => processesWith(adapter).includes(pid));
    await bench.until(
      'an adapter',
      async () => adapters().length,
      (count) => count === 1,
    );
    const [before] = adapters();
    await bench.command('Developer: Reload Window');
    await bench.until(
      'its end',
      async () => adapters(),
      (left) => !left.includes(before),
      60_000,
    );
    await bench.page.locator('.monaco-workbench .part.statusbar').waitFor();
    await bench.until(
      'the editor again',
      () => bench.page.locator('.tab').count(),
      (tabs) => tabs > 0,
      40_000,
    );
  });

  it('lints in a folder that is not trusted, and runs nothing', async () => {
    const bench = await open({ restricted: true });
    await bench.openFile('squiggle.S');
    await bench.until(
      'a squiggle',
      () => squiggles(bench),
      (count) => count > 0,
      40_000,
    );
    await bench.press('F5');
    const dialog = bench.page.locator('.monaco-dialog-box');
    await dialog.waitFor({ timeout: 20_000 });
    await shot('restricted');
    assert.match(await dialog.innerText(), /trust/i);
    await bench.press('Escape');
    assert.equal(await bench.debugging(), false);
    assert.deepEqual(
      processesWith(`${server!.extensions}/trapline`).filter((pid) => processesWith('\0dap').includes(pid)),
      [],
    );
  });

  it('shows its walkthrough', async () => {
    const bench = await open();
    await bench.command('Welcome: Open Walkthrough...');
    await bench.pick('Debug a kernel with Trapline');
    const steps = bench.page.locator('.getting-started-step');
    await bench.until(
      'the steps',
      () => steps.count(),
      (count) => count >= 4,
      20_000,
    );
    const frames = (): Promise<string[]> =>
      Promise.all(
        bench.page.frames().map((frame) =>
          frame
            .locator('body')
            .innerText({ timeout: 1000 })
            .catch(() => ''),
        ),
      );
    const beside = (texts: string[]): boolean =>
      texts.some((text) => text.includes('Nothing that is there is overwritten'));
    await bench.until('the text beside the first step', frames, beside, 40_000);
    await shot('walkthrough');
    assert.match(await bench.page.locator('.gettingStartedContainer').innerText(), /Open the sample kernel/);
  });

  it('leaves nothing behind when it is uninstalled', async () => {
    await open();
    await w!.openFile('squiggle.S');
    await w!.until(
      'a squiggle',
      () => squiggles(w!),
      (count) => count > 0,
      40_000,
    );
    await w!.close();
    const { extensions } = server!;
    assert.match(server!.manage('--list-extensions'), /^trapline\.trapline$/m);
    server!.manage('--uninstall-extension', 'trapline.trapline');
    assert.doesNotMatch(server!.manage('--list-extensions'), /trapline/);
    const data = join(extensions, '..');
    const left = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(
      (path) => /trapline/i.test(path) && !/\blogs\b|CachedExtensionVSIXs|\.obsolete|extensions\/trapline/i.test(path),
    );
    assert.deepEqual(left, []);
    assert.ok(existsSync(join(extensions, 'extensions.json')));
    w = undefined;
  });
});

const editorText = async (bench: Workbench): Promise<string> =>
  (await bench.page.locator('.editor-group-container.active .view-lines').first().innerText()).replaceAll(
    '\u00a0',
    ' ',
  );

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
