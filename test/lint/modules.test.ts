/**
 * Kernel modules: relocatable objects from patched sources are those that the ELF way makes, and the flags of the
 * kernel's Makefile let Kbuild try the compiler with them.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ELF_TYPE, ElfFile } from '../../formats/elf.ts';
import { comparePatched } from '../../hypervisor/compare-patched.ts';
import { findSensitiveSites } from '../../hypervisor/patch.ts';

const GCC = 'arm-none-eabi-gcc';
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** A module in the shape of Linux's: interrupts masked by inline functions of a header, code in several sections. */
const IRQFLAGS = String.raw`
static inline unsigned long local_save_flags(void)
{
	unsigned long flags;
	asm volatile("mrs	%0, cpsr	@ local_save_flags" : "=r" (flags) : : "memory", "cc");
	return flags;
}
static inline void local_irq_restore(unsigned long flags)
{
	asm volatile("msr	cpsr_c, %0	@ local_irq_restore" : : "r" (flags) : "memory", "cc");
}
`;
const MODULE = String.raw`
#include "irqflags.h"
extern int printk(const char *format, ...);
static int count;
int step(int value)
{
	unsigned long flags = local_save_flags();
	local_irq_restore(flags | 0x80);
	count += value;
	local_irq_restore(flags);
	return count;
}
__attribute__((section(".init.text"))) int init_module(void)
{
	unsigned long mode;
	asm volatile("mrs %0, spsr" : "=r" (mode));
	return printk("mode %lx\n", mode);
}
__attribute__((section(".exit.text"))) void cleanup_module(void) { local_irq_restore(step(1)); }
`;
/** A second one, in assembly. */
const COPY = '\t.text\n\t.globl copy\ncopy:\n1:\tldrt r2, [r0], #4\n\tstrt r2, [r1], #4\n\tbx lr\n';

describe('kernel modules', function () {
  this.timeout(60_000);
  let folder: string;
  const path = (...names: readonly string[]): string => join(folder, ...names);
  const trapline = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], { encoding: 'utf8' });
  const compile = (from: string, name: string, ...flags: readonly string[]): void => {
    const options = ['-c', '-O2', '-marm', '-march=armv5te', '-ffreestanding', ...flags];
    execFileSync(GCC, [...options, '-o', `${name.split('.')[0]}.ko`, name], { cwd: path(from) });
  };
  const elf = (...names: readonly string[]): ElfFile =>
    new ElfFile(new Uint8Array(readFileSync(path(...names))), names.join('/'));

  before(function () {
    if (spawnSync(GCC, ['--version']).status !== 0) return this.skip();
    folder = mkdtempSync(join(tmpdir(), 'trapline-modules-'));
    mkdirSync(path('plain'));
    writeFileSync(path('plain/irqflags.h'), IRQFLAGS);
    writeFileSync(path('plain/module.c'), MODULE);
    writeFileSync(path('plain/copy.S'), COPY);
    cpSync(path('plain'), path('patched'), { recursive: true });
    assert.equal(trapline('patch', path('patched')).status, 0);
    for (const name of ['module.c', 'copy.S']) {
      compile('plain', name);
      compile('patched', name, '-I.', '-include', 'lpv-traps.h');
    }
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  it('have the same words, relocations and symbols from patched sources and from patched objects', () => {
    const files = ['module.ko', 'copy.ko'];
    const patch = trapline('patch', ...files.map((name) => path('plain', name)), '-o', path('elf'));
    assert.match(
      patch.stderr,
      /^trapline: \d+ instructions replaced: MRS 3, MSR \d+\ntrapline: 2 .*: LDRT 1, STRT 1\n$/,
    );
    for (const name of files) {
      const plain = elf('plain', name);
      const fromSources = elf('patched', name);
      const { sites } = findSensitiveSites(plain);
      assert.equal(plain.type, ELF_TYPE.relocatable);
      const { equal, traps } = comparePatched(plain, fromSources);
      assert.deepEqual([equal, traps], [true, sites.length], name);
      assert.deepEqual(findSensitiveSites(fromSources).sites, []);
      assert.deepEqual(readFileSync(path('elf', name)), readFileSync(path('patched', name)), 'the files are the same');
      assert.deepEqual(
        [
          trapline('verify', path('elf', name), '--against', path('plain', name)).status,
          trapline('verify', path('plain', name)).status,
        ],
        [0, 1],
      );
    }
    const sections = new Set(findSensitiveSites(elf('plain/module.ko')).sites.map(({ section }) => section));
    assert.equal(sections.size, 3);
  });

  it('are patched in place, several at once; sources and objects are not mixed', () => {
    cpSync(path('plain'), path('place'), { recursive: true });
    const files = ['module.ko', 'copy.ko'].map((name) => path('place', name));
    assert.equal(trapline('patch', ...files).status, 0);
    for (const file of files) assert.equal(trapline('verify', file).status, 0, file);
    const mixed = trapline('patch', files[0], path('place/copy.S'));
    assert.equal(mixed.status, 2);
    assert.match(mixed.stderr, /ELF files or sources, not both/);
  });

  it('and the kernel: Kbuild can try the compiler with the flags of the Makefile alone', () => {
    mkdirSync(path('tree/arch/arm/kernel'), { recursive: true });
    writeFileSync(path('tree/arch/arm/Makefile'), 'KBUILD_CPPFLAGS :=\n');
    cpSync(path('plain/irqflags.h'), path('tree/arch/arm/kernel/irqflags.h'));
    assert.equal(trapline('patch', path('tree')).status, 0);
    const [, line] = readFileSync(path('tree/arch/arm/Makefile'), 'utf8').split('\n');
    const flags = /^KBUILD_CPPFLAGS \+= (.*) # added/.exec(line)?.[1].replaceAll('$(srctree)', path('tree')).split(' ');
    assert.ok(flags);
    // As cc-option of scripts/Makefile.compiler does, in a folder from which no relative path leads to the tree.
    const attempt = ['-Werror', '-fmacro-prefix-map=a=b', '-c', '-x', 'c', '/dev/null', '-o', path('attempt.o')];
    execFileSync(GCC, [...flags, ...attempt], { cwd: tmpdir(), stdio: 'pipe' });
    assert.deepEqual(findSensitiveSites(elf('attempt.o')).sites, []);
  });
});
