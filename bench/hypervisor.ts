/**
 * `npm run bench -- --hypervisor`: one Linux boot under each strategy of the hypervisor, with and without each saving, in rounds
 * interleaved with the native boot: exits, instructions of the host, and time as a ratio to native.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODE_SWITCHES } from '../hypervisor/shadow/mode-switch.ts';
import { SAVINGS } from '../hypervisor/options.ts';
import { BOOTED, linuxBoot } from './emulators.ts';
import { median } from './measure.ts';
import { formatTable } from './table.ts';

/** The part of `--stats` that is shown. */
interface Stats {
  seconds: number;
  instructions: number;
  exits: { total: number };
  worldSwitches?: number;
  hostInstructions?: number;
  fastExits?: Record<string, number>;
  stubs?: { executed: number; instructions: number };
  coalescedWrites?: number;
  shadow?: { fills: number; writeProtectFaults: number; rewrites: number };
}

interface Configuration {
  name: string;
  args: string[];
  runs: Stats[];
}

function configuration(name: string, ...args: string[]): Configuration {
  return { name, args, runs: [] };
}

function boot(args: readonly string[], folder: string): Stats {
  const file = join(folder, 'stats.json');
  const { command, args: all } = linuxBoot(...args, '--until', BOOTED, '--stats', file);
  const { status, stderr } = spawnSync(command, all, { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) throw new Error(`${all.join(' ')} ended with ${status}:\n${stderr.slice(-500)}`);
  return JSON.parse(readFileSync(file, 'utf8')) as Stats;
}

const sum = (counts: Record<string, number> = {}): number => Object.values(counts).reduce((a, b) => a + b, 0);

/** Runs all configurations `rounds` times and prints the table. */
export function benchHypervisor(rounds: number): void {
  const native = configuration('native', '--mode', 'native');
  const configurations = [
    ...MODE_SWITCHES.map((name) => configuration(`plain traps, ${name}`, '--savings', 'none', '--mode-switch', name)),
    ...SAVINGS.map((name) => configuration(`saving ${name}`, '--savings', name)),
    configuration('all savings', '--savings', 'all'),
    configuration('all savings, domains', '--savings', 'all', '--mode-switch', 'domains'),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'trapline-bench-'));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const each of [native, ...configurations]) {
        each.runs.push(boot(each.args, folder));
        process.stderr.write('.');
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stderr.write('\n');
  const time = ({ runs }: Configuration): number => median(runs.map(({ seconds }) => seconds));
  const base = time(native);
  const rows = configurations.map((each) => {
    const [stats] = each.runs;
    const exits = stats.exits.total;
    const host = stats.hostInstructions ?? 0;
    const over = (time(each) - base) / exits;
    return [
      each.name,
      exits.toLocaleString('en'),
      sum(stats.fastExits).toLocaleString('en'),
      (stats.stubs?.executed ?? 0).toLocaleString('en'),
      (stats.coalescedWrites ?? 0).toLocaleString('en'),
      ((host + (stats.stubs?.instructions ?? 0)) / 1e6).toFixed(2),
      (host / exits).toFixed(1),
      (over * 1e9).toFixed(0),
      (time(each) / base).toFixed(2),
    ];
  });
  console.log(
    `Linux boot (lpj=500000), medians of ${rounds} rounds; native: ${base.toFixed(2)} s. An exit's time is what the boot takes ` +
      'more than the native one, by exit.',
  );
  console.log(
    formatTable(
      [
        'hypervisor',
        'exits',
        'fast exits',
        'stubs',
        'late writes',
        'host M instr.',
        'host instr./exit',
        'ns/exit',
        'lpv/native',
      ],
      rows,
    ),
  );
}
