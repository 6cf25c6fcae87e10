/**
 * `npm start`: from a fresh clone to a running guest. Installs and builds what is missing or out of date, then boots
 * the default guest in this terminal. Arguments go to `trapline run`; a guest named first replaces the default one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { ensureInstalled, ROOT } from './install.mjs';

const DEFAULT_RUN = ['guests/sample', '--mode', 'lpv'];

ensureInstalled();
const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(1);

const args = process.argv.slice(2);
const namesGuest = args.length > 0 && !args[0].startsWith('-');
const child = spawn(process.execPath, ['dist/cli.js', 'run', ...(namesGuest ? [] : DEFAULT_RUN), ...args], {
  cwd: ROOT,
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to both processes; how to end is the child's decision.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
