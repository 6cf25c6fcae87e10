/** Native execution: the guest kernel runs privileged on the emulated CPU. The oracle for every virtualized mode. */
import { Core } from './core.ts';
import { type CodeRange, recordCoverage } from './coverage.ts';
import { LAYOUT as L } from './layout.ts';
import { RegisterFile } from './register-file.ts';
import type { RegisterId } from './registers.ts';
import {
  ExitReason,
  type MemorySlot,
  type Vcpu,
  type VcpuExit,
  type VirtualMachine,
  type Walk,
  type Watchpoint,
} from './vm.ts';

/** A fresh exit record. */
export function newExit(): VcpuExit {
  return { reason: ExitReason.Budget, address: 0, size: 4, data: 0, debugCause: 'breakpoint', message: '' };
}

/** Fills the exit record from a stop of the core that needs no hypervisor. Returns undefined for any other stop. */
export function simpleExit(core: Core, stop: number, exit: VcpuExit): ExitReason | undefined {
  switch (stop) {
    case L.STOP_BUDGET:
      return (exit.reason = ExitReason.Budget);
    case L.STOP_MMIO_READ:
    case L.STOP_MMIO_WRITE:
      exit.address = core.get(L.EXIT_ADDRESS);
      exit.size = core.get(L.EXIT_SIZE) as 1 | 2 | 4;
      exit.data = core.get(L.EXIT_DATA);
      return (exit.reason = stop === L.STOP_MMIO_READ ? ExitReason.MmioRead : ExitReason.MmioWrite);
    case L.STOP_WFI:
      return (exit.reason = ExitReason.Wfi);
    case L.STOP_BREAKPOINT:
      exit.address = core.get(L.EXIT_ADDRESS);
      exit.debugCause = 'breakpoint';
      return (exit.reason = ExitReason.Debug);
    case L.STOP_WATCH:
      exit.address = core.get(L.EXIT_ADDRESS);
      exit.debugCause = core.get(L.EXIT_WRITE) ? 'write' : 'read';
      return (exit.reason = ExitReason.Debug);
    case L.STOP_HALTED:
      return (exit.reason = ExitReason.Halted);
    default:
      return undefined;
  }
}

class NativeVcpu implements Vcpu {
  readonly mode = 'native';
  readonly exit = newExit();
  private readonly core: Core;
  private readonly registers: RegisterFile;
  private lines = 0;

  constructor(core: Core) {
    this.core = core;
    this.registers = new RegisterFile(core, L.CPU_PHYS);
  }

  get instructions(): number {
    return this.core.retired;
  }

  run(budget: number): ExitReason {
    const { core } = this;
    let stop: number = L.STOP_BUDGET;
    let left = budget;
    if (core.get(L.STORES_DONE) && core.get(L.MMIO_COUNT)) {
      stop = this.resumeStores();
      left--;
    }
    if (stop === L.STOP_BUDGET && left > 0) stop = core.exports.run(left);
    const reason = simpleExit(this.core, stop, this.exit);
    if (reason !== undefined) return reason;
    this.exit.message = `The core stopped with code ${stop}, which native mode does not know.`;
    return (this.exit.reason = ExitReason.InternalError);
  }

  /** Goes on with an instruction of several stores after the answer of a device. */
  private resumeStores(): number {
    const { core } = this;
    const stop = core.emulate(core.get(L.EXIT_WORD), L.CPU_PHYS);
    if (stop !== L.STOP_DATA_ABORT) return stop;
    core.exports.enterDataAbort(core.get(L.EXIT_FSR), core.get(L.EXIT_FAR), core.get(L.REGS + 60));
    core.exports.count(1);
    core.set(L.MMIO_COUNT, 0);
    return L.STOP_BUDGET;
  }

  completeMmio(value: number): void {
    this.core.answerMmio(value, false);
  }

  failMmio(): void {
    this.core.answerMmio(0, true);
  }

  setIrq(level: boolean): void {
    this.setLine(1, level);
  }

  setFiq(level: boolean): void {
    this.setLine(2, level);
  }

  /** Native device accesses never leave anything behind. */
  setQuietWrites(): void {}

  drainWrites(): void {}

  setFiqPossible(possible: boolean): void {
    this.core.set(L.FIQ_DEAD, possible ? 0 : 1);
  }

  private setLine(bit: number, level: boolean): void {
    this.lines = level ? this.lines | bit : this.lines & ~bit;
    this.core.set(L.LINES, this.lines);
  }

  reset(): void {
    this.core.reset();
    this.lines = 0;
  }

  readRegister(id: RegisterId): number {
    return this.registers.read(id);
  }

  writeRegister(id: RegisterId, value: number): void {
    if (!this.registers.write(id, value)) return;
    this.core.exports.updateRegimes();
    this.core.exports.flushAll();
  }

  translate(virtualAddress: number, table?: number): Walk {
    return this.core.translate(L.CPU_PHYS, virtualAddress, true, table);
  }

  setBreakpoints(addresses: readonly number[]): void {
    this.core.setBreakpoints(addresses);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.core.setWatchpoints(watchpoints);
  }

  skipBreakpointOnce(): void {
    this.core.skipBreakpointOnce();
  }

  memoryChanged(physicalAddress: number, length: number): void {
    this.core.exports.memoryChanged(physicalAddress, length);
  }
}

export class NativeMachine implements VirtualMachine {
  readonly mode = 'native';
  readonly core: Core;
  readonly vcpu: Vcpu;
  readonly statistics = undefined;
  readonly hypervisor = undefined;

  private constructor(core: Core) {
    this.core = core;
    this.vcpu = new NativeVcpu(core);
  }

  /**
   * Makes a native machine. With `trapWordsNatively`, LPV trap words execute in privileged modes as the instructions
   * they encode, so that a patched kernel can be compared with its virtualized run.
   */
  static async create(slots: readonly MemorySlot[], trapWordsNatively = false): Promise<NativeMachine> {
    const core = await Core.create(slots);
    core.set(L.TRAP_WORDS, trapWordsNatively ? 1 : 0);
    return new NativeMachine(core);
  }

  get operations(): { readonly cache: number; readonly tlb: number } {
    return this.core.operations;
  }

  get slots(): readonly MemorySlot[] {
    return this.core.slots;
  }

  recordCoverage(ranges: readonly CodeRange[]): Uint8Array[] {
    return recordCoverage(this.core, ranges);
  }

  /** Native mode has no exits whose devices could be named. */
  nameDevices(): void {}

  ram(physicalAddress: number, length: number): Uint8Array | undefined {
    return this.core.ram(physicalAddress, length);
  }
}
