/** The Test Explorer of a real VS Code on the sample kernel: its tests run, are debugged, and show what they have executed. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { makeWorkspace } from './guests.ts';
import { editorOrSkip } from './install.ts';
import { startServer, type Server } from './server.ts';
import { keepScreenshot, ROOT, Workbench } from './workbench.ts';

/** The tests of guests/sample/guest.json, one for each mode. */
const TESTS = [
  ['boots to its prompt', 'native'],
  ['boots to its prompt', 'lpv'],
  ['passes its own checks', 'native'],
  ['passes its own checks', 'lpv'],
  ['ends a program that stores into its own code', ''],
  ['halts when it is told to', ''],
] as const;
const RUN_TIMEOUT = 120_000;

describe('the Test Explorer', function () {
  this.timeout(RUN_TIMEOUT + 60_000);
  let folder = '';
  let server: Server | undefined;
  let w: Workbench;

  before(async function () {
    this.timeout(900_000);
    const editor = editorOrSkip(this);
    server = await startServer(editor, {
      settings: { 'testing.coverageToolbarEnabled': true, 'editor.minimap.enabled': false },
    });
    folder = makeWorkspace('sample');
    w = await Workbench.open(editor, server, folder, ROOT);
    await showTests();
  });
  after(async () => {
    await w?.close();
    await server?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await keepScreenshot(w.page, 'testing-failed');
  });

  /** The icon is there when an extension has tests. */
  async function showTests(): Promise<void> {
    if (await tree().isVisible()) return;
    await w.page.locator('.activitybar .action-label[aria-label^="Testing"]').click({ timeout: 60_000 });
    await tree().waitFor();
  }

  const tree = (): Locator => w.page.locator('.test-explorer-tree');
  const rows = (): Locator => w.page.locator('.test-explorer-tree .monaco-list-row');

  const labels = (): Promise<string[]> => rows().locator('.label').allTextContents();
  /** How many rows have the icon of a test that has passed; the guest has a row, too. */
  const passed = (): Promise<number> => rows().locator('.codicon-testing-passed-icon').count();
  const allPassed = (count: number): boolean => count === TESTS.length + 1;

  it('lists what a guest.json declares, in its order', async () => {
    await w.until(
      'the guest',
      () => rows().count(),
      (count) => count > 0,
      60_000,
    );
    if ((await rows().count()) === 1) {
      await rows().first().click();
      await w.press('ArrowRight');
    }
    const found = await w.until('all tests', labels, ({ length }) => length === TESTS.length + 1);
    const shown = found.slice(1).map((text) => text.replaceAll('\u00a0', ' ').trim());
    for (const [i, [name, mode]] of TESTS.entries()) {
      assert.ok(shown[i].startsWith(name) && shown[i].endsWith(mode === '' ? name : mode), `${i}: ${shown[i]}`);
    }
    assert.equal(await passed(), 0);
    await keepScreenshot(w.page, 'testing-list');
  });

  it('runs them all, and they pass', async () => {
    await w.command('Test: Run All Tests');
    await w.until('all have passed', passed, allPassed, RUN_TIMEOUT);
    await keepScreenshot(w.page, 'testing-passed');
  });

  it('shows which lines of the kernel they have executed', async () => {
    await w.command('Test: Run All Tests with Coverage');
    const row = (name: string): Locator =>
      w.page.locator('.monaco-list-row:has(.test-coverage-list-item)').filter({ hasText: name }).first();
    await row('kernel').waitFor({ timeout: RUN_TIMEOUT });
    const percent = await w.until(
      'a percentage',
      () => row('kernel').locator('.test-coverage-bars').innerText(),
      (text) => /%/.test(text),
    );
    assert.ok(parseFloat(percent) > 30 && parseFloat(percent) < 100, percent);
    await w.until('all have passed again', passed, allPassed);
    await w.openFile('kernel/main.c', 24);
    await w.command('Test: Toggle Inline Coverage');
    const gutter = (kind: string): Locator => w.page.locator(`.coverage-deco-gutter.coverage-deco-${kind}`);
    await w.until(
      'executed lines',
      () => gutter('hit').count(),
      (count) => count > 5,
    );
    await w.page.mouse.move(700, 20);
    // The palette fades out.
    await w.page.waitForTimeout(600);
    await keepScreenshot(w.page, 'testing-coverage');
    // Nothing panics in tests that pass.
    await w.openFile('kernel/panic.c');
    await w.until(
      'lines that were not executed',
      () => gutter('miss').count(),
      (count) => count > 0,
    );
  });

  it('debugs one: it stops at a breakpoint, goes on, and passes', async () => {
    await w.press('Control+Shift+D');
    await w.addFunctionBreakpoint('kernel_main');
    await showTests();
    const test = rows().filter({ hasText: 'halts when it is told to' });
    await test.hover();
    await test.locator('.action-label[aria-label^="Debug Test"]').click();
    await w.until(
      'stopped in kernel_main',
      () => w.markedLine(),
      (line) => line.includes('kernel_main('),
      RUN_TIMEOUT,
    );
    await keepScreenshot(w.page, 'testing-debug');
    await w.press('F5');
    await w.until(
      'the session ends',
      () => w.debugging(),
      (on) => !on,
      RUN_TIMEOUT,
    );
    await showTests();
    await w.until('it has passed', passed, allPassed);
  });
});
