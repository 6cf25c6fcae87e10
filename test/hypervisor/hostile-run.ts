/**
 * Runs one guest under lpv and natively, compared at every exit: the strongest proof that a guest saw nothing that is
 * not its own. The two machines are made once and reset for each guest, since making one costs much more than a guest.
 */
import { LAYOUT as L } from '../../emulator/layout.ts';
import { Machine, type StopReason } from '../../emulator/machine.ts';
import { NativeMachine } from '../../emulator/native-vm.ts';
import { CPSR, MODE, REGISTER, type RegisterName } from '../../emulator/registers.ts';
import type { VirtualMachine } from '../../emulator/vm.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
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
}

export interface HostileResult {
  stop: StopReason;
  instructions: number;
  /** Exits of the virtualized run by cause. */
  byCause: Readonly<Record<string, number>>;
  registerPoints: number;
  /** What differs, or what is wrong; empty when all is well. */
  problems: readonly string[];
  /** Count at which the guest left what is promised to be equal (see `firstBeyond`). */
  beyondAt: number | undefined;
}

export class HostilePair {
  readonly virtualized: LpvMachine;
  private readonly native: NativeMachine;

  private constructor(virtualized: LpvMachine, native: NativeMachine) {
    this.virtualized = virtualized;
    this.native = native;
  }

  static async create(): Promise<HostilePair> {
    const slots = [{ base: 0, size: RAM_SIZE }];
    return new HostilePair(await LpvMachine.create(slots), await NativeMachine.create(slots, true));
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
    const before = { ...this.virtualized.statistics.byCause };
    const comparison = new Comparison(a.machine, b.machine);
    const result = comparison.run(budget);
    const problems = [...(result.difference?.lines ?? [])];
    if (result.stop === 'error') problems.push(a.machine.vcpu.exit.message);
    if (problems.length === 0 && a.board.log.join() !== b.board.log.join())
      problems.push('the devices saw other accesses');
    if (problems.length === 0 && result.stop === 'halted') {
      const stop = b.machine.run(1);
      if (stop !== 'halted') problems.push(`lpv halted, native went on (${stop})`);
    }
    const byCause = Object.fromEntries(
      Object.entries(this.virtualized.statistics.byCause).map(([cause, count]) => [
        cause,
        count - (before[cause] ?? 0),
      ]),
    );
    const { stop, instructions, registerPoints } = result;
    return { stop, instructions, registerPoints, byCause, problems, beyondAt: undefined };
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

/** Puts a machine into the state that a guest starts in. */
export function prepare(vm: VirtualMachine, guest: HostileGuest): { machine: Machine; board: HostileBoard } {
  vm.vcpu.reset();
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
