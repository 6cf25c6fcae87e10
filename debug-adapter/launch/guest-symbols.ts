/** The symbols that belong to a guest: its kernel's, those of further files, and where the kernel's image lies in RAM. */
import { UNPACK_LIMIT } from '../../emulator/boot/plan.ts';
import { ElfFile } from '../../formats/elf.ts';
import { PT_LOAD } from '../../formats/elf-types.ts';
import { gunzip, isGzip } from '../../formats/gzip.ts';
import type { LoadedRange } from '../inspection/code-names.ts';
import type { CreatedMachine } from './create-machine.ts';
import { baseName } from './file-system.ts';
import type { ResolvedGuest } from './resolve-guest.ts';

export interface GuestSymbols {
  /** Files with symbols, the kernel first. */
  files: ElfFile[];
  /** Where the kernel's segments are in RAM; empty when that is not known. */
  ranges: LoadedRange[];
}

/** Throws an `InputError` for a file that is not an ARM ELF file. */
export function guestSymbols(guest: ResolvedGuest, created: CreatedMachine): GuestSymbols {
  return { files: symbolFiles(guest, created.elf), ranges: loadedRanges(created) };
}

/** The kernel's own symbols, then those of the other files, without the file that the kernel's came from. */
function symbolFiles(guest: ResolvedGuest, kernel: ElfFile | undefined): ElfFile[] {
  const files = kernel ? [kernel] : [];
  for (const { path, bytes } of guest.symbols) {
    const name = baseName(path);
    if (name === kernel?.name) continue;
    files.push(new ElfFile(isGzip(bytes) ? gunzip(bytes, UNPACK_LIMIT, name) : bytes, name).requireArm());
  }
  return files;
}

/** Where the segments of the kernel's ELF file are in RAM. */
function loadedRanges({ plan, elf }: CreatedMachine): LoadedRange[] {
  const offset = plan?.physicalOffset;
  if (!elf || offset === undefined) return [];
  return elf.segments
    .filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0)
    .map(({ virtualAddress, physicalAddress, memorySize }) => ({
      virtual: virtualAddress,
      physical: (physicalAddress + offset) >>> 0,
      size: memorySize,
    }));
}
