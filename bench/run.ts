/**
 * `npm run bench`: rates of the benchmark programs and times of Linux boots, ours beside QEMU's, in interleaved rounds.
 * Options: --rounds N (5), --short (short programs), --only NAME (one program), --programs or --boots (only these),
 * --heap (bytes allocated per guest instruction, by function), --symbols (debug information, beside gdb), --lint (the linter
 * on Linux's sources), --hypervisor (its strategies and savings on the Linux boot),
 * --debugger (what debugging a large kernel costs).
 */
import { parseArgs } from 'node:util';
import { BOOTED, BOOTS, hasCli, hasQemu, hasZimage, ourProgram, qemuProgram, type Command } from './emulators.ts';
import { reportHeap } from './heap.ts';
import { benchHypervisor } from './hypervisor.ts';
import { benchLint } from './lint.ts';
import { measure, median, type Measurement } from './measure.ts';
import { buildProgram, canBuildPrograms, PROGRAMS, type Program, type Size } from './programs.ts';
import { benchDebugger } from './debugger.ts';
import { benchSymbols } from './symbols.ts';
import { formatTable } from './table.ts';

async function timeProgram({ command, args }: Command, program: Program, size: Size): Promise<number> {
  const { seconds, output } = await measure(command, args, { from: '@@BEGIN', to: '@@END' });
  const sum = /@@END sum=([0-9a-f]{8})/.exec(output)?.[1];
  if (sum !== program[size].sum) {
    throw new Error(`${program.name}: checksum ${sum ?? 'missing'} under ${command}, expected ${program[size].sum}`);
  }
  return seconds;
}

/** Million instructions per second of each program, and the ratio to QEMU. */
async function benchPrograms(programs: readonly Program[], size: Size, rounds: number): Promise<void> {
  const qemu = hasQemu();
  const rows: string[][] = [];
  for (const program of programs) {
    const elf = buildProgram(program, size);
    const theirs: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (qemu) theirs.push(await timeProgram(qemuProgram(elf), program, size));
      ours.push(await timeProgram(ourProgram(elf), program, size));
    }
    const rate = (seconds: readonly number[]) => program[size].millions / median(seconds);
    rows.push([
      `${program.name}: ${program.title}`,
      qemu ? rate(theirs).toFixed(0) : '-',
      rate(ours).toFixed(0),
      qemu ? (rate(ours) / rate(theirs)).toFixed(2) : '-',
    ]);
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  console.log(`Million instructions per second, medians of ${rounds} rounds, ${size} programs`);
  console.log(formatTable(['program', 'QEMU', 'ours', 'ours/QEMU'], rows));
}

/** Seconds from the start of the process to the guest's last boot message, and the largest resident set. */
async function benchBoots(rounds: number): Promise<void> {
  const qemu = hasQemu();
  const zimage = hasZimage();
  if (!zimage) console.log('Rows with a zImage are left out: `npm run guest:linux` makes it (guests/linux/build/out).');
  const boots = BOOTS.filter((boot) => (zimage || !boot.needsZimage) && (qemu || !boot.name.startsWith('QEMU')));
  const results = new Map<string, Measurement[]>(boots.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command, args } of boots) {
      results.get(name)?.push(await measure(command, args, { to: BOOTED }));
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  const seconds = (name: string) => median((results.get(name) ?? []).map((result) => result.seconds));
  const rows = boots.map(({ name, baseline }) => {
    const peaks = (results.get(name) ?? []).flatMap(({ peakMegabytes }) => peakMegabytes ?? []);
    return [
      name,
      seconds(name).toFixed(2),
      results.has(baseline) ? (seconds(name) / seconds(baseline)).toFixed(2) : '-',
      peaks.length > 0 ? Math.max(...peaks).toFixed(0) : '-',
    ];
  });
  console.log(
    `Linux boot, medians of ${rounds} rounds (lpj: with lpj=500000; the time is compared with QEMU's likewise)`,
  );
  console.log(formatTable(['boot', 'seconds', 'ours/QEMU', 'peak MB'], rows));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      programs: { type: 'boolean', default: false },
      boots: { type: 'boolean', default: false },
      heap: { type: 'boolean', default: false },
      symbols: { type: 'boolean', default: false },
      debugger: { type: 'boolean', default: false },
      lint: { type: 'boolean', default: false },
      hypervisor: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a number of at least 1`);
  if (values.debugger) {
    await benchDebugger(rounds);
    return;
  }
  if (values.symbols) {
    await benchSymbols(rounds);
    return;
  }
  if (!hasCli()) throw new Error('dist/cli.js is missing: run `npm run build` first');
  if (values.lint) {
    await benchLint(rounds);
    return;
  }
  if (values.hypervisor) {
    benchHypervisor(rounds);
    return;
  }
  if (values.heap) {
    reportHeap();
    return;
  }
  const programs = PROGRAMS.filter(({ name }) => values.only === undefined || name === values.only);
  if (programs.length === 0) {
    throw new Error(`--only ${values.only}: one of ${PROGRAMS.map(({ name }) => name).join(', ')}`);
  }
  if (!hasQemu()) console.log('qemu-system-arm is not installed: only ours is measured.');
  if (!values.boots) {
    if (canBuildPrograms()) await benchPrograms(programs, values.short ? 'short' : 'long', rounds);
    else console.log('arm-none-eabi-gcc is not installed: the programs are left out.');
  }
  if (!values.programs && values.only === undefined) await benchBoots(rounds);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
