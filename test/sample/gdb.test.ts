/** The real gdb on the sample kernel: its sources, its variables, and stacks from the kernel into programs. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startGdbServer } from '../../debug-adapter/node-gdb-server.ts';
import { Runner } from '../../emulator/runner.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { guestMachine, SAMPLE_GUEST } from '../guest-machine.ts';

const FOLDER = fileURLToPath(new URL('../../guests/sample', import.meta.url));

/** Runs gdb with commands on a fresh machine; returns what it prints. */
async function gdb(mode: ExecutionMode, input: string, commands: readonly string[]): Promise<string> {
  const { machine } = await guestMachine(SAMPLE_GUEST, mode, { patched: false, input });
  const runner = new Runner(machine, setImmediate);
  const server = await startGdbServer(runner, { port: 0 });
  const all = ['set confirm off', `target remote 127.0.0.1:${server.port}`, ...commands, 'disconnect'];
  const args = ['-nx', '-batch', 'kernel.elf', ...all.flatMap((command) => ['-ex', command])];
  const child = spawn('gdb-multiarch', args, { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  // A gdb that waits for ever fails by what it has not printed.
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  await server.close();
  // The client has let the guest go on.
  runner.pause();
  return text;
}

/** The function names of a backtrace, innermost first. */
function names(backtrace: string): string[] {
  return Array.from(backtrace.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?([\w<][\w ]*>?)/gm), ([, name]) => name.trim());
}

describe('gdb on the sample kernel', function () {
  this.timeout(60_000);
  before(function () {
    if (spawnSync('gdb-multiarch', ['--version']).status !== 0) this.skip();
  });

  for (const mode of ['native', 'lpv'] as const) {
    it(`shows lines, variables and stacks (${mode})`, async () => {
      const text = await gdb(mode, 'run cow\n', [
        ...['tbreak sys_getpid', 'continue', 'backtrace', 'printf "task %s\\n", current->name'],
        ...['tbreak sys_uptime', 'continue', 'tbreak page_in', 'continue', 'printf "fault\\n"', 'backtrace'],
      ]);
      assert.match(text, /sys_getpid \(frame=0x\w+\) at kernel\/syscall\.c:\d+\n\d+\tstatic int sys_getpid/);
      assert.match(text, /^task hello$/m);
      const [call, fault] = text.split(/^fault$/m);
      assert.deepEqual(names(call).slice(0, 7), [
        ...['sys_getpid', 'handle_svc', '<signal handler called>'],
        ...['system_call', 'getpid', 'hello_main', 'user_start'],
      ]);
      assert.deepEqual(names(fault), [
        ...['page_in', 'handle_data_abort', '<signal handler called>', 'put_user', 'sys_uptime', 'handle_svc'],
        ...['<signal handler called>', 'system_call', 'uptime', 'cow_main', 'user_start'],
      ]);
    });
  }
});
