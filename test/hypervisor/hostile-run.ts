/**
 * Runs one guest under lpv and natively, compared at every exit: the strongest proof that a guest saw nothing that is
 * not its own. The two machines are made once and reset for each guest, since making one costs much more than a guest.
 */
import { LAYOUT as L } from '../../emulator/layout.ts';
import { Machine, type StopReason } from '../../emulator/machine.ts';
import { NativeMachine } from '../../emulator/native-vm.ts';
import { CPSR, MODE, REGISTER, type RegisterName } from '../../emulator/registers.ts';
import type { VirtualMachine } from '../../emulator/vm.ts';
import { CAUSE } from '../../hypervisor/exit-causes.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
import type { HypervisorOptions } from '../../hypervisor/options.ts';
import { Comparison } from '../equivalence/comparison.ts';
import { HostileBoard } from './hostile-board.ts';
import { sensitiveInAnyForm } from './words.ts';

export const RAM_SIZE = 0x8_0000;

/** The state that a guest starts in. */
export interface HostileGuest {
  readonly name: string;
  /** Words by physical address. */
  readonly memory: ReadonlyMap<number, readonly number[]>;
  /** Registers in the order in which they are written; CPSR comes last, after the banks. */
  readonly registers: ReadonlyArray<readonly [RegisterName, number]>;
  readonly budget: number;
  /** Mean time between random interrupts, 0 for none, and the seed of their times. */
  readonly interruptPeriod?: number;
  readonly seed?: number;
  /** Code whose status register accesses get stubs at their first trap, as if they had trapped often. */
  readonly warm?: ReadonlyArray<{ readonly address: number; readonly words: number }>;
}

/** More traps of one site than the hypervisor wants to see before it makes a stub. */
const OFTEN = 32;

export interface HostileResult {
  stop: StopReason;
  instructions: number;
  /** Exits of the virtualized run by cause. */
  byCause: Readonly<Record<string, number>>;
  registerPoints: number;
  /** Of the virtualized run: stubs executed and left, writes coalesced, exits that the core has handled by itself. */
  stubs: number;
  stubsLeft: number;
  coalesced: number;
  fast: number;
  /** What differs, or what is wrong; empty when all is well. */
  problems: readonly string[];
  /** Count at which the guest left what is promised to be equal (see `firstBeyond`). */
  beyondAt: number | undefined;
}

const SLOTS = [{ base: 0, size: RAM_SIZE }];

export class HostilePair {
  readonly virtualized: LpvMachine;
  private readonly native: NativeMachine;

  private constructor(virtualized: LpvMachine, native: NativeMachine) {
    this.virtualized = virtualized;
    this.native = native;
  }

  static async create(options: HypervisorOptions = {}): Promise<HostilePair> {
    return new HostilePair(await LpvMachine.create(SLOTS, options), await NativeMachine.create(SLOTS, true));
  }

  /** Pairs for several ways of working, which share one native machine. */
  static async createAll(combinations: readonly HypervisorOptions[]): Promise<HostilePair[]> {
    const native = await NativeMachine.create(SLOTS, true);
    const machines = await Promise.all(combinations.map((options) => LpvMachine.create(SLOTS, options)));
    return machines.map((machine) => new HostilePair(machine, native));
  }

  /** Runs a guest in both machines. Native alone runs it a second time when the machines differ. */
  run(guest: HostileGuest): HostileResult {
    const result = this.compare(guest, guest.budget);
    if (result.problems.length === 0) return result;
    const beyondAt = this.firstBeyond(guest, result.instructions);
    if (beyondAt === undefined) return result;
    return { ...(beyondAt > 0 ? this.compare(guest, beyondAt) : { ...result, problems: [] }), beyondAt };
  }

  private compare(guest: HostileGuest, budget: number): HostileResult {
    const a = prepare(this.virtualized, guest);
    const b = prepare(this.native, guest);
    const before = this.virtualized.statistics;
    const comparison = new Comparison(a.machine, b.machine);
    const result = comparison.run(budget);
    const problems = [...(result.difference?.lines ?? [])];
    if (result.stop === 'error') problems.push(a.machine.vcpu.exit.message);
    if (problems.length === 0 && a.board.log.join() !== b.board.log.join())
      problems.push(otherAccesses(a.board.log, b.board.log));
    if (problems.length === 0 && result.stop === 'halted') {
      const stop = b.machine.run(1);
      if (stop !== 'halted') problems.push(`lpv halted, native went on (${stop})`);
    }
    const after = this.virtualized.statistics;
    const byCause = Object.fromEntries(
      Object.entries(after.byCause).map(([cause, count]) => [cause, count - (before.byCause[cause] ?? 0)]),
    );
    const { stop, instructions, registerPoints } = result;
    return {
      ...{ stop, instructions, registerPoints, byCause, problems, beyondAt: undefined },
      stubs: after.stubs.executed - before.stubs.executed,
      stubsLeft: after.stubs.left - before.stubs.left,
      coalesced: after.coalescedWrites - before.coalescedWrites,
      fast: sum(after.fastExits) - sum(before.fastExits),
    };
  }

  /**
   * Count at which a native run first leaves what is promised to be equal: it meets a sensitive word that is no trap, in
   * ARM state and a privileged mode.
   */
  private firstBeyond(guest: HostileGuest, limit: number): number | undefined {
    const { machine } = prepare(this.native, guest);
    const { vcpu, vm } = machine;
    while (vcpu.instructions <= limit) {
      const cpsr = vcpu.readRegister(REGISTER.cpsr);
      if ((cpsr & CPSR.MODE) !== MODE.usr && !(cpsr & CPSR.T)) {
        const { physicalAddress } = vcpu.translate(vcpu.readRegister(REGISTER.pc) >>> 0);
        const bytes = physicalAddress === undefined ? undefined : vm.ram(physicalAddress, 4);
        if (bytes && sensitiveInAnyForm(new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)))
          return vcpu.instructions;
      }
      const before = vcpu.instructions;
      if (machine.run(1) !== 'budget' || vcpu.instructions === before) return undefined;
    }
    return undefined;
  }

  /** Single-steps both machines from fresh states to the first instruction after which they differ, for a report. */
  locate(guest: HostileGuest, limit: number): string {
    for (let count = 1; count <= limit; count++) {
      const a = prepare(this.virtualized, guest);
      const b = prepare(this.native, guest);
      a.machine.run(count);
      if (!new Comparison(a.machine, b.machine).differenceNow()) continue;
      const c = prepare(this.native, guest);
      if (count > 1) c.machine.run(count - 1);
      const pc = c.machine.vcpu.readRegister(REGISTER.pc) >>> 0;
      const { physicalAddress } = c.machine.vcpu.translate(pc);
      const bytes = physicalAddress === undefined ? undefined : c.machine.vm.ram(physicalAddress & ~3, 4);
      const word = bytes ? new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true).toString(16) : '?';
      const cpsr = (c.machine.vcpu.readRegister(REGISTER.cpsr) >>> 0).toString(16);
      return `after ${count} instructions, at PC 0x${pc.toString(16)} (word ${word}, CPSR ${cpsr})`;
    }
    return 'at no single count';
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** The first access in which two logs differ. */
function otherAccesses(virtualized: readonly string[], native: readonly string[]): string {
  const first = virtualized.findIndex((access, i) => access !== native[i]);
  const at = first < 0 ? virtualized.length : first;
  return `access ${at} of the device: lpv ${virtualized[at] ?? 'none'}, native ${native[at] ?? 'none'}`;
}

/** Puts a machine into the state that a guest starts in. */
export function prepare(vm: VirtualMachine, guest: HostileGuest): { machine: Machine; board: HostileBoard } {
  vm.vcpu.reset();
  if (vm instanceof LpvMachine) {
    const { statistics } = vm.vcpu;
    statistics.reset();
    for (const { address, words } of guest.warm ?? [])
      for (let pc = address; pc < address + words * 4; pc += 4)
        for (const cause of [CAUSE['status.mrs'], CAUSE['status.msr']])
          for (let i = 0; i < OFTEN; i++) statistics.record(cause, pc, MODE.svc, 0, 0, 0);
  }
  const ram = vm.ram(0, RAM_SIZE);
  if (!ram) throw new Error('The machine has no RAM at 0.');
  ram.fill(0);
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  for (const [address, words] of guest.memory) {
    words.forEach((word, i) => {
      view.setUint32(address + i * 4, word, true);
    });
  }
  vm.vcpu.memoryChanged(0, RAM_SIZE);
  for (const [name, value] of guest.registers) vm.vcpu.writeRegister(REGISTER[name], value);
  const board = new HostileBoard(RAM_SIZE, guest.seed ?? 1, guest.interruptPeriod ?? 0);
  return { machine: new Machine(vm, board), board };
}

/** RAM of the hypervisor in the core's memory, for tests that look at it from outside. */
export function hypervisorRam(vm: LpvMachine): Uint8Array {
  return vm.core.u8.subarray(vm.core.hostRam, vm.core.hostRam + vm.core.hostRamSize);
}

/** Physical address at which the emulated MMU finds the hypervisor's RAM. */
export const HYPERVISOR_BASE = L.HOST_PAGE * 4096;
