/** C expressions and values of a large kernel, read and written. Needs `npm run guest:linux`. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection } from './session.testing.ts';

const OUT = fileURLToPath(new URL('../../guests/linux/build/out/', import.meta.url));

for (const mode of ['native', 'lpv']) {
  describe(`variables of a Linux, ${mode}`, function () {
    this.timeout(60_000);
    let c: Connection;

    before(async function () {
      if (!existsSync(`${OUT}vmlinux`)) return this.skip();
      c = await connect();
      await c.client.initializeRequest();
      await c.request('launch', { program: `${OUT}guest.json`, append: 'console=ttyAMA0', mode });
      await c.next('initialized');
      await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'kernel_init' }] });
      await c.client.configurationDoneRequest();
      await c.next('stopped', 20_000);
    });
    after(() => c?.close());

    const evaluate = async (expression: string, context = 'watch'): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context, frameId: 1 })).body.result;
    const opened = async (expression: string, args: object = {}): Promise<DebugProtocol.Variable[]> => {
      const { body } = await c.client.evaluateRequest({ expression, frameId: 1, context: 'watch' });
      const { variablesReference } = body;
      return (await c.client.variablesRequest({ variablesReference, ...args })).body.variables;
    };

    it('evaluates what a kernel programmer writes', async () => {
      const cases: [string, string | RegExp][] = [
        ['container_of(init_task.tasks.next, struct task_struct, tasks)->pid', '1'],
        [
          '((struct task_struct *)((char *)init_task.tasks.next - (unsigned)&((struct task_struct *)0)->tasks))->pid',
          '1',
        ],
        ['sizeof(struct list_head)', '8'],
        ['init_task.comm', /^"swapper/],
        ['init_task.sched_class', /^0x[0-9a-f]+ <\w+_sched_class>$/],
        ['fair_sched_class.enqueue_task', /^0x[0-9a-f]+ <enqueue_task_\w+>$/],
        ['fair_sched_class.enqueue_task == enqueue_task_fair', '1'],
        ['offsetof(struct task_struct, tasks) == (unsigned)&((struct task_struct *)0)->tasks', '1'],
        ['offsetof(struct task_struct, tasks.prev) - offsetof(struct task_struct, tasks)', '4'],
        ['*(unsigned short *)&init_task.comm[0]', String(0x7773)],
        ['system_state', 'SYSTEM_SCHEDULING'],
        ['system_state + 1 > SYSTEM_BOOTING && !0', '1'],
        ['$cpsr.mode', '0x00000013'],
        ['$cp15.dacr & 3', '0x00000003'],
        ['init_task.thread_info.cpu_context.pc != 0 ? 1 : 2', '1'],
        ['&init_task.comm[2]', /^0xc0[0-9a-f]+ <init_task\+\d+> "apper/],
        ['(long long)1 << 40', '1099511627776'],
      ];
      for (const [expression, expected] of cases) {
        const result = await evaluate(expression);
        if (typeof expected === 'string') assert.equal(result, expected, expression);
        else assert.match(result, expected, expression);
      }
      for (const context of ['hover', 'repl', 'watch', 'clipboard']) {
        assert.equal(await evaluate('init_task.pid', context), '0', context);
      }
    });

    it('reads and writes bit fields, members, arrays and whole structures', async () => {
      const before = await evaluate('init_task.in_execve');
      assert.match(before, /^[01]$/);
      const word = await evaluate('init_task.sched_reset_on_fork');
      await evaluate('init_task.in_execve = 1');
      assert.equal(await evaluate('init_task.in_execve'), '1');
      // Its neighbours in the word keep their bits.
      assert.equal(await evaluate('init_task.sched_reset_on_fork'), word);
      await evaluate(`init_task.in_execve = ${before}`);
      await evaluate("init_task.comm[0] = 'S'");
      assert.match(await evaluate('init_task.comm'), /^"Swapper/);
      await evaluate("init_task.comm[0] = 's'");
      const context = await evaluate('init_task.thread_info.cpu_context.r4');
      await evaluate('init_task.thread_info.cpu_context.r4 += 5');
      assert.equal(
        BigInt.asUintN(32, BigInt(await evaluate('init_task.thread_info.cpu_context.r4'))),
        BigInt.asUintN(32, BigInt(context) + 5n),
      );
      await evaluate(`init_task.thread_info.cpu_context.r4 = ${context}`);
      const list = await evaluate('init_task.children');
      await evaluate('init_task.children = init_task.children');
      assert.equal(await evaluate('init_task.children'), list);
      const r0 = await evaluate('$r0');
      await evaluate('$r0 = 0x55');
      assert.equal(await evaluate('$r0'), '0x00000055');
      await evaluate(`$r0 = ${r0}`);
      const wrong = await c.fails('evaluate', { expression: 'init_task.comm = 1', frameId: 1, context: 'watch' });
      assert.match(wrong.message ?? '', /init_task\.comm/);
    });

    it('opens a large structure, and an array in pages', async () => {
      const members = await opened('init_task');
      assert.ok(members.length > 100);
      assert.ok(members.some(({ name, evaluateName }) => name === 'comm' && evaluateName === 'init_task.comm'));
      const page = await opened('task_state_array', { filter: 'indexed', start: 2, count: 3 });
      assert.deepEqual(
        page.map(({ name, value }) => [name, /"(.*)"/.exec(value)?.[1]]),
        [
          ['[2]', 'D (disk sleep)'],
          ['[3]', 'T (stopped)'],
          ['[4]', 't (tracing stop)'],
        ],
      );
      const list = await opened('init_task.tasks');
      assert.deepEqual(
        list.slice(0, 2).map(({ name }) => name),
        ['next', 'prev'],
      );
    });

    it('completes members behind casts and pointers', async () => {
      const text = '((struct task_struct *)0)->com';
      const cast = await c.request<{ targets: DebugProtocol.CompletionItem[] }>('completions', {
        ...{ text, column: text.length + 1, frameId: 1 },
      });
      assert.deepEqual(
        cast.targets.map(({ label }) => label),
        ['comm'],
      );
    });
  });
}
