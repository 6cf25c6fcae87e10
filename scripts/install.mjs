/** Makes sure that node_modules holds what package-lock.json asks for. Needs nothing but Node and npm. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether every package of the lock file that this platform needs is installed in its version. */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  // npm records here what it has put into node_modules.
  const installed = readPackages('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/** Runs `npm ci` when something is missing or has another version. Ends the process when that fails. */
export function ensureInstalled() {
  if (isInstalled()) return;
  process.stderr.write('Installing npm packages (npm ci)...\n');
  const { status, error } = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  process.stderr.write(
    `npm ci failed${error ? ` (${error.message})` : ''}: check that npm is installed and its registry can be reached.\n`,
  );
  process.exit(1);
}
