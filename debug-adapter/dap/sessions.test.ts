/** Sessions beside each other in one adapter, and one that is started again. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startDapServer } from '../node-dap-server.ts';
import { connectTo, type Connection } from './session.testing.ts';

const SAMPLE = resolve('guests/sample');

async function launch(c: Connection, options: object): Promise<void> {
  await c.client.initializeRequest();
  await c.request('launch', { stopOnEntry: true, ...options });
  await c.next('initialized');
  await c.client.configurationDoneRequest();
  await c.next('stopped');
}

async function runTo(c: Connection, name: string): Promise<void> {
  await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name }] });
  await c.client.continueRequest({ threadId: 1 });
  await c.next('stopped', 20_000);
}

const evaluate = async (c: Connection, expression: string): Promise<string> =>
  (await c.client.evaluateRequest({ expression, context: 'watch' })).body.result;

describe('debug sessions', function () {
  this.timeout(40_000);

  it('have machines of their own, also in one adapter', async () => {
    const server = await startDapServer({ port: 0 });
    const [one, two] = await Promise.all([connectTo(server), connectTo(server)]);
    try {
      await Promise.all([
        launch(one, { program: SAMPLE, mode: 'lpv' }),
        launch(two, { program: SAMPLE, mode: 'native' }),
      ]);
      await Promise.all([runTo(one, 'sys_getpid'), runTo(two, 'kernel_main')]);
      await one.request('setExpression', { expression: '$r12', value: '0x11' });
      await two.request('setExpression', { expression: '$r12', value: '0x22' });
      assert.deepEqual([await evaluate(one, '$r12'), await evaluate(two, '$r12')], ['0x00000011', '0x00000022']);
      const name = async (c: Connection): Promise<string> =>
        (await c.client.stackTraceRequest({ threadId: 1, levels: 1 })).body.stackFrames[0].name;
      assert.deepEqual([await name(one), await name(two)], ['sys_getpid', 'kernel_main']);
      // The end of one is none of the other's.
      await two.disconnect();
      await runTo(one, 'schedule');
      assert.equal(await name(one), 'schedule');
    } finally {
      one.drop();
      two.drop();
      await server.close();
    }
  });

  it('read the files of the guest anew when they are restarted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trapline-restart-'));
    const describe = (memory: string): void =>
      writeFileSync(join(folder, 'guest.json'), JSON.stringify({ kernel: 'kernel.elf', memory }));
    copyFileSync(join(SAMPLE, 'kernel.elf'), join(folder, 'kernel.elf'));
    describe('64M');
    const server = await startDapServer({ port: 0 });
    const c = await connectTo(server);
    const size = async (): Promise<number> =>
      (await c.request<{ memory: { size: number }[] }>('trapline/machine')).memory[0].size;
    try {
      await launch(c, { program: folder });
      assert.equal(await size(), 64 * 2 ** 20);
      describe('32M');
      const bytes = readFileSync(join(folder, 'kernel.elf'));
      const text = bytes.indexOf('Trapline sample kernel');
      bytes.write('Another', text);
      writeFileSync(join(folder, 'kernel.elf'), bytes);
      await c.request('restart', {});
      await c.next('stopped');
      assert.equal(await size(), 32 * 2 ** 20);
      await runTo(c, 'memory_init');
      assert.match(c.console(), /Another/);
    } finally {
      c.drop();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
