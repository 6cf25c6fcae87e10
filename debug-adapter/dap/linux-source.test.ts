/** Source-level debugging of the large kernel that `npm run guest:linux` builds; its sources are not there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection } from './session.testing.ts';

const OUT = fileURLToPath(new URL('../../guests/linux/build/out/', import.meta.url));

for (const mode of ['native', 'lpv']) {
  describe(`debugging a Linux with debug information, ${mode}`, function () {
    this.timeout(60_000);
    let c: Connection;

    before(async function () {
      if (!existsSync(`${OUT}vmlinux`)) return this.skip();
      c = await connect();
      await c.client.initializeRequest();
      const files = { program: `${OUT}vmlinux`, dtb: `${OUT}versatile-pb.dtb`, initrd: `${OUT}initramfs.cpio.gz` };
      await c.request('launch', { ...files, append: 'console=ttyAMA0', mode });
      await c.next('initialized');
      await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'start_kernel' }] });
      await c.client.configurationDoneRequest();
      await c.next('stopped', 20_000);
    });
    after(() => c?.close());

    const evaluate = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'watch', frameId: 1 })).body.result;
    const frames = async (): Promise<DebugProtocol.StackFrame[]> =>
      (await c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames;

    it('falls back to disassembly where sources are missing, and steps by line all the same', async () => {
      const [top] = await frames();
      assert.deepEqual([top.name, top.source?.origin], ['start_kernel', 'disassembly']);
      const places: number[] = [];
      for (let i = 0; i < 3; i++) {
        await c.client.nextRequest({ threadId: 1 });
        await c.next('stopped', 20_000);
        places.push(Number((await frames())[0].instructionPointerReference) - Number(top.instructionPointerReference));
      }
      assert.ok(places[0] > 4 && places[1] > places[0] && places[2] > places[1], places.join(' '));
    });

    it('shows structures of the kernel', async () => {
      assert.match(await evaluate('init_task.comm'), /^"swapper/);
      assert.equal(await evaluate('init_task.pid'), '0');
      assert.equal(await evaluate('((struct task_struct *)&init_task)->tasks.next == &init_task.tasks'), '1');
    });

    it('binds lines of a tree that lies elsewhere', async () => {
      const source = { path: '/home/me/tree/init/main.c' };
      const { breakpoints } = await c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setBreakpoints', {
        source,
        breakpoints: [{ line: 1000 }],
      });
      assert.ok(breakpoints[0].verified, breakpoints[0].message);
      await c.client.continueRequest({ threadId: 1 });
      assert.deepEqual((await c.next('stopped', 20_000)).hitBreakpointIds, [breakpoints[0].id]);
      // The file is not there, so what is shown is still the disassembly.
      assert.equal((await frames())[0].source?.origin, 'disassembly');
      await c.request('setBreakpoints', { source, breakpoints: [] });
    });

    it('binds the filter for panics', async () => {
      const { breakpoints } = await c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
        filters: ['panic'],
      });
      assert.deepEqual(
        breakpoints.map(({ verified, message }) => [verified, message]),
        [[true, undefined]],
      );
    });
  });
}
