/**
 * Bytes that the emulator allocates per guest instruction, by function. Two runs of one boot, cut at different
 * instruction counts: their difference is free of what starting costs, and shows what the hot paths allocate.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatTable } from './table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHORT_RUN = 20_000_000;
const LONG_RUN = 60_000_000;
/** Rows printed for each mode. */
const SHOWN = 15;

/** A node of V8's sampling heap profile. */
interface ProfileNode {
  callFrame: { functionName: string; url: string };
  /** Bytes allocated by this function itself, estimated from the samples. */
  selfSize: number;
  children: ProfileNode[];
}

/** Adds up the bytes of each function below a node. */
export function bytesByFunction(node: ProfileNode, totals = new Map<string, number>()): Map<string, number> {
  const { functionName, url } = node.callFrame;
  const file = url.split('/').at(-1) ?? '';
  const key = `${functionName || '(anonymous)'}${file ? ` (${file})` : ''}`;
  totals.set(key, (totals.get(key) ?? 0) + node.selfSize);
  for (const child of node.children) bytesByFunction(child, totals);
  return totals;
}

interface SampledRun {
  instructions: number;
  bytes: Map<string, number>;
}

function sampleRun(mode: string, instructions: number): SampledRun {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-heap-'));
  const profile = join(folder, 'profile.json');
  const stats = join(folder, 'stats.json');
  try {
    const { stderr } = spawnSync(
      process.execPath,
      [
        ...['--import', './bench/heap-sampler.mjs', 'dist/cli.js', 'run', 'guests/linux', '--mode', mode],
        ...['--max-instructions', String(instructions), '--stats', stats],
      ],
      {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HEAP_PROFILE: profile },
      },
    );
    const read = (path: string): unknown => {
      try {
        return JSON.parse(readFileSync(path, 'utf8'));
      } catch {
        throw new Error(`${mode}: the run left no ${path}:\n${stderr}`);
      }
    };
    const run = read(stats) as { instructions: number };
    if (run.instructions < instructions) {
      throw new Error(`${mode}: the guest ended after ${run.instructions} of ${instructions} instructions:\n${stderr}`);
    }
    return {
      instructions: run.instructions,
      bytes: bytesByFunction((read(profile) as { head: ProfileNode }).head),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the functions that allocate most, for native and for lpv. */
export function reportHeap(): void {
  for (const mode of ['native', 'lpv']) {
    const short = sampleRun(mode, SHORT_RUN);
    const long = sampleRun(mode, LONG_RUN);
    const instructions = long.instructions - short.instructions;
    const grown = [...long.bytes]
      .map(([name, bytes]) => ({ name, bytes: bytes - (short.bytes.get(name) ?? 0) }))
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes);
    const total = grown.reduce((sum, { bytes }) => sum + bytes, 0);
    const row = (name: string, bytes: number) => [
      name,
      (bytes / 1024).toFixed(0),
      ((bytes / instructions) * 1e6).toFixed(0),
    ];
    console.log(`Allocated in ${mode} mode between ${SHORT_RUN / 1e6} and ${LONG_RUN / 1e6} million instructions`);
    console.log(
      formatTable(
        ['function', 'KB', 'bytes per million instructions'],
        [row('all', total), ...grown.slice(0, SHOWN).map(({ name, bytes }) => row(name, bytes))],
      ),
    );
  }
}
