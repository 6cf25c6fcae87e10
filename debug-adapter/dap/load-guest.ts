/** From launch attributes to a guest: its machine, and the symbols that belong to it. */
import { UNPACK_LIMIT } from '../../emulator/boot/plan.ts';
import { ElfFile } from '../../formats/elf.ts';
import { PT_LOAD } from '../../formats/elf-types.ts';
import { gunzip, isGzip } from '../../formats/gzip.ts';
import { createMachine, type CreatedMachine } from '../launch/create-machine.ts';
import { baseName, type FileSystem } from '../launch/file-system.ts';
import { resolveGuest, type GuestOverrides, type ResolvedGuest } from '../launch/resolve-guest.ts';
import type { LoadedGuest, LoadedRange } from './guest.ts';
import type { LaunchArguments } from './launch-arguments.ts';

/**
 * Loads a guest. Relative paths start at `folder`. `isFile` tells whether a source file exists, where that can be told
 * at once. Rejects with an `InputError`.
 */
export async function loadGuest(
  args: LaunchArguments,
  fs: FileSystem,
  folder: string,
  isFile?: (path: string) => boolean,
): Promise<LoadedGuest> {
  const resolved = await resolveGuest(args.program, overrides(args), fs, folder);
  const created = await createMachine(resolved);
  const notes: string[] = [];
  if (created.elf === undefined) notes.push('No symbols: set "symbols" to the ELF file of this kernel to see names.');
  return {
    name: resolved.name,
    machine: created.machine,
    cpu: resolved.cpu,
    files: symbolFiles(resolved, created.elf),
    ranges: loadedRanges(created),
    sources: { folder: resolved.folder, map: resolved.sources, isFile },
    notes,
  };
}

function overrides(args: LaunchArguments): GuestOverrides {
  const { mode, machine, cpu, memory, kernel, dtb, initrd, append, symbols, sourceMap } = args;
  return { mode, machine, cpu, memory, kernel, dtb, initrd, append, symbols, sources: sourceMap };
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
