/** From launch attributes to a guest: its machine, and the symbols that belong to it. */
import { createMachine } from '../launch/create-machine.ts';
import type { FileSystem } from '../launch/file-system.ts';
import { guestSymbols } from '../launch/guest-symbols.ts';
import { resolveGuest, type GuestOverrides } from '../launch/resolve-guest.ts';
import type { LoadedGuest } from './guest.ts';
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
  const { savings, modeSwitch, debug } = args;
  const created = await createMachine(resolved, {
    hypervisor: { ...(savings && { savings }), ...(modeSwitch && { modeSwitch }), debugHost: debug === 'host' },
  });
  const notes: string[] = [];
  if (created.elf === undefined) notes.push('No symbols: set "symbols" to the ELF file of this kernel to see names.');
  return {
    name: resolved.name,
    machine: created.machine,
    cpu: resolved.cpu,
    ...guestSymbols(resolved, created),
    awareness: resolved.awareness,
    sources: { folder: resolved.folder, map: resolved.sources, isFile },
    tests: resolved.tests,
    notes,
  };
}

function overrides(args: LaunchArguments): GuestOverrides {
  const { mode, machine, cpu, memory, kernel, dtb, initrd, append, patch, symbols, sourceMap } = args;
  return { mode, machine, cpu, memory, kernel, dtb, initrd, append, patch, symbols, sources: sourceMap };
}
