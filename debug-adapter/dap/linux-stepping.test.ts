/** Steps in a large kernel: C, inlined code, assembly with macros, system calls, waiting. Needs `npm run guest:linux`. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { connect, type Connection, type EventBody } from './session.testing.ts';

const OUT = fileURLToPath(new URL('../../guests/linux/build/out/', import.meta.url));
const SVC = 'ef000000';

for (const mode of ['native', 'lpv']) {
  describe(`stepping in a Linux, ${mode}`, function () {
    this.timeout(120_000);
    let c: Connection;
    let info: DebugInfo;

    before(async function () {
      if (!existsSync(`${OUT}vmlinux`)) return this.skip();
      info = DebugInfo.open(readFileSync(`${OUT}vmlinux`));
      c = await connect();
      await c.client.initializeRequest();
      await c.request('launch', { program: `${OUT}guest.json`, append: 'console=ttyAMA0', mode, stopOnEntry: true });
      await c.next('initialized');
      await c.client.configurationDoneRequest();
      await c.next('stopped', 20_000);
    });
    after(() => c?.close());

    const evaluate = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'watch' })).body.result;
    const command = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'repl' })).body.result;
    const pc = async (): Promise<number> => Number(await evaluate('$pc'));
    const frames = async (): Promise<DebugProtocol.StackFrame[]> =>
      (await c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
    const names = async (): Promise<string[]> => (await frames()).map(({ name }) => name);
    const place = async (): Promise<string> => {
      const row = info.lineOf(await pc());
      return `${row?.file.split('/').at(-1)}:${row?.line}`;
    };
    const breakIn = async (...functions: string[]): Promise<void> => {
      await c.client.setFunctionBreakpointsRequest({ breakpoints: functions.map((name) => ({ name })) });
    };
    const go = async (): Promise<EventBody & { threadId?: number }> => {
      await c.client.continueRequest({ threadId: 1 });
      return c.next('stopped', 15_000);
    };
    const runTo = async (name: string): Promise<void> => {
      await breakIn(name);
      await go();
      await breakIn();
    };
    const step = async (
      request: 'next' | 'stepIn' | 'stepOut',
      args: object = {},
    ): Promise<EventBody & { threadId?: number }> => {
      await c.request(request, { threadId: 1, ...args });
      return c.next('stopped', 15_000);
    };

    it('steps over lines of C: each step is another line, and calls are not entered', async () => {
      await runTo('start_kernel');
      const seen: string[] = [];
      for (let i = 0; i < 4; i++) {
        const before = await place();
        assert.equal((await step('next')).reason, 'step');
        seen.push(await place());
        assert.notEqual(seen.at(-1), before);
        assert.deepEqual(await names(), ['start_kernel', ...(await names()).slice(1)], seen.join(' '));
      }
      assert.ok(
        seen.every((line) => line.startsWith('main.c:')),
        seen.join(' '),
      );
    });

    it('steps into a function and out of it', async () => {
      await runTo('setup_arch');
      const [, caller] = await frames();
      while ((await names())[0] === 'setup_arch') await step('stepIn');
      const inner = await names();
      assert.ok(inner.includes('setup_arch'), inner.join(' < '));
      for (let i = 0; i < 4 && (await names())[0] !== 'setup_arch'; i++) await step('stepOut');
      assert.equal((await names())[0], 'setup_arch');
      await step('stepOut');
      // What was inlined at that place may be the innermost.
      assert.equal((await frames())[0].instructionPointerReference, caller.instructionPointerReference);
      assert.ok((await names()).includes('start_kernel'));
    });

    it('stays in its function while interrupts come', async () => {
      await runTo('calibrate_delay');
      const [depth, before] = [(await names()).length, Number(await evaluate('jiffies'))];
      for (let i = 0; i < 30 && (await names())[0] !== 'start_kernel'; i++) {
        await step('next');
        const now = await names();
        assert.ok(now.length <= depth && /^(calibrate_delay|start_kernel)$/.test(now[0]), now.join(' < '));
      }
      // The delays are measured by interrupts of the timer.
      assert.ok(Number(await evaluate('jiffies')) > before);
      assert.equal((await names())[0], 'start_kernel');
    });

    it('stays with its task over a call that waits', async () => {
      await runTo('kernel_init');
      const { threads } = (await c.client.threadsRequest()).body;
      assert.ok(
        threads.some(({ name }) => /^swapper \(1\) running$/.test(name)),
        threads.map(({ name }) => name).join(),
      );
      const own = threads.find(({ name }) => name.endsWith('running'))?.id;
      const lines = new Set<string>();
      for (let i = 0; i < 12 && lines.size < 2; i++) {
        const stop = await step('next');
        assert.equal(stop.threadId, own);
        assert.equal((await names())[0], 'kernel_init');
        lines.add(await place());
      }
      // Over wait_for_completion(), in which kthreadd runs.
      assert.ok(lines.size === 2, [...lines].join(' '));
    });

    it('steps into inlined code, over it, and out of it', async () => {
      await runTo('__schedule');
      const outer = (await names()).length;
      // Over: the frames never become more.
      const seen: string[] = [];
      for (let i = 0; i < 4; i++) {
        await step('next');
        seen.push((await names())[0]);
        assert.ok((await names()).length <= outer, seen.join(' '));
      }
      // Into: an inlined function becomes a frame of its own; out of it, it is gone.
      await runTo('__schedule');
      for (let i = 0; i < 40 && (await names()).length <= outer; i++) await step('stepIn');
      const inside = await frames();
      assert.ok(inside.length > outer, inside.map(({ name }) => name).join(' < '));
      await step('stepOut');
      assert.ok((await names()).length < inside.length, (await names()).join(' < '));
    });

    it('steps through assembly line by line, and into its macros by instruction', async () => {
      const swi =
        Number((await evaluate('&vector_swi')).split(' ')[0]) || Number(await evaluate('(unsigned)&vector_swi'));
      await c.request('setInstructionBreakpoints', {
        breakpoints: [{ instructionReference: `0x${swi.toString(16)}` }],
      });
      await go();
      await c.request('setInstructionBreakpoints', { breakpoints: [] });
      assert.equal(await pc(), swi);
      const lines: number[] = [];
      const line = async (): Promise<number> => info.lineOf(await pc())?.line ?? 0;
      for (let i = 0; i < 8; i++) {
        await step('next');
        lines.push(await line());
      }
      assert.deepEqual(
        lines,
        [...new Set(lines)].sort((a, b) => a - b),
      );
      // alignment_trap is a macro of several instructions.
      const at = await pc();
      const macro = await line();
      await step('stepIn');
      assert.deepEqual([await pc(), await line()], [at + 4, macro]);
      await step('next');
      assert.ok((await line()) > macro && (await pc()) > at + 8);
      assert.equal((await names())[0], 'vector_swi');
    });

    it('steps over a system call that waits, and into one', async () => {
      await c.client.continueRequest({ threadId: 1 });
      for (let i = 0; i < 600 && !c.console().includes('GUEST-BOOT-OK'); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      await c.client.pauseRequest({ threadId: 1 });
      await c.next('stopped');
      const { threads } = (await c.client.threadsRequest()).body;
      const shell = threads.find(({ name }) => name.startsWith('sh (1)'))?.id ?? 0;
      const stack = (await c.client.stackTraceRequest({ threadId: shell })).body.stackFrames;
      const user = stack.find(({ instructionPointerReference }) => Number(instructionPointerReference) < 0xbf000000);
      const after = Number(user?.instructionPointerReference);
      // The program's memory is not mapped while another task runs.
      const call = `0x${(after - 4).toString(16)}`;
      await c.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: call }] });
      await command('>echo hi');
      assert.equal((await go()).threadId, shell);
      assert.equal(await pc(), after - 4);
      assert.equal(Number(await evaluate('*(unsigned *)$pc')).toString(16), SVC);
      await command('>echo ho');
      const over = await step('next', { granularity: 'instruction' });
      assert.deepEqual([await pc(), over.threadId, over.reason], [after, shell, 'step']);
      // The next one is entered.
      await go();
      await c.request('setInstructionBreakpoints', { breakpoints: [] });
      const into = await step('stepIn', { granularity: 'instruction' });
      assert.equal(into.threadId, shell);
      assert.equal(await pc(), 0xffff0008);
    });
  });
}
