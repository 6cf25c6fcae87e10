/** `npm run bench -- --lint`: the linter on Linux's sources, cold, and an edit of a large file. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestClient } from '../language-server/client.testing.ts';
import { Linter } from '../language-server/lint.ts';
import { NodeSettings } from '../language-server/node-settings.ts';
import { NodeSourceProvider } from '../language-server/node-source-provider.ts';
import { Source } from '../language-server/parse/source.ts';
import { median } from './measure.ts';
import { formatTable } from './table.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const GUEST = fileURLToPath(new URL('../guests/linux/build/', import.meta.url));
const EDITS = 200;
const LINES = 5000;

/** Steps of a fixed loop, to compare machines, and moments of one machine. */
const YARDSTICK = 100_000_000;

function yardstick(): number {
  const start = performance.now();
  let x = 0;
  for (let i = 0; i < YARDSTICK; i++) x = (Math.imul(x, 31) + i) | 0;
  return x === 1 ? 0 : performance.now() - start;
}

function assemblyFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.S'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Seconds of a process of its own, on one core where taskset is there. */
function timeCli(args: readonly string[]): number {
  const command = [process.execPath, CLI, 'lint', ...args, '--format', 'json'];
  const pinned = spawnSync('taskset', ['--version']).status === 0 ? ['taskset', '-c', '0', ...command] : command;
  const start = performance.now();
  const { status, stderr } = spawnSync(pinned[0], pinned.slice(1), { maxBuffer: 1 << 30, encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(stderr);
  return (performance.now() - start) / 1000;
}

/** Milliseconds from an edited text to its findings, at the median and the 95th percentile. */
function timeEdits(): { middle: number; high: number } {
  const body = Array.from({ length: LINES }, (_, i) =>
    i % 50 === 0 ? `\tmrs r${i % 10}, cpsr` : i % 10 === 0 ? `label${i}:` : `\tadd r1, r2, #${i % 200}\t@ line ${i}`,
  );
  const settings = new NodeSettings({ includePaths: [], defines: new Map() });
  const provider = new NodeSourceProvider();
  let source = new Source('/bench.S', body.join('\n'));
  const times: number[] = [];
  for (let i = 0; i < EDITS; i++) {
    body[(i * 37) % LINES] += 'x';
    const text = body.join('\n');
    const start = performance.now();
    source = source.edited(text);
    const linter = new Linter({ provider, settings });
    linter.add(source);
    if (linter.result().findings.length < 50) throw new Error('the edited file has lost its findings');
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { middle: median(times), high: times[Math.floor(times.length * 0.95)] };
}

/** Milliseconds of a keystroke's diagnostics, and of completion, over the protocol: sorted. */
async function timeServer(): Promise<{ diagnostics: number[]; completion: number[] }> {
  const body = Array.from({ length: LINES }, (_, i) =>
    i % 50 === 0 ? `\tmrs r${i % 10}, cpsr` : i % 10 === 0 ? `label${i}:` : `\tadd r1, r2, #${i % 200}\t@ line ${i}`,
  );
  const times = { diagnostics: [] as number[], completion: [] as number[] };
  const client = await TestClient.start({ 'a.S': body.join('\n') });
  await client.open('a.S');
  for (let i = 0; i < EDITS; i++) {
    const at = { line: (i * 37) % LINES, character: 1 };
    const start = performance.now();
    await client.edit('a.S', { start: at, end: at }, 'm');
    await client.ask('diagnostic', 'a.S');
    const middle = performance.now();
    await client.ask('completion', 'a.S', { position: { ...at, character: 2 } });
    times.diagnostics.push(middle - start);
    times.completion.push(performance.now() - middle);
  }
  await client.stop();
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

/** Measures and prints. Needs `npm run guest:linux` for the lines on Linux's sources. */
export async function benchLint(rounds: number): Promise<void> {
  const rows: string[][] = [];
  const unit = median(Array.from({ length: 5 }, yardstick));
  const tree = join(GUEST, 'linux-source-6.1');
  if (existsSync(tree)) {
    const files = assemblyFiles(join(tree, 'arch/arm'));
    const lines = files.reduce((sum, file) => sum + readFileSync(file, 'latin1').split('\n').length, 0);
    const build = ['--build', join(GUEST, 'build')];
    const add = (name: string, goal: string, args: readonly string[]): void => {
      const seconds = median(Array.from({ length: rounds }, () => timeCli([...args, ...build])));
      rows.push([name, `${seconds.toFixed(2)} s`, goal, ((seconds * 1000) / unit).toFixed(1)]);
    };
    const whole = [join(tree, 'arch/arm'), join(tree, 'include')];
    add(`${files.length} .S files of arch/arm, ${lines} lines, cold`, '1 s', [...files, '--jobs', '1']);
    add('arch/arm and include, C too, cold', '10 s', [...whole, '--jobs', '1']);
  } else console.log('Without `npm run guest:linux`, only the edits are measured.');
  const { middle, high } = timeEdits();
  rows.push([
    `an edit of ${LINES} lines to findings, median`,
    `${middle.toFixed(1)} ms`,
    '',
    (middle / unit).toFixed(2),
  ]);
  rows.push(['the same, 95th percentile', `${high.toFixed(1)} ms`, '16 ms', (high / unit).toFixed(2)]);
  const server = await timeServer();
  for (const [name, goal, times] of [
    ['a keystroke to diagnostics, by the server, 95th percentile', '16 ms', server.diagnostics],
    ['completion, by the server, 95th percentile', '10 ms', server.completion],
  ] as const) {
    const worst = times[Math.floor(times.length * 0.95)];
    rows.push([name, `${worst.toFixed(1)} ms`, goal, (worst / unit).toFixed(2)]);
  }
  console.log(`The linter; the yardstick, ${YARDSTICK / 1e6} million steps of a loop, took ${unit.toFixed(0)} ms`);
  console.log(formatTable(['work', 'time', 'goal', 'yardsticks'], rows));
}
