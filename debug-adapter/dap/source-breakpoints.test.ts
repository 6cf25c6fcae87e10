import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`source breakpoints, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
    });
    after(() => s.c.close());

    it('hit in boot code before the MMU is on, while it is turned on, and after', async () => {
      const lines = ['bic     r0, r0, #MODE_MASK', 'mov     pc, lr', 'mov     r9, #0'];
      const [first, on, after] = await s.breakAt('kernel/boot.S', ...lines);
      for (const { verified, message } of [first, on, after]) assert.ok(verified, message);
      const stops: string[] = [];
      for (const breakpoint of [first, on, after]) {
        const { reason, hitBreakpointIds } = await s.go();
        assert.deepEqual([reason, hitBreakpointIds], ['breakpoint', [breakpoint.id]]);
        assert.equal(await s.here(), `_start boot.S:${breakpoint.line}`);
        stops.push(await s.evaluate('$pc'));
      }
      assert.match(stops.join(' '), /^0x0000\w+ 0x0000\w+ 0xc000\w+$/);
      await s.breakAt('kernel/boot.S');
    });

    it('move to the next line with code, and say why when there is none', async () => {
      const [comment, inside, beyond] = await s.breakAt('kernel/main.c', 'The idle task.', 'console_init', 1000);
      assert.deepEqual([comment.verified, comment.line], [true, s.line('kernel/main.c', 'static void idle')]);
      assert.deepEqual([inside.verified, inside.line], [true, s.line('kernel/main.c', 'console_init')]);
      assert.deepEqual([beyond.verified, beyond.line], [false, 1000]);
      assert.match(beyond.message ?? '', /no code at line 1000 or after it; the last line with code is 32/);
      const source = { path: '/nowhere/other.c' };
      const { breakpoints } = await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setBreakpoints', {
        source,
        breakpoints: [{ line: 3 }],
      });
      assert.match(breakpoints[0].message ?? '', /No file of this name was compiled into .*kernel\.elf/);
      await s.go();
      assert.equal(await s.here(), `kernel_main main.c:${inside.line}`);
      await s.breakAt('kernel/main.c');
    });

    it('are explained by trapline/whyNotBound', async () => {
      const ask = (
        args: object,
      ): Promise<{ verified: boolean; reason: string; lines: number[]; addresses: string[] }> =>
        s.c.request('trapline/whyNotBound', args);
      const line = s.line('kernel/main.c', 'static void idle') - 1;
      const moved = await ask({ source: { path: s.path('kernel/main.c') }, line });
      assert.match(moved.reason, new RegExp(`It is bound to line ${line + 1}, at 1 address\\.`));
      assert.ok(moved.lines.includes(line + 2), moved.lines.join(' '));
      const missing = await ask({ source: { path: '/nowhere/other.c' }, line: 1 });
      assert.deepEqual([missing.verified, missing.lines], [false, []]);
      const name = await ask({ name: 'kernel_mian' });
      assert.match(name.reason, /Did you mean kernel_main\?/);
      const [bad] = await s.breakIn('no_such_function');
      assert.match((await ask({ id: bad.id })).reason, /No symbol no_such_function/);
      assert.match((await s.c.fails('trapline/whyNotBound', { id: 4711 })).message ?? '', /No breakpoint 4711/);
      await s.breakIn();
    });

    it('list the lines that can have one', async () => {
      const first = s.line('kernel/main.c', 'void kernel_main');
      const { breakpoints } = await s.c.request<{ breakpoints: { line: number }[] }>('breakpointLocations', {
        source: { path: s.path('kernel/main.c') },
        line: first,
        endLine: first + 3,
      });
      assert.deepEqual(
        breakpoints.map(({ line }) => line - first),
        [0, 1, 2, 3],
      );
    });

    it('stop by condition, by hit count, and log', async () => {
      // task_allocate looks for a free place; the first task is in the table already.
      const at = 'if (t->state != TASK_FREE) continue;';
      const [conditional] = await s.breakAt('kernel/task.c', { at, condition: "t == &tasks[1] && name[0] == 'm'" });
      assert.ok(conditional.verified, conditional.message);
      assert.deepEqual((await s.go()).hitBreakpointIds, [conditional.id]);
      assert.equal(await s.evaluate('t - tasks'), '1');
      assert.match(await s.evaluate('name'), /^0x[0-9a-f]{8} "monitor"$/);
      const [log] = await s.breakAt('kernel/task.c', { at, logMessage: 'place {t - tasks} for {{{name[0]}}}' });
      assert.ok(log.verified, log.message);
      await s.breakIn('switch_context');
      await s.go();
      await s.type('run hello');
      const text = (): string =>
        s.c.events
          .filter(({ event, body }) => event === 'output' && (body as { category: string }).category === 'console')
          .map(({ body }) => (body as { output: string }).output)
          .join('');
      for (let i = 0; i < 20 && !text().includes('place 2'); i++) await s.go();
      assert.match(text(), /place 0 for \{104 'h'\}\nplace 1 for \{104 'h'\}\nplace 2 for \{104 'h'\}\n/);
      await s.breakIn();
      const [third] = await s.breakAt('kernel/task.c', { at, hitCondition: '=3' });
      assert.deepEqual((await s.go()).hitBreakpointIds, [third.id]);
      assert.equal(await s.evaluate('t - tasks'), '2');
      await s.breakAt('kernel/task.c');
    });

    it('refuse conditions that cannot be compiled, and stop where one cannot be evaluated', async () => {
      const at = 'if (t->state != TASK_FREE) continue;';
      const refused = await s.breakAt(
        'kernel/task.c',
        { at, condition: 'nobody == 1' },
        { at, hitCondition: 'often' },
        { at, logMessage: '{t->}' },
      );
      assert.deepEqual(
        refused.map(({ verified }) => verified),
        [false, false, false],
      );
      assert.match(refused[0].message ?? '', /Condition: nobody is not a variable, function or constant here/);
      assert.match(refused[1].message ?? '', /Hit condition often: give a number/);
      assert.match(refused[2].message ?? '', /Log message: a name is expected/);
      await s.breakAt('kernel/syscall.c', { at: 'u32 number = frame->r[7];', condition: '*(int *)0x1000 == 5' });
      await s.type('run hello');
      await s.go();
      assert.match(await s.here(), /^handle_svc /);
      const last = s.c.events.filter(({ event }) => event === 'output').at(-1)?.body as { output: string };
      assert.match(last.output, /condition could not be evaluated: memory at 0x00001000 cannot be read/);
      await s.breakAt('kernel/syscall.c');
    });

    it('are bound in every inlined copy', async () => {
      const [inlined] = await s.breakAt('kernel/cpu.h', '(before | PSR_I)');
      assert.ok(inlined.verified, inlined.message);
      const [named] = await s.breakIn('mask_interrupts');
      assert.ok(named.verified, named.message);
      for (const { id } of [inlined, named]) {
        const why = await s.c.request<{ addresses: string[] }>('trapline/whyNotBound', { id });
        assert.ok(why.addresses.length > 3, why.addresses.join(' '));
      }
      await s.breakIn();
      await s.type('run hello');
      const { hitBreakpointIds = [] } = await s.go();
      assert.ok(hitBreakpointIds.includes(inlined.id ?? 0));
      const [top, outer] = await s.frames();
      assert.deepEqual([top.name, top.source?.name], ['mask_interrupts', 'cpu.h']);
      assert.match(outer.source?.name ?? '', /\.c$/);
      assert.equal(top.instructionPointerReference, outer.instructionPointerReference);
      await s.breakAt('kernel/cpu.h');
    });
  });
}
