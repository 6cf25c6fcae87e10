/** From the attributes of a launch request to a guest that a debug session can take over. */
import { unpack, type BootPlan } from '../../emulator/boot/plan.ts';
import { ElfFile, PT_LOAD } from '../../formats/elf.ts';
import { hex } from '../../formats/input-error.ts';
import type { SensitiveSites } from '../../hypervisor/patch.ts';
import type { LoadedGuest, LoadedRange } from '../dap/guest.ts';
import type { LaunchArguments } from '../dap/launch-arguments.ts';
import { createMachine } from './create-machine.ts';
import { baseName, loadFile, type FileSystem, type LoadedFile } from './file-system.ts';
import { resolveGuest } from './resolve-guest.ts';

/** A loaded guest, and where its sources are. */
export interface LaunchedGuest extends LoadedGuest {
  /** Prefixes of paths in the debug information, and what they stand for; the request wins over the guest. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Loads the guest of a launch request; relative paths start at `folder`. Throws an `InputError` for anything that is
 * wrong with its files or attributes.
 */
export async function loadGuest(args: LaunchArguments, fs: FileSystem, folder: string): Promise<LaunchedGuest> {
  const { program, mode, machine, cpu, memory, kernel, dtb, initrd, append } = args;
  const overrides = { mode, machine, cpu, memory, kernel, dtb, initrd, append };
  const resolved = await resolveGuest(program, overrides, fs, folder);
  // What the request names comes after the guest's own: the first file must stay the vmlinux of an Image.
  const further = await Promise.all(
    (args.symbols ?? []).map((path) => loadFile(fs, fs.resolve(folder, path), 'symbols file')),
  );
  const guest = { ...resolved, symbols: [...resolved.symbols, ...further] };
  const created = await createMachine(guest);
  return {
    name: guest.name,
    machine: created.machine,
    cpu: guest.cpu,
    files: symbolFiles(created.elf, guest.symbols),
    ranges: created.plan ? loadedRanges(created.plan) : [],
    notes: created.patch ? describePatch(created.patch) : [],
    sources: { ...guest.sources, ...args.sourceMap },
  };
}

/** Where the kernel's segments are in RAM; empty without an ELF file. */
export function loadedRanges(plan: BootPlan): LoadedRange[] {
  const { elf, physicalOffset } = plan;
  if (!elf || physicalOffset === undefined) return [];
  const loads = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.memorySize > 0);
  return loads.map((segment) => ({
    virtual: segment.virtualAddress,
    physical: (segment.physicalAddress + physicalOffset) >>> 0,
    size: segment.memorySize,
  }));
}

/** What paravirtualization did, and what it left that may matter, one line each. */
export function describePatch(patch: SensitiveSites): string[] {
  const notes = [`Paravirtualized: ${patch.sites.length} sensitive instructions replaced by traps.`];
  if (patch.unmapped.length > 0) {
    notes.push(`Not searched, as mapping symbols are missing: ${patch.unmapped.join(', ')}.`);
  }
  if (patch.thumbBytes > 0) notes.push(`Not searched: ${patch.thumbBytes} bytes of Thumb code.`);
  if (patch.ambiguous.length > 0) {
    const shown = patch.ambiguous.slice(0, 4).map((address) => hex(address));
    const more = patch.ambiguous.length > shown.length ? ' and more' : '';
    notes.push(`The kernel has words of its own that can be taken for traps, at ${shown.join(', ')}${more}.`);
  }
  return notes;
}

function symbolFiles(kernel: ElfFile | undefined, symbols: readonly LoadedFile[]): ElfFile[] {
  const files = symbols.map(({ path, bytes }) => {
    const name = baseName(path);
    return new ElfFile(unpack(bytes, name), name).requireArm();
  });
  if (!kernel) return files;
  // The symbols of an Image are the kernel's own file.
  return files[0]?.bytes.length === kernel.bytes.length && files[0].name === kernel.name
    ? [kernel, ...files.slice(1)]
    : [kernel, ...files];
}
