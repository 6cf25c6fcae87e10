import { NativeMachine } from '../emulator/native-vm.ts';
import type { MemorySlot, VirtualMachine } from '../emulator/vm.ts';

export const LpvMachine = {
  async create(slots: readonly MemorySlot[]): Promise<VirtualMachine> {
    return NativeMachine.create(slots);
  },
};
