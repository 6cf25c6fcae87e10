/** Sessions for one test of a guest, with a client. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CoverageResponse } from '../protocol.ts';
import { connect, type Connection } from './session.testing.ts';

const SAMPLE = resolve('guests/sample');

async function launch(options: object): Promise<Connection> {
  const c = await connect();
  await c.client.initializeRequest();
  await c.request('launch', { program: SAMPLE, ...options });
  await c.next('initialized');
  return c;
}

describe('a session for a test of the guest', function () {
  this.timeout(30_000);

  for (const mode of ['native', 'lpv']) {
    it(`types, compares, and ends with the verdict (${mode})`, async () => {
      const c = await launch({ mode, test: 'passes its own checks', noDebug: true });
      await c.client.configurationDoneRequest();
      const verdict = await c.next('trapline/testFinished', 20_000);
      assert.deepEqual([verdict.name, verdict.passed], ['passes its own checks', true]);
      assert.ok(Math.abs(Number(verdict.seconds) - 0.09) < 0.005, String(verdict.seconds));
      assert.equal((await c.next('exited')).exitCode, 0);
      await c.next('terminated');
    });
  }

  it('stops at breakpoints on its way, when it is debugged', async () => {
    const c = await launch({ test: 'halts when it is told to' });
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'kernel_main' }] });
    await c.client.configurationDoneRequest();
    assert.equal((await c.next('stopped')).reason, 'function breakpoint');
    await c.client.continueRequest({ threadId: 1 });
    assert.equal((await c.next('trapline/testFinished', 20_000)).passed, true);
  });

  it('fails with exit code 1 when the guest ends too early, or its time is over', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trapline-'));
    const tests = [
      { name: 'ends', send: 'poweroff\n', expect: 'no such text' },
      { name: 'late', expect: 'no such text', timeout: 0.5 },
    ];
    writeFileSync(join(folder, 'guest.json'), JSON.stringify({ kernel: join(SAMPLE, 'kernel.elf'), tests }));
    try {
      for (const [name, why] of [
        ['ends', /the guest has halted.*; step 2 expects/],
        ['late', /0\.5 s of guest time are over/],
      ] as const) {
        const c = await launch({ program: folder, test: name, noDebug: true });
        await c.client.configurationDoneRequest();
        const verdict = await c.next('trapline/testFinished', 20_000);
        assert.equal(verdict.passed, false);
        assert.match(String(verdict.message), why);
        assert.equal((await c.next('exited')).exitCode, 1);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('keeps the guest for questions about coverage', async () => {
    const c = await launch({ test: 'boots to its prompt', coverage: true, noDebug: true });
    await c.client.configurationDoneRequest();
    await c.next('trapline/testFinished', 20_000);
    const files: CoverageResponse['files'] = [];
    for (let total = 1; files.length < total;) {
      const page = await c.request<CoverageResponse>('trapline/coverage', { start: files.length, count: 5 });
      total = page.total;
      files.push(...page.files);
    }
    const main = files.find(({ path }) => path === join(SAMPLE, 'kernel/main.c'));
    assert.equal(main?.functions.find(({ name }) => name === 'kernel_main')?.executed, true);
    assert.equal(files.flatMap(({ functions }) => functions).find(({ name }) => name === 'panic')?.executed, false);
    assert.ok(main.lines.some(({ executed }) => executed));
  });

  it('is refused for a test that the guest does not have, by names that it has', async () => {
    const c = await connect();
    await c.client.initializeRequest();
    await assert.rejects(
      c.request('launch', { program: SAMPLE, test: 'boots to its promt' }),
      /no test "boots to its promt"; did you mean "boots to its prompt"\? It has: boots to its prompt, passes/,
    );
  });

  it('has no coverage that was not asked for', async () => {
    const c = await launch({ stopOnEntry: true });
    await c.client.configurationDoneRequest();
    await assert.rejects(c.request('trapline/coverage', {}), /launch the guest with "coverage": true/);
  });
});
