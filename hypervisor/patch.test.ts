import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { planBoot, unpack, type BootOptions, type BootPlan } from '../emulator/boot/plan.ts';
import { makeElf, wordsToBytes, type TestSymbol } from '../formats/elf.testing.ts';
import { ElfFile, PT_LOAD } from '../formats/elf.ts';
import { damaged, throwsOnlyInputError } from '../formats/fuzz.testing.ts';
import { InputError } from '../formats/input-error.ts';
import { findSensitiveSites, patchElf, patchPlan } from './patch.ts';

const MRS = 0xe10f2000;
const MRS_TRAP = 0xef022000;
const MRC = 0xee110f10;
/** CPS with imod 01 is UNPREDICTABLE and has no trap. */
const ODD_CPS = 0xf1040080;
const mapping = (name: string, value: number, section = '.text'): TestSymbol => ({ name, value, info: 0, section });

const text = wordsToBytes(MRS, 0xe1a00000, MRS, MRC, MRS, MRS_TRAP, ODD_CPS, 0x46c046c0, MRS);
const symbols = [
  mapping('$a', 0xc0010000),
  mapping('$d', 0xc0010008),
  mapping('$a', 0xc001000c),
  mapping('__kuser_helper_start', 0xc0010010),
  mapping('__kuser_helper_end', 0xc0010014),
  mapping('$t', 0xc001001c),
  mapping('$a', 0xc0010020),
];
const section = { name: '.text', address: 0xc0010000, loadAddress: 0x10000, bytes: text };
const unmapped = { name: '.other', address: 0xc0020000, loadAddress: 0x20000, bytes: wordsToBytes(MRS) };
const small = makeElf({ entry: 0xc0010000, sections: [section, unmapped], symbols });

const memory = [{ base: 0, size: 0x800_0000 }];
const plan = (options: Partial<BootOptions> & { kernel: Uint8Array }): BootPlan =>
  planBoot({ memory, machineType: 387, ...options });
const vmlinux = unpack(
  new Uint8Array(readFileSync(new URL('../guests/linux/vmlinux.gz', import.meta.url))),
  'vmlinux.gz',
);

/** A word of guest RAM as a plan fills it. */
function wordAt(from: BootPlan, address: number): number {
  const chunk = from.chunks.find((c) => address >= c.address && address < c.address + c.bytes.length)!;
  return new DataView(chunk.bytes.buffer, chunk.bytes.byteOffset).getUint32(address - chunk.address, true);
}

/** What objdump calls a sensitive instruction, by its mnemonic and operands. */
function isSensitiveText(mnemonic: string, operands: string): boolean {
  const condition = '(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?';
  if (new RegExp(`^(mrs|msr|cps.*|rfe.*|srs.*|(ldr|str)b?t)${condition}$`).test(mnemonic)) return true;
  if (/^(ldm|stm|push|pop)/.test(mnemonic)) return operands.includes('^');
  const data = new RegExp(`^(adc|add|and|bic|eor|mov|mvn|orr|rsb|rsc|sbc|sub|lsl|lsr|asr|ror|rrx)s${condition}$`);
  return data.test(mnemonic) && /^pc,/.test(operands);
}

describe('LPV patch', () => {
  it('rewrites sensitive code, and neither data nor Thumb nor code for user mode', () => {
    const booted = plan({ kernel: small });
    const found = patchPlan(booted);
    assert.deepEqual(
      found.sites.map(({ address, word, trap, rowClass }) => [address, word, trap, rowClass]),
      [
        [0xc0010000, MRS, MRS_TRAP, 'MRS'],
        [0xc0010020, MRS, MRS_TRAP, 'MRS'],
      ],
    );
    assert.deepEqual(found.byClass, { MRS: 2 });
    assert.deepEqual([found.alreadyTraps, found.thumbBytes, found.unmapped], [1, 4, ['.other']]);
    assert.deepEqual([found.userMode, found.ambiguous, found.withoutTrap], [[0xc0010010], [0xc0010014], [0xc0010018]]);
    const after = [0, 4, 8, 12, 16, 20, 24, 28, 32].map((offset) => wordAt(booted, 0x10000 + offset));
    assert.deepEqual(after, [MRS_TRAP, 0xe1a00000, MRS, MRC, MRS, MRS_TRAP, ODD_CPS, 0x46c046c0, MRS_TRAP]);
    assert.equal(new ElfFile(small).sectionBytes(new ElfFile(small).sections[1])[3], 0xe1, 'the file is not touched');
  });

  it('finds in Linux exactly what objdump shows', function () {
    if (spawnSync('arm-none-eabi-objdump', ['--version']).error) this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'patch-'));
    try {
      const path = join(folder, 'vmlinux');
      writeFileSync(path, vmlinux);
      const { stdout } = spawnSync('arm-none-eabi-objdump', ['-d', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
      const shown = new Set<number>();
      for (const line of stdout.split('\n')) {
        const match = /^([0-9a-f]{8}):\t[0-9a-f]{8} \t(\S+)\t?([^;@]*)/.exec(line);
        if (match && isSensitiveText(match[2], match[3])) shown.add(parseInt(match[1], 16));
      }
      const { sites, userMode, byClass } = findSensitiveSites(new ElfFile(vmlinux, 'vmlinux'));
      const found = new Set(sites.map((site) => site.address));
      assert.deepEqual(
        [...shown].filter((address) => !found.has(address)),
        [],
      );
      assert.deepEqual(
        [...found].filter((address) => !shown.has(address)),
        [],
      );
      assert.deepEqual(userMode, []);
      for (const name of ['MRS', 'MSR', 'LDM2', 'LDM3', 'STM2', 'LDRT', 'STRT', 'MOV'])
        assert.ok(byClass[name] > 0, name);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('rewrites the vectors of Linux where they lie in the image', () => {
    const before = plan({ kernel: vmlinux });
    const booted = plan({ kernel: vmlinux });
    const { sites } = patchPlan(booted);
    const site = sites.find((candidate) => candidate.address === 0xffff1028)!;
    assert.deepEqual([site.word, site.trap], [0xe14fe000, wordAt(booted, 0x1e2048)]);
    assert.equal(wordAt(before, 0x1e2048), site.word);
    const elf = booted.elf!;
    const helpers = elf.symbols.find('__kuser_helper_start')!;
    for (let offset = 0; offset < 0xa0; offset += 4) {
      const physical = helpers.address - 0xc0000000 + offset;
      assert.equal(wordAt(booted, physical), wordAt(before, physical));
    }
    let changed = 0;
    booted.chunks.forEach((chunk, i) => {
      for (let at = 0; at + 4 <= chunk.bytes.length; at += 4) {
        if (wordAt(booted, chunk.address + at) !== wordAt(before, before.chunks[i].address + at)) changed++;
      }
    });
    assert.equal(changed, sites.length);
  });

  it('rewrites an Image as it does the ELF file', () => {
    const elf = new ElfFile(vmlinux, 'vmlinux');
    const loads = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
    const image = new Uint8Array(Math.max(...loads.map((s) => s.physicalAddress + s.fileSize)) - 0xc0008000);
    for (const segment of loads) image.set(elf.segmentBytes(segment), segment.physicalAddress - 0xc0008000);
    const fromImage = plan({ kernel: image, symbols: vmlinux });
    const fromElf = plan({ kernel: vmlinux });
    const { sites } = patchPlan(fromImage);
    assert.deepEqual(sites, patchPlan(fromElf).sites);
    for (const site of sites) {
      if (site.address < 0xffff0000) assert.equal(wordAt(fromImage, site.address - 0xc0000000), site.trap);
    }
    assert.equal(wordAt(fromImage, 0x1e2048), wordAt(fromElf, 0x1e2048));
  });

  it('leaves nothing to patch in a patched file of the same size', () => {
    const elf = new ElfFile(vmlinux, 'vmlinux');
    const patched = patchElf(elf, findSensitiveSites(elf).sites);
    assert.equal(patched.length, vmlinux.length);
    const again = findSensitiveSites(new ElfFile(patched, 'patched'));
    assert.deepEqual([again.sites.length, again.withoutTrap.length], [0, 0]);
    assert.ok(again.ambiguous.length >= 3000 && again.alreadyTraps > 0);
  });

  it('patches relocatable objects by section', () => {
    const object = makeElf({
      entry: 0,
      type: 1,
      sections: [
        { name: '.text', address: 0, bytes: wordsToBytes(0xe1a00000, MRS) },
        { name: '.init.text', address: 0, bytes: wordsToBytes(MRS) },
      ],
      symbols: [mapping('$a', 0), mapping('$a', 0, '.init.text')],
    });
    const elf = new ElfFile(object, 'a.o');
    const { sites } = findSensitiveSites(elf);
    assert.deepEqual(
      sites.map((site) => [site.section, site.address]),
      [
        [1, 4],
        [2, 0],
      ],
    );
    assert.equal(findSensitiveSites(new ElfFile(patchElf(elf, sites))).sites.length, 0);
  });

  it('refuses what cannot be patched, and says what to do', () => {
    const zImage = new Uint8Array(4096);
    new DataView(zImage.buffer).setUint32(0x24, 0x016f2818, true);
    new DataView(zImage.buffer).setUint32(0x2c, 4096, true);
    assert.throws(() => patchPlan(plan({ kernel: zImage })), /a zImage cannot be paravirtualized.*--mode native/);
    assert.throws(
      () => patchPlan(plan({ kernel: text })),
      /an Image cannot be paravirtualized without symbols.*--symbols/,
    );
    const stripped = makeElf({ entry: 0xc0010000, sections: [section] });
    assert.throws(
      () => patchPlan(plan({ kernel: stripped })),
      (error) => error instanceof InputError && /mapping symbols/.test(error.message),
    );
  });

  it('answers damaged files with an InputError', () => {
    fc.assert(
      fc.property(damaged(small), (bytes) =>
        throwsOnlyInputError(() => {
          findSensitiveSites(new ElfFile(bytes, 'damaged'));
          patchPlan(plan({ kernel: bytes, memory: [{ base: 0, size: 0x100_0000 }] }));
        }),
      ),
      { numRuns: 1000 },
    );
  });
});
