import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

type Info = DebugProtocol.DataBreakpointInfoResponse['body'];

for (const mode of ['native', 'lpv']) {
  describe(`data breakpoints, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
    });
    after(() => s.c.close());

    const info = (args: object): Promise<Info> => s.c.request('dataBreakpointInfo', args);
    const set = async (...breakpoints: Partial<DebugProtocol.DataBreakpoint>[]): Promise<DebugProtocol.Breakpoint[]> =>
      (await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setDataBreakpoints', { breakpoints }))
        .breakpoints;

    it('stop after a write to a global, before the MMU is on as well as after', async () => {
      const { dataId, accessTypes, description } = await info({ name: 'next_pid' });
      assert.match(description, /^next_pid \(4 bytes at 0xc[0-9a-f]{7}\)$/);
      assert.deepEqual(accessTypes, ['write', 'read', 'readWrite']);
      const [breakpoint] = await set({ dataId: dataId ?? '', accessType: 'write' });
      assert.ok(breakpoint.verified, breakpoint.message);
      // The start code clears it with the rest of its section.
      assert.deepEqual((await s.go()).hitBreakpointIds, [breakpoint.id]);
      assert.equal((await s.frames())[0].name, '_start');
      const { reason, description: text } = (await s.go()) as { reason?: string; description?: string };
      assert.equal(reason, 'data breakpoint');
      assert.equal(text, 'next_pid was written: 0x00000000 before, 0x00000001 now');
      assert.equal((await s.frames())[0].name, 'tasks_init');
      await set();
    });

    it('stop by condition, and at reads of a member', async () => {
      const { dataId } = await info({ name: 'tasks[1].pid' });
      await set({ dataId: dataId ?? '', accessType: 'write', condition: 'tasks[1].pid == 1' });
      await s.go();
      assert.equal(await s.evaluate('tasks[1].pid'), '1');
      const [hit] = await set({ dataId: dataId ?? '', accessType: 'read', hitCondition: '=2' });
      assert.match(((await s.go()) as { description?: string }).description ?? '', /^tasks\[1\]\.pid was read$/);
      assert.ok(hit.verified);
      await set();
    });

    it('watch a range, and an address', async () => {
      const range = await info({ name: 'tasks', bytes: 172 * 3 });
      assert.match(range.description, /516 bytes/);
      const [one] = await set({ dataId: range.dataId ?? '', accessType: 'write' });
      await s.type('run hello');
      assert.deepEqual((await s.go()).hitBreakpointIds, [one.id]);
      const address = await s.evaluate('&tasks[2].state');
      const byAddress = await info({ name: address.slice(0, 10), asAddress: true, bytes: 4 });
      await set({ dataId: byAddress.dataId ?? '', accessType: 'write', condition: 'tasks[2].state == TASK_READY' });
      await s.go();
      assert.equal(await s.evaluate('tasks[2].state'), 'TASK_READY');
      await set();
    });

    it('of a local come from its scope; what is in a register cannot be watched', async () => {
      await s.type('run hello');
      await s.breakAt('kernel/task.c', 'copy_text(t->name, name, sizeof t->name);');
      await s.go();
      await s.breakAt('kernel/task.c');
      const { scopes } = (await s.c.client.scopesRequest({ frameId: 1 })).body;
      const { variablesReference } = scopes.find(({ name }) => name === 'Locals')!;
      const inRegister = await info({ variablesReference, name: 't' });
      assert.deepEqual([inRegister.dataId, /not in memory/.test(inRegister.description)], [null, true]);
      const t = (await s.scope('Locals')).get('t');
      const member = await info({ variablesReference: t?.variablesReference, name: 'wake_at' });
      assert.match(member.description, /^t->wake_at \(4 bytes at 0xc/);
      const unknown = await info({ variablesReference, name: 'x' });
      assert.deepEqual([unknown.dataId, /named "x" here/.test(unknown.description)], [null, true]);
    });

    it('watch any number of ranges', async () => {
      const { dataId } = await info({ name: 'ticks' });
      const others = Array.from({ length: 2000 }, (_, i) => ({
        dataId: `x@0xd${i.toString(16).padStart(4, '0')}000/4`,
      }));
      const all = await set(...others, { dataId: dataId ?? '' });
      assert.ok(all.every(({ verified }) => verified));
      const stop = await s.go();
      assert.deepEqual([stop.reason, stop.hitBreakpointIds], ['data breakpoint', [all[2000].id]]);
      await set();
    });

    it('stop only at changes of the value when asked for those, with the old and the new one', async () => {
      await s.type('run fork');
      const { dataId } = await info({ name: 'current', mode: 'changed' });
      await set({ dataId: dataId ?? '' });
      for (let i = 0; i < 3; i++) {
        const { description } = (await s.go()) as { description?: string };
        const [, before, now] = /^current has changed: (0x\w+) before, (0x\w+) now$/.exec(description ?? '') ?? [];
        assert.ok(before && now && before !== now, description);
        assert.equal(await s.evaluate('(unsigned)current'), String(Number(now)));
      }
      const range = await info({ name: 'tasks', mode: 'changed' });
      await set({ dataId: range.dataId ?? '' });
      assert.match(((await s.go()) as { description?: string }).description ?? '', /^tasks has changed at 0xc\w+: /);
      await set();
    });

    it('watch a place in RAM by whatever address it is reached', async () => {
      const physical = await info({ name: 'ticks', mode: 'physical' });
      assert.match(physical.description, /^ticks \(4 bytes at physical 0x00/);
      await set({ dataId: physical.dataId ?? '' });
      const stop = (await s.go()) as { description?: string };
      assert.match(stop.description ?? '', /^ticks was written: 0x(\w+) before, 0x(\w+) now$/);
      await set();
    });

    it('refuse what cannot be watched', async () => {
      const constant = await info({ name: '1 + 1' });
      assert.deepEqual(
        [constant.dataId, constant.description],
        [null, '1 + 1: it is not in memory, so it has no address.'],
      );
      const [bad, access] = await set(
        { dataId: 'elsewhere' },
        { dataId: 'x@0xc0000000/4', accessType: 'execute' as 'read' },
      );
      assert.match(bad.message ?? '', /Not an id/);
      assert.match(access.message ?? '', /give read, write, readWrite or changed/);
      const long = { dataId: 'x@0xc0000000/100000', accessType: 'changed' as 'write' };
      assert.match((await set(long))[0].message ?? '', /too many to compare/);
      await set();
    });
  });
}
