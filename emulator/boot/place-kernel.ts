/** Where a kernel goes in RAM and where it starts, for each kind of file. */
import {
  codeSections,
  ELF_TYPE,
  ElfFile,
  loadAddress,
  missingAddress,
  PT_LOAD,
  sectionLoadAddress,
  type ElfSegment,
} from '../../formats/elf.ts';
import { hex, InputError } from '../../formats/input-error.ts';
import type { MemorySlot } from '../vm.ts';
import { slotOf, type BootChunk } from './chunk.ts';
import { checkZImage, type KernelKind } from './kernel-kind.ts';

/** Offset of Linux's Image from the start of RAM (TEXT_OFFSET, Linux Documentation/arm/booting.rst). */
export const IMAGE_OFFSET = 0x8000;
/** Offset of a zImage from the start of RAM; QEMU's KERNEL_LOAD_ADDR (hw/arm/boot.c). */
export const ZIMAGE_OFFSET = 0x10000;
/** What a zImage of n bytes may need from the start of RAM while it unpacks itself: its own size and the result's. */
const ZIMAGE_GROWTH = 6;
/** Linux links its ELF file at virtual addresses: RAM begins at a multiple of this. */
const LINUX_BASE_MASK = 0xff00_0000;

/** A kernel in RAM. */
export interface PlacedKernel {
  readonly chunks: BootChunk[];
  /** Physical address of the first instruction, bit 0 set for Thumb. */
  readonly entry: number;
  /** First physical address that the kernel leaves free. */
  readonly end: number;
  /** What is added (modulo 2^32) to an ELF load address to get the physical address; undefined without an ELF file. */
  readonly physicalOffset: number | undefined;
  /** An ELF file linked for the physical addresses of this machine, not a Linux kernel at virtual ones. */
  readonly bare: boolean;
}

/** Places a kernel of a known kind. `symbols` is the ELF file of an Image. Throws `InputError`s. */
export function placeKernel(
  bytes: Uint8Array,
  name: string,
  kind: KernelKind,
  symbols: ElfFile | undefined,
  memory: readonly MemorySlot[],
): PlacedKernel {
  switch (kind) {
    case 'elf':
      return placeElf(new ElfFile(bytes, name).requireArm(), memory);
    case 'image':
      return placeImage(bytes, name, symbols, memory);
    case 'zimage': {
      checkZImage(bytes, name);
      const { base } = memory[0];
      const address = base + ZIMAGE_OFFSET;
      const chunks = [{ address, bytes, zeroFill: 0, what: 'the zImage' }];
      const end = address + bytes.length * ZIMAGE_GROWTH;
      return { chunks, entry: address, end, physicalOffset: undefined, bare: false };
    }
  }
}

function placeElf(elf: ElfFile, memory: readonly MemorySlot[]): PlacedKernel {
  const file = elf.name;
  if (elf.type !== ELF_TYPE.executable && elf.type !== ELF_TYPE.shared) {
    throw new InputError(
      elf.type === ELF_TYPE.relocatable
        ? 'a relocatable object, not a program'
        : `ELF type ${elf.type} is not a program`,
      {
        file,
        offset: 16,
        remedy: 'Link it',
      },
    );
  }
  const loads = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.memorySize > 0);
  if (loads.length === 0)
    throw new InputError('nothing to load: it has no loadable segment', { file, remedy: 'Link it' });
  const tooShort = loads.find((segment) => segment.memorySize < segment.fileSize);
  if (tooShort) {
    throw new InputError(`program header ${tooShort.index} has more bytes in the file than in memory`, {
      file,
      remedy: 'Build or copy the file again',
    });
  }
  const offset = physicalOffset(loads, memory);
  const chunks = loads.map((segment) => {
    const address = (segment.physicalAddress + offset) >>> 0;
    if (!slotOf(memory, address, segment.memorySize)) throw outside(elf, segment, memory);
    const what = `segment ${segment.index} of the kernel`;
    return { address, bytes: elf.segmentBytes(segment), zeroFill: segment.memorySize - segment.fileSize, what };
  });
  const entry = loadAddress(elf, elf.entry & ~1) ?? loadAddress(elf, elf.entry);
  if (entry === undefined) throw missingAddress(elf, elf.entry, 'the entry point');
  const thumb = elf.entry & 1;
  return {
    chunks,
    entry: ((((entry & ~1) >>> 0) + offset) >>> 0) + thumb,
    end: Math.max(...chunks.map((chunk) => chunk.address + chunk.bytes.length + chunk.zeroFill)),
    physicalOffset: offset,
    bare: offset === 0,
  };
}

/**
 * 0 when every segment's load address is in RAM. Linux gives its virtual addresses as load addresses: then what
 * takes the lowest, rounded down to 16 MB, to the start of RAM, when that puts every segment in RAM.
 */
function physicalOffset(loads: readonly ElfSegment[], memory: readonly MemorySlot[]): number {
  const fits = (offset: number): boolean =>
    loads.every((segment) => slotOf(memory, (segment.physicalAddress + offset) >>> 0, segment.memorySize));
  if (fits(0)) return 0;
  const lowest = Math.min(...loads.map((segment) => segment.physicalAddress));
  const offset = memory[0].base - ((lowest & LINUX_BASE_MASK) >>> 0);
  return fits(offset) ? offset : 0;
}

function outside(elf: ElfFile, segment: ElfSegment, memory: readonly MemorySlot[]): InputError {
  const ranges = memory.map((slot) => `${hex(slot.base)} to ${hex(slot.base + slot.size)}`).join(', ');
  return new InputError(
    `program header ${segment.index} loads ${segment.memorySize} bytes at ${hex(segment.physicalAddress)}, outside RAM (${ranges})`,
    { file: elf.name, remedy: 'Give the machine more memory, or link the kernel for this machine' },
  );
}

function placeImage(
  bytes: Uint8Array,
  name: string,
  symbols: ElfFile | undefined,
  memory: readonly MemorySlot[],
): PlacedKernel {
  const { base } = memory[0];
  let address = base + IMAGE_OFFSET;
  let physicalOffset: number | undefined;
  if (symbols) {
    const lowest = lowestLoadAddress(symbols);
    const inRam = slotOf(memory, lowest, bytes.length) !== undefined;
    address = inRam ? lowest : base + (lowest & ~LINUX_BASE_MASK);
    physicalOffset = address - lowest;
    checkImageMatches(bytes, name, symbols, lowest);
  }
  const chunks = [{ address, bytes, zeroFill: 0, what: 'the kernel Image' }];
  const end = Math.max(
    address + bytes.length,
    physicalOffset === undefined ? 0 : highestAddress(symbols!) + physicalOffset,
  );
  return { chunks, entry: address, end, physicalOffset, bare: false };
}

/** The load address of the first byte of an Image: `objcopy -O binary` starts at the lowest one with contents. */
function lowestLoadAddress(elf: ElfFile): number {
  const loads = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
  if (loads.length > 0) return Math.min(...loads.map((segment) => segment.physicalAddress));
  throw new InputError('the symbols file has no loadable segment', {
    file: elf.name,
    remedy: 'Give the vmlinux of the Image',
  });
}

function highestAddress(elf: ElfFile): number {
  const loads = elf.segments.filter((segment) => segment.type === PT_LOAD);
  return Math.max(...loads.map((segment) => segment.physicalAddress + segment.memorySize));
}

/** Throws an `InputError` when the code of an Image is not that of its symbols file. */
function checkImageMatches(bytes: Uint8Array, name: string, elf: ElfFile, lowest: number): void {
  for (const section of codeSections(elf)) {
    const load = sectionLoadAddress(elf, section);
    if (load === undefined) continue;
    const code = elf.sectionBytes(section);
    const start = load - lowest;
    for (let i = 0; i < code.length; i++) {
      if (code[i] === bytes[start + i]) continue;
      throw new InputError(`does not match the symbols file ${elf.name}: ${section.name} differs`, {
        file: name,
        offset: start + i,
        remedy: 'Give the vmlinux that this Image was made from',
      });
    }
  }
}
