/** Tasks as threads: of the sample kernel, which declares them in its guest.json. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`tasks of the sample kernel, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
    });
    after(() => s.c.close());

    const threads = async (): Promise<Map<string, number>> =>
      new Map((await s.c.client.threadsRequest()).body.threads.map(({ id, name }) => [name, id]));
    const idOf = async (pattern: RegExp): Promise<number> => {
      const all = await threads();
      const found = [...all].find(([name]) => pattern.test(name));
      assert.ok(found, `${pattern} is not among ${[...all.keys()].join(', ')}`);
      return found[1];
    };
    const stack = async (threadId: number): Promise<DebugProtocol.StackFrame[]> =>
      (await s.c.client.stackTraceRequest({ threadId })).body.stackFrames;
    const command = async (expression: string): Promise<string> =>
      (await s.c.client.evaluateRequest({ expression, context: 'repl' })).body.result;

    it('shows the processor alone before there are tasks', async () => {
      assert.match([...(await threads()).keys()].join(), /^CPU 0 \(arm926, (native|lpv)\)$/);
      assert.deepEqual([...(await threads()).values()], [1]);
      assert.match(
        (await s.c.fails('evaluate', { expression: '.current', context: 'repl' })).message ?? '',
        /no tasks yet/,
      );
    });

    it('lists tasks as threads, and stops in the one that runs', async () => {
      await s.type('run hello');
      await s.breakIn('hello_main');
      const stop = (await s.go()) as { threadId?: number };
      const all = await threads();
      assert.deepEqual([...all.keys()], ['idle (0) ready', 'monitor (1) blocked', 'hello (2) running']);
      assert.equal(stop.threadId, all.get('hello (2) running'));
      assert.match(await command('.tasks'), /^\* +2 +2 +hello +ready +0xc0/m);
      assert.match(await command('.current'), /^hello \(2\)/);
      assert.equal(await command('.preemptions'), await s.evaluate('preemptions'));
      await s.breakIn();
    });

    it('unwinds the tasks that do not run, with their variables', async () => {
      const names = async (id: number): Promise<string[]> => (await stack(id)).map(({ name }) => name);
      const monitor = await idOf(/^monitor/);
      assert.deepEqual((await names(monitor)).slice(0, 2), ['schedule', 'block']);
      assert.ok((await names(monitor)).includes('monitor'));
      assert.deepEqual((await names(await idOf(/^idle/))).slice(-3), ['idle', 'kernel_main', '_start']);
      // A frame of another task has that task's variables and registers.
      const frame = (await stack(monitor)).find(({ name }) => name === 'block');
      assert.ok(frame);
      const core = await s.scope('Core registers', frame.id);
      assert.equal(core.get('pc')?.value, frame.instructionPointerReference);
      assert.equal(core.get('cpsr')?.value, 'not saved by the called function');
      assert.equal((await s.scope('Banked registers', frame.id)).size, 0);
      assert.match(await s.evaluate('current->pid', frame.id), /^2$/);
      const context = await s.evaluate('tasks[1].context.sp', frame.id);
      const inner = await s.scope('Core registers', (await stack(monitor))[0].id);
      assert.equal(Number(inner.get('sp')?.value), Number(context));
    });

    it('keeps the numbers of tasks from stop to stop', async () => {
      const before = { monitor: await idOf(/^monitor/), hello: await idOf(/^hello/) };
      const end = async (): Promise<number | undefined> =>
        ((await s.runTo('task_exit')) as { threadId?: number }).threadId;
      let ending = await end();
      // Its child ends first.
      while ((await s.evaluate('current->pid')) !== '2') ending = await end();
      assert.deepEqual({ monitor: await idOf(/^monitor/), hello: await idOf(/^hello/) }, before);
      assert.equal(ending, before.hello);
      // The next program has the place of this one in the table, but is another task.
      await s.type('run hello');
      await s.runTo('hello_main');
      assert.notEqual(await idOf(/^hello .* running/), before.hello);
      const gone = await s.c.fails('stackTrace', { threadId: before.hello });
      assert.match(gone.message ?? '', /its task has ended/);
    });

    it('reads the memory of a program through its own tables', async () => {
      // Both processes have their own memory at the same addresses.
      assert.match(await s.here(), /^hello_main /);
      const parent = await idOf(/running$/);
      const frames = await stack(parent);
      await s.breakAt('kernel/task.c', { at: 'copy->r[0] = 0;' });
      await s.go();
      await s.breakAt('kernel/task.c');
      const own = (await stack(parent)).find(({ name }) => name === 'hello_main');
      const there = own && (await s.scope('Core registers', own.id)).get('sp')?.value;
      while ((await idOf(/running$/)) === parent) await s.runTo('handle_svc');
      const asleep = (await stack(parent)).find(({ name }) => name === 'hello_main');
      assert.ok(asleep && frames[0].name === 'hello_main', (await stack(parent)).map(({ name }) => name).join(' < '));
      assert.equal((await s.scope('Core registers', asleep.id)).get('sp')?.value, there);
      // The caller is in the program, too.
      assert.match((await stack(parent)).at(-1)?.source?.path ?? '', /user\//);
    });

    it('steps a task that does not run until it is back', async () => {
      const monitor = await idOf(/^monitor/);
      const [top] = await stack(monitor);
      await s.c.request('next', { threadId: monitor });
      const stop = (await s.c.next('stopped', 20_000)) as { threadId?: number; reason?: string };
      assert.deepEqual([stop.reason, stop.threadId], ['step', monitor]);
      assert.equal((await s.frames())[0].instructionPointerReference, top.instructionPointerReference);
    });

    it('knows commands, names the nearest, and lets variables have their names', async () => {
      assert.match(await command('help'), /^\.tasks +the tasks/m);
      assert.match(await command('.dump tasks, 20'), /^0xc0[0-9a-f]{6} {2}([0-9a-f]{2} ){16} /);
      assert.match(await command('translate kernel_main'), /level 1 at/);
      assert.match(await command('tasks'), /^\{\{pid = 0/);
      assert.equal(await command('.5 + .5'), '1');
      assert.equal(await command('modules'), 'no modules');
      const wrong = await s.c.fails('evaluate', { expression: '.taskz', context: 'repl' });
      assert.match(wrong.message ?? '', /No command "\.taskz"\. Did you mean \.tasks\?/);
      const size = await s.c.fails('evaluate', { expression: '.dump 0, 1 + 5000', context: 'repl' });
      assert.match(size.message ?? '', /1 to 4096 bytes, not 5001/);
    });
  });
}
