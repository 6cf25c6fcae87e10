/** What debugging costs: from F5 to a stop in a large kernel, a step with all that an editor shows after it, breakpoints. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectTo, type Connection } from '../debug-adapter/dap/session.testing.ts';
import { conditionRows, unmetRows } from './breakpoints.ts';
import { measure, median } from './measure.ts';
import { formatTable } from './table.ts';

const OUT = fileURLToPath(new URL('../guests/linux/build/out/', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const STEPS = 100;
const MINUTE = 60_000;

/** A debug adapter in a process of its own, as an editor starts one. */
async function startAdapter(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [CLI, 'dap', '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = /listening on 127\.0\.0\.1:(\d+)/.exec(text);
      if (match) resolve(Number(match[1]));
    });
    child.on('close', () => reject(new Error(`the debug adapter has ended: ${text}`)));
  });
  return { child, port };
}

/** Launches vmlinux with a breakpoint and stops at it. Returns the milliseconds from the launch request to the stop. */
async function launch(c: Connection, mode: string): Promise<number> {
  await c.client.initializeRequest();
  const begun = performance.now();
  const files = { program: `${OUT}vmlinux`, dtb: `${OUT}versatile-pb.dtb`, initrd: `${OUT}initramfs.cpio.gz` };
  await c.request('launch', { ...files, append: 'console=ttyAMA0', mode });
  await c.next('initialized');
  await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'start_kernel' }] });
  await c.client.configurationDoneRequest();
  await c.next('stopped', MINUTE);
  return performance.now() - begun;
}

/** Steps, and asks for what an editor shows. Returns the milliseconds of both. */
async function step(c: Connection, request: 'next' | 'stepIn'): Promise<number> {
  const begun = performance.now();
  await c.request(request, { threadId: 1 });
  await c.next('stopped', MINUTE);
  await c.client.stackTraceRequest({ threadId: 1 });
  const { scopes } = (await c.client.scopesRequest({ frameId: 1 })).body;
  for (const { expensive, variablesReference } of scopes) {
    if (!expensive) await c.client.variablesRequest({ variablesReference });
  }
  return performance.now() - begun;
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** Rows on launches in a new process, on the next launch in it, and on steps. */
async function sessionRows(rounds: number): Promise<string[][]> {
  const rows: string[][] = [];
  for (const mode of ['native', 'lpv']) {
    const first: number[] = [];
    const second: number[] = [];
    const steps: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { child, port } = await startAdapter();
      try {
        for (const times of [first, second]) {
          const c = await connectTo({ port });
          times.push(await launch(c, mode));
          if (times === second)
            for (let i = 0; i < STEPS; i++) steps.push(await step(c, i % 4 === 3 ? 'stepIn' : 'next'));
          await c.close();
        }
      } finally {
        child.removeAllListeners('close').kill();
      }
      process.stderr.write('.');
    }
    steps.sort((a, b) => a - b);
    rows.push([`launch to start_kernel, new process, ${mode}`, ms(median(first))]);
    rows.push([`the next launch in that process, ${mode}`, ms(median(second))]);
    rows.push([`a step shown, median, ${mode}`, ms(median(steps))]);
    rows.push([`a step shown, 95 of 100, ${mode}`, ms(steps[Math.floor(steps.length * 0.95)])]);
  }
  return rows;
}

/** How long gdb takes to read the same kernel and bind the same breakpoint, as a process of its own. */
async function gdbRows(rounds: number): Promise<string[][]> {
  if (spawnSync('gdb-multiarch', ['--version']).status !== 0) return [];
  const commands = ['-ex', 'break start_kernel', '-ex', 'echo @@END\\n', '-ex', 'shell sleep 1'];
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { seconds } = await measure('gdb-multiarch', ['-nx', '-batch', `${OUT}vmlinux`, ...commands], {
      to: '@@END',
    });
    times.push(seconds * 1000);
  }
  return [['gdb-multiarch: process start to start_kernel bound, nothing run', ms(median(times))]];
}

/** Prints the tables. */
export async function benchDebugger(rounds: number): Promise<void> {
  const hasLinux = existsSync(`${OUT}vmlinux`);
  if (!hasLinux) {
    console.log('Linux is left out: `npm run guest:linux` makes it with debug information (guests/linux/build/out).');
  } else {
    const rows = [...(await sessionRows(rounds)), ...(await gdbRows(rounds))];
    process.stderr.write('\n');
    console.log(
      `Debugging Linux with debug information (31 MB), medians of ${rounds} rounds; steps include what the guest does`,
    );
    console.log(formatTable(['what', 'takes'], rows));
  }
  const rows = [...(await conditionRows(rounds)), ...(hasLinux ? await unmetRows(OUT.slice(0, -1), rounds) : [])];
  process.stderr.write('\n');
  console.log(`Breakpoints that do not stop, medians of ${rounds} rounds, beside the same run without them`);
  console.log(formatTable(['run', 'takes'], rows));
}
