/** The tasks of the sample kernel in the real gdb, by each of the ways in which a gdb gets to a guest. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from '../debug-adapter/dap/session.testing.ts';

const GUEST = fileURLToPath(new URL('../guests/sample', import.meta.url));
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** The tasks as the kernel's own array has them, printed by gdb. */
const OWN_LIST = [
  'set $i = 0',
  'while $i < 16',
  '  if tasks[$i].state != TASK_FREE',
  '    printf "task %s (%d)\\n", tasks[$i].name, tasks[$i].pid',
  '  end',
  '  set $i = $i + 1',
  'end',
];

/** Runs gdb with commands, connected to a port; returns what it prints. */
function gdb(port: number, ...commands: readonly string[]): Promise<string> {
  const all = ['set confirm off', 'set width 0', `target remote 127.0.0.1:${port}`, ...commands, 'kill'];
  return new Promise((resolve) => {
    const child = execFile(
      'gdb-multiarch',
      ['-nx', '-q', 'kernel.elf'],
      { cwd: GUEST, timeout: 40_000 },
      (_error, stdout, stderr) => resolve(stdout.replaceAll('(gdb) ', '').replaceAll(/^ *>/gm, '') + stderr),
    );
    child.stdin?.end(`${all.join('\n')}\n`);
  });
}

/** What gdb shows of the tasks when the process `cow` waits for its child. */
async function checkTasks(port: number): Promise<void> {
  const text = await gdb(
    port,
    ...['info threads', 'hbreak sys_wait if current->pid == 4', 'continue', 'echo [tasks]\\n', ...OWN_LIST],
    ...['echo [threads]\\n', 'info threads', 'echo [stacks]\\n', 'thread apply all backtrace'],
    ...['echo [asleep]\\n', 'thread name monitor', 'XX monitor', 'thread 4', 'info registers r0', 'set $sp = 4'],
  );
  assert.match(text, /\* 1 +Thread 1 "CPU 0" \((native|lpv)\)/);
  const part = (name: string): string => text.split(`[${name}]\n`)[1]?.split(/^\[\w+\]$/m)[0] ?? '';
  const own = Array.from(part('tasks').matchAll(/task (.* \(\d+\))$/gm), ([, name]) => name);
  assert.deepEqual(own, ['idle (0)', 'monitor (1)', 'cow (4)', 'cow (5)'], text);
  const threads = Array.from(part('threads').matchAll(/^(\*| ) +\d+ +Thread \d+ "(.*?)" \((\w+)\)/gm), (m) =>
    m.slice(1),
  );
  assert.deepEqual(threads.map(([, name]) => name).sort(), [...own].sort(), text);
  assert.deepEqual(
    threads.map(([mark, name, state]) => `${mark}${name} ${state}`).sort(),
    [' cow (5) ready', ' idle (0) ready', ' monitor (1) blocked', '*cow (4) ready'],
    text,
  );
  const stacks = new Map(
    part('stacks')
      .split(/^Thread \d+ \(Thread \d+ "/m)
      .slice(1)
      .map((stack) => [
        stack.slice(0, stack.indexOf('"')),
        Array.from(stack.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?(<signal handler called>|\w+)/gm), ([, name]) => name),
      ]),
  );
  assert.match(part('asleep'), /^r0 +<unavailable>$/m);
  assert.match(text, /The registers of a task that sleeps cannot be written/);
  assert.deepEqual(stacks.get('idle (0)'), ['schedule', 'idle', 'kernel_main', '_start']);
  assert.deepEqual(stacks.get('monitor (1)')?.slice(0, 3), ['schedule', 'block', 'task_reap']);
  // Parent and child have their stacks at the same addresses, each in memory of its own.
  assert.deepEqual(stacks.get('cow (4)')?.slice(-5), [
    '<signal handler called>',
    'system_call',
    'wait',
    'cow_main',
    'user_start',
  ]);
  assert.deepEqual(stacks.get('cow (5)')?.slice(-5), [
    '<signal handler called>',
    'system_call',
    'fork',
    'cow_main',
    'user_start',
  ]);
}

describe('the tasks of the sample kernel in gdb', function () {
  this.timeout(60_000);
  let child: ChildProcess | undefined;

  before(function () {
    if (spawnSync('gdb-multiarch', ['--version']).status !== 0) this.skip();
  });
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts a command that serves gdb; returns the port that it says. */
  function serve(...args: readonly string[]): Promise<number> {
    const started = spawn(process.execPath, ['--import=tsx', MAIN, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    child = started;
    started.stdin.write('run cow\n');
    return new Promise((resolve, reject) => {
      let text = '';
      started.stderr.on('data', (data: Buffer) => {
        text += data.toString();
        const port = /gdb: listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      started.on('exit', () => reject(new Error(text)));
    });
  }

  for (const mode of ['native', 'lpv'])
    it(`are threads: trapline gdb, ${mode}`, async () => {
      await checkTasks(await serve('gdb', GUEST, '--port', '0', '--mode', mode));
    });

  it('are threads beside a debug session', async () => {
    const c = await connect();
    try {
      await c.request('initialize', { adapterID: 'trapline' });
      await c.request('launch', { program: GUEST, stopOnEntry: true, gdbPort: 0 });
      await c.client.evaluateRequest({ expression: '>run cow', context: 'repl' });
      await c.next('initialized');
      await c.client.configurationDoneRequest();
      await c.next('stopped');
      const { output } = await c.next('output');
      await checkTasks(Number(/GDB can connect to 127\.0\.0\.1:(\d+)/.exec(String(output))?.[1]));
    } finally {
      await c.close();
    }
  });

  it('are threads of a run that is under way', async () => {
    const port = await serve('run', GUEST, '--gdb', '0');
    const text = await gdb(port, 'hbreak schedule', 'continue', 'info threads', 'thread apply all backtrace 1');
    assert.match(text, /^\* +\d+ +Thread \d+ "idle \(0\)" \(ready\) +schedule/m, text);
  });
});
