/** The real GDB client on the sample kernel: conditions, ranges, threads, search and checksums are the stub's work. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Runner } from '../../emulator/runner.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { guestMachine, SAMPLE_GUEST } from '../../test/guest-machine.ts';
import { startGdbServer } from '../node-gdb-server.ts';

const ELF = fileURLToPath(new URL('../../guests/sample/kernel.elf', import.meta.url));
const missing = spawnSync('gdb-multiarch', ['--version']).status !== 0;

for (const mode of ['native', 'lpv'] satisfies ExecutionMode[])
  describe(`gdb-multiarch on the sample kernel, ${mode}${missing ? ': not installed' : ''}`, function () {
    this.timeout(60_000);

    before(function () {
      if (missing) this.skip();
    });

    /** Runs gdb with commands, connected to a fresh machine; returns what it prints. */
    async function gdb(...commands: readonly string[]): Promise<string> {
      const { machine } = await guestMachine(SAMPLE_GUEST, mode, { patched: false });
      const runner = new Runner(machine, setImmediate);
      const server = await startGdbServer(runner, { port: 0 });
      const all = [
        'set confirm off',
        `target remote 127.0.0.1:${server.port}`,
        'hbreak memory_init',
        'continue',
        ...commands,
      ];
      const args = ['-nx', '-batch', ...all.flatMap((command) => ['-ex', command]), ELF];
      try {
        return await new Promise((resolve) => {
          execFile('gdb-multiarch', args, { timeout: 40_000, maxBuffer: 1 << 26 }, (_error, stdout, stderr) =>
            resolve(stdout + stderr),
          );
        });
      } finally {
        await server.close();
        // The client has let the guest go on.
        runner.pause();
      }
    }

    it('steps a line in one packet, and evaluates conditions without asking', async () => {
      const text = await gdb(
        'tbreak task_ready if next_pid == 3',
        'set debug remote 1',
        'next',
        'continue',
        'set debug remote 0',
        'printf "pid %d\\n", next_pid',
      );
      assert.match(text, /pid 3/);
      const sent = text.match(/Sending packet: \$[^#]*/g) ?? [];
      assert.ok(
        sent.some((packet) => packet.includes('$vCont;r')),
        'range stepping',
      );
      assert.ok(
        sent.some((packet) => /\$Z0,[0-9a-f]+,4;X/.test(packet)),
        'a condition in bytecode',
      );
      const resumed = sent.filter((packet) => /\$vCont;/.test(packet));
      assert.ok(resumed.length < 10, `${resumed.length} times resumed`);
    });

    it('lists threads and memory, finds bytes, and compares sections', async () => {
      const text = await gdb(
        'info threads',
        'info mem',
        'find /w 0xc0008000, 0xc0010000, *(unsigned int *)&kernel_main',
        'compare-sections .text',
        'monitor translation 0xc0008000',
        'monitor machine',
      );
      assert.match(text, /\* 1 +Thread 1 "CPU 0" \((native|lpv)\) +memory_init/);
      assert.match(text, /0x00000000 +0x100000000|0x00000000 +0xffffffff/);
      assert.match(text, /pattern/);
      // Under the hypervisor the traps are in the code, which is what the checksum says.
      assert.match(text, mode === 'native' ? /Section \.text, .*: matched/ : /Section \.text, .*: MIS-MATCHED/);
      assert.match(text, /level 1 at 0x[0-9a-f]{8}/);
      assert.match(text, mode === 'native' ? /^register +value/m : /^register +virtual +physical/m);
    });

    it('watches a variable by all three kinds of watchpoints', async () => {
      const text = await gdb(
        'watch ticks',
        'continue',
        'delete',
        'rwatch ticks',
        'continue',
        'delete',
        'awatch ticks',
        'continue',
      );
      assert.match(text, /Hardware watchpoint \d+: ticks\n\nOld value = 0\nNew value = 1/);
      assert.match(text, /Hardware read watchpoint \d+: ticks\n\nValue = \d+/);
      assert.match(text, /Hardware access \(read\/write\) watchpoint \d+: ticks/);
    });
  });
