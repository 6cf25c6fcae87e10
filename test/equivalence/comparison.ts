/**
 * Runs a virtualized machine and a native one side by side on one patched image, and compares all that the guest can
 * see: registers, flags, banks and cp15 at every exit of the virtualized run, RAM at intervals by its dirty pages.
 * Both machines count the same instructions, so "at the same count" is exact.
 */
import type { Core } from '../../emulator/core.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';
import type { Machine, StopReason } from '../../emulator/machine.ts';
import { NativeMachine } from '../../emulator/native-vm.ts';
import { REGISTER_NAMES } from '../../emulator/registers.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';

/** Instructions between two comparisons of RAM, at most. */
const RAM_INTERVAL = 100_000;

export interface Difference {
  /** Count at which the machines differ, and the last one at which they were seen equal. */
  count: number;
  lastEqual: number;
  /** One line for each thing that differs. */
  lines: string[];
}

export interface ComparisonResult {
  instructions: number;
  /** Comparisons of the registers, of RAM, and pages compared. */
  registerPoints: number;
  ramPoints: number;
  pages: number;
  stop: StopReason;
  difference: Difference | undefined;
}

/** Thrown through the machine loop to end a run at the first difference. */
class Differs extends Error {
  readonly lines: string[];
  constructor(lines: string[]) {
    super('The machines differ.');
    this.lines = lines;
  }
}

/** First words of each CPU block that hold guest state: CPSR control, banks, SPSRs, cp15. */
const BLOCK_WORDS = L.C_SIZE / 4;

export class Comparison {
  registerPoints = 0;
  ramPoints = 0;
  pages = 0;
  private lastEqual = 0;
  private readonly virtualized: Machine;
  private readonly native: Machine;
  private readonly virtualCore: Core;
  private readonly nativeCore: Core;

  /** `virtualized` must be an lpv machine, `native` one with trap words on; both at the same, fresh state. */
  constructor(virtualized: Machine, native: Machine) {
    if (!(virtualized.vm instanceof LpvMachine) || !(native.vm instanceof NativeMachine))
      throw new TypeError('A comparison takes an lpv machine and a native one.');
    this.virtualized = virtualized;
    this.native = native;
    this.virtualCore = virtualized.vm.core;
    this.nativeCore = native.vm.core;
  }

  /** Runs until `limit` instructions, the end of the guest, or `until`; compares all the way. */
  run(limit: number, until: () => boolean = () => false): ComparisonResult {
    const { virtualized } = this;
    if (!(virtualized.vm instanceof LpvMachine)) throw new TypeError('not an lpv machine');
    virtualized.vm.vcpu.onExit = () => this.compareRegisters();
    this.clearDirty();
    let stop: StopReason = 'budget';
    let difference: Difference | undefined;
    try {
      while (stop === 'budget' && virtualized.vcpu.instructions < limit && !until()) {
        stop = virtualized.run(Math.min(RAM_INTERVAL, limit - virtualized.vcpu.instructions));
        this.compareRegisters();
        this.compareRam();
      }
    } catch (error) {
      if (!(error instanceof Differs)) throw error;
      difference = { count: virtualized.vcpu.instructions, lastEqual: this.lastEqual, lines: error.lines };
    }
    virtualized.vm.vcpu.onExit = undefined;
    const { registerPoints, ramPoints, pages } = this;
    return { instructions: virtualized.vcpu.instructions, registerPoints, ramPoints, pages, stop, difference };
  }

  /** Brings the native machine to the same count and compares what is not RAM. */
  compareRegisters(): void {
    const { virtualized, native, virtualCore: a, nativeCore: b } = this;
    const count = virtualized.vcpu.instructions;
    const behind = count - native.vcpu.instructions;
    if (behind > 0) {
      const stop = native.run(behind);
      if (native.vcpu.instructions !== count)
        throw new Differs([`the native run stopped (${stop}) at ${native.vcpu.instructions} of ${count} instructions`]);
    }
    this.registerPoints++;
    let equal = true;
    for (let i = 0; i < 16; i++) equal &&= a.i32[L.REGS / 4 + i] === b.i32[L.REGS / 4 + i];
    for (let i = 0; i < BLOCK_WORDS; i++) equal &&= a.i32[L.CPU_VIRT / 4 + i] === b.i32[L.CPU_PHYS / 4 + i];
    // N and V are bit 31 of their words, Z is "word is zero".
    equal &&=
      (a.i32[L.FLAG_N / 4] ^ b.i32[L.FLAG_N / 4]) >= 0 &&
      (a.i32[L.FLAG_V / 4] ^ b.i32[L.FLAG_V / 4]) >= 0 &&
      (a.i32[L.FLAG_Z / 4] === 0) === (b.i32[L.FLAG_Z / 4] === 0) &&
      a.i32[L.FLAG_C / 4] === b.i32[L.FLAG_C / 4] &&
      a.i32[L.FLAG_Q / 4] === b.i32[L.FLAG_Q / 4] &&
      a.i32[L.THUMB / 4] === b.i32[L.THUMB / 4] &&
      a.i32[L.ALIGN_CHECK / 4] === b.i32[L.ALIGN_CHECK / 4];
    if (!equal) throw new Differs(this.describeRegisters());
    this.lastEqual = count;
  }

  private describeRegisters(): string[] {
    const lines: string[] = [];
    REGISTER_NAMES.forEach((name, id) => {
      const left = this.virtualized.vcpu.readRegister(id) >>> 0;
      const right = this.native.vcpu.readRegister(id) >>> 0;
      if (left !== right) lines.push(`${name}: lpv 0x${left.toString(16)}, native 0x${right.toString(16)}`);
    });
    return lines.length ? lines : ['internal register state differs (bank words or alignment check)'];
  }

  /** Compares every page that either machine has written since the last time. */
  private compareRam(): void {
    const { virtualCore: a, nativeCore: b } = this;
    this.ramPoints++;
    for (let page = 0; page < b.guestPages; page++) {
      if (!((a.u8[L.PAGE_FLAGS + page] | b.u8[L.PAGE_FLAGS + page]) & L.PAGE_DIRTY)) continue;
      this.pages++;
      const start = (L.RAM_BASE + page * 4096) / 4;
      for (let word = start; word < start + 1024; word++) {
        if (a.i32[word] === b.i32[word]) continue;
        const address = (word * 4 - L.RAM_BASE).toString(16);
        throw new Differs([
          `RAM at 0x${address}: lpv 0x${a.u32[word].toString(16)}, native 0x${b.u32[word].toString(16)}`,
        ]);
      }
    }
    this.clearDirty();
  }

  private clearDirty(): void {
    for (const core of [this.virtualCore, this.nativeCore]) core.exports.clearDirty(core.guestPages);
  }

  /** Compares whatever the machines' state is now; undefined when they are equal. */
  differenceNow(): string[] | undefined {
    try {
      this.compareRegisters();
      this.compareRam();
      return undefined;
    } catch (error) {
      if (error instanceof Differs) return error.lines;
      throw error;
    }
  }
}
