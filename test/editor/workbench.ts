/** The editor's window, driven as a user does: keys, and what is on the screen. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Editor } from './install.ts';
import type { Server } from './server.ts';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export const BROWSER_FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Compares everything at once, so that the page does not change meanwhile, however busy the host is. */
const MARKED_LINE = `(() => {
  for (const marker of document.querySelectorAll('.monaco-editor .debug-top-stack-frame-line')) {
    const { top } = marker.getBoundingClientRect();
    for (const line of marker.closest('.monaco-editor').querySelectorAll('.view-lines .view-line')) {
      if (Math.abs(line.getBoundingClientRect().top - top) >= 4) continue;
      const copy = line.cloneNode(true);
      for (const value of copy.querySelectorAll('[class*="debug-inline-value"]')) value.remove();
      return copy.textContent.trimEnd();
    }
  }
  return '';
})()`;

export class Workbench {
  readonly page: Page;
  private readonly context: BrowserContext;
  private readonly profile: string;

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.context = context;
    this.page = page;
    this.profile = profile;
  }

  /** Opens a folder, with the extensions that are installed, or with that of a checkout under development. */
  static async open(editor: Editor, server: Server, folder: string, extension?: string): Promise<Workbench> {
    const profile = mkdtempSync(join(tmpdir(), 'trapline-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: editor.browser,
      headless: true,
      viewport: { width: 1400, height: 900 },
      args: BROWSER_FLAGS,
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const payload = [
      ['extensionDevelopmentPath', `vscode-remote://${server.authority}${extension ?? ''}`],
      ['enableProposedApi', ''],
    ];
    const development = extension === undefined ? '' : `&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    const query = `folder=${encodeURIComponent(folder)}${development}`;
    await page.goto(`http://${server.authority}/?${query}`);
    const workbench = new Workbench(context, page, profile);
    await page.locator('.monaco-workbench .part.statusbar').waitFor();
    await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
    return workbench;
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  /** Presses a key combination. */
  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys);
  }

  /** Runs a command of the palette by its title. */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    const entry = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
    const quick = { timeout: 3000 };
    // The palette closes when the focus moves, as at a stop of the debugger; a key that comes then is lost.
    const chosen = async (): Promise<boolean> => {
      if (!(await input.isVisible())) await this.press('F1');
      try {
        await input.fill(`>${title}`, quick);
        await entry.click(quick);
        return true;
      } catch {
        return false;
      }
    };
    await this.until(`the command ${title}`, chosen, (yes) => yes, 40_000);
  }

  /** Opens a file of the folder by the end of its path, at a line if one is given. */
  async openFile(path: string, line?: number): Promise<void> {
    await this.command('Go to File...');
    await this.page
      .locator('.quick-input-widget input')
      .first()
      .fill(line === undefined ? path : `${path}:${line}`);
    const name = path.split('/').at(-1) ?? path;
    await this.pick(name);
    await this.page.locator('.tab.active').filter({ hasText: name }).waitFor();
  }

  /** Clicks the text of a line of the active editor; the first one that contains `text`. */
  async clickLine(text: string): Promise<void> {
    await this.page.locator('.editor-group-container.active .view-line').filter({ hasText: text }).first().click();
  }

  /** Chooses an entry of the list that is open. */
  async pick(label: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click();
  }

  /** Starts to debug as F5 does without a launch.json; waits until the editor knows our debugger. */
  async startByPicking(debuggerName: string): Promise<void> {
    const entry = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: debuggerName }).first();
    const pressed = async (): Promise<boolean> => {
      if (!(await entry.isVisible())) await this.press('F5');
      return entry.waitFor({ timeout: 1000 }).then(
        () => true,
        () => false,
      );
    };
    await this.until('F5 offers our debugger', pressed, (offered) => offered, 30_000);
    await entry.click();
  }

  /** Starts the configuration of the launch.json; comes back when a session has begun or a message says why not. */
  async start(): Promise<void> {
    const begun = async (): Promise<boolean> => (await this.debugging()) || (await this.message()) !== '';
    const pressed = async (): Promise<boolean> => {
      await this.press('F5');
      // Not again too soon: in a session F5 continues.
      return this.until('a session', begun, (yes) => yes, 5000).catch(() => false);
    };
    await this.until('F5 starts a session', pressed, (yes) => yes, 40_000);
  }

  /** Adds a breakpoint by function name. */
  async addFunctionBreakpoint(name: string): Promise<void> {
    await this.command('Add Function Breakpoint');
    const list = this.page.locator('.debug-breakpoints');
    const box = list.locator('.inputBoxContainer input').first();
    // The row comes after those of the exception filters, and the list has only the rows that are in sight.
    const shown = async (): Promise<boolean> => {
      if (await box.isVisible()) return true;
      await list.hover();
      await this.page.mouse.wheel(0, 100);
      return false;
    };
    await this.until('a row for the name', shown, (yes) => yes);
    await box.fill(name);
    await this.press('Enter');
  }

  /** The text of the line that is marked as the next to be executed, without the values behind it; empty for none. */
  async markedLine(): Promise<string> {
    return plain(await this.page.evaluate<string>(MARKED_LINE));
  }

  /** The text of the dialog or the notification that is shown; empty for none. */
  async message(): Promise<string> {
    const texts = await this.page.locator('.monaco-dialog-box, .notification-list-item-message').allInnerTexts();
    return plain(texts.join(' '));
  }

  /** Whether a debug session is active. */
  async debugging(): Promise<boolean> {
    return this.page.locator('.debug-toolbar').first().isVisible();
  }

  /** Rows of the call stack's frames. */
  async callStack(): Promise<string[]> {
    return this.page.locator('.debug-call-stack .stack-frame .label').allTextContents();
  }

  /** Name and value of each row that is shown in the Variables view. */
  async variables(): Promise<Map<string, string>> {
    const rows = this.page.locator('.debug-variables .monaco-list-row .expression');
    const [names, values] = await Promise.all([
      rows.locator('.name').allTextContents(),
      rows.locator('.value').allTextContents(),
    ]);
    return new Map(names.map((name, i) => [name.replace(/\s*[:=]?\s*$/, '').trim(), values[i] ?? '']));
  }

  /** The text of the terminal that is shown. */
  async terminalText(): Promise<string> {
    const rows = await this.page.locator('.terminal-wrapper.active .xterm-rows > div').allTextContents();
    return rows.map((row) => plain(row).trimEnd()).join('\n');
  }

  /** Waits until something holds, and returns it. */
  async until<T>(what: string, probe: () => Promise<T>, holds: (value: T) => boolean, timeout = 15_000): Promise<T> {
    const end = Date.now() + timeout;
    for (;;) {
      const value = await probe();
      if (holds(value)) return value;
      if (Date.now() > end) {
        const shown = value instanceof Map ? [...value] : value;
        throw new Error(`${what}: not within ${timeout} ms; the last that was seen: ${JSON.stringify(shown)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Keeps a picture of a page in the folder `TRAPLINE_SCREENSHOTS`, by default `build/screenshots`. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['TRAPLINE_SCREENSHOTS'] || join(ROOT, 'build/screenshots');
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Text as it was before the page was drawn: spaces are drawn as no-break spaces. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}
