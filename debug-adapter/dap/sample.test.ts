/** F5 on the sample kernel: symbols of C and assembly, and stacks from the kernel into the program that called it. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { connect, type Connection } from './session.testing.ts';

const GUEST = fileURLToPath(new URL('../../guests/sample', import.meta.url));

for (const mode of ['native', 'lpv']) {
  describe(`debugging the sample kernel, ${mode}`, function () {
    this.timeout(60_000);
    let c: Connection;

    before(async () => {
      c = await connect();
      await c.client.initializeRequest();
    });
    after(() => c.close());

    const evaluate = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'watch' })).body.result;
    const stack = async (): Promise<string[]> =>
      (await c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames.map(({ name }) => name);
    const breakAt = async (...names: string[]): Promise<void> => {
      const { body } = await c.client.setFunctionBreakpointsRequest({ breakpoints: names.map((name) => ({ name })) });
      for (const { verified, message } of body.breakpoints) assert.ok(verified, message);
    };
    const runTo = async (name: string): Promise<void> => {
      await breakAt(name);
      await c.client.continueRequest({ threadId: 1 });
      assert.equal((await c.next('stopped', 30_000)).reason, 'function breakpoint');
      assert.equal((await stack())[0], name);
    };

    it('stops at its first instruction and at a function in C', async () => {
      await c.request('launch', { program: GUEST, mode, stopOnEntry: true });
      await c.next('initialized');
      await c.client.configurationDoneRequest();
      assert.equal((await c.next('stopped')).reason, 'entry');
      assert.deepEqual([await evaluate('$pc'), await stack()], ['0x00008000', ['_start']]);
      await runTo('memory_init');
      assert.equal(await evaluate('$pc - memory_init'), '0x00000000');
      assert.deepEqual(await stack(), ['memory_init', 'kernel_main', '_start']);
    });

    it('shows the stack of a system call, into the program that made it', async () => {
      await runTo('sys_getpid');
      assert.deepEqual(await stack(), [
        ...['sys_getpid', 'handle_svc', 'vector_svc'],
        ...['system_call', 'getpid', 'hello_main', 'user_start'],
      ]);
    });

    it('shows the stack of a page fault that the kernel met for a program', async () => {
      await c.client.evaluateRequest({ expression: '>run cow', context: 'repl' });
      await runTo('sys_uptime');
      await runTo('page_in');
      // The call stores its result by STRT, into a page that fork has shared.
      assert.deepEqual(await stack(), [
        ...['page_in', 'handle_data_abort', 'vector_data_abort', 'put_user', 'sys_uptime', 'handle_svc', 'vector_svc'],
        ...['system_call', 'uptime', 'cow_main', 'user_start'],
      ]);
    });

    it('stops in a program, too', async () => {
      await breakAt('demand_main');
      await c.client.evaluateRequest({ expression: '>run demand 3', context: 'repl' });
      await c.client.continueRequest({ threadId: 1 });
      await c.next('stopped', 30_000);
      assert.deepEqual(await stack(), ['demand_main', 'user_start']);
      assert.equal(await evaluate('$r0'), '0x00000003');
    });

    it('shows the stack of an interrupt', async () => {
      await runTo('handle_irq');
      assert.deepEqual((await stack()).slice(0, 2), ['handle_irq', 'vector_irq']);
    });

    it('ends when it is switched off', async () => {
      await breakAt();
      await c.client.evaluateRequest({ expression: '>poweroff', context: 'repl' });
      await c.client.continueRequest({ threadId: 1 });
      assert.equal((await c.next('exited', 20_000)).exitCode, 0);
      assert.match(c.console(), /sample> poweroff\r\nstopped\r\n$/);
    });
  });
}
