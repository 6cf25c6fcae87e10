/** The whole machine at one moment: the CPU that the guest sees, the one that executes it, the devices. */
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER, type RegisterId } from '../../emulator/registers.ts';
import type { CpuState, MachineResponse } from '../protocol.ts';
import { formatPsr, hex32, REGISTER_GROUPS } from '../target.ts';
import { decodeDeviceRegister } from './device-fields.ts';
import { decodeSystemRegister } from './system-control.ts';

const SYSTEM = REGISTER_GROUPS[REGISTER_GROUPS.length - 1].registers;
const CORE = REGISTER_GROUPS.slice(0, -1).flatMap(({ registers }) => registers);

/** Everything that can be seen without side effects. `device`: only the device of this name. */
export function inspectMachine(machine: Machine, running: boolean, device?: string): MachineResponse {
  const { vm, vcpu, board } = machine;
  const { hypervisor } = vm;
  return {
    ...{ mode: vm.mode, board: board.name, instructions: vcpu.instructions, time: machine.now, running },
    memory: vm.slots.map(({ base, size }) => ({ base: hex32(base), size })),
    virtual: cpuState((id) => vcpu.readRegister(id)),
    ...(hypervisor && { physical: cpuState((id) => hypervisor.readPhysicalRegister(id)) }),
    devices: board.devices
      .filter((entry) => device === undefined || entry.device.name === device)
      .map((entry) => ({
        ...{ name: entry.device.name, base: hex32(entry.base), size: entry.device.size },
        registers: entry.device.inspect().map(({ name, offset, value }) => {
          const fields = decodeDeviceRegister(name, value >>> 0);
          const register = { name, address: hex32(entry.base + offset), value: hex32(value) };
          return fields.length > 0 ? { ...register, fields } : register;
        }),
      })),
  };
}

function cpuState(read: (id: RegisterId) => number): CpuState {
  const value = (name: keyof typeof REGISTER): number => read(REGISTER[name]) >>> 0;
  return {
    registers: Object.fromEntries(CORE.map((name) => [name, hex32(value(name))])),
    status: formatPsr(value('cpsr')),
    systemControl: SYSTEM.map((name) => decodeSystemRegister(name, value(name))),
  };
}
