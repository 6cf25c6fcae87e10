/** From launch attributes to a guest: its machine, and the symbols that belong to it. */
import { createMachine } from '../launch/create-machine.ts';
import type { FileSystem } from '../launch/file-system.ts';
import { guestSymbols } from '../launch/guest-symbols.ts';
import { resolveGuest, type GuestOverrides } from '../launch/resolve-guest.ts';
import type { LoadedGuest } from './guest.ts';
import type { LaunchArguments } from './launch-arguments.ts';

/** Loads a guest. Relative paths start at `folder`. Rejects with an `InputError`. */
export async function loadGuest(args: LaunchArguments, fs: FileSystem, folder: string): Promise<LoadedGuest> {
  const resolved = await resolveGuest(args.program, overrides(args), fs, folder);
  const { savings, modeSwitch, debug } = args;
  const created = await createMachine(resolved, {
    hypervisor: { ...(savings && { savings }), ...(modeSwitch && { modeSwitch }), debugHost: debug === 'host' },
  });
  const notes: string[] = [];
  if (args.sourceMap)
    notes.push('"sourceMap" has no effect yet: this version debugs by instruction, without source lines.');
  if (created.elf === undefined) notes.push('No symbols: set "symbols" to the ELF file of this kernel to see names.');
  return {
    name: resolved.name,
    machine: created.machine,
    cpu: resolved.cpu,
    ...guestSymbols(resolved, created),
    notes,
  };
}

function overrides(args: LaunchArguments): GuestOverrides {
  const { mode, machine, cpu, memory, kernel, dtb, initrd, append, symbols, sourceMap } = args;
  return { mode, machine, cpu, memory, kernel, dtb, initrd, append, symbols, sources: sourceMap };
}
