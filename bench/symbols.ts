/** Time and memory for symbols: what a debugger asks first of a large kernel, ours beside gdb-multiarch's. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { measure, median, type Measurement } from './measure.ts';
import { formatTable } from './table.ts';

const VMLINUX = fileURLToPath(new URL('../guests/linux/build/out/vmlinux', import.meta.url));
const DEBUG_INFO = fileURLToPath(new URL('../symbols/debug-info.ts', import.meta.url));

/** A question, in our words and in gdb's. */
interface Question {
  readonly name: string;
  readonly ours: string;
  readonly gdb: readonly string[];
}

const QUESTIONS: readonly Question[] = [
  { name: 'open the file, ask nothing', ours: '', gdb: [] },
  { name: 'bind start_kernel', ours: "info.breakpointsFor('start_kernel')[0]", gdb: ['break start_kernel'] },
  { name: 'the line of an address', ours: 'info.lineOf(0xc01e29f0).line', gdb: ['info line *0xc01e29f0'] },
  {
    name: 'bind a source line',
    ours: "info.addressesOf('init/main.c', 950)[0].address",
    gdb: ['break init/main.c:950'],
  },
  {
    name: 'struct task_struct in full',
    ours: "describe(info, info.typeNamed('struct', 'task_struct'), 0)",
    gdb: ['ptype /o struct task_struct'],
  },
];

/** Reads a structure with all structures in it. */
const DESCRIBE = `
function describe(info, type, depth) {
  let size = 0;
  for (const member of info.membersOf(type)) {
    size += member.offset + (member.type.size ?? 0);
    if (depth < 8) size += describe(info, member.type, depth + 1);
  }
  return size;
}`;

function program(question: Question): string {
  return `
import { readFileSync } from 'node:fs';
import { DebugInfo } from ${JSON.stringify(DEBUG_INFO)};
${DESCRIBE}
const info = DebugInfo.open(readFileSync(${JSON.stringify(VMLINUX)}), { name: 'vmlinux' });
console.log('@@END', String(${question.ours || 'info.isPresent'}), describe.name);
setTimeout(() => {}, 1000);
`;
}

/** Prints the table. Both are whole processes, timed from outside from their start to their answer. */
export async function benchSymbols(rounds: number): Promise<void> {
  if (!existsSync(VMLINUX))
    throw new Error('the kernel with debug information is missing: `npm run guest:linux` makes it');
  const withGdb = spawnSync('gdb-multiarch', ['--version']).status === 0;
  const rows: string[][] = [];
  for (const [i, question] of QUESTIONS.entries()) {
    const script = join(tmpdir(), `trapline-symbols-${process.pid}-${i}.mjs`);
    const { outputFiles } = buildSync({
      stdin: { contents: program(question), resolveDir: process.cwd() },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
    });
    writeFileSync(script, outputFiles[0].text);
    const commands = question.gdb.flatMap((command) => ['-ex', command]);
    const gdbArgs = ['-nx', '-batch', VMLINUX, ...commands, '-ex', 'echo @@END\\n', '-ex', 'shell sleep 1'];
    const ours: Measurement[] = [];
    const theirs: Measurement[] = [];
    for (let round = 0; round < rounds; round++) {
      if (withGdb) theirs.push(await measure('gdb-multiarch', gdbArgs, { to: '@@END' }));
      ours.push(await measure(process.execPath, [script], { to: '@@END' }));
      process.stderr.write('.');
    }
    const seconds = (all: readonly Measurement[]): string =>
      all.length > 0 ? median(all.map((one) => one.seconds)).toFixed(2) : '-';
    const peak = (all: readonly Measurement[]): string =>
      all.length > 0 ? Math.max(...all.map(({ peakMegabytes }) => peakMegabytes ?? 0)).toFixed(0) : '-';
    rows.push([question.name, seconds(theirs), seconds(ours), peak(theirs), peak(ours)]);
  }
  process.stderr.write('\n');
  console.log(`Symbols of the 31 MB kernel: whole processes, medians of ${rounds} rounds`);
  console.log(formatTable(['question', 'gdb s', 'ours s', 'gdb MB', 'ours MB'], rows));
}
