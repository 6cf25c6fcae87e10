/** What is read of a Linux from outside, beside what the same Linux says of itself: needs `npm run guest:linux`. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection } from './session.testing.ts';

const OUT = fileURLToPath(new URL('../../guests/linux/build/out/', import.meta.url));
const LETTERS: Readonly<Record<string, string>> = {
  running: 'R',
  runnable: 'R',
  sleeping: 'S',
  idle: 'I',
  'disk sleep': 'D',
};

for (const mode of ['native', 'lpv']) {
  describe(`tasks of a Linux, ${mode}`, function () {
    this.timeout(120_000);
    let c: Connection;

    before(async function () {
      if (!existsSync(`${OUT}vmlinux`)) return this.skip();
      c = await connect();
      await c.client.initializeRequest();
      await c.request('launch', { program: `${OUT}guest.json`, append: 'console=ttyAMA0', mode, stopOnEntry: true });
      await c.next('initialized');
      await c.client.configurationDoneRequest();
      await c.next('stopped', 20_000);
    });
    after(() => c?.close());

    const threads = async (): Promise<DebugProtocol.Thread[]> => (await c.client.threadsRequest()).body.threads;
    const command = async (expression: string): Promise<string> =>
      (await c.client.evaluateRequest({ expression, context: 'repl' })).body.result;
    const stack = async (threadId: number): Promise<DebugProtocol.StackFrame[]> =>
      (await c.client.stackTraceRequest({ threadId })).body.stackFrames;
    const printed = async (text: string): Promise<void> => {
      for (let i = 0; i < 600 && !c.console().includes(text); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(c.console().includes(text), `${text} is not printed: ${c.console().slice(-500)}`);
    };
    const go = async (): Promise<void> => {
      await c.client.continueRequest({ threadId: 1 });
    };
    const pause = async (): Promise<void> => {
      await c.client.pauseRequest({ threadId: 1 });
      await c.next('stopped');
    };
    let count = 0;
    /** What a command prints in the guest's shell, which is paused afterwards. */
    const ask = async (line: string): Promise<string> => {
      const mark = `MARK-${++count}`;
      await go();
      // The shell echoes what is typed, so the marks are put together by it.
      await command(`>echo "MARK-""${count}-BEGIN"; ${line}; echo "MARK-""${count}-END"`);
      await printed(`${mark}-END`);
      await pause();
      const text = c.console().replace(/\r/g, '');
      return text.slice(text.lastIndexOf(`${mark}-BEGIN`) + mark.length + 7, text.lastIndexOf(`${mark}-END`)).trimEnd();
    };

    it('shows the processor alone at the entry, the first task in start_kernel', async () => {
      assert.deepEqual(await threads(), [{ id: 1, name: `CPU 0 (arm926, ${mode})` }]);
      await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'start_kernel' }] });
      await go();
      await c.next('stopped', 20_000);
      assert.deepEqual(
        (await threads()).map(({ name }) => name),
        ['swapper (0) running'],
      );
      const early = await c.fails('evaluate', { expression: '.mounts', context: 'repl' });
      assert.match(early.message ?? '', /nothing is mounted yet|has no member|cannot be read/);
      await c.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    });

    it('lists the tasks that /proc lists, in the same states', async () => {
      await go();
      await printed('GUEST-BOOT-OK');
      await pause();
      // No process but the shell: it reads the files itself.
      const own = await ask('for p in /proc/[0-9]*; do read a b c rest < $p/stat; echo "$a $b $c"; done');
      // To the name of a worker /proc adds what it works on.
      const theirs = new Map(
        [...own.matchAll(/^(\d+) \((kworker[^-+)]*|[^)]*).*\) (\w)$/gm)].map(([, pid, name, state]) => [
          Number(pid),
          { name, state },
        ]),
      );
      assert.ok(theirs.size > 10, own);
      const table = await command('.tasks');
      const ours = new Map(
        [...table.matchAll(/^[* ] +(\d+) +\d+ +(.*?) {2,}(.*?) {2,}0x/gm)].map(([, pid, name, state]) => [
          Number(pid),
          { name, state: LETTERS[state] ?? state },
        ]),
      );
      assert.deepEqual(ours.get(0)?.name, 'swapper');
      ours.delete(0);
      // The shell runs while it reads, and waits for us afterwards.
      assert.deepEqual([theirs.get(1)?.state, ours.get(1)?.state], ['R', 'S']);
      theirs.set(1, { name: theirs.get(1)?.name ?? '', state: 'S' });
      assert.deepEqual([...ours].sort(), [...theirs].sort());
    });

    it('reads the log, mounts, command line and version that the kernel prints', async () => {
      const lines = (text: string): string[] => text.split('\n').map((line) => line.trimEnd());
      assert.deepEqual(lines(await command('.dmesg')), lines(await ask('dmesg')));
      const mounts = (await ask('cat /proc/mounts')).split('\n').map((line) => {
        const [device, place, type, options] = line.split(' ');
        return `${device} ${place} ${type} ${options.split(',')[0]}`;
      });
      assert.deepEqual(lines(await command('.mounts')), mounts);
      assert.equal(await command('.version'), await ask('cat /proc/version'));
      assert.equal(await command('.cmdline'), await ask('cat /proc/cmdline'));
      assert.equal(`${await command('.uname')} GNU/Linux`, await ask('uname -a'));
      // This kernel is built without modules.
      assert.equal(await ask('cat /proc/modules 2>/dev/null | wc -l'), '0');
      assert.equal(await command('.modules'), 'no modules');
    });

    it('shows the stacks of tasks that sleep, down to their programs', async () => {
      const all = await threads();
      const named = (name: string): number => all.find((thread) => thread.name.startsWith(name))?.id ?? 0;
      const worker = await stack(named('kthreadd'));
      assert.deepEqual(
        worker.map(({ name }) => name),
        ['context_switch', '__schedule', 'schedule', 'kthreadd', 'ret_from_fork'],
      );
      const shell = await stack(named('sh (1)'));
      const names = shell.map(({ name }) => name);
      assert.ok(names.includes('schedule') && names.includes('ret_fast_syscall'), names.join(' < '));
      // The program's own frame: what it has at the system call.
      assert.ok(Number(shell.at(-1)?.instructionPointerReference) < 0xbf000000, names.join(' < '));
      const frame = worker[3].id;
      const { result } = (await c.client.evaluateRequest({ expression: '$sp', frameId: frame, context: 'watch' })).body;
      assert.ok(Number(result) > 0xc0000000, result);
    });

    it('asks for the tasks in a few milliseconds at each stop', async () => {
      const times: number[] = [];
      for (let i = 0; i < 20; i++) {
        await go();
        await new Promise((resolve) => setTimeout(resolve, 5));
        await pause();
        const begun = performance.now();
        assert.ok((await threads()).length > 10);
        times.push(performance.now() - begun);
      }
      const [median] = times.sort((a, b) => a - b).slice(10);
      process.stderr.write(`      threads: ${median.toFixed(1)} ms\n`);
      assert.ok(median < 50, times.map((time) => time.toFixed(1)).join(' '));
    });

    it('ends a list that memory does not let end, and says why', async () => {
      const next = '((struct task_struct *)&init_task)->tasks.next->next->next->next->next';
      const old = (await c.client.evaluateRequest({ expression: next, context: 'repl' })).body.result;
      for (const wrong of ['init_task.tasks.next->next', '(struct list_head *)4', '(struct list_head *)0xc0000001']) {
        await c.client.evaluateRequest({ expression: `${next} = ${wrong}`, context: 'repl' });
        const begun = performance.now();
        const names = (await threads()).map(({ name }) => name);
        assert.ok(performance.now() - begun < 1000);
        assert.ok(names.length >= 4 && names.some((name) => name.endsWith('running')), names.join());
        assert.match(
          (await command('.tasks')).split('\n').at(-1) ?? '',
          /does not come back to its head|cannot be read/,
        );
        await c.client.evaluateRequest({
          expression: `init_task.tasks.next->next->next->next->next = (struct list_head *)${old.split(' ')[0]}`,
          context: 'repl',
        });
      }
      const said = c.events
        .filter(({ event }) => event === 'output')
        .filter(({ body }) => /not complete/.test((body as { output: string }).output));
      assert.ok(said.length >= 1 && said.length <= 3);
      assert.doesNotMatch(await command('.tasks'), /come back|cannot be/);
    });
  });
}
