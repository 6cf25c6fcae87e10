/**
 * A machine as a debugger sees it: guest memory by virtual or physical address, named registers, decoded status
 * registers, stop reasons in words. Everything is read from the machine at the time of the call; nothing is cached.
 *
 * Memory access never reaches a device: reading a device register can change it. An access ends at the first byte that
 * is not RAM, or not mapped, and returns what came before. Permissions do not apply: a debugger reads what the
 * guest could not.
 */
import type { Machine } from '../emulator/machine.ts';
import { CPSR, type MODE, modeName, REGISTER, REGISTER_NAMES, type RegisterName } from '../emulator/registers.ts';
import type { RunnerStop } from '../emulator/runner.ts';

const ADDRESS_SPACE = 0x1_0000_0000;
/** The smallest unit that the MMU maps (a tiny page, or a sub-page of a small one). */
const SMALLEST_PAGE = 1024;

type Visit = (ram: Uint8Array, physicalAddress: number, offset: number) => void;

/** Visits the RAM behind a physical range, up to its first byte that is not RAM. Returns the bytes visited. */
function visitPhysical(machine: Machine, physicalAddress: number, length: number, base: number, visit: Visit): number {
  const { vm } = machine;
  let done = 0;
  while (done < length) {
    const address = physicalAddress + done;
    const slot = vm.slots.find(({ base, size }) => address >= base && address < base + size);
    if (!slot) break;
    const count = Math.min(length - done, slot.base + slot.size - address);
    const ram = vm.ram(address, count);
    if (!ram) break;
    visit(ram, address, base + done);
    done += count;
  }
  return done;
}

/** Visits the RAM behind a virtual range, page by page, up to its first byte that is unmapped or not RAM. */
function visitVirtual(
  machine: Machine,
  virtualAddress: number,
  length: number,
  visit: Visit,
  table: number | undefined,
): number {
  const end = Math.min((virtualAddress >>> 0) + length, ADDRESS_SPACE);
  const start = virtualAddress >>> 0;
  let address = start;
  while (address < end) {
    const walk = machine.vcpu.translate(address, table);
    if (walk.physicalAddress === undefined) break;
    const page = Math.max(walk.pageSize, SMALLEST_PAGE);
    const count = walk.mmu ? Math.min(end - address, page - (address % page)) : end - address;
    const visited = visitPhysical(machine, walk.physicalAddress >>> 0, count, address - start, visit);
    address += visited;
    if (visited < count) break;
  }
  return address - start;
}

function read(length: number, visitAll: (visit: Visit) => number): Uint8Array {
  const chunks: { ram: Uint8Array; offset: number }[] = [];
  const count = visitAll((ram, _address, offset) => chunks.push({ ram, offset }));
  const bytes = new Uint8Array(Math.min(length, count));
  for (const { ram, offset } of chunks) bytes.set(ram, offset);
  return bytes;
}

function writer(machine: Machine, bytes: Uint8Array): Visit {
  return (ram, physicalAddress, offset) => {
    ram.set(bytes.subarray(offset, offset + ram.length));
    machine.vcpu.memoryChanged(physicalAddress, ram.length);
  };
}

/**
 * Reads guest memory by virtual address, through the guest's own tables. The result is shorter than `length` when an
 * address in the range is unmapped or not RAM; it never wraps round the end of the address space. `table` is the physical
 * address of the tables of another address space.
 */
export function readGuestMemory(machine: Machine, virtualAddress: number, length: number, table?: number): Uint8Array {
  return read(length, (visit) => visitVirtual(machine, virtualAddress, length, visit, table));
}

/** Writes guest memory by virtual address, whatever its permissions. Returns how many bytes were written. */
export function writeGuestMemory(machine: Machine, virtualAddress: number, bytes: Uint8Array, table?: number): number {
  return visitVirtual(machine, virtualAddress, bytes.length, writer(machine, bytes), table);
}

/** Reads guest RAM by physical address; shorter than `length` when the range leaves RAM. */
export function readPhysicalMemory(machine: Machine, physicalAddress: number, length: number): Uint8Array {
  return read(length, (visit) => visitPhysical(machine, physicalAddress >>> 0, length, 0, visit));
}

/** Writes guest RAM by physical address. Returns how many bytes were written. */
export function writePhysicalMemory(machine: Machine, physicalAddress: number, bytes: Uint8Array): number {
  return visitPhysical(machine, physicalAddress >>> 0, bytes.length, 0, writer(machine, bytes));
}

/** Reads one little-endian word by virtual address; undefined when it cannot be read whole. */
export function readGuestWord(machine: Machine, virtualAddress: number): number | undefined {
  const bytes = readGuestMemory(machine, virtualAddress, 4);
  return bytes.length === 4 ? new DataView(bytes.buffer).getUint32(0, true) : undefined;
}

/** The value of a register, unsigned. */
export function readRegister(machine: Machine, name: RegisterName): number {
  return machine.vcpu.readRegister(REGISTER[name]) >>> 0;
}

/** Writes a register. Writing `cpsr` switches banks: `sp` and `lr` are then those of the new mode. */
export function writeRegister(machine: Machine, name: RegisterName, value: number): void {
  machine.vcpu.writeRegister(REGISTER[name], value | 0);
}

/** Whether a word names a register. */
export function isRegisterName(name: string): name is RegisterName {
  return Object.hasOwn(REGISTER, name);
}

export interface RegisterGroup {
  name: string;
  registers: readonly RegisterName[];
}

const bank = (suffix: string): readonly RegisterName[] => REGISTER_NAMES.filter((name) => name.endsWith(`_${suffix}`));

/** All registers by group, in the order in which a debugger shows them: core, status, one group a bank, cp15. */
export const REGISTER_GROUPS: readonly RegisterGroup[] = [
  { name: 'Core', registers: REGISTER_NAMES.slice(REGISTER.r0, REGISTER.cpsr) },
  { name: 'Status', registers: ['cpsr', 'spsr'] },
  { name: 'User bank', registers: bank('usr') },
  { name: 'FIQ bank', registers: bank('fiq') },
  { name: 'IRQ bank', registers: bank('irq') },
  { name: 'Supervisor bank', registers: bank('svc') },
  { name: 'Abort bank', registers: bank('abt') },
  { name: 'Undefined bank', registers: bank('und') },
  { name: 'System control (cp15)', registers: REGISTER_NAMES.slice(REGISTER.midr) },
];

/** A status register, field by field (ARM DDI 0100I, A2.5). */
export interface DecodedPsr {
  /** `usr`, `svc` ...; undefined when the mode field holds a reserved value. */
  mode: keyof typeof MODE | undefined;
  modeBits: number;
  n: boolean;
  z: boolean;
  c: boolean;
  v: boolean;
  q: boolean;
  j: boolean;
  /** IRQ masked. */
  i: boolean;
  /** FIQ masked. */
  f: boolean;
  thumb: boolean;
}

/** Splits a CPSR or SPSR value into its fields. */
export function decodePsr(value: number): DecodedPsr {
  const modeBits = value & CPSR.MODE;
  return {
    mode: modeName(modeBits),
    modeBits,
    n: (value & CPSR.N) !== 0,
    z: (value & CPSR.Z) !== 0,
    c: (value & CPSR.C) !== 0,
    v: (value & CPSR.V) !== 0,
    q: (value & CPSR.Q) !== 0,
    j: (value & CPSR.J) !== 0,
    i: (value & CPSR.I) !== 0,
    f: (value & CPSR.F) !== 0,
    thumb: (value & CPSR.T) !== 0,
  };
}

const PSR_LETTERS = ['n', 'z', 'c', 'v', 'q', 'j', 'i', 'f', 't'] as const;

/** A status register in one line, as in `nZCvqjIFt svc`: a capital letter is a bit that is set. */
export function formatPsr(value: number): string {
  const psr = decodePsr(value);
  const set: Record<(typeof PSR_LETTERS)[number], boolean> = { ...psr, t: psr.thumb };
  const flags = PSR_LETTERS.map((letter) => (set[letter] ? letter.toUpperCase() : letter)).join('');
  return `${flags} ${psr.mode ?? `mode 0x${psr.modeBits.toString(16)} (reserved)`}`;
}

/** An address or a word as eight hexadecimal digits after `0x`. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/** One sentence on why a machine stands, for consoles and for the text of a stop event. */
export function describeStop(machine: Machine, stop: RunnerStop): string {
  const pc = hex32(readRegister(machine, 'pc'));
  const { exit } = machine.vcpu;
  switch (stop) {
    case 'breakpoint':
      return `breakpoint at ${pc}`;
    case 'watchpoint':
      return `${exit.debugCause === 'write' ? 'write to' : 'read of'} watched address ${hex32(exit.address)}; next instruction at ${pc}`;
    case 'halted':
      return `the guest has halted at ${pc}: it branches to itself or waits, with interrupts masked`;
    case 'reset':
      return `the guest asked the board to reset, at ${pc}`;
    case 'idle':
      return `the guest waits at ${pc} for an interrupt that only console input can raise`;
    case 'error':
      return exit.message;
    case 'paused':
      return `paused at ${pc}`;
    case 'stepped':
      return `stepped to ${pc}`;
  }
}
