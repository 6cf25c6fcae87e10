/** The command as a process: exit codes, what goes to which stream, and bare guests built on the spot. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
/** The command as it is installed. */
const BUNDLE = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command; `stdin` is all there is to read there. */
function trapline(argv: readonly string[], stdin = ''): Promise<Result> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...argv]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  // A command that does not end fails by its exit code, and leaves nothing behind.
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** One line, no stack trace. */
function assertRefused({ code, stdout, stderr }: Result, message: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, message);
  assert.match(stderr, /^trapline: [^\n]+\n$/);
}

const PRELUDE = `
        .syntax unified
        .arch armv5te
        .arm
        .global _start
        .equ UART, 0x101f1000
`;
const PROGRAMS = {
  hello: `
_start: ldr r1, =UART
        adr r2, text
next:   ldrb r0, [r2], #1
        cmp r0, #0
        beq end
        str r0, [r1]
        b next
end:    b end
text:   .asciz "hello\\nworld\\n"
`,
  spin: `
_start: nop
back:   nop
        b back
`,
  panic: `
        .global panic
        .type panic, %function
_start: mov r0, #0x21
        bl panic
panic:  ldr r1, =UART
        str r0, [r1]
forever: nop
        b over
        nop
over:   b forever
`,
  // Sends back what it receives, until a q.
  echo: `
_start: ldr r1, =UART
        ldr r0, =0x301
        str r0, [r1, #0x30]
wait:   ldr r0, [r1, #0x18]
        tst r0, #0x10
        bne wait
        ldr r0, [r1]
        str r0, [r1]
        cmp r0, #0x71
        bne wait
end:    b end
`,
};

const missing = ['arm-none-eabi-as', 'arm-none-eabi-ld'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);

describe('trapline', function () {
  this.timeout(60_000);

  it('explains itself', async () => {
    const help = await trapline(['--help']);
    assert.equal(help.code, 0);
    for (const name of ['run', 'trace', 'gdb', 'dap', 'disasm'])
      assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    const runHelp = await trapline(['run', '--help']);
    assert.deepEqual([runHelp.code, /--max-instructions N/.test(runHelp.stdout)], [0, true]);
    assert.match(VERSION, /^\d+\.\d+\.\d+$/);
    assert.equal((await trapline(['--version'])).stdout, `${VERSION}\n`);
    assert.equal((await trapline([])).code, 2);
  });

  it('knows its version as a bundle, too', () => {
    const bundle = (...args: string[]): string =>
      execFileSync(process.execPath, [BUNDLE, ...args], { encoding: 'utf8' });
    assert.equal(bundle('--version'), `${VERSION}\n`);
    const folder = mkdtempSync(join(tmpdir(), 'trapline-version-'));
    try {
      writeFileSync(join(folder, 'empty.S'), '');
      const log = JSON.parse(bundle('lint', '--format', 'sarif', folder)) as {
        runs: { tool: { driver: { semanticVersion: string } } }[];
      };
      assert.equal(log.runs[0].tool.driver.semanticVersion, VERSION);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what it does not understand, in one line', async () => {
    const cases: [string[], RegExp][] = [
      [['frobnicate'], /no command "frobnicate"/],
      [['--frob'], /no option "--frob"/],
      [['run', '--frob'], /Unknown option '--frob'/],
      [['run', 'no/such/guest.elf'], /guest\.elf/],
      [['run', '--until', '('], /not a regular expression/],
      [['run', '--timeout', 'soon'], /--timeout takes a number/],
      [['run', '--jit', 'on'], /--jit does not exist in this version/],
      [['run', process.execPath, '--mode', 'native'], /not a 32-bit one|too large/],
      [['run', '--savings', 'psr,nothing'], /"nothing" is not a saving.*psr,mmio,core\.$/m],
      [['run', '--mode-switch', 'fast'], /"fast" is not a mode switch strategy.*roots/],
      [['run', '--check', 'all'], /--check takes shadow, not "all"/],
      [['trace', '--mode', 'native'], /no exits to trace in native mode/],
      [['trace', '--cause', 'mmio,nothing'], /"nothing" is no cause/],
      [['trace', '--count', '0'], /--count takes a whole number of at least 1/],
      [['gdb', '--port', '99999'], /--port/],
      [['disasm'], /Name the ELF file/],
      [['disasm', MAIN], /not an ELF file/],
      [['dap', 'guest'], /takes no arguments/],
    ];
    const results = await Promise.all(cases.map(([argv]) => trapline(argv)));
    results.forEach((result, at) => assertRefused(result, cases[at][1]));
  });

  it('says that a port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    assertRefused(await trapline(['gdb', '--port', String(port)]), /in use/);
    server.close();
  });

  describe('exits of the sample kernel', () => {
    interface Stats {
      exits: { total: number; byCause: Record<string, number> };
      sites: { count: number; symbol?: string }[];
      otherSites: number;
      functions: { function?: string; count: number }[];
      otherExits: number;
      registers: { device: string; register: string; reads: number; writes: number }[];
      hostInstructions: number;
      hostInstructionsByCause: Record<string, number>;
      worldSwitches: number;
      fastExits: Record<string, number>;
      stubs: { executed: number };
      coalescedWrites: number;
    }
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
    const session = ['--input', 'run cow\\nrun demand 3\\npoweroff\\n', '--timeout', '25'];

    for (const savings of ['none', 'all']) {
      it(`balance in the statistics, savings: ${savings}`, async () => {
        const options = ['run', ...session, '--savings', savings, '--check', 'shadow', '--format', 'json'];
        const { code, stdout, stderr } = await trapline(options);
        assert.equal(code, 0, stderr);
        const stats = JSON.parse(stdout) as Stats;
        const { total, byCause } = stats.exits;
        assert.ok(total > 1000);
        assert.equal(sum(Object.values(byCause)), total);
        assert.equal(sum(stats.sites.map(({ count }) => count)) + stats.otherSites, total);
        assert.equal(sum(stats.functions.map(({ count }) => count)) + stats.otherExits, total);
        assert.deepEqual(Object.keys(stats.hostInstructionsByCause).sort(), Object.keys(byCause).sort());
        const host = sum(Object.values(stats.hostInstructionsByCause));
        assert.ok(host <= stats.hostInstructions && host > 0.99 * stats.hostInstructions);
        assert.equal(stats.sites.length, 100);
        assert.ok(stats.functions.some((row) => row.function === 'vector_svc'));
        const flags = stats.registers.find(({ device, register }) => device === 'pl011-0' && register === 'UARTFR');
        assert.ok(flags && flags.reads > 0 && flags.writes === 0);
        const saved = stats.stubs.executed + stats.coalescedWrites + sum(Object.values(stats.fastExits));
        assert.equal(saved > 0, savings === 'all');
        assert.match(stderr, /exits by function\n(.*\n)*elsewhere .*\n\n/);
        assert.match(stderr, /world switches, [\d,]+ host instructions \(3\d\.\d each\)\nshadow: /);
        assert.equal(/^saved: /m.test(stderr), savings === 'all');
      });

      it(`are all in the trace, savings: ${savings}`, async () => {
        const { code, stdout, stderr } = await trapline(['trace', ...session, '--savings', savings]);
        assert.equal(code, 0, stderr);
        const lines = stdout.trimEnd().split('\n');
        const [, written, total] = /(\d+) of (\d+) exits written\n$/.exec(stderr) ?? assert.fail(stderr);
        assert.ok(lines.length > 1000);
        assert.deepEqual([Number(written), Number(total)], [lines.length, lines.length]);
        let last = 0;
        lines.forEach((line, index) => {
          const [number, instructions, host, mode, pc, cause] = line.trim().split(/ +/);
          assert.equal(Number(number), index);
          assert.ok(Number(instructions) >= last && Number(host) > 0, line);
          last = Number(instructions);
          assert.match(`${mode} ${pc} ${cause}`, /^(usr|fiq|irq|svc|abt|und|sys) 0x[0-9a-f]{8} [a-z0-9]+[a-z0-9.-]*$/);
        });
      });
    }

    it('can be selected, and come as JSON, a line each', async () => {
      const whole = ['trace', '--until', 'sample> ', '--format', 'json'];
      const { stdout } = await trapline([...whole, '--cause', 'guest.svc,mmio', '--from', '200', '--count', '20']);
      const rows = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { index: number; cause: string; register?: { device: string } });
      assert.equal(rows.length, 20);
      rows.forEach(({ index, cause, register }, at) => {
        assert.ok(index >= 200 && (at === 0 || index > rows[at - 1].index));
        assert.ok(cause === 'guest.svc' || cause === `mmio.${register?.device}`, cause);
      });
      const printed = await trapline([...whole, '--cause', 'wfi', '--console']);
      assert.match(printed.stderr, /SAMPLE-BOOT-OK/);
      assert.match(printed.stdout, /^(\{.*"cause":"wfi".*\}\n)*$/);
    });
  });

  describe(`run with bare guests${missing.length > 0 ? `: ${missing.join(', ')} not installed` : ''}`, function () {
    let folder: string;
    const elf = (name: keyof typeof PROGRAMS): string => join(folder, `${name}.elf`);
    const run = (name: keyof typeof PROGRAMS, options: readonly string[], stdin?: string): Promise<Result> =>
      trapline(['run', elf(name), '--mode', 'native', ...options], stdin);

    before(function () {
      if (missing.length > 0) this.skip();
      folder = mkdtempSync(join(tmpdir(), 'trapline-cli-'));
      for (const [name, source] of Object.entries(PROGRAMS)) {
        writeFileSync(join(folder, `${name}.s`), PRELUDE + source);
        execFileSync('arm-none-eabi-as', ['-o', `${name}.o`, `${name}.s`], { cwd: folder });
        execFileSync('arm-none-eabi-ld', ['-Ttext', '0x10000', '-o', `${name}.elf`, `${name}.o`], { cwd: folder });
      }
    });

    after(() => {
      if (folder) rmSync(folder, { recursive: true });
    });

    it('ends with 0 when the guest halts; stdout is the console alone', async () => {
      const { code, stdout, stderr } = await run('hello', []);
      assert.deepEqual([code, stdout], [0, 'hello\nworld\n']);
      assert.match(stderr, /^trapline: the guest has halted\nhello\.elf, native: [\d,]+ instructions in /);
    });

    it('runs it the same under the hypervisor, and counts its exits', async () => {
      const { code, stdout, stderr } = await trapline(['run', elf('hello'), '--mode', 'lpv', '--savings', 'none']);
      assert.deepEqual([code, stdout], [0, 'hello\nworld\n']);
      assert.match(stderr, /exits by cause\n(.*\n)*mmio\.pl011-0 +12 .*\n(.*\n)*total +\d+/);
    });

    it('ends with 0 when the console matches, and writes statistics', async () => {
      const file = join(folder, 'stats.json');
      const { code, stdout } = await run('hello', ['--until', '^hello$', '--stats', file]);
      assert.deepEqual([code, stdout], [0, 'hello']);
      const stats = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      assert.deepEqual(
        [stats['guest'], stats['mode'], stats['console'], stats['exits'], stats['end']],
        ['hello.elf', 'native', 'hello', { total: 0, byCause: {} }, 'matched'],
      );
      for (const key of ['instructions', 'seconds', 'mips']) assert.equal(typeof stats[key], 'number');
      for (const key of ['shadow', 'worldSwitches', 'hostInstructions']) assert.ok(key in stats);
    });

    it('prints only JSON on stdout with --format json', async () => {
      const { code, stdout } = await run('hello', ['--format', 'json']);
      assert.equal(code, 0);
      assert.equal((JSON.parse(stdout) as { console: string }).console, 'hello\nworld\n');
    });

    it('ends with 3 at a limit, after exactly so many instructions', async () => {
      const limited = await run('spin', ['--max-instructions', '123457', '--format', 'json']);
      assert.equal(limited.code, 3);
      assert.equal((JSON.parse(limited.stdout) as { instructions: number }).instructions, 123457);
      const { code, stderr } = await run('spin', ['--timeout', '0.2']);
      assert.equal(code, 3);
      assert.match(stderr, /time limit of 0\.2 s/);
    });

    it('ends with 1 when the kernel panics', async () => {
      const { code, stdout, stderr } = await run('panic', ['--timeout', '20']);
      assert.deepEqual([code, stdout], [1, '!']);
      assert.match(stderr, /^\ntrapline: the guest has panicked/);
    });

    it('types --input and then stdin, and the end of stdin ends nothing', async () => {
      const { code, stdout } = await run('echo', ['--input', 'one\\n', '--timeout', '20'], 'two\nq');
      assert.deepEqual([code, stdout], [0, 'one\ntwo\nq']);
    });

    it('refuses a statistics file that cannot be written, before the run', async () => {
      assertRefused(await run('hello', ['--stats', join(folder, 'no/such/file')]), /--stats/);
    });

    it('ends quietly when the reader of the console goes away', async () => {
      const child = spawn(process.execPath, [
        '--import',
        'tsx',
        MAIN,
        'run',
        elf('echo'),
        '--mode',
        'native',
        '--timeout',
        '20',
      ]);
      child.stdin.on('error', () => undefined);
      child.stdout.once('data', () => child.stdout.destroy());
      const typing = setInterval(() => child.stdin.write('x'.repeat(100)), 20);
      const code = await new Promise((resolve) => child.on('close', resolve));
      clearInterval(typing);
      assert.equal(code, 0);
    });

    it('ends by a signal with the code that shells expect', async () => {
      const child = spawn(process.execPath, [
        '--import',
        'tsx',
        MAIN,
        'run',
        elf('spin'),
        '--mode',
        'native',
        '--gdb',
        '0',
      ]);
      child.stderr.once('data', () => child.kill('SIGTERM'));
      assert.equal(await new Promise((resolve) => child.on('close', resolve)), 143);
    });

    it('disassembles with symbols', async () => {
      const { code, stdout } = await trapline(['disasm', elf('panic')]);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /Disassembly of section \.text:\n\n00010000 <_start>:\n00010000: {2}e3a00021 {3}mov r0, #33/,
      );
      assert.match(stdout, /bl 0x10008 <panic>/);
      const one = await trapline(['disasm', elf('panic'), '--symbol', 'panic']);
      assert.doesNotMatch(one.stdout, /<_start>:/);
      assertRefused(await trapline(['disasm', elf('panic'), '--symbol', 'nothing']), /no symbol "nothing"/);
      assert.ok(existsSync(elf('panic')));
    });
  });
});
