import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zlibSync } from 'fflate';
import elfy from 'elfy';
import fc from 'fast-check';
import { ElfFile, loadAddress, sectionLoadAddress } from './elf.ts';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';
import { gunzip } from './gzip.ts';
import { InputError } from './input-error.ts';
import { makeElf, wordsToBytes } from './elf.testing.ts';

const vmlinux = gunzip(readFileSync(new URL('../guests/linux/vmlinux.gz', import.meta.url)), 0x1000_0000);
const small = makeElf({
  entry: 0xc0010000,
  sections: [
    {
      name: '.text',
      address: 0xc0010000,
      loadAddress: 0x10000,
      bytes: wordsToBytes(0xe1a00000, 0xeafffffe, 7, 0x4770bf00),
    },
    { name: '.data', address: 0xc0020000, loadAddress: 0x20000, bytes: wordsToBytes(1), flags: 3, memorySize: 64 },
  ],
  symbols: [
    { name: '$t', value: 0xc001000c, info: 0, section: '.text' },
    { name: '$a', value: 0xc0010000, info: 0, section: '.text' },
    { name: '$d.1', value: 0xc0010008, info: 0, section: '.text' },
    { name: 'label', value: 0xc0010000, info: 0, section: '.text' },
    { name: 'start', value: 0xc0010000, size: 8, section: '.text' },
    { name: 'inner', value: 0xc0010004, info: 0, section: '.text' },
    { name: 'table', value: 0xc0010008, size: 4, info: 0x11, section: '.text' },
    { name: 'thumb', value: 0xc001000d, size: 4, section: '.text' },
    { name: 'static', value: 0xc0020000, size: 4, info: 0x01, section: '.data' },
  ],
});

describe('ELF reader', () => {
  it('reads headers, and addresses by segment', () => {
    const elf = new ElfFile(small, 'small.elf').requireArm();
    assert.equal(elf.entry, 0xc0010000);
    assert.deepEqual(elf.sections.map((section) => section.name).slice(1), [
      '.text',
      '.data',
      '.symtab',
      '.strtab',
      '.shstrtab',
    ]);
    assert.equal(elf.sectionAt(0xc0010004)?.name, '.text');
    assert.equal(elf.sectionAt(0xc0010010), undefined);
    assert.equal(loadAddress(elf, 0xc0020010), 0x20010);
    assert.equal(loadAddress(elf, 0x10000), undefined);
    assert.equal(sectionLoadAddress(elf, elf.section('.text')!), 0x10000);
    assert.deepEqual([...elf.segmentBytes(elf.segments[1])], [1, 0, 0, 0]);
  });

  it('finds symbols by name and by address, functions first', () => {
    const { symbols } = new ElfFile(small);
    assert.equal(symbols.find('start')?.address, 0xc0010000);
    assert.equal(symbols.find('$a'), undefined);
    const thumb = symbols.find('thumb');
    assert.deepEqual([thumb?.address, thumb?.thumb], [0xc001000c, true]);
    assert.equal(symbols.describe(0xc0010000), 'start');
    assert.equal(symbols.describe(0xc0010004), 'start+0x4');
    assert.equal(symbols.describe(0xc0010008), 'table');
    assert.equal(symbols.describe(0xc001000e), 'thumb+0x2');
    assert.equal(symbols.describe(0xc0010010), undefined);
    assert.equal(symbols.describe(0xc0020002), 'static+0x2');
    assert.equal(symbols.describe(0), undefined);
    assert.equal(symbols.describe(0xc0010004, 2), undefined);
  });

  it('keeps mapping symbols apart, in order', () => {
    const elf = new ElfFile(small);
    assert.deepEqual(elf.mappingSymbols(elf.section('.text')!), [
      { address: 0xc0010000, kind: 'a' },
      { address: 0xc0010008, kind: 'd' },
      { address: 0xc001000c, kind: 't' },
    ]);
    assert.deepEqual(elf.mappingSymbols(elf.section('.data')!), []);
  });

  it('reads big-endian files and refuses to run them', () => {
    const elf = new ElfFile(makeElf({ entry: 0, sections: [], bigEndian: true }), 'be.elf');
    assert.equal(elf.machine, 40);
    assert.throws(() => elf.requireArm(), /be\.elf: a big-endian ARM file/);
  });

  it('names what a wrong file is', () => {
    const wide = small.slice();
    wide[4] = 2;
    assert.throws(() => new ElfFile(wide, 'k'), /k: a 64-bit ELF file, not a 32-bit one/);
    const x86 = makeElf({ entry: 0, sections: [], machine: 3 });
    assert.throws(() => new ElfFile(x86, 'k').requireArm(), /k: built for x86, not for 32-bit ARM/);
    assert.throws(() => new ElfFile(small.slice(0, 60), 'k'), /cut short/);
    assert.throws(() => new ElfFile(new Uint8Array(3), 'k'), /not an ELF file/);
  });

  it('unpacks compressed sections and refuses impossible sizes', () => {
    const content = new Uint8Array(1000).fill(7);
    const packed = zlibSync(content);
    const bytes = new Uint8Array(12 + packed.length);
    bytes.set(wordsToBytes(1, content.length, 1));
    bytes.set(packed, 12);
    const file = makeElf({ entry: 0, sections: [{ name: '.debug_info', address: 0, bytes, flags: 0x800 }] });
    const elf = new ElfFile(file);
    assert.deepEqual(elf.sectionContent(elf.sections[1]), content);
    new DataView(file.buffer).setUint32(elf.sections[1].offset + 4, 0xffff_fff0, true);
    assert.throws(() => elf.sectionContent(elf.sections[1]), InputError);
  });

  it('reads a Linux kernel with its symbols at once', () => {
    const start = performance.now();
    const elf = new ElfFile(vmlinux, 'vmlinux').requireArm();
    assert.equal(elf.symbols.describe(0xc0008530), 'vector_swi+0x10');
    assert.ok(performance.now() - start < 1000);
    assert.equal(elf.symbols.describe(0xffff1028), 'vector_irq+0x8');
    assert.equal(sectionLoadAddress(elf, elf.section('.stubs')!), 0xc01e2020);
    assert.equal(elf.symbols.find('sigreturn_codes')?.address, 0xc0176444);
  });

  it('agrees with elfy on headers, sections and segments', () => {
    const elf = new ElfFile(vmlinux);
    const other = elfy.parse(Buffer.from(vmlinux));
    assert.equal(other.entry, elf.entry);
    assert.deepEqual(
      other.body.sections.map(({ name, addr, off, size, link }) => [name, addr, off, size, link]),
      elf.sections.map(({ name, address, offset, size, link }) => [name, address, offset, size, link]),
    );
    assert.deepEqual(
      other.body.programs.map(({ offset, vaddr, paddr, filesz, memsz }) => [offset, vaddr, paddr, filesz, memsz]),
      elf.segments.map((s) => [s.offset, s.virtualAddress, s.physicalAddress, s.fileSize, s.memorySize]),
    );
  });

  it('agrees with readelf on every symbol', function () {
    if (spawnSync('arm-none-eabi-readelf', ['--version']).error) this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'elf-'));
    try {
      const path = join(folder, 'vmlinux');
      writeFileSync(path, vmlinux);
      const { stdout } = spawnSync('arm-none-eabi-readelf', ['-sW', path], { encoding: 'utf8', maxBuffer: 1 << 26 });
      const { symbols } = new ElfFile(vmlinux);
      const types = ['NOTYPE', 'OBJECT', 'FUNC', 'SECTION', 'FILE'];
      let seen = 0;
      for (const line of stdout.split('\n')) {
        const match = /^ *(\d+): ([0-9a-f]{8}) +(\d+) (\w+) +(\w+) +\w+ +(\w+) ?(.*)$/.exec(line);
        if (!match) continue;
        const [, index, value, size, type, , , name] = match;
        const symbol = symbols.symbol(Number(index));
        const raw = symbol.thumb ? symbol.address | 1 : symbol.address;
        assert.deepEqual([raw >>> 0, symbol.size, types[symbol.type]], [parseInt(value, 16), Number(size), type]);
        if (symbol.type !== 3) assert.equal(symbol.name, name);
        seen++;
      }
      assert.equal(seen, symbols.count);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('answers damaged files with an InputError or a reading, never anything else', () => {
    const readAll = (bytes: Uint8Array): void => {
      const elf = new ElfFile(bytes, 'damaged');
      for (const section of elf.sections) elf.mappingSymbols(section);
      elf.symbols.find('start');
      elf.symbols.describe(elf.entry);
      for (const segment of elf.segments) elf.segmentBytes(segment);
      for (const section of elf.sections) elf.sectionContent(section);
    };
    fc.assert(
      fc.property(damaged(small), (bytes) => throwsOnlyInputError(() => readAll(bytes))),
      { numRuns: 2000 },
    );
  });
});
