import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`variables and expressions, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
      await s.type('run hello');
      const at = 'copy_text(t->name, name, sizeof t->name);';
      await s.breakAt('kernel/task.c', { at, condition: "name[0] == 'h'" });
      await s.go();
      await s.breakAt('kernel/task.c');
    });
    after(() => s.c.close());

    it('shows arguments and locals, structures and arrays, when they are opened', async () => {
      const parameters = await s.scope('Arguments');
      assert.match(parameters.get('name')?.value ?? '', /^0x[0-9a-f]{8} "hello"$/);
      assert.equal(parameters.get('name')?.type, 'const char *');
      const locals = await s.scope('Locals');
      const t = locals.get('t');
      assert.equal(t?.type, 'struct task *');
      assert.equal(Number(t.memoryReference), Number(await s.evaluate('(unsigned)t')));
      const members = await s.children(t.variablesReference);
      assert.equal(t.namedVariables, members.size);
      assert.equal(members.get('state')?.value, 'TASK_FREE');
      assert.equal(members.get('pid')?.evaluateName, 't->pid');
      const space = await s.children(members.get('space')?.variablesReference ?? 0);
      const regions = space.get('regions');
      assert.equal(regions?.indexedVariables, 4);
      const page = await s.children(regions.variablesReference, { filter: 'indexed', start: 2, count: 1 });
      assert.deepEqual([...page.keys()], ['[2]']);
      const writable = (await s.children(page.get('[2]')?.variablesReference ?? 0)).get('writable');
      assert.equal(writable?.evaluateName, 't->space.regions[2].writable');
      assert.equal(await s.evaluate(writable.evaluateName), '0');
    });

    it('shows the globals of a file and of outer frames', async () => {
      const globals = await s.scope('Globals of this file');
      assert.deepEqual([globals.get('next_pid')?.value, globals.get('turn_is_over')?.type], ['2', 'int']);
      assert.ok(!globals.has('users'));
      const frames = await s.frames();
      const outer = frames.findIndex(({ name }) => name === 'task_spawn') + 1;
      assert.match((await s.scope('Arguments', outer)).get('name')?.value ?? '', /"hello"$/);
      assert.equal(await s.evaluate('name', outer), await s.evaluate('name'));
      assert.match(await s.evaluate('monitor'), /^\{void \(void\)\} 0xc[0-9a-f]{7} <monitor>$/);
    });

    it('writes variables, members, bit by bit the registers, and expressions', async () => {
      const t = (await s.scope('Locals')).get('t');
      const set = await s.c.request<{ value: string }>('setVariable', {
        variablesReference: t?.variablesReference,
        name: 'wake_at',
        value: '40 + 2',
        format: { hex: true },
      });
      assert.equal(set.value, '0x2a');
      assert.equal(await s.evaluate('t->wake_at'), '42');
      const expression = await s.c.request<{ value: string }>('setExpression', {
        expression: 't->name[1]',
        value: "'x'",
        frameId: 1,
      });
      assert.equal(expression.value, "120 'x'");
      assert.equal(await s.evaluate('t->name[1] = 0, t->wake_at = 0').catch(() => 'no comma'), 'no comma');
      assert.equal(await s.evaluate('t->wake_at = 0'), '0');
      assert.equal(await s.evaluate('t->name[1] = 0'), "0 '\\000'");
      const error = await s.c.fails('setExpression', { expression: '1 + 1', value: '3', frameId: 1 });
      assert.match(error.message ?? '', /this value has no place that could be written/);
      const register = await s.evaluate('$r3');
      await s.evaluate('$r3 = 0x1234');
      assert.equal(await s.evaluate('$r3'), '0x00001234');
      await s.evaluate(`$r3 = ${register}`);
    });

    it('evaluates C over locals, globals and registers', async () => {
      const cases: [string, string | RegExp][] = [
        ['t - tasks', '2'],
        ['tasks[0].pid + 2 * 3', '6'],
        ['sizeof(struct task)', '172'],
        ['current == &tasks[1]', '1'],
        ['*current->name == 109', '1'],
        ['(char)(0x41)', "65 'A'"],
        ['$cpsr.mode', '0x00000013'],
        ['$cp15.dacr', '0x00000001'],
        ['$sp & 3', '0x00000000'],
        ['TASK_ZOMBIE', 'TASK_ZOMBIE'],
        ['&tasks[1].name[0]', /^0xc[0-9a-f]{7} <tasks\+\d+> "monitor"$/],
        ['name', /"hello"/],
        ['(struct task *)0', '0x0'],
      ];
      for (const [expression, expected] of cases) {
        const result = await s.evaluate(expression, 1);
        if (typeof expected === 'string') assert.equal(result, expected, expression);
        else assert.match(result, expected, expression);
      }
      for (const context of ['hover', 'repl', 'clipboard']) {
        const { body } = await s.c.client.evaluateRequest({ expression: 't->state', context, frameId: 1 });
        assert.equal(body.result, 'TASK_FREE', context);
      }
      const hex = await s.c.request<{ result: string }>('evaluate', { expression: 'sizeof *t', format: { hex: true } });
      assert.equal(hex.result, '0xac');
      const error = await s.c.fails('evaluate', { expression: 't->nothing', frameId: 1 });
      assert.match(error.message ?? '', /there is no member nothing/);
    });

    it('completes names, members and registers', async () => {
      const complete = async (text: string): Promise<string[]> => {
        const args = { text, column: text.length + 1, frameId: 1 };
        const { targets } = await s.c.request<{ targets: DebugProtocol.CompletionItem[] }>('completions', args);
        return targets.map(({ label }) => label);
      };
      assert.deepEqual(await complete('t->wa'), ['waiting_for', 'wake_at']);
      assert.deepEqual(await complete('1 + tasks[0].space.reg'), ['regions']);
      assert.equal((await complete('*na'))[0], 'name');
      assert.deepEqual(await complete('$fcse'), ['fcseidr']);
      assert.deepEqual(await complete('$cpsr.m'), ['mode']);
      const functions = await complete('task_');
      assert.ok(functions.includes('task_start') && functions.includes('task_fork'), functions.join(' '));
      assert.deepEqual(await complete('nobody->x'), []);
    });

    it('names modules with their symbols, and the sources that are there', async () => {
      const { modules } = await s.c.request<{ modules: DebugProtocol.Module[] }>('modules');
      assert.match(modules[0].symbolStatus ?? '', /^\d+ symbols, source lines of \d+ units$/);
      const { sources } = await s.c.request<{ sources: DebugProtocol.Source[] }>('loadedSources');
      const paths = sources.map(({ path }) => path);
      assert.ok(paths.includes(s.path('kernel/task.c')) && paths.includes(s.path('kernel/boot.S')));
      assert.ok(paths.every((path) => path !== undefined && !path.includes('<')));
    });

    it('forgets references when the guest moves', async () => {
      const t = (await s.scope('Locals')).get('t');
      await s.step('next');
      const error = await s.c.fails('variables', { variablesReference: t?.variablesReference });
      assert.match(error.message ?? '', /the guest has moved on/);
      assert.match(await s.evaluate('tasks[1].name'), /^"monitor/);
    });
  });
}
