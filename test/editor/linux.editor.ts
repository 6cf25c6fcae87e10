/** F5 on the included Linux in a real VS Code. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { editorOrSkip, type Editor } from './install.ts';
import { startServer, type Server } from './server.ts';
import { keepScreenshot, Workbench } from './workbench.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const GUEST_FILES = ['guest.json', 'vmlinux.gz', 'versatile-pb.dtb', 'initramfs.cpio.gz'];
const PROMPT = /\/ # *$/;

describe('F5 in VS Code', function () {
  this.timeout(120_000);
  let folder: string;
  let server: Server;
  let editor: Editor;
  let w: Workbench;

  before(async function () {
    this.timeout(900_000);
    editor = editorOrSkip(this);
    server = await startServer(editor);
  });
  after(async () => server?.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-workspace-'));
    const guest = join(folder, 'guests/linux');
    mkdirSync(guest, { recursive: true });
    for (const name of GUEST_FILES) copyFileSync(join(ROOT, 'guests/linux', name), join(guest, name));
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await shot('failed');
    await w?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function shot(name: string): Promise<void> {
    await keepScreenshot(w.page, `linux-${name}`);
  }

  async function open(launch?: Record<string, unknown>): Promise<void> {
    if (launch) {
      mkdirSync(join(folder, '.vscode'));
      const configuration = { type: 'trapline', request: 'launch', name: 'Linux', ...launch };
      writeFileSync(
        join(folder, '.vscode/launch.json'),
        JSON.stringify({ version: '0.2.0', configurations: [configuration] }),
      );
    }
    w = await Workbench.open(editor, server, folder, ROOT);
    await w.press('Control+Shift+D');
  }

  const stoppedIn = (name: string): Promise<string[]> =>
    w.until(
      `stopped in ${name}`,
      () => w.callStack(),
      ([top]) => top === name,
    );
  const marked = (text: RegExp): Promise<string> =>
    w.until(
      `${text} marked`,
      () => w.markedLine(),
      (line) => text.test(line),
    );
  it('finds the guest without a launch.json and stops at its first instruction', async () => {
    await open();
    await w.startByPicking('Trapline (ARM machine)');
    await stoppedIn('stext');
    await marked(/^00008000 .*; trap for msr/);
    await shot('without-launch-json');
    await w.press('Shift+F5');
    await w.until(
      'the session ends',
      () => w.debugging(),
      (on) => !on,
    );
  });

  it('debugs Linux under the hypervisor, from start_kernel to its shell', async () => {
    await open({ program: '${workspaceFolder}/guests/linux', mode: 'lpv', stopOnEntry: true });
    await w.start();
    await stoppedIn('stext');
    await w.addFunctionBreakpoint('start_kernel');
    await w.press('F5');
    await stoppedIn('start_kernel');
    await marked(/^c0[0-9a-f]{6} /);
    await shot('start-kernel');

    await w.until(
      'r3 of start_kernel',
      () => w.variables(),
      (shown) => /^0x(?!00000000)[0-9a-f]{8}$/.test(shown.get('r3') ?? ''),
    );
    const first = await w.markedLine();
    await w.press('F10');
    const second = await w.until(
      'a step',
      () => w.markedLine(),
      (line) => line !== '' && line !== first,
    );
    assert.equal(parseInt(second, 16), parseInt(first, 16) + 4);
    await w.until(
      'r3 after mov r3, #0',
      () => w.variables(),
      (shown) => shown.get('r3') === '0x00000000',
    );

    while (!(await w.markedLine()).includes('<set_task_stack_end_magic>')) {
      const before = await w.markedLine();
      await w.press('F10');
      await w.until(
        'a step',
        () => w.markedLine(),
        (line) => line !== '' && line !== before,
      );
    }
    await w.press('F11');
    const stack = await w.until(
      'into a call',
      () => w.callStack(),
      (frames) => frames.length === 2,
    );
    assert.deepEqual(stack, ['set_task_stack_end_magic', 'start_kernel']);
    await shot('stepped-in');
    await w.command('Open Disassembly View');
    const disassembly = w.page.locator('.disassembly-view');
    await disassembly.waitFor();
    await w.until(
      'disassembly',
      () => disassembly.innerText(),
      (text) => text.includes('bx lr'),
    );
    await shot('disassembly');

    await w.press('F5');
    await w.until(
      'the shell prompt',
      () => w.terminalText(),
      (text) => PROMPT.test(text.trimEnd() + ' '),
      60_000,
    );
    await w.page.locator('.terminal-wrapper.active .xterm-screen').click();
    await w.page.keyboard.type('echo $((6*7)) from the guest; ls /\n');
    await w.until(
      'an answer',
      () => w.terminalText(),
      (text) => /^42 from the guest$/m.test(text) && /\bsbin\b/.test(text),
    );
    await shot('shell');
    await w.press('F6');
    await w.until(
      'paused',
      () => w.callStack(),
      (frames) => frames.length > 0,
    );
    await shot('paused');
    await w.press('Shift+F5');
    await w.until(
      'the session ends',
      () => w.debugging(),
      (on) => !on,
    );
    await w.until(
      'the terminal says so',
      () => w.terminalText(),
      (text) => text.includes('the debug session has ended'),
    );
    await shot('ended');
  });

  const MISTAKES: [string, Record<string, unknown>, RegExp][] = [
    [
      'typo',
      { program: '${workspaceFolder}/guests/linux', stoponEntry: true },
      /Unknown launch attribute "stoponEntry". Did you mean "stopOnEntry"\?/,
    ],
    [
      'missing-kernel',
      { program: '${workspaceFolder}/guests/linux', kernel: 'vmlinuz' },
      /trapline-workspace-\w+\/vmlinuz: there is no such file/,
    ],
    [
      'no-symbols-in-lpv',
      { kernel: '${workspaceFolder}/zImage', mode: 'lpv' },
      /zImage cannot be paravirtualized.*"symbols": "vmlinux".*"mode": "native"/,
    ],
  ];
  for (const [name, launch, expected] of MISTAKES) {
    it(`says what is wrong with a configuration: ${name}`, async () => {
      const zImage = new Uint8Array(4096);
      new DataView(zImage.buffer).setUint32(0x24, 0x016f2818, true);
      new DataView(zImage.buffer).setUint32(0x2c, zImage.length, true);
      writeFileSync(join(folder, 'zImage'), zImage);
      await open(launch);
      await w.start();
      const text = await w.until(
        'an error',
        () => w.message(),
        (shown) => shown !== '',
      );
      await shot(`mistake-${name}`);
      assert.match(text, expected);
      assert.doesNotMatch(text, /\bat .*\.(ts|js):\d+/, 'no stack trace');
    });
  }
});
