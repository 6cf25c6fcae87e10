/** Makes a virtual machine of any execution mode, behind the one seam of emulator/vm.ts. */
import { NativeMachine } from '../emulator/native-vm.ts';
import type { ExecutionMode, MemorySlot, VirtualMachine } from '../emulator/vm.ts';
import type { HypervisorOptions } from './options.ts';
import { LpvMachine } from './lpv-vm.ts';

export interface VirtualMachineOptions {
  mode: ExecutionMode;
  /** Guest RAM. */
  slots: readonly MemorySlot[];
  /** Native mode: execute LPV trap words in privileged modes as the instructions they encode. */
  trapWordsNatively?: boolean;
  /** Virtualized modes: strategies of the hypervisor. */
  hypervisor?: HypervisorOptions;
}

/** Makes a machine in its reset state, RAM zeroed. */
export async function createVirtualMachine(options: VirtualMachineOptions): Promise<VirtualMachine> {
  if (options.mode === 'lpv') return LpvMachine.create(options.slots, options.hypervisor);
  return NativeMachine.create(options.slots, options.trapWordsNatively);
}
