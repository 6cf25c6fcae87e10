/** Steps into what a line leads to: calls through pointers, macros of assembly files, a place that is run to. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`stepping into, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
    });
    after(() => s.c.close());

    const targets = async (): Promise<DebugProtocol.StepInTarget[]> =>
      (await s.c.request<{ targets: DebugProtocol.StepInTarget[] }>('stepInTargets', { frameId: 1 })).targets;

    it('foresees where a pointer to a function leads, and goes there', async () => {
      await s.type('run hello');
      const line = 'frame->r[0] = (u32)calls[number](frame);';
      await s.breakAt('kernel/syscall.c', line);
      for (let i = 0; i < 3; i++) {
        await s.go();
        const [target, ...others] = await targets();
        assert.deepEqual(others, []);
        const called = await s.evaluate('calls[number]');
        assert.match(called, new RegExp(`<${target.label}>$`));
        await s.step('stepIn', { targetId: target.id });
        assert.equal((await s.frames())[0].name, target.label);
        await s.step('stepOut');
        assert.equal((await s.frames())[0].name, 'handle_svc');
      }
      await s.breakAt('kernel/syscall.c');
      // In an outer frame there is nothing to step into.
      const { targets: outer } = await s.c.request<{ targets: unknown[] }>('stepInTargets', { frameId: 2 });
      assert.deepEqual(outer, []);
    });

    it('steps into a macro by instruction, over it as a line, and into what it calls', async () => {
      // The expansion of EXCEPTION belongs to the line of its invocation.
      const line = s.line('kernel/exceptions.S', 'EXCEPTION vector_irq');
      await s.breakIn('vector_irq');
      await s.go();
      await s.breakIn();
      const start = Number(await s.evaluate('$pc'));
      assert.deepEqual([(await s.frames())[0].name, (await s.frames())[0].line], ['vector_irq', line]);
      assert.deepEqual(
        (await targets()).map(({ label }) => label),
        ['handle_irq'],
      );
      for (let i = 1; i <= 4; i++) {
        assert.equal((await s.step('stepIn')).reason, 'step');
        assert.equal(Number(await s.evaluate('$pc')), start + 4 * i);
        assert.equal((await s.frames())[0].line, line);
      }
      const [target] = await targets();
      await s.step('stepIn', { targetId: target.id });
      assert.equal((await s.frames())[0].name, 'handle_irq');
      await s.step('stepOut');
      await s.step('next');
      // The rest of the macro is one line.
      assert.equal((await s.frames())[0].name, 'leave_kernel');
    });

    it('runs to a line and no further', async () => {
      await s.type('ps');
      await s.breakAt('kernel/irq.c', 'tick_tasks();');
      const stop = await s.go();
      assert.equal(stop.reason, 'breakpoint');
      assert.equal(await s.here(), `handle_irq irq.c:${s.line('kernel/irq.c', 'tick_tasks();')}`);
      await s.breakAt('kernel/irq.c');
    });
  });
}
