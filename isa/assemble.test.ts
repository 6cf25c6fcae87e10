import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleSensitive, type OperandContext } from './assemble.ts';
import { disassemble } from './disassemble.ts';
import { LPV_FORMS } from './lpv.ts';
import { randomWords } from './random-words.ts';
import { needsTrap, sensitiveClass } from './sensitivity.ts';

const LITERALS: OperandContext = {
  register: () => undefined,
  value: (text) => (/^-?\s*(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text.replace(/\s/g, '')) : undefined),
};

function assemble(text: string, context = LITERALS): ReturnType<typeof assembleSensitive> {
  const space = text.search(/\s/);
  return assembleSensitive(text.slice(0, space), text.slice(space + 1), context);
}

/** Statements in every spelling: unified, divided, abbreviated. */
const STATEMENTS = [
  'mrs r2, cpsr',
  'mrseq lr, SPSR',
  'mrs r1, apsr',
  'msr cpsr_c, #0xd3',
  'msr cpsr, r0',
  'msr CPSR_all, #0x10000000',
  'msr spsr_fsxc, r9',
  'msrne cpsr_flg, r3',
  'ldmdb r0, {r0 - lr}^',
  'ldmia sp, {r0-pc}^',
  'ldmfd sp!, {r4, r5, pc}^',
  'stmdb r8, {sp, lr}^',
  'stmea r8, {r1}^',
  'ldrt r0, [r1], #4',
  'ldrt r0, [r1]',
  'ldrbt r3, [r2], -r4, lsl #3',
  'strt r3, [r2], #-260',
  'strbt ip, [sl], r1, rrx',
  'strt r3, [r2], #-0',
  'movs pc, lr',
  'movs pc, lr, lsl #2',
  'movs pc, #-1',
  'lsls pc, lr, #3',
  'rrxs pc, lr',
  'subs pc, lr, #4',
  'subseq pc, lr, #4',
  'subs pc, #4',
  'adds pc, lr, #-4',
  'ands pc, r1, #0xffffff00',
  'adcs pc, r1, r2, ror #7',
  'mvns pc, r3, asr #32',
  'rscs pc, r3, #0xff000000',
  'cpsid if',
  'cpsie a, #19',
  'cps #31',
  'srsdb sp!, #19',
  'srsia #18',
  'rfefd sp!',
  'rfedb r3',
];
const DIVIDED = [
  'ldmeqfd sp!, {pc}^',
  'subeqs pc, lr, #4',
  'ldreqbt r1, [r2]',
  'strnet r1, [r2], #1',
  'srsdb #19!',
  'stmnedb r1, {r2}^',
];

function gnuWords(statements: readonly string[], syntax: string): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-as-'));
  try {
    writeFileSync(join(folder, 'a.s'), `.syntax ${syntax}\n.arch armv6\n.arm\n${statements.join('\n')}\n`);
    execFileSync('arm-none-eabi-as', ['-o', 'a.o', 'a.s'], { cwd: folder, stdio: 'pipe' });
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', 'a.o', 'a.bin'], { cwd: folder });
    const bytes = readFileSync(join(folder, 'a.bin'));
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hex = (word: number | undefined): string | undefined => word?.toString(16).padStart(8, '0');

describe('assembling sensitive instructions', () => {
  before(function () {
    if (spawnSync('arm-none-eabi-as', ['--version']).status !== 0) this.skip();
  });

  it('agrees with GNU as on every spelling', () => {
    for (const [syntax, statements] of [
      ['unified', STATEMENTS],
      ['divided', DIVIDED],
    ] as const) {
      const words = gnuWords(statements, syntax);
      assert.equal(words.length, statements.length);
      statements.forEach((text, i) => {
        assert.equal(hex(assemble(text)?.word), hex(words[i]), text);
        assert.equal(assemble(text)?.class, sensitiveClass(words[i]), text);
      });
    }
  });

  it('reads back what the disassembler writes, for words of every form', () => {
    let read = 0;
    for (const form of LPV_FORMS) {
      for (const random of randomWords(60, form.originalValue)) {
        const fields = form.originalMask ^ 0xffffffff;
        let word = ((random & fields) | form.originalValue) >>> 0;
        if (form.original.startsWith('c')) word = ((word & 0x0fffffff) | 0xe0000000) >>> 0;
        if (!needsTrap(word)) continue;
        const { text, remarks } = disassemble(word, 0);
        const plain = text.split(' @')[0];
        // Words that the manual calls UNPREDICTABLE have no spelling, or another one.
        if (remarks.includes('<UNPREDICTABLE>')) continue;
        const found = assemble(plain);
        assert.ok(found, plain);
        assert.equal(hex(found.word), hex(word), plain);
        read++;
      }
    }
    assert.ok(read > 400, String(read));
  });

  it('leaves ordinary instructions alone', () => {
    for (const text of [
      'movs r0, r1',
      'subs r2, r2, #1',
      'ldmia sp!, {r0-pc}',
      'ldr r0, [r1], #4',
      'mov pc, lr',
      'msr primask, r0',
      'mrs r0, primask',
      'ldrt r0, [r1, #4]',
      'movs pcx, lr',
    ]) {
      assert.equal(assemble(text), undefined, text);
    }
  });

  it('keeps operands that are not known', () => {
    const symbolic: OperandContext = {
      register: (name) => (name.startsWith('\\') || name.startsWith('%') ? 'symbolic' : undefined),
      value: (text) => (text.includes('\\') ? 'symbolic' : LITERALS.value(text)),
    };
    assert.deepEqual(assemble('mrs \\rd, cpsr', symbolic)?.symbolic, [{ kind: 'register', letter: 'd', text: '\\rd' }]);
    assert.deepEqual(assemble('msr cpsr_c, #\\mode', symbolic)?.symbolic, [
      { kind: 'immediate', letter: 'i', text: '\\mode' },
    ]);
    assert.equal(assemble('mrs %[flags], cpsr', symbolic)?.word, 0xe10f0000);
    assert.equal(assemble('movs \\rd, lr', symbolic), undefined, 'PC is not known to be the destination');
  });
});
