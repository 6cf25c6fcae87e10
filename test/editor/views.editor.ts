/**
 * The views in a real VS Code, on the sample kernel: what each shows is compared with the figures of a debug adapter of our own, whose
 * guest stands at the same instruction. `TRAPLINE_SCREENSHOTS` names a folder for screenshots in three themes.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Frame, Locator } from 'playwright-core';
import { connect, type Connection } from '../../debug-adapter/dap/session.testing.ts';
import type {
  ExitLogResponse,
  ExitsResponse,
  LineExitsResponse,
  MachineResponse,
  PageTablesResponse,
  TranslationResponse,
} from '../../debug-adapter/protocol.ts';
import { editorOrSkip } from './install.ts';
import { startServer, type Server } from './server.ts';
import { Workbench } from './workbench.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const SAMPLE = join(ROOT, 'guests/sample');
/** Where both guests stop: programs run, and a system call is handled. */
const STOP = 'sys_exit';
const THEMES = [
  ['dark', 'Dark Modern'],
  ['light', 'Light Modern'],
  ['high-contrast', 'Default High Contrast'],
] as const;

const count = (value: number): string => value.toLocaleString('en-US');

describe('Views in VS Code', function () {
  this.timeout(180_000);
  // A real editor takes its time where it likes; what is wrong fails each time.
  this.retries(2);
  let folder: string;
  let server: Server;
  let w: Workbench;
  /** A second guest, at the same instruction. */
  let reference: Connection;

  before(async function () {
    this.timeout(900_000);
    const editor = editorOrSkip(this);
    server = await startServer(editor);
    folder = mkdtempSync(join(tmpdir(), 'trapline-workspace-'));
    cpSync(SAMPLE, join(folder, 'sample'), { recursive: true });
    mkdirSync(join(folder, '.vscode'));
    const launch = { type: 'trapline', request: 'launch', name: 'Sample', program: '${workspaceFolder}/sample' };
    writeFileSync(
      join(folder, '.vscode/launch.json'),
      JSON.stringify({ version: '0.2.0', configurations: [{ ...launch, mode: 'lpv', stopOnEntry: true }] }),
    );
    reference = await stoppedReference();
    w = await Workbench.open(editor, server, folder, ROOT);
    await w.page.setViewportSize({ width: 1900, height: 1000 });
    await w.press('Control+Shift+D');
    await w.start();
    await stoppedIn('_start');
    await w.addFunctionBreakpoint(STOP);
    await w.press('F5');
    await stoppedIn(STOP);
  });
  after(async () => {
    await w?.close();
    await server?.stop();
    await reference?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await shot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  async function stoppedReference(): Promise<Connection> {
    const c = await connect();
    await c.client.initializeRequest();
    await c.request('launch', { program: SAMPLE, mode: 'lpv', stopOnEntry: true });
    await c.next('initialized');
    await c.client.configurationDoneRequest();
    await c.next('stopped');
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: STOP }] });
    await c.client.continueRequest({ threadId: 1 });
    await c.next('stopped', 20_000);
    return c;
  }

  /** The line that is marked tells where: the call stack has those of all tasks, and may not show this one. */
  const stoppedIn = (name: string): Promise<string> =>
    w.until(
      `stopped in ${name}`,
      () => w.markedLine(),
      (line) => (name === '_start' ? /mrs\s+r0, cpsr/ : /sys_exit\(/).test(line),
      40_000,
    );

  async function shot(name: string): Promise<void> {
    const to = process.env['TRAPLINE_SCREENSHOTS'];
    if (!to) return;
    mkdirSync(to, { recursive: true });
    await w.page.screenshot({ path: join(to, `views-${name}.png`) });
  }

  /** One screenshot in each theme; the first theme is left on, and the part that this is about is taken alone in it. */
  async function shots(name: string, view: Frame | Locator): Promise<void> {
    const to = process.env['TRAPLINE_SCREENSHOTS'];
    if (!to) return;
    for (const [short, theme] of [...THEMES.slice(1), THEMES[0]]) {
      await setTheme(theme);
      await shot(`${name}-${short}`);
    }
    const clip = await ('frameElement' in view ? await view.frameElement() : view).boundingBox();
    if (clip) await w.page.screenshot({ path: join(to, `view-${name}.png`), clip });
  }

  async function setTheme(theme: string): Promise<void> {
    const file = join(folder, '.vscode/settings.json');
    writeFileSync(file, JSON.stringify({ 'workbench.colorTheme': theme, 'editor.minimap.enabled': false }));
    const isHigh = theme.includes('High Contrast');
    await w.until(
      theme,
      async () => (await w.page.locator('.monaco-workbench').getAttribute('class')) ?? '',
      (classes) => (isHigh ? /hc-black/ : theme.startsWith('Dark') ? /vs-dark/ : /\bvs\b/).test(classes),
    );
    await w.page.waitForTimeout(600);
  }

  /** Opens a view as an editor; comes back with its page. */
  async function openView(title: string, element: string): Promise<Frame> {
    await w.command(`Open ${title} as an Editor`);
    return w.until(
      `the page of ${title}`,
      () => findFrame(element),
      (frame): frame is Frame => frame !== undefined,
    ) as Promise<Frame>;
  }

  async function findFrame(element: string): Promise<Frame | undefined> {
    for (const frame of w.page.frames()) {
      const found = frame.locator(`body.in-editor ${element}`);
      if ((await found.count().catch(() => 0)) > 0 && (await found.isVisible().catch(() => false))) return frame;
    }
    return undefined;
  }

  /** The cells of the rows that a table shows. */
  async function cells(page: Frame): Promise<string[][]> {
    const columns = Number(await page.locator('[aria-colcount]').getAttribute('aria-colcount'));
    const texts = await page.locator('.row [role=gridcell]').allInnerTexts();
    const rows: string[][] = [];
    for (let i = 0; i < texts.length; i += columns) rows.push(texts.slice(i, i + columns).map((text) => text.trim()));
    return rows;
  }

  const rowsWhen = (page: Frame, what: string, holds: (rows: string[][]) => boolean): Promise<string[][]> =>
    w.until(what, () => cells(page), holds);

  const row = (page: Frame, text: string): Locator => page.locator('.row').filter({ hasText: text }).first();

  it('Traps: causes, functions and sites as the debug adapter counts them', async () => {
    const exits = await reference.request<ExitsResponse>('trapline/exits', { count: 1000 });
    const page = await openView('Traps', 'trapline-traps');
    await w.until(
      'the total',
      () => page.locator('#total').innerText(),
      (text) => text === count(exits.total),
    );
    for (const { cause, count: exitsOf } of exits.byCause) {
      const found = page.locator(`.row[aria-label^="${cause}, "]`);
      await w.until(
        cause,
        () => found.locator('[role=gridcell]').nth(1).innerText(),
        (text) => text === count(exitsOf),
      );
    }
    await shots('traps', page);
    await page.getByRole('tab', { name: /Functions/ }).click();
    const [first] = exits.functions.rows.filter((found) => found.function !== undefined);
    const functions = await rowsWhen(page, 'functions', (found) => found.some(([name]) => name === first.function));
    assert.deepEqual(functions.find(([name]) => name === first.function)?.slice(0, 2), [
      first.function,
      count(first.count),
    ]);
    await page.getByRole('tab', { name: /Sites/ }).click();
    const [site] = exits.sites.rows;
    await rowsWhen(page, 'sites', ([top]) => top?.[0] === site.symbol && top[2] === count(site.count));
    await shot('traps-sites');
  });

  it('Exit Log: the last exits, a filter, and the source of one', async () => {
    const log = await reference.request<ExitLogResponse>('trapline/exitLog', { count: 1000 });
    const page = await openView('Exit Log', 'trapline-exit-log');
    await w.until(
      'the total',
      () => page.locator('#total').innerText(),
      (text) => text === count(log.total),
    );
    const last = log.exits[log.exits.length - 1];
    const rows = await rowsWhen(page, 'the newest exit', (found) => found.at(-1)?.[0] === `${last.index}`);
    const shown = rows.map(([index, instructions, , cause]) => [index, instructions, cause]);
    const expected = log.exits
      .slice(-shown.length)
      .map((exit) => [`${exit.index}`, count(exit.instructions), exit.cause]);
    assert.deepEqual(shown, expected);
    await row(page, `${last.index}`).click();
    await shots('exit-log', page);
    const input = page.locator('vscode-textfield input');
    await input.fill('user-access');
    const access = log.exits.filter(({ cause }) => cause.startsWith('user-access'));
    // While the filter is applied the list may be empty for a moment.
    const found = await rowsWhen(
      page,
      'the filter',
      (all) => all.length > 0 && all.every(([, , , cause]) => cause.startsWith('user-access')),
    );
    assert.ok(found.length > 0 && found.length <= access.length);
    await page.locator('.row').last().dblclick();
    await w.until(
      'the source of the exit',
      async () => (await w.page.locator('.tabs-container .tab.active').allInnerTexts()).join(' ').replace(/\s/g, ''),
      (names) => names.includes('uaccess.S'),
    );
    await w.command('Open Exit Log as an Editor');
    const again = (await w.until('the view again', () => findFrame('trapline-exit-log'), Boolean)) as Frame;
    await w.until(
      'the filter is remembered',
      () => again.locator('vscode-textfield input').inputValue(),
      (text) => text === 'user-access',
    );
  });

  it('Page Tables: entries of both sides, and the walk of an address', async () => {
    const tables = await reference.request<PageTablesResponse>('trapline/pageTables', { used: true, count: 1024 });
    const page = await openView('Page Tables', 'trapline-page-tables');
    const rows = await rowsWhen(
      page,
      'megabytes',
      (found) => found.length > 0 && found[0][0] === tables.rows[0].address,
    );
    for (const [i, [address, , domain, , , target]] of rows.entries()) {
      const { guest } = tables.rows[i];
      assert.deepEqual(
        [address, domain, target],
        [tables.rows[i].address, `${guest?.domain ?? ''}`, guest?.target ?? ''],
      );
    }
    const input = page.locator('vscode-textfield input');
    await input.fill('$sp');
    await input.press('Enter');
    const [sp] = Object.entries((await reference.request<MachineResponse>('trapline/machine')).virtual.registers)
      .filter(([name]) => name === 'sp')
      .map(([, value]) => value);
    const walk = await reference.request<TranslationResponse>('trapline/translation', { address: sp });
    const details = page.locator('.details');
    await w.until(
      'the walk',
      () => details.innerText(),
      (text) =>
        text.includes(sp) &&
        walk.guest.steps.every(({ word, address }) => text.includes(word) && text.includes(address)),
    );
    assert.ok((await details.innerText()).includes(walk.guest.physicalAddress ?? '?'));
    await w.until(
      'the shadow entry has an origin',
      () => details.innerText(),
      (text) => /shadow filled for\s+\S+/.test(text),
    );
    await shots('page-tables', page);
  });

  it('Memory: an expression, a physical address, and a change', async () => {
    const page = await openView('Guest Memory', 'trapline-memory');
    const input = page.locator('vscode-textfield input');
    await input.fill('&tasks');
    await input.press('Enter');
    const place = await reference.request<{ memoryReference?: string; result: string }>('evaluate', {
      expression: '&tasks',
    });
    const exact = Number(place.memoryReference ?? place.result);
    // A row begins at a multiple of 16, at this width.
    const address = `0x${(exact - (exact % 16)).toString(16)}`;
    const changed = (exact % 16) / 4;
    const words = async (memoryReference: string): Promise<string[]> => {
      const { data = '' } = await reference.request<{ data?: string }>('readMemory', { memoryReference, count: 16 });
      const bytes = Buffer.from(data, 'base64');
      return [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at).toString(16).padStart(8, '0'));
    };
    const line = async (at: string): Promise<string> =>
      (
        await page
          .locator('.row')
          .filter({ hasText: at.slice(2) })
          .allInnerTexts()
      ).find((text) => text.startsWith(at.slice(2))) ?? '';
    const expected = await words(address);
    await w.until(
      'the words around the table of tasks',
      () => line(address),
      (text) => expected.every((word) => text.includes(word)),
    );
    await page.locator('.unit.target').click();
    await page.locator('.grid').press('1');
    for (const digit of '2345678') await page.locator('.grid').press(digit);
    await w.until(
      'the word that was typed',
      () => line(address),
      (text) => text.includes('12345678'),
    );
    await w.until(
      'a mark on it',
      () => page.locator('.unit.changed').count(),
      (marks) => marks === 1,
    );
    await shots('memory', page);
    await page.locator('.grid').press('ArrowLeft');
    for (const digit of expected[changed]) await page.locator('.grid').press(digit);
    await w.until(
      'the old word',
      () => line(address),
      (text) => expected.every((word) => text.includes(word)) && !text.includes('12345678'),
    );
    await input.fill('p:0x4000');
    await input.press('Enter');
    const physical = await words('p:0x00004000');
    await w.until(
      'physical memory',
      () => line('0x00004000'),
      (text) => physical.every((word) => text.includes(word)),
    );
  });

  it('Machine: both CPUs and the devices, and a register that is changed', async () => {
    const machine = await reference.request<MachineResponse>('trapline/machine');
    const page = await openView('Machine', 'trapline-machine');
    await w.until(
      'instructions',
      () => page.locator('#instructions').innerText(),
      (text) => text === count(machine.instructions),
    );
    const input = page.locator('vscode-textfield input').first();
    for (const name of ['sp', 'cpsr', 'sctlr', 'dacr', 'ttbr0']) {
      await input.fill(name);
      const virtual =
        machine.virtual.registers[name] ?? machine.virtual.systemControl.find((entry) => entry.name === name)?.value;
      const physical =
        machine.physical?.registers[name] ??
        machine.physical?.systemControl.find((entry) => entry.name === name)?.value;
      await rowsWhen(page, name, (rows) =>
        rows.some((cell) => cell[0] === name && cell[1] === virtual && cell[2] === physical),
      );
    }
    await input.fill('UARTCR');
    const uart = machine.devices
      .find(({ name }) => name === 'pl011-0')
      ?.registers.find(({ name }) => name === 'UARTCR');
    await rowsWhen(page, 'UARTCR', (rows) => rows.some((cell) => cell[0] === 'UARTCR' && cell[1] === uart?.value));
    await input.fill('');
    await shots('machine', page);
    await input.fill('r5');
    await row(page, 'r5').dblclick();
    const field = page.locator('#new-value input');
    await field.fill('0xcafe');
    await field.press('Enter');
    await rowsWhen(page, 'the new value', (rows) => rows.some((cell) => cell[0] === 'r5' && cell[1] === '0x0000cafe'));
    await w.until(
      'Variables has it',
      () => w.variables(),
      (shown) => shown.get('r5') === '0x0000cafe' || !shown.has('r5'),
    );
    await row(page, 'r5').dblclick();
    await field.fill(machine.virtual.registers['r5']);
    await field.press('Enter');
    await field.waitFor({ state: 'detached' });
  });

  it('marks lines of the source with their exits', async () => {
    const { lines } = await reference.request<LineExitsResponse>('trapline/lineExits');
    const path = join(SAMPLE, 'kernel/console.c');
    const [hottest] = lines.filter((line) => line.path === path);
    assert.ok(readFileSync(path, 'utf8').split('\n')[hottest.line - 1].length > 0);
    await w.openFile('kernel/console.c', hottest.line);
    await w.until(
      'a code lens',
      () => w.page.locator('.codelens-decoration').allInnerTexts(),
      (texts) => texts.some((text) => text.replaceAll('\u00a0', ' ').startsWith(`${count(hottest.count)} exits: mmio`)),
    );
    await shots('source', w.page.locator('.editor-group-container').first());
  });

  it('shows the same in the side bar', async () => {
    const { total } = await reference.request<ExitsResponse>('trapline/exits', { count: 0 });
    const header = (title: string): Locator => w.page.locator(`.pane-header[aria-label="${title} Section"]`);
    const others = ['Variables', 'Watch', 'Call Stack', 'Breakpoints'];
    for (const title of others) await header(title).click();
    await header('Traps').click();
    const totals = async (): Promise<string[]> => {
      const frames = w.page.frames().map((frame) => frame.locator('body.in-side-bar trapline-traps #total'));
      return (await Promise.all(frames.map((found) => found.allInnerTexts().catch(() => [])))).flat();
    };
    await w.until('the total in the side bar', totals, (texts) => texts.includes(count(total)));
    await shot('side-bar');
    await header('Traps').click();
    for (const title of others) await header(title).click();
  });

  it('keeps the page small when 4 GB are mapped', async () => {
    const page = await openView('Page Tables', 'trapline-page-tables');
    const root = (await reference.request<PageTablesResponse>('trapline/pageTables', { count: 1 })).root;
    const table = new Uint8Array(16 * 1024);
    const view = new DataView(table.buffer);
    // Sections of 1 MB, full access, to themselves. The kernel's own megabytes keep their entries.
    for (let i = 0; i < 4096; i++) view.setUint32(4 * i, (i << 20) | 0xc12, true);
    const args = { memoryReference: `p:${root}`, data: Buffer.from(table).toString('base64') };
    await page.evaluate(
      `document.querySelector('trapline-page-tables').host.request('writeMemory', ${JSON.stringify(args)})`,
    );
    const rowCount = (): Promise<string | null> => page.locator('.body').getAttribute('aria-rowcount');
    const opened = 256;
    await w.until('all megabytes', rowCount, (text) => text === `${4096 + opened}`);
    const nodes = (): Promise<number> => page.locator('trapline-table *').count();
    const atTop = await nodes();
    // What a step of scrolling costs the view itself; painting depends on the machine.
    const steps = await page.locator('.body').evaluate(async (element) => {
      const body = element as unknown as EventTarget & {
        scrollTop: number;
        scrollHeight: number;
        getRootNode(): { host: { updateComplete: Promise<unknown> } };
      };
      const times: number[] = [];
      for (let step = 0; step < 60; step++) {
        const start = performance.now();
        body.scrollTop = (step * body.scrollHeight) / 60;
        body.dispatchEvent(new Event('scroll'));
        await body.getRootNode().host.updateComplete;
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b);
    });
    await page.locator('.body').press('End');
    await rowsWhen(page, 'the last megabyte', (rows) => rows.at(-1)?.[0] === '0xfff00000');
    const atEnd = await nodes();
    assert.ok(Math.max(atTop, atEnd) < 1500, `${atTop} nodes at the top, ${atEnd} at the end`);
    const median = steps[steps.length >> 1];
    assert.ok(median < 50, `half of the steps take ${median} ms and more`);
    await shot('page-tables-4gb');
  });

  it('has the numbers of a run that has ended, to compare with', async () => {
    await w.press('Shift+F5');
    await w.until(
      'the session ends',
      () => w.debugging(),
      (on) => !on,
    );
    const page = await openView('Traps', 'trapline-traps');
    await w.until(
      'ended',
      () => page.locator('.state').innerText(),
      (text) => text === 'ended',
    );
    assert.notEqual(await page.locator('#total').innerText(), '0');
    await w.start();
    await stoppedIn('_start');
    await page.getByRole('tab', { name: /Causes/ }).click();
    const select = page.locator('vscode-single-select');
    type Select = EventTarget & { value: string; options: { value: string }[] };
    const options = await w.until(
      'the run is offered',
      () => select.evaluate((element) => (element as unknown as Select).options),
      (found) => found.length > 1,
    );
    await select.evaluate((element, value) => {
      Object.assign(element, { value });
      (element as unknown as Select).dispatchEvent(new Event('change'));
    }, options[1].value);
    const rows = await rowsWhen(page, 'a comparison', (found) => found.some(([name]) => name === 'pl011-0'));
    const uart = rows.find(([name]) => name === 'pl011-0') ?? [];
    assert.deepEqual([uart[1], uart[3]], ['0', `−${uart[2]}`]);
    await w.press('F5');
    await stoppedIn(STOP);
    // Runs are deterministic: up to the same stop they have the same exits.
    await w.until(
      'no change',
      () => page.locator('#delta').innerText(),
      (text) => text === '±0',
    );
    await shots('traps-compared', page);
  });
});
