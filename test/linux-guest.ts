/** The included Linux guest, for tests that run it. */
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../debug-adapter/launch/resolve-guest.ts';
import { InputError } from '../formats/input-error.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import { guestMachine, LINUX_GUEST, type GuestMachine, type GuestOptions } from './guest-machine.ts';

export type LinuxMachine = GuestMachine;

/** A machine with the Linux guest, ready at its first instruction. */
export async function linuxMachine(mode: ExecutionMode, options: GuestOptions = {}): Promise<LinuxMachine> {
  return guestMachine(LINUX_GUEST, mode, options);
}

/** Whether the guest's files are there. */
export async function hasLinuxGuest(): Promise<boolean> {
  try {
    await resolveGuest(LINUX_GUEST, {}, nodeFileSystem);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
