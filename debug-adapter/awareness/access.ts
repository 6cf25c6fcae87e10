/** A kernel's memory in a machine. */
import type { Machine } from '../../emulator/machine.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { readGuestMemory, readRegister } from '../target.ts';
import type { KernelAccess } from './kernel-memory.ts';

/** `memory` reads guest memory by virtual address; by default as the guest's tables have it. */
export function kernelAccess(
  machine: Machine,
  info: DebugInfo,
  memory = (address: number, size: number): Uint8Array => readGuestMemory(machine, address, size),
): KernelAccess {
  return {
    info,
    register: (name) => readRegister(machine, name),
    memory,
    physical: (address) => {
      const { physicalAddress } = machine.vcpu.translate(address);
      return physicalAddress === undefined ? undefined : physicalAddress >>> 0;
    },
  };
}
