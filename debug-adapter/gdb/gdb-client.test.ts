/** The stub against the real GDB client, on the real machine. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runner } from '../../emulator/runner.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { createMachine } from '../launch/create-machine.ts';
import { nodeFileSystem } from '../launch/node-file-system.ts';
import { resolveGuest } from '../launch/resolve-guest.ts';
import { type GdbServer, startGdbServer } from '../node-gdb-server.ts';

const PROGRAM = `
        .syntax unified
        .arch armv5te
        .arm
        .global _start, again, spin, leaf, counter
        .type leaf, %function
_start: ldr sp, =0x8000
        ldr r1, =counter
        mov r0, #0
again:  add r0, r0, #1
        str r0, [r1]
        ldr r2, [r1]
        cmp r0, #5
        bne again
        bl leaf
        mov r4, #44
spin:   nop
        b back
        nop
back:   b spin
leaf:   mov r3, #33
        bx lr
        .ltorg
        .data
counter: .word 0
`;

const missing = ['gdb-multiarch', 'arm-none-eabi-as', 'arm-none-eabi-ld'].filter(
  (tool) => spawnSync(tool, ['--version']).status !== 0,
);

for (const mode of ['native', 'lpv'] satisfies ExecutionMode[])
  describe(`gdb-multiarch on a ${mode} machine${missing.length > 0 ? `: ${missing.join(', ')} not installed` : ''}`, function () {
    this.timeout(60_000);
    let folder: string;
    let elf: string;
    let server: GdbServer | undefined;
    let runner: Runner;

    before(async function () {
      if (missing.length > 0) this.skip();
      folder = mkdtempSync(join(tmpdir(), 'trapline-gdb-'));
      elf = join(folder, 'program.elf');
      writeFileSync(join(folder, 'program.S'), PROGRAM);
      execFileSync('arm-none-eabi-as', ['-g', '-o', 'program.o', 'program.S'], { cwd: folder });
      execFileSync('arm-none-eabi-ld', ['-Ttext', '0x10000', '-Tdata', '0x20000', '-o', elf, 'program.o'], {
        cwd: folder,
      });
      const { machine } = await createMachine(await resolveGuest(elf, { mode, memory: '1M' }, nodeFileSystem));
      runner = new Runner(machine, setImmediate);
      server = await startGdbServer(runner, { port: 0 });
    });

    after(async () => {
      runner?.pause();
      await server?.close();
      if (folder) rmSync(folder, { recursive: true });
    });

    /** Runs gdb with commands after connecting; returns what it prints. `interruptAfter`: Ctrl-C after so many ms. */
    const gdb = (commands: readonly string[], interruptAfter?: number): Promise<string> => {
      const all = [`target remote 127.0.0.1:${server?.port}`, ...commands];
      const args = ['-nx', '-batch', '-ex', 'set confirm off', elf, ...all.flatMap((command) => ['-ex', command])];
      const child = spawn('gdb-multiarch', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString();
        if (interruptAfter !== undefined && /Continuing|shall run/.test(text)) {
          setTimeout(() => child.kill('SIGINT'), interruptAfter);
          interruptAfter = undefined;
        }
      });
      child.stderr.on('data', (data: Buffer) => (text += data.toString()));
      // A client that waits for ever fails by what it has not printed.
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      return new Promise((resolve) => {
        child.on('close', () => {
          clearTimeout(timer);
          resolve(text);
        });
      });
    };

    const includes = (text: string, ...patterns: readonly RegExp[]): void => {
      for (const pattern of patterns) assert.match(text, pattern);
    };

    it('loads, stops at both kinds of breakpoint, and steps', async () => {
      const text = await gdb([
        'load',
        'next',
        'printf "next %x\\n", $pc',
        'break again',
        'continue',
        'delete',
        'hbreak leaf',
        'stepi',
        'stepi',
        'printf "at %x\\n", $pc',
        'continue',
        'finish',
        'stepi',
        'printf "r4 %d\\n", $r4',
      ]);
      includes(
        text,
        /next 10004/,
        /Loading section \.text/,
        /Breakpoint 1, again/,
        /at 10014/,
        /Breakpoint 2, leaf/,
        /r4 44/,
      );
    });

    it('watches writes, reads and both, and shows the place right behind the access', async () => {
      const text = await gdb([
        'monitor reset',
        'set $pc = _start',
        'watch *(int*)&counter',
        'continue',
        'printf "write: pc %x r0 %d\\n", $pc, $r0',
        'continue',
        'printf "write: pc %x r0 %d\\n", $pc, $r0',
        'delete',
        'rwatch *(int*)&counter',
        'continue',
        'printf "read: pc %x r2 %d\\n", $pc, $r2',
        'delete',
        'awatch *(int*)&counter',
        'continue',
        'printf "access: pc %x r0 %d\\n", $pc, $r0',
        'continue',
        'printf "access: pc %x r2 %d\\n", $pc, $r2',
        'stepi',
        'printf "stepped: pc %x\\n", $pc',
      ]);
      includes(text, /Hardware watchpoint \d+: \*\(int\*\)&counter/, /New value = 1/, /New value = 2/, /Value = 2/);
      includes(text, /write: pc 10014 r0 1/, /write: pc 10014 r0 2/, /read: pc 10018 r2 2/);
      includes(text, /access: pc 10014 r0 3/, /access: pc 10018 r2 3/, /stepped: pc 1001c/);
    });

    it('writes and reads every register, and sees the banks that CPSR selects', async () => {
      const core = [...Array.from({ length: 13 }, (_, at) => `r${at}`), 'sp', 'lr'];
      const text = await gdb([
        ...core.flatMap((name, at) => [`set $${name} = 0x${(0x1000 + at).toString(16)}`]),
        ...core.map((name) => `printf "${name}=%x\\n", $${name}`),
        'set $cpsr = 0xd2',
        'set $sp = 0x2222',
        'set $spsr_irq = 0x10',
        'set $cpsr = 0xd3',
        'set $r8_fiq = 0x3333',
        'set $sp_und = 0x4444',
        'printf "svc %x irq %x via bank %x\\n", $sp, $sp_irq, $sp_svc',
        'set $cpsr = 0xd1',
        'printf "fiq r8 %x usr r8 %x\\n", $r8, $r8_usr',
        'set $cpsr = 0xdb',
        'printf "und %x\\n", $sp',
        'set $cpsr = 0xd3',
        'info registers cpsr spsr_irq midr',
      ]);
      core.forEach((name, at) => includes(text, new RegExp(`^${name}=${(0x1000 + at).toString(16)}$`, 'm')));
      includes(text, /svc 100d irq 2222 via bank 100d/, /fiq r8 3333 usr r8 1008/, /und 4444/);
      includes(text, /cpsr +0xd3 +\[ M=svc F I \]/, /spsr_irq +0x10 +\[ M=usr \]/, /midr +0x41069265/);
    });

    it('reads and writes memory, and reports what cannot be read', async () => {
      const text = await gdb([
        'set {int}0x30000 = 0x12345678',
        'x/xw 0x30000',
        'x/xb 0xfffff',
        'monitor translation 0x30000',
        // Last: gdb reports it on its standard error, which is not in step with its output.
        'x/xw 0x80000000',
      ]);
      includes(text, /0x30000:\s+0x12345678/, /Cannot access memory at address 0x80000000/, /0xfffff:\s+0x00/);
      includes(text, /physical 0x00030000/);
    });

    it('interrupts a guest that runs, detaches, and attaches again', async () => {
      const text = await gdb(
        ['set $pc = spin', 'echo shall run\\n', 'continue', 'printf "stopped in %x\\n", $pc', 'detach'],
        700,
      );
      includes(text, /SIGINT/, /stopped in 100(28|2c|34)/, /detached/);
      assert.ok(runner.running, 'detaching lets the guest run');
      const { instructions } = runner.machine.vcpu;
      const again = await gdb(['printf "now in %x\\n", $pc', 'monitor step-count', 'kill']);
      includes(again, /now in 100(28|2c|34)/, /\d+ instructions/);
      assert.ok(runner.machine.vcpu.instructions > instructions);
    });

    it('lists its monitor commands, and explains an unknown one', async () => {
      includes(
        await gdb(['monitor help', 'monitor nonsense']),
        /monitor step-count/,
        /Unknown monitor command "nonsense"/,
      );
    });

    it('refuses a second client while one is connected', async () => {
      const first = connect(server?.port ?? 0, '127.0.0.1');
      await new Promise((resolve) => first.on('connect', resolve));
      const text = await gdb([]);
      includes(text, /another debugger is connected|closed/i);
      first.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      includes(await gdb(['printf "welcome %d\\n", 1']), /welcome 1/);
    });
  });
