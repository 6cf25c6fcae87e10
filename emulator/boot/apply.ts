/** Carries a boot plan out on a virtual machine. */
import { REGISTER } from '../registers.ts';
import type { VirtualMachine } from '../vm.ts';
import { chunkEnd } from './chunk.ts';
import type { BootPlan } from './plan.ts';

/**
 * Copies the plan's chunks into guest RAM and sets the registers. The CPU should have been reset; RAM outside the
 * chunks is left as it is. Throws when the machine has other RAM than the plan was made for.
 */
export function applyBoot(plan: BootPlan, vm: VirtualMachine): void {
  const { vcpu } = vm;
  for (const chunk of plan.chunks) {
    const length = chunkEnd(chunk) - chunk.address;
    if (length === 0) continue;
    const ram = vm.ram(chunk.address, length);
    if (!ram) throw new Error(`The boot plan was made for another machine: ${chunk.what} is outside its RAM.`);
    ram.set(chunk.bytes);
    ram.fill(0, chunk.bytes.length);
    vcpu.memoryChanged(chunk.address, length);
  }
  const { r0, r1, r2, pc, cpsr } = plan.registers;
  vcpu.writeRegister(REGISTER.cpsr, cpsr);
  vcpu.writeRegister(REGISTER.r0, r0);
  vcpu.writeRegister(REGISTER.r1, r1);
  vcpu.writeRegister(REGISTER.r2, r2);
  vcpu.writeRegister(REGISTER.pc, pc);
}
