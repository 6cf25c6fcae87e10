/**
 * The boot loader: what goes where in guest RAM and in the registers before the first instruction of a kernel.
 * The addresses are QEMU's (hw/arm/boot.c), so that the same files boot the same way here and there.
 */
import { ElfFile } from '../../formats/elf.ts';
import { gunzip, isGzip } from '../../formats/gzip.ts';
import { checkInitrd } from '../../formats/initrd.ts';
import { InputError } from '../../formats/input-error.ts';
import { CPSR, MODE } from '../registers.ts';
import type { MemorySlot } from '../vm.ts';
import { checkChunks, chunkEnd, sizeText, type BootChunk } from './chunk.ts';
import { kernelKind, type KernelKind } from './kernel-kind.ts';
import { checkCommandLine, editDeviceTree, makeAtags, type BootParameters, type InitrdRange } from './parameters.ts';
import { placeKernel, type PlacedKernel } from './place-kernel.ts';

/** What to boot. */
export interface BootOptions {
  /** An ELF file, an Image, a zImage, or one of them compressed with gzip. */
  readonly kernel: Uint8Array;
  /** What the kernel is; found out from its contents when left out. */
  readonly kind?: KernelKind | undefined;
  /** The ELF file (vmlinux) of an Image, possibly compressed with gzip. */
  readonly symbols?: Uint8Array | undefined;
  readonly dtb?: Uint8Array | undefined;
  readonly initrd?: Uint8Array | undefined;
  /** Kernel command line. Left out: the device tree's own. */
  readonly append?: string | undefined;
  /** RAM; the kernel, its parameters and the initial RAM disk go to the first slot. */
  readonly memory: readonly MemorySlot[];
  /** Machine type number of the boot protocol, for r1. */
  readonly machineType: number;
  /** File names for messages. */
  readonly names?: { readonly [what in 'kernel' | 'symbols' | 'dtb' | 'initrd']?: string | undefined };
}

/** Register values at the first instruction. */
export interface BootRegisters {
  readonly r0: number;
  readonly r1: number;
  readonly r2: number;
  readonly pc: number;
  readonly cpsr: number;
}

/** A boot, worked out but not yet done. */
export interface BootPlan {
  readonly kind: KernelKind;
  /** Name of the kernel file, for messages. */
  readonly kernelName: string;
  readonly chunks: readonly BootChunk[];
  readonly registers: BootRegisters;
  /** The kernel's ELF file, or the symbols file of an Image. */
  readonly elf: ElfFile | undefined;
  /** What is added (modulo 2^32) to load addresses of `elf` to get physical addresses. */
  readonly physicalOffset: number | undefined;
  /** Where the initial RAM disk is. */
  readonly initrd: InitrdRange | undefined;
}

/** Kernels and symbol files that unpack to more than this are refused, in bytes. */
export const UNPACK_LIMIT = 0x1000_0000;
/** Offset of the ATAG list from the start of RAM; QEMU's KERNEL_ARGS_ADDR. */
const ATAGS_OFFSET = 0x100;
const PAGE_SIZE = 4096;
/** QEMU puts the initial RAM disk in the middle of RAM, at most here. */
const INITRD_LIMIT = 128 << 20;

/** Works out a boot. Throws an `InputError` for files that are damaged, foreign, too large or in each other's way. */
export function planBoot(options: BootOptions): BootPlan {
  const { memory, append } = options;
  if (append !== undefined) checkCommandLine(append);
  const kernelName = options.names?.kernel ?? 'kernel';
  const bytes = unpack(options.kernel, kernelName);
  const kind = kernelKind(bytes, kernelName, options.kind);
  const symbols =
    options.symbols && kind === 'image' ? readSymbols(options.symbols, options.names?.symbols ?? 'symbols') : undefined;
  const kernel = placeKernel(bytes, kernelName, kind, symbols, memory);
  const placed = placeParameters(options, kernel);
  const chunks = [...kernel.chunks, ...placed.chunks];
  checkChunks(chunks, memory, kernelName);
  // Only now is it known that the chunks are no larger than RAM, however often they name the same bytes of a file.
  const copies = chunks.map((chunk) => ({ ...chunk, bytes: new Uint8Array(chunk.bytes) }));
  const thumb = kernel.entry & 1 ? CPSR.T : 0;
  return {
    kind,
    kernelName,
    chunks: copies,
    registers: {
      r0: 0,
      r1: placed.address === undefined ? 0 : options.machineType,
      r2: placed.address ?? 0,
      pc: (kernel.entry & ~1) >>> 0,
      cpsr: MODE.svc | CPSR.I | CPSR.F | thumb,
    },
    elf: kind === 'elf' ? new ElfFile(bytes, kernelName) : symbols,
    physicalOffset: kernel.physicalOffset,
    initrd: placed.initrd,
  };
}

/** The contents of a file that may be compressed with gzip. */
export function unpack(bytes: Uint8Array, name: string): Uint8Array {
  return isGzip(bytes) ? gunzip(bytes, UNPACK_LIMIT, name) : bytes;
}

function readSymbols(bytes: Uint8Array, name: string): ElfFile {
  return new ElfFile(unpack(bytes, name), name).requireArm();
}

interface PlacedParameters {
  chunks: BootChunk[];
  /** Physical address of the device tree or the ATAG list; undefined when the kernel gets neither. */
  address: number | undefined;
  initrd: InitrdRange | undefined;
}

/**
 * The initial RAM disk in the middle of RAM, the device tree on the page after it, the ATAG list near the start.
 * An ELF file linked for this machine's physical addresses that is given none of the three gets no parameters and
 * zeros in r0 to r2, as in QEMU: it is no Linux, and its own data may be where the ATAG list would go.
 */
function placeParameters(options: BootOptions, kernel: PlacedKernel): PlacedParameters {
  const { memory, append, dtb } = options;
  const [ram] = memory;
  const chunks: BootChunk[] = [];
  if (kernel.bare && !dtb && !options.initrd && append === undefined)
    return { chunks, address: undefined, initrd: undefined };

  const used = Math.max(kernel.end, ...kernel.chunks.map(chunkEnd));
  const room = (options.initrd?.length ?? 0) + (dtb ? dtb.length + (append?.length ?? 0) + 2 * PAGE_SIZE : 0);
  const middle = pageUp(Math.max(ram.base + Math.min(ram.size / 2, INITRD_LIMIT), used));
  const start = middle + room <= ram.base + ram.size ? middle : pageUp(used);
  if (room > 0 && start + room > ram.base + ram.size) {
    const what = options.initrd ? 'the initial RAM disk' : 'the device tree';
    throw new InputError(`${what} does not fit: ${room} bytes above the kernel in ${sizeText(ram.size)} of RAM`, {
      file: (options.initrd ? options.names?.initrd : options.names?.dtb) ?? what,
      remedy: 'Give the machine more memory',
    });
  }
  let initrd: InitrdRange | undefined;
  if (options.initrd) {
    checkInitrd(options.initrd, options.names?.initrd ?? 'initrd');
    initrd = { start, end: start + options.initrd.length };
    chunks.push({ address: start, bytes: options.initrd, zeroFill: 0, what: 'the initial RAM disk' });
  }
  const parameters: BootParameters = { memory, append, initrd };
  const address = dtb ? pageUp(initrd?.end ?? start) : ram.base + ATAGS_OFFSET;
  chunks.push({
    address,
    bytes: dtb ? editDeviceTree(dtb, options.names?.dtb ?? 'device tree', parameters) : makeAtags(parameters),
    zeroFill: 0,
    what: dtb ? 'the device tree' : 'the boot parameter list (ATAGs)',
  });
  return { chunks, address, initrd };
}

function pageUp(address: number): number {
  return Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;
}
