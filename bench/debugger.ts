/** What debugging costs: from F5 to a stop in a large kernel, a step with all that an editor shows after it, conditions. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection } from '../debug-adapter/dap/session.testing.ts';
import { median } from './measure.ts';
import { formatTable } from './table.ts';

const OUT = fileURLToPath(new URL('../guests/linux/build/out/', import.meta.url));
const STEPS = 100;
/** A function that a boot calls often, and a condition on its argument that is never true. */
const OFTEN = { name: 'kmem_cache_alloc', condition: 'gfpflags == 0x12345' };
/** Where the boot is over. */
const END = 'run_init_process';
const MINUTE = 60_000;

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

/** Milliseconds of a boot from start_kernel to its first program, with breakpoints besides. */
async function boot(mode: string, breakpoints: readonly object[]): Promise<number> {
  const c = await connect();
  try {
    await launch(c, mode);
    const set = await c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setFunctionBreakpoints', {
      breakpoints: [{ name: END }, ...breakpoints],
    });
    for (const { verified, message } of set.breakpoints) if (!verified) throw new Error(message);
    const begun = performance.now();
    await c.client.continueRequest({ threadId: 1 });
    await c.next('stopped', 10 * MINUTE);
    return performance.now() - begun;
  } finally {
    await c.close();
  }
}

/** Prints the table. */
export async function benchDebugger(rounds: number): Promise<void> {
  if (!existsSync(`${OUT}vmlinux`)) {
    console.log('Left out: `npm run guest:linux` makes the kernel with debug information (guests/linux/build/out).');
    return;
  }
  const rows: string[][] = [];
  for (const mode of ['native', 'lpv']) {
    const starts: number[] = [];
    const steps: number[] = [];
    const plain: number[] = [];
    const conditional: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const c = await connect();
      starts.push(await launch(c, mode));
      for (let i = 0; i < STEPS; i++) steps.push(await step(c, i % 4 === 3 ? 'stepIn' : 'next'));
      await c.close();
      plain.push(await boot(mode, []));
      conditional.push(await boot(mode, [OFTEN]));
      process.stderr.write('.');
    }
    steps.sort((a, b) => a - b);
    const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
    rows.push([`F5 to start_kernel, ${mode}`, ms(median(starts))]);
    rows.push([`a step shown, median, ${mode}`, ms(median(steps))]);
    rows.push([`a step shown, 95 of 100, ${mode}`, ms(steps[Math.floor(steps.length * 0.95)])]);
    rows.push([`boot to the first program, ${mode}`, ms(median(plain))]);
    const ratio = median(conditional) / median(plain);
    rows.push([`the same with a false condition in ${OFTEN.name}, ${mode}`, `${ratio.toFixed(2)} times`]);
  }
  process.stderr.write('\n');
  console.log(`Debugging Linux with debug information, medians of ${rounds} rounds; steps include what the guest does`);
  console.log(formatTable(['what', 'takes'], rows));
}
