import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`stepping by line, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
    });
    after(() => s.c.close());

    const at = (file: string, text: string): string => `${file.split('/')[1]}:${s.line(file, text)}`;

    it('goes line by line through assembly, over the turning on of the MMU', async () => {
      await s.breakAt('kernel/boot.S', 'ldr     lr, =in_virtual_memory');
      await s.go();
      const [first] = await s.frames();
      const lines: number[] = [];
      for (let i = 0; i < 6; i++) {
        assert.equal((await s.step('next')).reason, 'step');
        lines.push((await s.frames())[0].line - first.line);
      }
      // Over the comment and the label of in_virtual_memory.
      assert.deepEqual(lines, [1, 2, 3, 4, 11, 12]);
      assert.match(await s.evaluate('$pc'), /^0xc0/);
      await s.breakAt('kernel/boot.S');
    });

    it('steps over calls, into them and out of them', async () => {
      await s.runTo('kernel_main');
      assert.equal(await s.here(), `kernel_main ${at('kernel/main.c', 'void kernel_main')}`);
      await s.step('next');
      assert.equal(await s.here(), `kernel_main ${at('kernel/main.c', 'console_init();')}`);
      await s.step('next');
      assert.equal(await s.here(), `kernel_main ${at('kernel/main.c', 'nTrapline sample kernel')}`);
      await s.step('stepIn');
      assert.match(await s.here(), /^print console\.c:/);
      await s.step('stepOut');
      assert.equal((await s.frames())[0].name, 'kernel_main');
      assert.match(s.c.console(), /Trapline sample kernel/);
    });

    it('steps through one function of several on a line, by its target', async () => {
      await s.breakAt('kernel/main.c', 'frames free');
      await s.go();
      const { targets } = await s.c.request<{ targets: DebugProtocol.StepInTarget[] }>('stepInTargets', { frameId: 1 });
      assert.deepEqual(
        targets.map(({ label }) => label),
        ['frames_free', 'print'],
      );
      await s.step('stepIn', { targetId: targets[1].id });
      assert.match(await s.here(), /^print console\.c:/);
      await s.step('stepOut');
      await s.breakAt('kernel/main.c');
    });

    it('stays on its stack over a context switch', async () => {
      await s.breakAt('kernel/task.c', 'switch_context(&before->context, &next->context);');
      await s.go();
      const before = { pid: await s.evaluate('before->pid') };
      assert.equal(before.pid, '0');
      await s.breakAt('kernel/task.c');
      // The idle task goes on when the monitor waits.
      await s.step('next');
      assert.equal(await s.evaluate('current->pid'), before.pid);
      // The rest of schedule has no statement of its own.
      const names = (await s.frames()).map(({ name }) => name);
      assert.deepEqual(names.slice(-3), ['idle', 'kernel_main', '_start']);
    });

    it('goes over a system call, and into it', async () => {
      await s.type('run hello');
      await s.runTo('hello_main');
      await s.runTo('system_call');
      const line = s.line('user/start.S', 'svc     #0');
      while ((await s.frames())[0].line !== line) await s.step('next');
      await s.step('next');
      assert.deepEqual(await s.here(), `system_call start.S:${line + 1}`);
      await s.step('stepOut');
      await s.runTo('system_call');
      while ((await s.frames())[0].line !== line) await s.step('next');
      await s.step('stepIn');
      assert.match(await s.here(), /^vector_svc exceptions\.S:/);
    });

    it('comes out of an exception where it was taken', async () => {
      await s.runTo('handle_svc');
      const [, , interrupted] = await s.frames();
      assert.equal(interrupted.name, 'system_call');
      await s.step('stepOut');
      assert.equal((await s.frames())[0].name, 'vector_svc');
      await s.step('stepOut');
      const [top] = await s.frames();
      assert.equal(top.instructionPointerReference, interrupted.instructionPointerReference);
    });

    it('is not led astray by interrupts, by line or by instruction', async () => {
      // The idle task waits with interrupts masked, so the one that has woken it is taken where they are enabled.
      const ticks = async (): Promise<number> => Number(await s.evaluate('ticks'));
      for (const granularity of ['line', 'instruction']) {
        for (const request of ['next', 'stepIn'] as const) {
          await s.breakAt('kernel/main.c', 'write_wait_for_interrupt(0);');
          await s.go();
          await s.breakAt('kernel/main.c');
          const before = await ticks();
          const seen: string[] = [];
          for (let i = 0; i < 12 && (await ticks()) === before; i++) {
            await s.step(request, { granularity });
            seen.push(await s.here());
          }
          assert.ok((await ticks()) > before, `${granularity} ${request}: ${seen.join(', ')}`);
          assert.ok(
            seen.every((place) => !/exceptions\.S|irq\.c/.test(place)),
            `${granularity} ${request}: ${seen.join(', ')}`,
          );
          assert.match((await s.frames()).map(({ name }) => name).join(' '), /\bidle\b/);
        }
      }
    });

    it('leaves a line that loops for thousands of instructions', async () => {
      const loop = 'for (; bytes >= 4; bytes -= 4, t += 4) *(u32 *)t = word;';
      await s.type('run hello');
      await s.breakAt('kernel/string.c', { at: loop, condition: 'bytes > 2000' });
      await s.go();
      await s.breakAt('kernel/string.c');
      assert.ok(Number(await s.evaluate('bytes')) > 2000);
      // Where the loop begins, the first row of the table is of another line.
      while ((await s.frames())[0].line !== s.line('kernel/string.c', loop)) await s.step('next');
      assert.ok(Number(await s.evaluate('bytes')) > 2000);
      await s.step('next');
      assert.equal(await s.here(), `memset ${at('kernel/string.c', 'while (bytes--) *t++ = (u8)value;')}`);
    });

    it('stops at each statement, although the compiler has put a row of another kind at its address, too', async () => {
      await s.type('fork');
      await s.runTo('task_fork');
      const first = s.line('kernel/task.c', 'int task_fork(');
      assert.equal(await s.here(), `task_fork task.c:${first}`);
      for (const offset of [1, 2, 3, 7, 8, 9, 10]) {
        await s.step('next');
        assert.equal(await s.here(), `task_fork task.c:${first + offset}`);
      }
      await s.step('next');
      assert.match(await s.here(), /^sys_fork /);
    });

    it('goes to another line of the function', async () => {
      await s.runTo('task_by_pid');
      const line = s.line('kernel/task.c', 't->state != TASK_FREE && t->pid == pid');
      const source = { path: s.path('kernel/task.c') };
      const { targets } = await s.c.request<{ targets: DebugProtocol.GotoTarget[] }>('gotoTargets', { source, line });
      assert.equal(targets.length, 1);
      await s.c.request('goto', { threadId: 1, targetId: targets[0].id });
      assert.equal((await s.c.next('stopped')).reason, 'goto');
      assert.equal(await s.here(), `task_by_pid task.c:${line}`);
      const elsewhere = await s.c.request<{ targets: unknown[] }>('gotoTargets', {
        source: { path: s.path('kernel/main.c') },
        line: s.line('kernel/main.c', 'tasks_init'),
      });
      assert.deepEqual(elsewhere.targets, []);
      assert.match((await s.c.fails('goto', { threadId: 1, targetId: 1 })).message ?? '', /No target 1/);
    });
  });
}
