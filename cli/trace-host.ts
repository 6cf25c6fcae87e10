/** `trapline trace --host`: what the physical CPU executes, the guest's instructions and the world switch between them. */
import { readGuestMemory } from '../debug-adapter/target.ts';
import type { Machine } from '../emulator/machine.ts';
import { CPSR, modeName, REGISTER } from '../emulator/registers.ts';
import { LpvMachine } from '../hypervisor/lpv-vm.ts';
import { disassemble } from '../isa/disassemble.ts';
import { ExitCode, UsageError } from './command.ts';
import { TextOutput } from './text-output.ts';

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');

/** Runs to a count of guest instructions, then writes `count` instructions of the physical CPU to stdout. */
export function traceHost(machine: Machine, from: number, count: number): number {
  const { vm } = machine;
  if (!(vm instanceof LpvMachine)) throw new UsageError('--host is for modes with a hypervisor: use --mode lpv.');
  const { vcpu } = vm;
  while (vcpu.instructions < from) {
    const stop = machine.run(from - vcpu.instructions);
    if (stop !== 'budget')
      throw new UsageError(`The guest stops (${stop}) before it has executed ${from} instructions.`);
  }
  vcpu.hostView.on = true;
  const output = new TextOutput(process.stdout);
  for (let i = 0; i < count; i++) {
    output.put(`${line(machine, vm)}\n`);
    if (machine.run(1) !== 'budget') break;
  }
  output.flush();
  return ExitCode.ok;
}

/** Guest instructions so far, mode, address, word, instruction, and the function of the host. */
function line(machine: Machine, { vcpu }: LpvMachine): string {
  const pc = vcpu.readRegister(REGISTER.pc) >>> 0;
  const cpsr = vcpu.readRegister(REGISTER.cpsr);
  const thumb = (cpsr & CPSR.T) !== 0;
  const bytes = readGuestMemory(machine, pc, thumb ? 2 : 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = bytes.length < (thumb ? 2 : 4) ? undefined : thumb ? view.getUint16(0, true) : view.getUint32(0, true);
  const host = vcpu.hostView.functionAt(pc);
  const text = word === undefined ? '(not mapped)' : disassemble(word, pc, { thumb }).text;
  const columns = [
    String(vcpu.instructions).padStart(12),
    (modeName(cpsr & CPSR.MODE) ?? '?').padEnd(3),
    hex(pc, 8),
    word === undefined ? '-'.repeat(8) : hex(word, thumb ? 4 : 8).padEnd(8),
    text.padEnd(36),
    host ? `host: ${host.name}+0x${host.offset.toString(16)}` : '',
  ];
  return columns.join(' ').trimEnd();
}
