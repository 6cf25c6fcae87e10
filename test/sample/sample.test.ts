/**
 * The sample kernel does the same natively, under the hypervisor and under QEMU; and it executes every class of sensitive
 * instruction that its processor has.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionMode } from '../../emulator/vm.ts';
import { SYMBOL_TYPE } from '../../formats/elf-symbols.ts';
import { codeSections, ElfFile } from '../../formats/elf.ts';
import { A32_ROWS } from '../../isa/a32.ts';
import { archLevel } from '../../isa/row.ts';
import { SENSITIVE_CLASSES, sensitiveClass, type SensitiveClass } from '../../isa/sensitivity.ts';
import { Comparison } from '../equivalence/comparison.ts';
import { guestMachine, SAMPLE_GUEST, type GuestMachine } from '../guest-machine.ts';
import { SELFTEST_OK, SESSION, typed } from './session.ts';

const FOLDER = fileURLToPath(new URL('../../guests/sample', import.meta.url));
const KERNEL = join(FOLDER, 'kernel.elf');
const MODES: readonly ExecutionMode[] = ['native', 'lpv'];
/** The whole session takes about 150 million. */
const LIMIT = 1_000_000_000;

/** Runs the session to its end. */
async function runSession(mode: ExecutionMode, end?: string): Promise<GuestMachine & { stop: string }> {
  const guest = await guestMachine(SAMPLE_GUEST, mode, { patched: false, input: typed(end) });
  return { ...guest, stop: guest.machine.run(LIMIT) };
}

function symbol(guest: GuestMachine, name: string): number {
  const found = guest.elf?.symbols.find(name)?.address;
  assert.ok(found !== undefined, `no symbol ${name}`);
  return found;
}

function word(guest: GuestMachine, address: number): number {
  const bytes = guest.machine.vm.ram(address - symbol(guest, 'KERNEL_BASE'), 4);
  assert.ok(bytes);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

describe('the sample kernel', function () {
  this.timeout(60_000);

  it('does the same natively and under the hypervisor, byte for byte', async () => {
    const [native, lpv] = await Promise.all(MODES.map((mode) => runSession(mode)));
    assert.deepEqual([native.stop, lpv.stop], ['halted', 'halted']);
    assert.equal(lpv.console(), native.console());
    assert.equal(lpv.machine.vcpu.instructions, native.machine.vcpu.instructions);
    const text = native.console();
    assert.match(text, SELFTEST_OK);
    assert.doesNotMatch(text, /^FAIL/m);
    assert.match(text, /^MIXED CASE 42\r$/m);
    assert.match(text, /^exception returns: 12 of 12 data-processing instructions arrive\r$/m);
    assert.ok(text.endsWith('sample> poweroff\r\nstopped\r\n'));
    // All twelve restore the flags from SPSR, which is more than they do under QEMU.
    for (const guest of [native, lpv]) assert.equal(word(guest, symbol(guest, 'flags_restored')), 12);
  });

  it('knows every command that it lists, and the session uses them all', async () => {
    const guest = await runSession('native');
    const help = guest.console().split('sample> ')[1];
    const commands = Array.from(help.matchAll(/^(\w+) +\S/gm), ([, name]) => name);
    const used = new Set(SESSION.map((line) => line.split(' ')[0]));
    // These end the machine, and have tests of their own.
    const ends = ['panic', 'crash', 'reboot', 'poweroff'];
    assert.ok(commands.length > 15);
    assert.deepEqual(guest.console().match(/no command "\w+"/g), ['no command "frobnicate"']);
    assert.deepEqual(
      commands.filter((name) => !used.has(name) && !ends.includes(name)),
      [],
    );
  });

  for (const mode of MODES) {
    it(`panics with registers and a backtrace, and resets the board (${mode})`, async () => {
      const run = async (input: string): Promise<{ stop: string; text: string }> => {
        const guest = await guestMachine(SAMPLE_GUEST, mode, { patched: false, input });
        return { stop: guest.machine.run(LIMIT), text: guest.console() };
      };
      const panic = await run('panic out of ideas\n');
      assert.equal(panic.stop, 'halted');
      assert.match(
        panic.text,
        /Kernel panic: out of ideas\r\n[^]*panic_demo\r\n +\w+ execute\r\n +\w+ monitor\r\nstopped/,
      );
      const crash = await run('crash\n');
      assert.equal(crash.stop, 'halted');
      // The kernel's code is read-only even for the kernel: fault status 0xf, permission of a page.
      assert.match(crash.text, /Kernel panic: data abort in the kernel\r\n.*DFSR 0f, FAR c0008000[^]* crash\r\n/);
      assert.equal((await run('reboot\n')).stop, 'reset');
    });

    it(`takes keys while programs spin, Ctrl-C among them (${mode})`, async () => {
      const input = 'run spin &\nkill 4\nrun spin\n\x03poweroff\n';
      const guest = await guestMachine(SAMPLE_GUEST, mode, { patched: false, input });
      assert.equal(guest.machine.run(LIMIT), 'halted');
      assert.match(
        guest.console(),
        /\[4 spin\]\r\nsample> kill 4\r\n\[4 was killed\]\r\nsample> run spin\r\n\[5 was killed\]/,
      );
    });

    it(`executes every class of sensitive instruction of ARMv5TE (${mode})`, async () => {
      const applicable = classesOf('v5TEJ');
      assert.deepEqual(
        SENSITIVE_CLASSES.filter((name) => !applicable.has(name)),
        ['CPS', 'RFE', 'SRS'],
      );
      const sites = sensitiveWords(new ElfFile(new Uint8Array(readFileSync(KERNEL)), 'kernel.elf'));
      assert.deepEqual(new Set(sites.values()), applicable);
      const guest = await guestMachine(SAMPLE_GUEST, mode, { patched: false, input: typed('crash') });
      const executed = executedOf(guest, [...sites.keys()]);
      assert.deepEqual(new Set([...executed].map((address) => sites.get(address))), applicable);
    });
  }

  it('is equal natively and under the hypervisor at every exit of a whole run', async () => {
    const input = typed();
    const virtualized = await guestMachine(SAMPLE_GUEST, 'lpv', { input });
    const native = await guestMachine(SAMPLE_GUEST, 'native', { input });
    const result = new Comparison(virtualized.machine, native.machine).run(LIMIT);
    assert.equal(result.difference, undefined);
    assert.equal(result.stop, 'halted');
    assert.ok(result.registerPoints > 10_000 && result.pages > 500);
    assert.equal(virtualized.console(), native.console());
    assert.match(virtualized.console(), SELFTEST_OK);
  });

  it('prints the same under QEMU, but for times', async function () {
    // QEMU's guest has the clock of the host: one that stands still for a while is seen in what is printed.
    this.retries(2);
    if (spawnSync('qemu-system-arm', ['--version']).status !== 0) return this.skip();
    const native = await runSession('native', 'reboot');
    assert.equal(native.stop, 'reset');
    // With -no-reboot a reset of the board ends QEMU.
    const board = '-M versatilepb -m 128M -display none -monitor none -serial stdio -nic none -no-reboot'.split(' ');
    const qemu = spawn('qemu-system-arm', [...board, '-kernel', KERNEL], { stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    qemu.stdout.on('data', (data: Buffer) => (text += data.toString()));
    qemu.stdin.write(typed('reboot'));
    const timer = setTimeout(() => qemu.kill('SIGKILL'), 40_000);
    const code = await new Promise((resolve) => qemu.on('close', resolve));
    clearTimeout(timer);
    assert.equal(code, 0, text.slice(-500));
    assert.match(text, SELFTEST_OK);
    assert.deepEqual(withoutTimes(text), withoutTimes(native.console()));
  });

  it('is what its sources give, bit for bit', function () {
    this.timeout(60_000);
    const { status, stdout } = spawnSync('arm-none-eabi-gcc', ['--version'], { encoding: 'utf8' });
    if (status !== 0) return this.skip();
    const committed = readFileSync(KERNEL);
    const compiler = /\(([^)]+)\) ([\d.]+) (\d+)/.exec(stdout);
    // The compiler leaves its version in .comment; another one makes other code.
    const elf = new ElfFile(new Uint8Array(committed), 'kernel.elf');
    const comment = elf.section('.comment');
    assert.ok(comment);
    const recorded = Buffer.from(elf.sectionBytes(comment)).toString();
    if (!compiler || !recorded.includes(`(${compiler[1]}) ${compiler[2]} ${compiler[3]}`)) return this.skip();
    const out = mkdtempSync(join(tmpdir(), 'trapline-sample-'));
    try {
      const build = spawnSync(join(FOLDER, 'build.sh'), [out], { encoding: 'utf8' });
      assert.equal(build.status, 0, build.stderr);
      assert.ok(readFileSync(join(out, 'kernel.elf')).equals(committed), 'npm run guest:sample rebuilds kernel.elf');
    } finally {
      rmSync(out, { recursive: true });
    }
    // Nothing in it tells where it was built.
    assert.ok(!committed.includes(FOLDER) && !committed.includes('/usr/'));
    assert.ok(committed.length < 300_000);
  });

  it('has a source line for every function, in C and in assembly', function () {
    const elf = new ElfFile(new Uint8Array(readFileSync(KERNEL)), 'kernel.elf');
    const symbols = Array.from({ length: elf.symbols.count }, (_, index) => elf.symbols.symbol(index));
    const functions = symbols.filter(({ type }) => type === SYMBOL_TYPE.function);
    const addresses = functions.map(({ address }) => address.toString(16));
    const { status, stdout } = spawnSync('arm-none-eabi-addr2line', ['-e', KERNEL, ...addresses], { encoding: 'utf8' });
    if (status !== 0) return this.skip();
    const lines = stdout.trimEnd().split('\n');
    assert.ok(functions.length > 150 && lines.length === functions.length);
    lines.forEach((line, i) => {
      const found = /^\.\/((?:kernel|user)\/\w+\.[cS]):[1-9]\d*$/.exec(line);
      assert.ok(found && existsSync(join(FOLDER, found[1])), `${functions[i].name}: ${line}`);
    });
  });
});

/** The classes that have an instruction at an architecture level. */
function classesOf(arch: 'v5TEJ'): Set<SensitiveClass> {
  const rows = A32_ROWS.filter((row) => archLevel(row.arch) <= archLevel(arch));
  const names = new Set(rows.map((row) => row.name.replace(/_(imm|reg|shi|shr)$/, '')));
  return new Set(SENSITIVE_CLASSES.filter((name) => names.has(name)));
}

/** Every sensitive instruction of the kernel's own code, by address. */
function sensitiveWords(elf: ElfFile): Map<number, SensitiveClass> {
  const found = new Map<number, SensitiveClass>();
  const sections = codeSections(elf).filter(({ name }) => name !== '.user_text');
  for (const section of sections) {
    const bytes = elf.sectionBytes(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const marks = elf.mappingSymbols(section);
    marks.forEach(({ address, kind }, i) => {
      const end = marks[i + 1]?.address ?? section.address + section.size;
      for (let at = address; kind === 'a' && at + 4 <= end; at += 4) {
        const sensitive = sensitiveClass(view.getUint32(at - section.address, true));
        if (sensitive !== 'none') found.set(at >>> 0, sensitive);
      }
    });
  }
  return found;
}

/** Which of these linked addresses the guest executes before it halts: each is a breakpoint until it has been met. */
function executedOf(guest: GuestMachine, addresses: readonly number[]): Set<number> {
  const { machine } = guest;
  const base = symbol(guest, 'KERNEL_BASE');
  const left = new Map<number, number>();
  for (const address of addresses) {
    left.set(address, address);
    // Before the MMU is on, the kernel runs where it was loaded.
    left.set(address - base, address);
  }
  const executed = new Set<number>();
  for (;;) {
    machine.vcpu.setBreakpoints([...left.keys()]);
    const stop = machine.run(LIMIT);
    if (stop === 'halted') return executed;
    assert.equal(stop, 'breakpoint');
    const at = machine.vcpu.exit.address >>> 0;
    executed.add(left.get(at) ?? assert.fail(`stopped at ${at.toString(16)}`));
    left.delete(at);
  }
}

/** Lines whose numbers depend on when interrupts came: times, turns, and what a program did before it was killed. */
const TIMED = /^up |^ +\d+ +\d+ \w+ |samples in user mode|pages, \d+ present|on demand:/;
/** Printed at whichever prompt comes next after a program in the background has ended. */
const BACKGROUND_END = /^\[\d+ ended with \d+\]$/;

/** The lines of a console without what depends on when interrupts came. */
function withoutTimes(text: string): string[] {
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => (TIMED.test(line) ? line.replace(/\d+/g, 'N').replace(/ +/g, ' ') : line));
  const ends = lines.filter((line) => BACKGROUND_END.test(line));
  return [...lines.filter((line) => !BACKGROUND_END.test(line)), ...ends.sort()];
}
