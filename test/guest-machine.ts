/** Machines with the included guests, for tests that run them. */
import { createMachine, type CreatedMachine } from '../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../debug-adapter/launch/resolve-guest.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import type { HypervisorOptions } from '../hypervisor/options.ts';

/** The folders of the included guests. */
export const LINUX_GUEST = 'guests/linux';
export const SAMPLE_GUEST = 'guests/sample';

export interface GuestOptions {
  readonly append?: string;
  /** Native mode loads the paravirtualized kernel. */
  readonly patched?: boolean;
  /** Strategies of the hypervisor. */
  readonly hypervisor?: HypervisorOptions;
  /** Typed into the console as soon as the guest listens. */
  readonly input?: string;
}

export interface GuestMachine extends CreatedMachine {
  /** What the guest has printed so far. */
  console(): string;
}

/** A machine with a guest, ready at its first instruction. */
export async function guestMachine(
  guest: string,
  mode: ExecutionMode,
  { append, patched = true, hypervisor, input }: GuestOptions = {},
): Promise<GuestMachine> {
  const resolved = await resolveGuest(guest, { mode, ...(append !== undefined && { append }) }, nodeFileSystem);
  const created = await createMachine(resolved, {
    patchedNative: patched,
    ...(hypervisor && { hypervisor }),
  });
  let text = '';
  const [port] = created.machine.board.serial;
  port.onOutput = (byte) => {
    text += String.fromCharCode(byte);
  };
  if (input !== undefined) created.machine.input.type(new TextEncoder().encode(input));
  return { ...created, console: () => text };
}
