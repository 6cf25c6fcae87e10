/**
 * The benchmark programs: bare metal on a Versatile PB (ARM926EJ-S) with the MMU on. Each prints `@@BEGIN` and
 * `@@END sum=...` on its console; a run is timed between the two, and its checksum must be the recorded one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('programs', import.meta.url));
const COMPILER = 'arm-none-eabi-gcc';
const C_FLAGS =
  '-mcpu=arm926ej-s -O2 -ffreestanding -fno-builtin -nostdlib -fno-tree-loop-distribute-patterns -Wall'.split(' ');

/** `short` for tests, `long` for rates that compile times do not dominate. */
export type Size = 'short' | 'long';

interface Run {
  iterations: number;
  /** The checksum that real hardware's architecture demands, as QEMU prints it. */
  sum: string;
  /** Million instructions between the marks, counted under QEMU. */
  millions: number;
}

export interface Program extends Record<Size, Run> {
  name: string;
  /** What it stresses. */
  title: string;
  source: string;
  phase: number;
  /** Maps its code and data by 4 KB pages instead of sections. */
  smallPages?: boolean;
  thumb?: boolean;
  /** Compiles it with debug information. */
  debug?: boolean;
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'intmix',
    title: 'integer kernels',
    source: 'intmix.c',
    phase: 1,
    short: { iterations: 300, sum: '24511e98', millions: 33.3 },
    long: { iterations: 6000, sum: '656682dd', millions: 667 },
  },
  {
    name: 'intmix4k',
    title: 'integer kernels, 4 KB pages',
    source: 'intmix.c',
    phase: 1,
    smallPages: true,
    short: { iterations: 300, sum: '24511e98', millions: 33.3 },
    long: { iterations: 6000, sum: '656682dd', millions: 667 },
  },
  {
    name: 'intmixT',
    title: 'integer kernels, Thumb',
    source: 'intmix.c',
    phase: 1,
    thumb: true,
    short: { iterations: 300, sum: '24511e98', millions: 41.7 },
    // Not counted: 20 times the short run.
    long: { iterations: 6000, sum: '656682dd', millions: 834 },
  },
  {
    name: 'vm',
    title: 'bytecode loop',
    source: 'vm.c',
    phase: 1,
    short: { iterations: 200, sum: '74cadc93', millions: 95.6 },
    long: { iterations: 4000, sum: '874b3e83', millions: 1911.5 },
  },
  {
    name: 'memcopy',
    title: 'copies of 16 MB, 4 KB pages',
    source: 'memwalk.c',
    phase: 1,
    short: { iterations: 2, sum: '15200000', millions: 27.3 },
    long: { iterations: 60, sum: '79c00000', millions: 817.9 },
  },
  {
    name: 'memtlb',
    title: 'TLB: strides, chases, flushes',
    source: 'memwalk.c',
    phase: 2,
    short: { iterations: 4, sum: '958fc4e0', millions: 13.5 },
    long: { iterations: 60, sum: 'db8e49fa', millions: 203 },
  },
  {
    name: 'swi',
    title: 'SWI round trips',
    source: 'exc.c',
    phase: 1,
    smallPages: true,
    short: { iterations: 1_000_000, sum: '000f4240', millions: 14 },
    long: { iterations: 10_000_000, sum: '00989680', millions: 140 },
  },
  {
    name: 'dabt',
    title: 'data aborts',
    source: 'exc.c',
    phase: 2,
    smallPages: true,
    short: { iterations: 300_000, sum: '000493e0', millions: 3.3 },
    long: { iterations: 3_000_000, sum: '002dc6c0', millions: 33 },
  },
  {
    name: 'smcload',
    title: 'code loading',
    source: 'smc.c',
    phase: 1,
    short: { iterations: 1000, sum: 'fc89f37f', millions: 5.8 },
    long: { iterations: 20_000, sum: '88431326', millions: 116.2 },
  },
  {
    name: 'smcpatch',
    title: 'code patching',
    source: 'smc.c',
    phase: 2,
    short: { iterations: 20_000, sum: '6cc25503', millions: 1.6 },
    long: { iterations: 200_000, sum: '9ada3758', millions: 16.4 },
  },
  {
    name: 'smcdata',
    title: 'data beside code',
    source: 'smc.c',
    phase: 3,
    short: { iterations: 20_000, sum: '6cc25503', millions: 1.7 },
    long: { iterations: 200_000, sum: '9ada3758', millions: 17.2 },
  },
];

/** Whether the cross compiler is installed. */
export function canBuildPrograms(): boolean {
  return spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Compiles a program unless its ELF file is newer than every source. Returns the path of the ELF file. */
export function buildProgram(program: Program, size: Size): string {
  const output = join(FOLDER, 'build', `${program.name}-${size}.elf`);
  const sources = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isFile());
  const newest = Math.max(...sources.map(({ name }) => statSync(join(FOLDER, name)).mtimeMs));
  const self = statSync(fileURLToPath(import.meta.url)).mtimeMs;
  if (existsSync(output) && statSync(output).mtimeMs > Math.max(newest, self)) return output;
  mkdirSync(join(FOLDER, 'build'), { recursive: true });
  const args = [
    ...C_FLAGS,
    ...(program.debug ? ['-g'] : []),
    ...(program.thumb ? ['-marm', '-mthumb', '-mthumb-interwork'] : ['-marm']),
    `-DPHASE=${program.phase}`,
    `-DBENCHNAME="${program.name}"`,
    ...['start.S', 'common.c', program.source].map((name) => join(FOLDER, name)),
    `-T${join(FOLDER, 'link.ld')}`,
    '-Wl,--build-id=none',
    `-Wl,--defsym=BENCH_ITERS=${program[size].iterations}`,
    `-Wl,--defsym=BENCH_PAGES4K=${program.smallPages ? 1 : 0}`,
    '-lgcc',
    '-o',
    output,
  ];
  const { status, stderr, error } = spawnSync(COMPILER, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${COMPILER} could not build ${program.name}: ${error?.message ?? stderr}`);
  return output;
}
