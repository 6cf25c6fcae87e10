/** Pieces of guest memory to be filled before a boot, and the check that they fit. */
import { hex, InputError } from '../../formats/input-error.ts';
import type { MemorySlot } from '../vm.ts';

/** Bytes for a place in guest RAM. */
export interface BootChunk {
  /** Guest physical address. */
  readonly address: number;
  /** In a boot plan its own copy, which the hypervisor's patch changes in place. */
  readonly bytes: Uint8Array;
  /** Bytes to be cleared after `bytes` (.bss). */
  readonly zeroFill: number;
  /** For messages, e.g. `the initial RAM disk`. */
  readonly what: string;
}

/** Address after the chunk, the cleared part included. */
export function chunkEnd(chunk: BootChunk): number {
  return chunk.address + chunk.bytes.length + chunk.zeroFill;
}

/** A size for a message. */
export function sizeText(bytes: number): string {
  return bytes % 0x10_0000 === 0 && bytes > 0 ? `${bytes / 0x10_0000} MB` : `${bytes} bytes`;
}

/** The slot that holds a whole range. */
export function slotOf(memory: readonly MemorySlot[], address: number, size: number): MemorySlot | undefined {
  return memory.find((slot) => address >= slot.base && address + size <= slot.base + slot.size);
}

/** Throws an `InputError` when a chunk lies outside RAM or two chunks overlap. */
export function checkChunks(chunks: readonly BootChunk[], memory: readonly MemorySlot[], file: string): void {
  for (const chunk of chunks) {
    const size = chunkEnd(chunk) - chunk.address;
    if (slotOf(memory, chunk.address, size)) continue;
    const total = memory.reduce((sum, slot) => sum + slot.size, 0);
    throw new InputError(
      `${chunk.what} needs ${sizeText(size)} at ${hex(chunk.address)}, outside the machine's ${sizeText(total)} of RAM`,
      { file, remedy: 'Give the machine more memory, or link the kernel for this machine' },
    );
  }
  const sorted = chunks.filter((chunk) => chunkEnd(chunk) > chunk.address).sort((a, b) => a.address - b.address);
  for (let i = 1; i < sorted.length; i++) {
    const [before, after] = [sorted[i - 1], sorted[i]];
    if (chunkEnd(before) <= after.address) continue;
    throw new InputError(
      `${after.what} at ${hex(after.address)} overlaps ${before.what} (${hex(before.address)} to ${hex(chunkEnd(before))})`,
      { file, remedy: 'Give the machine more memory, or link the kernel elsewhere' },
    );
  }
}
