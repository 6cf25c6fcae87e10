/** lint, patch and verify as processes: formats, exit codes, files written. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** The loader, for processes that run in another folder. */
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

const ENTRY = '\tmrs r2, cpsr @ read\n\tmcr p15, 0, r0, c1, c0, 0\n\tdisable r3\n\tnop\n';
const MACROS = '\t.macro disable rd\n\tmsr cpsr_c, \\rd\n\t.endm\n';

describe('trapline lint, patch and verify', function () {
  this.timeout(60_000);
  let folder: string;
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  const trapline = (...argv: string[]): Result => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', TSX, MAIN, ...argv], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  };
  const snapshot = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((file) => [file, readFileSync(file, 'latin1')]),
    );

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-lint-'));
    write('arch/arm/Makefile', 'obj-y := a.o');
    write('arch/arm/kernel/entry.S', `#include "macros.h"\n${ENTRY}`);
    write('arch/arm/kernel/macros.h', MACROS);
    write('arch/arm/kernel/irq.c', 'void f(unsigned x) { asm volatile("msr cpsr_c, %0" : : "r" (x)); } /* \xe9 */\n');
    write('clean/a.S', '\tnop\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reports as JSON what the contract says', () => {
    const { code, stdout } = trapline('lint', 'arch', '--format', 'json');
    const found = JSON.parse(stdout) as Record<string, unknown>[];
    assert.equal(code, 1);
    assert.deepEqual(
      found.map(({ file, line, column, endColumn, rule, severity, replacement }) => [
        file,
        line,
        column,
        endColumn,
        rule,
        severity,
        replacement,
      ]),
      [
        ['arch/arm/kernel/entry.S', 2, 2, 14, 'lpv-mrs', 'warning', 'swi 0x022000'],
        ['arch/arm/kernel/entry.S', 3, 2, 27, 'lpv-mcr', 'info', null],
        ['arch/arm/kernel/irq.c', 1, 36, 50, 'lpv-msr', 'warning', '__lpv_msr cpsr_c, %0'],
        ['arch/arm/kernel/macros.h', 2, 2, 17, 'lpv-msr', 'warning', 'swi 0x014000 | __lpv_\\rd'],
      ],
    );
    assert.deepEqual(found[3].expansions, [{ file: 'arch/arm/kernel/entry.S', line: 4 }]);
  });

  it('ends with 0 when nothing needs a trap, and refuses what is not there', () => {
    assert.deepEqual(trapline('lint', 'clean'), { code: 0, stdout: '', stderr: '' });
    const off = trapline('lint', 'arch', '--severity', 'lpv=info');
    assert.equal(off.code, 0);
    for (const [argv, message] of [
      [['lint'], /Name files or folders/],
      [['lint', 'nowhere'], /nowhere: there is no such file/],
      [['lint', 'arch/arm/Makefile'], /neither assembly nor C/],
      [['lint', 'clean', '--severity', 'lpv-xyz=off'], /no rule "lpv-xyz"/],
      [['lint', 'clean', '--baseline', 'missing.json'], /no such baseline/],
      [['lint', 'clean', '--config', 'missing'], /missing/],
      [['patch', 'clean', '--diff', '-o', 'x'], /--diff writes nothing/],
      [['verify', 'clean/a.S'], /not an ELF file/],
    ] as const) {
      const { code, stderr } = trapline(...argv);
      assert.deepEqual([code, message.test(stderr), stderr.split('\n').length], [2, true, 2], stderr);
    }
  });

  it('writes SARIF with rules, places and fixes', () => {
    const log = JSON.parse(trapline('lint', 'arch', '--format', 'sarif').stdout) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: { ruleId: string; ruleIndex: number; fixes?: unknown }[];
      }[];
    };
    const [{ tool, results }] = log.runs;
    assert.deepEqual([log.version, tool.driver.rules.length, results.length], ['2.1.0', 31, 4]);
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex].id, ruleId);
    assert.equal(results.filter(({ fixes }) => fixes).length, 3);
  });

  it('knows baselines and ignore files', () => {
    assert.equal(trapline('lint', 'arch', '--write-baseline', 'base.json').code, 1);
    assert.equal(trapline('lint', 'arch', '--baseline', 'base.json').code, 0);
    write('arch/arm/kernel/entry.S', `#include "macros.h"\n\n${ENTRY}\tcpsid i\n`);
    const { code, stdout } = trapline('lint', 'arch', '--baseline', 'base.json');
    assert.equal(code, 1);
    assert.match(stdout, /^arch\/arm\/kernel\/entry\.S:7:2: warning: .*\[lpv-cps\]\n$/);
    write('.lpvignore', '# not ours\n*.c\narch/**/entry.S\n');
    assert.match(trapline('lint', 'arch').stdout, /^arch\/arm\/kernel\/macros\.h:2:2: [^\n]*\n$/);
  });

  it('patches a tree once, and takes it back byte for byte', () => {
    const before = snapshot();
    const diff = trapline('patch', 'arch', '--diff');
    assert.deepEqual(snapshot(), before, '--diff writes nothing');
    assert.match(diff.stdout, /^-\tmrs r2, cpsr @ read\n\+\tswi 0x022000 \/\* lpv: mrs r2, cpsr \*\/ @ read$/m);
    const patched = trapline('patch', 'arch');
    assert.deepEqual(
      [patched.code, patched.stderr],
      [0, 'trapline: 3 instructions replaced in 3 files: MRS 1, MSR 2\n'],
    );
    const once = snapshot();
    assert.match(
      once[path('arch/arm/Makefile')],
      /^obj-y := a\.o\nKBUILD_CPPFLAGS \+= -include \$\(srctree\)\/arch\/arm\/include\/asm\/lpv-traps\.h # added/,
    );
    assert.ok(existsSync(path('arch/arm/include/asm/lpv-traps.h')));
    trapline('patch', 'arch');
    assert.deepEqual(snapshot(), once, 'a second run changes nothing');
    assert.equal(trapline('lint', 'arch').code, 0);
    trapline('patch', 'arch', '--restore');
    assert.deepEqual(snapshot(), before);
  });

  it('finds and replaces the same in several threads as in one', () => {
    // More than one batch for each thread; the header's sites gather what all units make of them.
    for (let i = 0; i < 70; i++) {
      write(
        `arch/arm/many/u${i}.S`,
        `#include "../kernel/macros.h"\n\tdisable r${i % 10}\n\tmrs r${i % 7}, cpsr\n.endm\n`,
      );
    }
    const one = trapline('lint', 'arch', '--format', 'json', '--jobs', '1', '--summary');
    const three = trapline('lint', 'arch', '--format', 'json', '--jobs', '3', '--summary');
    assert.deepEqual(three, one);
    assert.match(
      one.stderr,
      /^(?:.*u\d+\.S:4:1: \.endm without an opening\n){70}trapline: 74 findings in 73 of 73 files: /,
    );
    const header = (JSON.parse(one.stdout) as { file: string; expansions?: { file: string }[] }[]).find(({ file }) =>
      file.endsWith('macros.h'),
    );
    assert.deepEqual(
      header?.expansions?.map(({ file }) => file),
      ['arch/arm/kernel/entry.S', ...Array.from({ length: 70 }, (_, i) => `arch/arm/many/u${i}.S`).sort()],
    );
    const diff = trapline('patch', 'arch', '--diff', '--jobs', '1');
    assert.deepEqual(trapline('patch', 'arch', '--diff', '--jobs', '3'), diff);
    assert.match(diff.stderr, /^trapline: 73 instructions to replace in 73 files: MRS 71, MSR 2\n$/);
    assert.equal(trapline('lint', 'arch', '--jobs', '0').code, 2);
  });

  it('applies a diff that patch(1) would', function () {
    if (spawnSync('patch', ['--version']).status !== 0) this.skip();
    cpSync(path('arch'), path('copy/arch'), { recursive: true });
    const { stdout } = trapline('patch', 'arch', '--diff');
    execFileSync('patch', ['-p1'], { cwd: path('copy'), input: Buffer.from(stdout, 'utf8') });
    trapline('patch', 'arch');
    assert.equal(
      readFileSync(path('copy/arch/arm/kernel/entry.S'), 'utf8'),
      readFileSync(path('arch/arm/kernel/entry.S'), 'utf8'),
    );
  });

  it('patches and verifies objects', function () {
    if (spawnSync('arm-none-eabi-as', ['--version']).status !== 0) this.skip();
    write('a.s', 'entry: mrs r2, cpsr\nmovs pc, lr\nmcr p15, 0, r0, c1, c0, 0\n.word 0xe10f0000\n');
    execFileSync('arm-none-eabi-as', ['-o', 'a.o', 'a.s'], { cwd: folder });
    const before = JSON.parse(trapline('verify', 'a.o', '--format', 'json').stdout) as {
      sites: number;
      byClass: unknown;
      left: unknown[];
    };
    assert.deepEqual([before.sites, before.byClass], [2, { MRS: 1, MOV: 1, alreadyTraps: 1 }]);
    assert.deepEqual(before.left[0], {
      address: '0x00000000',
      word: '0xe10f2000',
      symbol: 'entry',
      text: 'mrs r2, CPSR',
      section: '.text',
    });
    assert.equal(trapline('verify', 'a.o').code, 1);
    assert.equal(trapline('patch', 'a.o', '-o', 'b.o').code, 0);
    assert.deepEqual([trapline('verify', 'b.o').code, trapline('verify', 'a.o').code], [0, 1]);
    assert.match(
      execFileSync('arm-none-eabi-objdump', ['-d', path('b.o')], { encoding: 'utf8' }),
      /ef022000[^]*efed000e/,
    );
  });
});
