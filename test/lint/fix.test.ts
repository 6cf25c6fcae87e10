/** Fixes: what they assemble to, that they are complete, and that they can be taken back. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ElfFile } from '../../formats/elf.ts';
import { findSensitiveSites, patchElf } from '../../hypervisor/patch.ts';
import { Linter } from '../../language-server/lint.ts';
import { Source } from '../../language-server/parse/source.ts';
import { applyEdits, editsOf, restoreEdit } from '../../language-server/rules/edits.ts';
import { replacedText, type Finding } from '../../language-server/rules/finding.ts';
import { restoreText } from '../../language-server/rules/fix.ts';
import { SUPPORT_FILE, supportFile } from '../../language-server/rules/support-file.ts';

const GCC = 'arm-none-eabi-gcc';
const installed = spawnSync(GCC, ['--version']).status === 0;
const TORTURE = fileURLToPath(new URL('torture/', import.meta.url));

const SETTINGS = { includePaths: [TORTURE], forcedIncludes: [], defines: new Map([['__ASSEMBLER__', '1']]) };

function lintText(path: string, text: string): ReturnType<Linter['result']> {
  const provider = {
    get: (wanted: string) =>
      wanted.endsWith('torture.h') ? new Source(wanted, readFileSync(wanted, 'utf8')) : undefined,
  };
  const linter = new Linter({
    provider,
    settings: { assembly: () => SETTINGS, c: () => ({ ...SETTINGS, defines: new Map() }) },
  });
  linter.add(new Source(path, text));
  return linter.result();
}

const findingsIn = (path: string, text: string): readonly Finding[] => lintText(path, text).findings;

function fixed(path: string, text: string): string {
  const { findings, aliases } = lintText(path, text);
  const own = [...aliases].find(([source]) => source.path === path)?.[1] ?? new Map<number, string>();
  const missing = new Map([...own].filter(([end]) => !text.startsWith(' ; .Llpv_', end)));
  return applyEdits(
    text,
    editsOf(
      findings.filter(({ source }) => source.path === path),
      missing,
    ),
  );
}
const replacements = (path: string, text: string): (string | undefined)[] => findingsIn(path, text).map(replacedText);

const C_SOURCE = String.raw`
#define TUSER(instr) #instr "t"
#define GET(x, p, instr) \
	__asm__ __volatile__("1:	" instr "	%0, [%1], #0\n" : "=r" (x) : "r" (p))
#define GET_BYTE(x, p, t) GET(x, p, "ldrb" t)
#define NAMED "cpsr"
static inline unsigned long save(void)
{
	unsigned long flags, other; /* asm("mrs r0, cpsr") in a comment */
	const char *text = "asm(\"cpsid i\")";
	asm volatile("mrs\t%0, cpsr @ save\n\torr %1, %0, #128\n"
		"\tmsr	cpsr_c, %1" : "=r" (flags), "=r" (other) : : "memory", "cc");
	asm volatile("cpsid\ti\n\tcpsie	f\n\tmsr\tspsr_cxsf, r1\n");
	asm("mrs %[flags], " NAMED : [flags] "=r" (flags));
	return flags + text[0];
}
int work(unsigned char *p, unsigned long mode)
{
	unsigned x, y;
	GET_BYTE(x, p, "t");
	asm volatile(TUSER(ldr) " %0, [%1]\n\t" TUSER(str) " %0, [%1], #4" : "=&r" (y) : "r" (p));
	asm volatile("msr cpsr_c, %0" : : "I" (0xd3));
	asm volatile("msr spsr_cxsf, %0\n\
	mrs r3, spsr\n\
	" : : "r" (mode) : "r3");
	return x + y + save();
}
`;

interface Built {
  readonly elf: ElfFile;
  readonly words: readonly number[];
}

/** Compiles a text; code words are those of .text. */
function build(folder: string, name: string, text: string, args: readonly string[] = []): Built {
  writeFileSync(join(folder, name), text);
  execFileSync(
    GCC,
    ['-c', '-O2', '-marm', '-march=armv6k', `-I${TORTURE}`, `-I${folder}`, ...args, '-o', 'out.o', name],
    { cwd: folder, stdio: 'pipe' },
  );
  const elf = new ElfFile(readFileSync(join(folder, 'out.o')), name);
  return { elf, words: wordsOf(elf) };
}

function wordsOf(elf: ElfFile): number[] {
  const bytes = elf.sectionBytes(elf.section('.text')!);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(i * 4, true));
}

describe('fixes', function () {
  this.timeout(30_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-fix-'));
    writeFileSync(join(folder, SUPPORT_FILE), supportFile());
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, source, least] of [
    ['macros.S', readFileSync(join(TORTURE, 'macros.S'), 'utf8'), 40],
    ['inline.c', C_SOURCE, 12],
  ] as const) {
    it(`of sources and of objects are the same words: ${name}`, function () {
      if (!installed) this.skip();
      // A header's macros would be fixed in the header; what stays is compared in the object.
      const text = source.replace('#include "torture.h"\n', readFileSync(join(TORTURE, 'torture.h'), 'utf8'));
      const original = build(folder, name, text);
      const { sites } = findSensitiveSites(original.elf);
      assert.ok(sites.length >= least, `${sites.length} sites`);
      const expected = wordsOf(new ElfFile(patchElf(original.elf, sites), name));
      const patched = fixed(name, text);
      const actual = build(folder, name, patched, ['-include', SUPPORT_FILE]);
      assert.deepEqual(
        actual.words.map((word) => word.toString(16)),
        expected.map((word) => word.toString(16)),
      );
      assert.deepEqual(findSensitiveSites(actual.elf).sites, []);
      assert.equal(fixed(name, patched), patched, 'a second run changes nothing');
      assert.equal(restoreText(patched), text, 'and it can be taken back');
    });
  }

  it('keep condition, comment and layout', () => {
    const text = '\tmrseq\tr2,  cpsr\t@ read it\n';
    assert.equal(fixed('a.S', text), '\tswieq\t0x022000 /* lpv: mrseq\tr2,  cpsr */\t@ read it\n');
    assert.deepEqual(replacements('a.S', text), ['swieq\t0x022000']);
    assert.deepEqual(replacements('a.S', 'ldrt r0, [r1], #4'), ['.inst 0xec110204']);
    assert.deepEqual(replacements('a.S', 'movs pc, lr ; subs pc, lr, #4'), ['swi 0xed000e', 'swi 0xf2e004']);
  });

  it('compute what macros leave open', () => {
    const macro = (body: string): (string | undefined)[] => replacements('a.S', `.macro m rd cond\n${body}\n.endm\n`);
    assert.deepEqual(macro('mrs \\rd, cpsr'), ['swi 0x002000 | (.Llpv_\\rd << 16)']);
    assert.deepEqual(macro('msr\\cond cpsr_c, \\rd'), ['swi\\cond 0x014000 | .Llpv_\\rd']);
    assert.deepEqual(macro('msr cpsr_c, #\\rd'), ['__lpv_imm 0x013000, \\rd']);
    assert.deepEqual(macro('ldrt \\rd, [r1]'), ['__lpv_ldrt \\rd, [r1]']);
    assert.deepEqual(macro('stmia r0, {\\rd, lr}^'), ['swi 0x904000 | (1 << .Llpv_\\rd)']);
  });

  it('replace a statement where an invocation passes it whole', () => {
    const text =
      '.macro by how, insn:vararg\n\\insn\n.endm\nby 1, movs  pc, lr @ back\nby 2, mov r0, #1\nby 3, mrs r2, cpsr\n';
    const patched = fixed('a.S', text);
    assert.deepEqual(patched.split('\n').slice(3, 6), [
      'by 1, swi  0xed000e /* lpv: movs  pc, lr */ @ back',
      'by 2, mov r0, #1',
      'by 3, swi 0x022000 /* lpv: mrs r2, cpsr */',
    ]);
    assert.equal(restoreText(patched), text);
    assert.equal(fixed('a.S', patched), patched);
  });

  it('stay away from what must stay', () => {
    for (const [text, reason] of [
      ['mrs r0, cpsr @ lpv: keep read by the boot loader', 'read by the boot loader'],
      ['@ lpv: keep runs before the hypervisor\nmrs r0, cpsr', 'runs before the hypervisor'],
      ['__kuser_helper_start:\nmrs r0, cpsr\n__kuser_helper_end:', 'code that the kernel lends to user mode'],
    ] as const) {
      const [finding, ...others] = findingsIn('a.S', text);
      assert.deepEqual([finding.keep, others.length], [reason, 0]);
      assert.equal(fixed('a.S', text), text);
    }
    assert.equal(findingsIn('a.S', 'mrs r0, cpsr @ lpv: keep')[0].keep, undefined, 'a reason is needed');
    assert.equal(findingsIn('a.S', '.thumb\nmrs r0, cpsr')[0].replacement, undefined);
    assert.deepEqual(findingsIn('a.S', '@ mrs r0, cpsr\n.ascii "cpsid i"\n# mrs r0, cpsr\n'), []);
  });

  it('take the register that an alias has where it is used', () => {
    const text = '#if 0\nrb .req r0\n#else\nrb .req ip\n#endif\nmrs rb, cpsr\nonly .req r5\nmrs only, cpsr\n';
    assert.deepEqual(replacements('a.S', text), ['swi 0x0c2000', 'swi 0x052000']);
  });

  it('are taken back one at a time', () => {
    const text = '\tmrs r2, cpsr ; nop\n\tmrs r3, cpsr\n';
    const patched = fixed('a.S', text);
    const edit = restoreEdit(patched, patched.indexOf('nop'))!;
    assert.equal(applyEdits(patched, [edit]).split('\n')[0], '\tmrs r2, cpsr ; nop');
    assert.match(applyEdits(patched, [edit]).split('\n')[1], /swi/);
    assert.equal(restoreEdit(text, 3), undefined);
  });

  it('say which code the configuration disables, and where a macro is expanded', () => {
    const findings = findingsIn('a.S', '#if 0\nmrs r1, cpsr\n#endif\n.macro m\nmrs r2, cpsr\n.endm\nm\nnop\nm\n');
    assert.deepEqual(
      findings.map(({ inactive, expansions }) => [inactive, expansions?.map(({ line }) => line)]),
      [
        [true, undefined],
        [false, [7, 9]],
      ],
    );
  });
});
