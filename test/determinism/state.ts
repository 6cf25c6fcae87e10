/** The whole state of a machine that a guest can see, as values that can be compared. */
import { createHash } from 'node:crypto';
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER_NAMES } from '../../emulator/registers.ts';

export interface MachineState {
  instructions: number;
  /** Guest time in nanoseconds. */
  time: number;
  registers: Record<string, string>;
  /** Hash of all RAM. */
  ram: string;
  /** The devices' state. */
  board: string;
}

export function stateOf(machine: Machine): MachineState {
  const hash = createHash('sha256');
  for (const { base, size } of machine.vm.slots) {
    const ram = machine.vm.ram(base, size);
    if (ram) hash.update(ram);
  }
  const registers = Object.fromEntries(
    REGISTER_NAMES.map((name, id) => [name, (machine.vcpu.readRegister(id) >>> 0).toString(16)]),
  );
  const { instructions } = machine.vcpu;
  const board = createHash('sha256').update(JSON.stringify(machine.board.save())).digest('hex');
  return { instructions, time: machine.now, registers, ram: hash.digest('hex'), board };
}
