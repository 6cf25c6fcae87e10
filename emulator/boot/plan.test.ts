import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { cellsProperty, findNode, parseDeviceTree, stringProperty } from '../../formats/device-tree.ts';
import { ElfFile, loadAddress, PT_LOAD } from '../../formats/elf.ts';
import { damaged, throwsOnlyInputError } from '../../formats/fuzz.testing.ts';
import { gzip } from '../../formats/gzip.ts';
import { InputError } from '../../formats/input-error.ts';
import { makeElf, wordsToBytes } from '../../formats/elf.testing.ts';
import { planBoot, unpack, type BootOptions, type BootPlan } from './plan.ts';

const guest = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../guests/linux/${name}`, import.meta.url)));
const vmlinux = guest('vmlinux.gz');
const dtb = guest('versatile-pb.dtb');
const initrd = guest('initramfs.cpio.gz');
const MB = 0x10_0000;
const base = { memory: [{ base: 0, size: 128 * MB }], machineType: 387 };
const plan = (options: Partial<BootOptions> & { kernel: Uint8Array }): BootPlan => planBoot({ ...base, ...options });

/** The Image of an ELF file, as objcopy -O binary makes it. */
function imageOf(elf: ElfFile): Uint8Array {
  const loads = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
  const lowest = Math.min(...loads.map((segment) => segment.physicalAddress));
  const end = Math.max(...loads.map((segment) => segment.physicalAddress + segment.fileSize));
  const image = new Uint8Array(end - lowest);
  for (const segment of loads) image.set(elf.segmentBytes(segment), segment.physicalAddress - lowest);
  return image;
}

const code = wordsToBytes(0xe1a00000, 0xeafffffe);
const bare = makeElf({
  entry: 0xc0010004,
  sections: [{ name: '.text', address: 0xc0010000, loadAddress: 0x10000, bytes: code, memorySize: 64 }],
});
const zImage = new Uint8Array(4096);
new DataView(zImage.buffer).setUint32(0x24, 0x016f2818, true);
new DataView(zImage.buffer).setUint32(0x2c, 4096, true);

describe('boot plan', () => {
  it('boots the Linux guest from its ELF file at physical addresses', () => {
    const result = plan({ kernel: vmlinux, dtb, initrd, append: 'console=ttyAMA0' });
    assert.deepEqual(result.registers, { r0: 0, r1: 387, r2: 0x40f3000, pc: 0x8000, cpsr: 0xd3 });
    assert.equal(result.kind, 'elf');
    assert.deepEqual(
      result.chunks.slice(0, 4).map((chunk) => chunk.address),
      [0x8000, 0x176000, 0x1e2000, 0x1e2020],
    );
    assert.deepEqual(result.initrd, { start: 64 * MB, end: 64 * MB + initrd.length });
    const tree = parseDeviceTree(result.chunks.at(-1)!.bytes);
    const chosen = findNode(tree, '/chosen')!;
    assert.equal(stringProperty(chosen, 'bootargs'), 'console=ttyAMA0');
    assert.deepEqual(cellsProperty(chosen, 'linux,initrd-start'), [64 * MB]);
    assert.deepEqual(cellsProperty(chosen, 'linux,initrd-end'), [64 * MB + initrd.length]);
    assert.equal(stringProperty(chosen, 'stdout-path'), '/amba/uart@101f1000');
  });

  it('puts the same bytes in RAM from an Image, with and without its symbols', () => {
    const elf = new ElfFile(unpack(vmlinux, 'vmlinux'), 'vmlinux');
    const image = imageOf(elf);
    const fromElf = new Uint8Array(128 * MB);
    for (const chunk of plan({ kernel: vmlinux }).chunks) fromElf.set(chunk.bytes, chunk.address);
    for (const symbols of [undefined, vmlinux]) {
      const result = plan({ kernel: image, symbols });
      assert.equal(result.kind, 'image');
      assert.equal(result.registers.pc, 0x8000);
      assert.equal(result.chunks[0].address, 0x8000);
      assert.deepEqual(Buffer.compare(result.chunks[0].bytes, fromElf.subarray(0x8000, 0x8000 + image.length)), 0);
      assert.equal(result.physicalOffset, symbols && 0x8000 - 0xc0008000);
    }
    image[0x1000] ^= 1;
    const wrong = { kernel: image, symbols: vmlinux, names: { kernel: 'Image', symbols: 'vmlinux' } };
    assert.throws(
      () => plan(wrong),
      /Image: does not match the symbols file vmlinux: \.text differs \(at offset 0x1000\)/,
    );
  });

  it('starts a bare ELF file at the load address of its entry point, without parameters', () => {
    const result = plan({ kernel: bare });
    assert.deepEqual(result.registers, { r0: 0, r1: 0, r2: 0, pc: 0x10004, cpsr: 0xd3 });
    assert.deepEqual([result.chunks.length, result.chunks[0].address, result.chunks[0].zeroFill], [1, 0x10000, 56]);
    const thumb = makeElf({ entry: 0x10001, sections: [{ name: '.text', address: 0x10000, bytes: code }] });
    const { pc, cpsr } = plan({ kernel: thumb }).registers;
    assert.deepEqual([pc, cpsr], [0x10000, 0xf3]);
  });

  it('passes ATAGs when there is no device tree', () => {
    const result = plan({ kernel: zImage, append: 'hi', initrd: new Uint8Array(5000).fill(1) });
    assert.deepEqual([result.kind, result.registers.pc, result.registers.r2], ['zimage', 0x10000, 0x100]);
    const { bytes } = result.chunks.at(-1)!;
    const words = [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];
    assert.deepEqual(words, [
      ...[5, 0x54410001, 1, 4096, 0],
      ...[4, 0x54410002, 128 * MB, 0],
      ...[4, 0x54420005, 64 * MB, 5000],
      ...[3, 0x54410009, 0x6968],
      ...[0, 0],
    ]);
  });

  it('writes the memory of the machine into the device tree, and drops what it said before', () => {
    const result = plan({ kernel: zImage, dtb, memory: [{ base: 0, size: 32 * MB }] });
    assert.equal(result.registers.r2, 16 * MB);
    const tree = parseDeviceTree(result.chunks.at(-1)!.bytes);
    assert.deepEqual(cellsProperty(findNode(tree, '/memory')!, 'reg'), [0, 32 * MB]);
    const again = plan({ kernel: zImage, dtb: result.chunks.at(-1)!.bytes, initrd: new Uint8Array(4) });
    assert.deepEqual(cellsProperty(findNode(parseDeviceTree(again.chunks.at(-1)!.bytes), '/memory')!, 'reg'), [
      0,
      128 * MB,
    ]);
  });

  it('goes right above the kernel where the middle of RAM leaves too little room', () => {
    const result = plan({ kernel: bare, initrd: new Uint8Array(5 * MB), memory: [{ base: 0, size: 8 * MB }] });
    assert.equal(result.initrd?.start, 0x11000);
  });

  const refused: ReadonlyArray<readonly [string, Partial<BootOptions> & { kernel: Uint8Array }, RegExp]> = [
    ['an empty kernel', { kernel: new Uint8Array(0) }, /kernel: the file is empty/],
    [
      'a kernel larger than RAM',
      { kernel: bare, memory: [{ base: 0, size: 0x10000 }] },
      /outside RAM \(0x00000000 to 0x00010000\)/,
    ],
    [
      'an initrd larger than RAM',
      { kernel: bare, initrd: new Uint8Array(200 * MB) },
      /the initial RAM disk does not fit/,
    ],
    ['a cut initrd', { kernel: bare, initrd: initrd.subarray(0, 5000) }, /initrd: the compressed data is damaged/],
    ['a device tree that is none', { kernel: bare, dtb: bare }, /device tree: not a device tree blob/],
    ['a device tree as a kernel', { kernel: dtb }, /a device tree or a FIT image, not a kernel/],
    ['a kernel for x86', { kernel: makeElf({ entry: 0, sections: [], machine: 3 }) }, /built for x86/],
    ['an object file', { kernel: makeElf({ entry: 0, sections: [], type: 1 }) }, /a relocatable object/],
    ['a program without segments', { kernel: makeElf({ entry: 0, sections: [] }) }, /nothing to load/],
    ['a cut zImage', { kernel: zImage.subarray(0, 2048) }, /the zImage header says 4096 bytes, the file has 2048/],
    ['what is no zImage', { kernel: code, kind: 'zimage' }, /not a zImage/],
    ['a long command line', { kernel: bare, append: 'x'.repeat(5000) }, /command line \(append\) has 5000 bytes/],
    [
      'a gzip file that is cut',
      { kernel: vmlinux.subarray(0, 9999) },
      /kernel: the compressed data is damaged or cut short/,
    ],
  ];
  for (const [what, options, message] of refused) {
    it(`refuses ${what}`, () =>
      assert.throws(
        () => plan(options),
        (error) => error instanceof InputError && message.test(error.message),
      ));
  }

  it('refuses overlapping segments and an entry point outside the program', () => {
    const section = { name: '.text', address: 0x10000, bytes: code };
    const overlapping = makeElf({ entry: 0x10000, sections: [section, { ...section, name: '.b', address: 0x10004 }] });
    assert.throws(() => plan({ kernel: overlapping }), /segment 1 of the kernel at 0x00010004 overlaps segment 0/);
    const astray = makeElf({ entry: 0x20000, sections: [section] });
    assert.throws(() => plan({ kernel: astray }), /the entry point 0x00020000 lies in no loadable segment/);
    assert.equal(loadAddress(new ElfFile(astray), 0x10000), 0x10000);
  });

  it('answers damaged kernels, device trees and RAM disks with an InputError or a plan inside RAM', () => {
    const memory = [{ base: 0, size: 16 * MB }];
    const check = (options: Partial<BootOptions> & { kernel: Uint8Array }): void =>
      throwsOnlyInputError(() => {
        const { chunks } = plan({ ...options, memory });
        for (const { address, bytes, zeroFill } of chunks) assert.ok(address + bytes.length + zeroFill <= 16 * MB);
      });
    const small = new Uint8Array(gzip(bare));
    const disk = gzip(new TextEncoder().encode('070701'.padEnd(200, '0')));
    fc.assert(
      fc.property(damaged(bare), (kernel) => check({ kernel })),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(damaged(small), (kernel) => check({ kernel })),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(damaged(zImage), (kernel) => check({ kernel })),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(damaged(dtb), (tree) => check({ kernel: bare, dtb: tree })),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(damaged(disk), (file) => check({ kernel: bare, initrd: file })),
      { numRuns: 300 },
    );
  });
});
