import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { gunzipSync } from 'fflate';
import { connect, type Connection } from './session.testing.ts';

const GUEST = fileURLToPath(new URL('../../guests/linux', import.meta.url));

/** Address and mnemonic of each instruction in a range of the kernel; undefined when objdump is not installed. */
function objdump(start: number, end: number): [number, string][] | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-'));
  try {
    const file = join(folder, 'vmlinux');
    writeFileSync(file, gunzipSync(readFileSync(join(GUEST, 'vmlinux.gz'))));
    const range = [`--start-address=${start}`, `--stop-address=${end}`];
    const { stdout, error } = spawnSync('arm-none-eabi-objdump', ['-d', ...range, file], { encoding: 'utf8' });
    if (error) return undefined;
    const lines = stdout.matchAll(/^([0-9a-f]{8}):\t[0-9a-f]{8} \t(\S+)/gm);
    return Array.from(lines, ([, address, mnemonic]) => [parseInt(address, 16), mnemonic]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const mode of ['native', 'lpv']) {
  describe(`debugging the Linux guest, ${mode}`, function () {
    this.timeout(120_000);
    let c: Connection;

    before(async () => {
      c = await connect();
      await c.client.initializeRequest();
    });
    after(() => c.close());

    const evaluate = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'watch' })).body.result;
    const frames = async (): Promise<DebugProtocol.StackFrame[]> =>
      (await c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
    const breakAt = async (...names: string[]): Promise<void> => {
      await c.client.setFunctionBreakpointsRequest({ breakpoints: names.map((name) => ({ name })) });
    };
    const runTo = async (name: string): Promise<void> => {
      await breakAt(name);
      await c.client.continueRequest({ threadId: 1 });
      await c.next('stopped', 60_000);
      assert.equal((await frames())[0].name, name);
    };

    it('stops at the entry and at start_kernel soon', async () => {
      const begun = performance.now();
      await c.request('launch', { program: GUEST, mode, stopOnEntry: true });
      await c.next('initialized');
      await breakAt('start_kernel');
      await c.client.configurationDoneRequest();
      assert.equal((await c.next('stopped')).reason, 'entry');
      assert.equal(await evaluate('$pc'), '0x00008000');
      assert.equal((await frames())[0].name, 'stext');
      await c.client.continueRequest({ threadId: 1 });
      assert.equal((await c.next('stopped', 30_000)).reason, 'function breakpoint');
      assert.equal(await evaluate('$pc - start_kernel'), '0x00000000');
      process.stderr.write(`      F5 to start_kernel: ${Math.round(performance.now() - begun)} ms\n`);
    });

    it('steps, writes memory and shows it again', async () => {
      for (let i = 0; i < 3; i++) {
        const before = Number(await evaluate('$pc'));
        await c.client.nextRequest({ threadId: 1 });
        await c.next('stopped');
        assert.equal(Number(await evaluate('$pc')), before + 4);
      }
      const memoryReference = await evaluate('linux_banner');
      const read = async (): Promise<string> => {
        const { data = '' } = await c.request<{ data?: string }>('readMemory', { memoryReference, count: 13 });
        return Buffer.from(data, 'base64').toString();
      };
      assert.equal(await read(), 'Linux version');
      const write = (text: string): Promise<unknown> =>
        c.request('writeMemory', { memoryReference, data: Buffer.from(text).toString('base64') });
      await write('L1nux');
      assert.equal(await read(), 'L1nux version');
      await write('Linux');
    });

    it('disassembles as objdump does, from before the reference', async function () {
      const start = Number(await evaluate('start_kernel'));
      const { instructions } = await c.request<{ instructions: DebugProtocol.DisassembledInstruction[] }>(
        'disassemble',
        {
          memoryReference: await evaluate('start_kernel'),
          instructionOffset: -20,
          instructionCount: 100,
        },
      );
      assert.equal(instructions.length, 100);
      assert.equal(instructions[20].symbol, 'start_kernel');
      assert.ok(instructions.every(({ presentationHint }) => presentationHint === undefined));
      if (mode === 'lpv') {
        const traps = instructions.filter(({ instruction }) => / ; trap for (mrs|msr) /.test(instruction));
        assert.ok(traps.length > 0);
        return;
      }
      const expected = objdump(start - 80, start + 320);
      if (!expected) return this.skip();
      const actual = instructions.map(({ address, instruction }) => [Number(address), instruction.split(' ')[0]]);
      assert.deepEqual(actual, expected);
    });

    it('steps over calls, into them and out of them', async () => {
      await runTo('rest_init');
      assert.ok((await frames()).some(({ name }) => name === 'start_kernel'));
      const start = Number(await evaluate('$pc'));
      for (let i = 0; i < 8; i++) {
        await c.client.nextRequest({ threadId: 1 });
        await c.next('stopped', 20_000);
      }
      const here = Number(await evaluate('$pc'));
      assert.ok(here > start && here - start < 64, `0x${here.toString(16)}`);
      await runTo('do_one_initcall');
      const outer = (await frames())[1];
      await c.client.stepOutRequest({ threadId: 1 });
      await c.next('stopped', 20_000);
      assert.equal(await evaluate('$pc'), outer.instructionPointerReference);
    });

    it('shows the stack through an interrupt into the kernel', async () => {
      await runTo('vic_handle_irq');
      const names = (await frames()).map(({ name }) => name);
      assert.ok(names.includes('__irq_svc') && names.length > 3, names.join(' '));
      process.stderr.write(`      ${names.join(' < ')}\n`);
    });

    it('boots to its prompt, pauses quickly, and takes input', async () => {
      await breakAt();
      await c.client.continueRequest({ threadId: 1 });
      const latencies: number[] = [];
      for (let i = 0; i < 200 && !c.console().includes('GUEST-BOOT-OK'); i++) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const begun = performance.now();
        await c.client.pauseRequest({ threadId: 1 });
        await c.next('stopped');
        latencies.push(performance.now() - begun);
        await c.client.continueRequest({ threadId: 1 });
      }
      assert.match(c.console(), /GUEST-BOOT-OK/);
      assert.ok(Math.max(...latencies) < 1000);
      process.stderr.write(`      pause: at most ${Math.round(Math.max(...latencies))} ms\n`);
      await c.client.evaluateRequest({ expression: '>echo hello $((6*7))', context: 'repl' });
      for (let i = 0; i < 100 && !c.console().includes('hello 42'); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.match(c.console(), /hello 42/);
    });

    it('ends when it is switched off', async () => {
      await c.client.evaluateRequest({ expression: '>poweroff -f', context: 'repl' });
      assert.equal((await c.next('exited', 10_000)).exitCode, 0);
      await c.next('terminated');
    });
  });
}
