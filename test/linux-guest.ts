/** The included Linux guest, for tests that run it. */
import { createMachine, type CreatedMachine } from '../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { resolveGuest, type ResolvedGuest } from '../debug-adapter/launch/resolve-guest.ts';
import type { HypervisorOptions } from '../hypervisor/options.ts';
import { InputError } from '../formats/input-error.ts';
import type { ExecutionMode } from '../emulator/vm.ts';

export interface LinuxOptions {
  readonly guest?: string;
  readonly append?: string;
  /** Native mode loads the paravirtualized kernel. */
  readonly patched?: boolean;
  readonly hypervisor?: HypervisorOptions;
  /** Typed into the console as soon as the guest listens. */
  readonly input?: string;
}

export interface LinuxMachine extends CreatedMachine {
  /** What the guest has printed so far. */
  console(): string;
}

function resolve(mode: ExecutionMode, { guest, append }: LinuxOptions): Promise<ResolvedGuest> {
  return resolveGuest(guest ?? 'guests/linux', { mode, ...(append !== undefined && { append }) }, nodeFileSystem);
}

/** A machine with the Linux guest, ready at its first instruction. */
export async function linuxMachine(mode: ExecutionMode, options: LinuxOptions = {}): Promise<LinuxMachine> {
  const created = await createMachine(await resolve(mode, options), {
    patchedNative: options.patched ?? true,
    ...(options.hypervisor && { hypervisor: options.hypervisor }),
  });
  let text = '';
  const [port] = created.machine.board.serial;
  port.onOutput = (byte) => {
    text += String.fromCharCode(byte);
  };
  if (options.input !== undefined) created.machine.input.type(new TextEncoder().encode(options.input));
  return { ...created, console: () => text };
}

/** Whether the guest's files are there. */
export async function hasLinuxGuest(): Promise<boolean> {
  try {
    await resolve('native', {});
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
