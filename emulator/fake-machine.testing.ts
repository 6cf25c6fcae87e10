/**
 * A machine for tests of debuggers, small enough to read: RAM at 0, an optional window at 0xc0000000 onto it, and a CPU
 * that knows branches, `ldr r0, [r1]`, `str r0, [r1]`, `wfi` (as mcr), and takes every other word for a no-op.
 */
import type { Board } from './boards/board.ts';
import type { SerialPort } from './bus/device.ts';
import { BUS_ERROR } from './bus/device.ts';
import { Machine } from './machine.ts';
import { CPSR, MODE, REGISTER, REGISTER_NAMES } from './registers.ts';
import {
  ExitReason,
  type Vcpu,
  type VcpuExit,
  type VirtualizationStatistics,
  type VirtualMachine,
  type Walk,
  type Watchpoint,
} from './vm.ts';

export const WORD = { nop: 0xe1a00000, branchToSelf: 0xeafffffe, ldr: 0xe5910000, str: 0xe5810000, wfi: 0xee070f90 };
/** Start of the window onto RAM. */
export const WINDOW = 0xc000_0000;
/** Base of the console: a word written here is printed. */
export const CONSOLE = 0x1000_0000;

const BANKS: Record<number, string> = {
  [MODE.usr]: 'usr',
  [MODE.sys]: 'usr',
  [MODE.fiq]: 'fiq',
  [MODE.irq]: 'irq',
  [MODE.svc]: 'svc',
  [MODE.abt]: 'abt',
  [MODE.und]: 'und',
};

class FakeVcpu implements Vcpu {
  readonly mode = 'native';
  readonly exit: VcpuExit = {
    reason: ExitReason.Budget,
    address: 0,
    size: 4,
    data: 0,
    debugCause: 'breakpoint',
    message: '',
  };
  instructions = 0;
  changes: { address: number; length: number }[] = [];
  private readonly ram: DataView;
  private readonly values = new Map<string, number>();
  private breakpoints = new Set<number>();
  private watchpoints: readonly Watchpoint[] = [];
  private skip = false;

  constructor(ram: Uint8Array) {
    this.ram = new DataView(ram.buffer);
    this.reset();
  }

  reset(): void {
    this.values.set('cpsr', MODE.svc | CPSR.I | CPSR.F);
    this.values.set('pc', 0);
  }

  private storage(id: number): string {
    const name = REGISTER_NAMES[id];
    const bank = BANKS[(this.values.get('cpsr') ?? 0) & CPSR.MODE];
    return (name === 'sp' || name === 'lr' || name === 'spsr') && bank ? `${name}_${bank}` : name;
  }

  readRegister(id: number): number {
    return this.values.get(this.storage(id)) ?? 0;
  }

  writeRegister(id: number, value: number): void {
    this.values.set(this.storage(id), value | 0);
  }

  translate(virtualAddress: number): Walk {
    const mapped = virtualAddress < 0x4000_0000 || virtualAddress >= WINDOW;
    return {
      virtualAddress,
      mmu: true,
      steps: [],
      physicalAddress: mapped ? virtualAddress % WINDOW : undefined,
      pageSize: 4096,
      domain: 0,
      domainAccess: 1,
      ap: 3,
      cacheable: false,
      bufferable: false,
      fault: { privilegedRead: 0, privilegedWrite: 0, userRead: 0, userWrite: 0 },
    };
  }

  run(budget: number): ExitReason {
    for (let count = 0; count < budget; count++) {
      const pc = this.readRegister(REGISTER.pc) >>> 0;
      if (this.breakpoints.has(pc) && !this.skip) return this.debug('breakpoint', pc);
      this.skip = false;
      const physical = pc % WINDOW;
      const word = physical + 4 <= this.ram.byteLength ? this.ram.getUint32(physical, true) : WORD.nop;
      this.instructions++;
      if (word === WORD.branchToSelf) {
        const masked = (this.readRegister(REGISTER.cpsr) & 0xc0) === 0xc0;
        if (masked) return (this.exit.reason = ExitReason.Halted);
        continue;
      }
      const branch = word >>> 24 === 0xea;
      this.writeRegister(REGISTER.pc, branch ? pc + 8 + ((word << 8) >> 6) : pc + 4);
      if (word === WORD.wfi) return (this.exit.reason = ExitReason.Wfi);
      const exit = word === WORD.ldr || word === WORD.str ? this.access(word === WORD.str) : undefined;
      if (exit !== undefined) return exit;
    }
    return (this.exit.reason = ExitReason.Budget);
  }

  private access(write: boolean): ExitReason | undefined {
    const address = this.readRegister(REGISTER.r1) >>> 0;
    const value = this.readRegister(REGISTER.r0) >>> 0;
    if (address % WINDOW >= this.ram.byteLength) {
      Object.assign(this.exit, { address, size: 4, data: value });
      return (this.exit.reason = write ? ExitReason.MmioWrite : ExitReason.MmioRead);
    }
    if (write) this.ram.setUint32(address % WINDOW, value, true);
    else this.writeRegister(REGISTER.r0, this.ram.getUint32(address % WINDOW, true));
    const hit = this.watchpoints.some(
      (watch) =>
        (write ? watch.write : watch.read) && address < watch.address + watch.length && address + 4 > watch.address,
    );
    return hit ? this.debug(write ? 'write' : 'read', address) : undefined;
  }

  private debug(cause: VcpuExit['debugCause'], address: number): ExitReason {
    this.exit.debugCause = cause;
    this.exit.address = address;
    return (this.exit.reason = ExitReason.Debug);
  }

  completeMmio(value: number): void {
    if (this.exit.reason === ExitReason.MmioRead) this.writeRegister(REGISTER.r0, value);
  }

  failMmio(): void {}
  setIrq(): void {}
  setQuietWrites(): void {}
  drainWrites(): void {}
  setFiqPossible(): void {}

  setFiq(): void {}

  setBreakpoints(addresses: readonly number[]): void {
    this.breakpoints = new Set(addresses);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.watchpoints = watchpoints;
  }

  skipBreakpointOnce(): void {
    this.skip = true;
  }

  memoryChanged(address: number, length: number): void {
    this.changes.push({ address, length });
  }
}

export interface FakeMachine {
  machine: Machine;
  ram: Uint8Array;
  /** Calls of `memoryChanged`. */
  changes: readonly { address: number; length: number }[];
  /** Bytes that the console has received. */
  typed: number[];
  /** Asks the board to reset, as a guest would. */
  requestReset(): void;
}

/** Builds the machine with a program at 0. */
export function fakeMachine(
  program: readonly number[] = [],
  ramSize = 0x4000,
  statistics?: VirtualizationStatistics,
): FakeMachine {
  const ram = new Uint8Array(ramSize);
  const view = new DataView(ram.buffer);
  program.forEach((word, at) => view.setUint32(at * 4, word, true));
  const vcpu = new FakeVcpu(ram);
  const slots = [{ base: 0, size: ramSize }];
  const vm: VirtualMachine = {
    mode: 'native',
    slots,
    vcpu,
    ram: (address, length) => (address + length <= ramSize ? ram.subarray(address, address + length) : undefined),
    nameDevices: () => undefined,
    recordCoverage: () => [],
    operations: { cache: 0, tlb: 0 },
    statistics,
    hypervisor: undefined,
  };
  const typed: number[] = [];
  const port: SerialPort = {
    onOutput: undefined,
    receive: (byte) => typed.push(byte) > 0,
    canReceive: () => true,
    interruptsOnReceive: false,
    reads: 0,
    sent: 0,
  };
  let resetRequested = false;
  const board: Board = {
    name: 'fake',
    machineType: 0,
    slots,
    devices: [],
    serial: [port],
    irq: false,
    fiq: false,
    fiqPossible: false,
    interruptPossible: false,
    get resetRequested() {
      return resetRequested;
    },
    read: () => 0,
    write: (address, _size, value) => {
      if (address !== CONSOLE) return BUS_ERROR;
      port.onOutput?.(value & 0xff);
      return 0;
    },
    deviceAt: () => undefined,
    advance: () => undefined,
    nextEvent: () => Infinity,
    reset: () => void (resetRequested = false),
    save: () => undefined,
    restore: () => undefined,
  };
  return {
    machine: new Machine(vm, board),
    ram,
    changes: vcpu.changes,
    typed,
    requestReset: () => void (resetRequested = true),
  };
}
