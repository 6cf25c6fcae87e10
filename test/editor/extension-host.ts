/** Runs tests inside the editor's extension host, on Node or in a worker, and gives their exit code and what they print. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { Editor } from './install.ts';
import type { Server } from './server.ts';
import { BROWSER_FLAGS, keepScreenshot, ROOT } from './workbench.ts';

/** The editor's own trouble: a logger that is not compiled, a gallery that cannot be reached. */
const NOISE = /spdlog|native-watchdog|watchdog|ENOTFOUND|DialogService|AccountPolicyGate|cannot find session/;

export type HostKind = 'node' | 'web';

export interface HostRun {
  /** 0 when all tests have passed; undefined when they did not come to an end. */
  readonly code: number | undefined;
  readonly output: string;
}

/** Bundles the tests for a host, in the folder of things that are built. */
export async function bundleHostTests(kind: HostKind): Promise<string> {
  const outfile = join(ROOT, `build/host-tests/${kind}.cjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['extension/host-tests/run.ts'],
    outfile,
    bundle: true,
    // Mocha takes module.exports for itself; the footer comes after it.
    ...{ format: 'iife', globalName: 'tests', footer: { js: 'module.exports = tests;' } },
    platform: kind === 'node' ? 'node' : 'browser',
    target: 'es2022',
    external: ['vscode'],
    logLevel: 'error',
  });
  return outfile;
}

/** Runs a bundle of tests with an extension under development and a folder open. */
export async function runInExtensionHost(
  editor: Editor,
  server: Server,
  options: { kind: HostKind; folder: string; extension: string; tests: string; timeout: number },
): Promise<HostRun> {
  const profile = mkdtempSync(join(tmpdir(), 'trapline-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: editor.browser,
    headless: true,
    viewport: { width: 1400, height: 900 },
    args: BROWSER_FLAGS,
  });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const remote = (path: string): string => `vscode-remote://${server.authority}${path}`;
    const payload = [
      ['extensionDevelopmentPath', remote(options.extension)],
      ['extensionTestsPath', remote(options.tests)],
      ['enableProposedApi', ''],
      ...(options.kind === 'web' ? [['extensionDevelopmentKind', 'web']] : []),
    ];
    const ended = new Promise<number>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
      // The console's own colours come as arguments.
      const line = format(...args.filter((arg) => typeof arg !== 'string' || !arg.startsWith('color:')));
      if (!NOISE.test(line)) output += `${line}\n`;
    });
    const query = `folder=${encodeURIComponent(options.folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    await page.goto(`http://${server.authority}/?${query}`);
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), options.timeout);
    });
    const code = await Promise.race([ended, late]);
    if (code !== 0) await keepScreenshot(page, `host-${options.kind}`);
    return { code, output };
  } finally {
    clearTimeout(timer);
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
