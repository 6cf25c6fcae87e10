/**
 * A machine: a virtual machine (CPU and RAM) wired to a board (devices), and the loop between them.
 * Guest time is counted in instructions; devices are brought to it before they are accessed and at their next event,
 * so a run depends on nothing but the guest's initial state and the logged input.
 */
import type { Board } from './boards/board.ts';
import { BUS_ERROR, type Device, type QuietZones } from './bus/device.ts';
import { ConsoleInput } from './console-input.ts';
import { REGISTER } from './registers.ts';
import { ExitReason, type Vcpu, type VirtualMachine } from './vm.ts';

/** Why `Machine.run` came back. */
export type StopReason =
  /** The instruction budget is used up. */
  | 'budget'
  /** Before the instruction at a breakpoint; see `vcpu.exit.address`. */
  | 'breakpoint'
  /** After an access to a watched range; see `vcpu.exit.address` and `debugCause`. */
  | 'watchpoint'
  /** The guest branches to itself, or waits in WFI, with its interrupts masked: it has ended. */
  | 'halted'
  /** The guest asked the board to reset. */
  | 'reset'
  /** The guest waits for an interrupt that no device will raise; only input can wake it. */
  | 'idle'
  /** The core or the hypervisor gave up; see `vcpu.exit.message`. */
  | 'error'
  /** `requestStop` was called from a device callback. */
  | 'requested';

export interface MachineOptions {
  /** Nanoseconds of guest time for an instruction; 1 by default. */
  nsPerInstruction?: number;
}

const CPSR_I_AND_F = 0xc0;
/** Events that `wait` skips before it lets its caller look around. */
const EVENTS_PER_WAIT = 1000;

export class Machine {
  readonly vm: VirtualMachine;
  readonly board: Board;
  readonly vcpu: Vcpu;
  readonly input: ConsoleInput;
  readonly nsPerInstruction: number;
  /** Called when waiting in WFI skips guest time, with the nanoseconds skipped; an interactive console paces by it. */
  onIdle: ((nanoseconds: number) => void) | undefined;
  /** Called at each MMIO access, for statistics. */
  onMmio: ((address: number, write: boolean) => void) | undefined;
  /** Nanoseconds skipped by waiting in WFI. */
  private skipped = 0;
  private stopRequested = false;
  /** Nanoseconds that the write in progress has waited. */
  private lateBy = 0;
  /** The guest is in WFI. */
  private waiting = false;

  /** Devices that can say which writes are quiet, with their last answers; none where no write is ever late. */
  private readonly quiet: Array<{ base: number; device: Device; zones: QuietZones }> = [];

  constructor(vm: VirtualMachine, board: Board, options: MachineOptions = {}) {
    this.vm = vm;
    this.board = board;
    this.vcpu = vm.vcpu;
    vm.nameDevices((address) => board.deviceAt(address)?.name);
    this.nsPerInstruction = options.nsPerInstruction ?? 1;
    this.input = new ConsoleInput(board.serial[0]);
    if (!vm.hypervisor) return;
    for (const { base, device } of board.devices)
      if (device.quietWrites) this.quiet.push({ base, device, zones: device.quietWrites() });
    this.tellQuietWrites();
  }

  /** Looks whether a device has changed its mind about which writes may wait. */
  private updateQuietWrites(): void {
    let changed = false;
    for (const entry of this.quiet) {
      const now = entry.device.quietWrites?.() ?? [];
      if (now === entry.zones) continue;
      entry.zones = now;
      changed = true;
    }
    if (changed) this.tellQuietWrites();
  }

  private tellQuietWrites(): void {
    this.vcpu.setQuietWrites(
      this.quiet.flatMap(({ base, zones }) => zones.map(({ offset, length }) => ({ address: base + offset, length }))),
    );
  }

  /** A write that has waited takes effect as of its own time. */
  private readonly lateWrite = (address: number, size: number, data: number, instructions: number): void => {
    this.onMmio?.(address, true);
    const time = instructions * this.nsPerInstruction + this.skipped;
    this.lateBy = this.now - time;
    this.board.write(address, size, data, time);
    this.lateBy = 0;
    this.input.afterConsoleWrite(time);
  };

  /** Guest time in nanoseconds: instructions retired, and what waiting has skipped. */
  get now(): number {
    return this.vcpu.instructions * this.nsPerInstruction + this.skipped;
  }

  /**
   * Guest time in nanoseconds of the device access in progress, for callbacks of devices: `now`, except for a write that has
   * waited. The same in every mode.
   */
  get accessTime(): number {
    return this.now - this.lateBy;
  }

  /** Makes the current or next `run` come back after the instruction in progress. */
  requestStop(): void {
    this.stopRequested = true;
  }

  /** Withdraws a `requestStop` that no `run` has seen. */
  cancelStopRequest(): void {
    this.stopRequested = false;
  }

  /** Runs at most `budget` guest instructions (an integer, at least 1); stops exactly there. */
  run(budget: number): StopReason {
    const { vcpu, board, input } = this;
    const end = vcpu.instructions + budget;
    if (this.waiting) {
      const stop = this.wait();
      if (stop) return this.stopRequested ? this.takeRequest() : stop;
    }
    for (;;) {
      let now = this.now;
      input.advance(now);
      if (board.nextEvent() <= now) board.advance(now);
      vcpu.setIrq(board.irq);
      vcpu.setFiq(board.fiq);
      vcpu.setFiqPossible(board.fiqPossible);
      if (this.stopRequested) return this.takeRequest();
      const left = end - vcpu.instructions;
      if (left <= 0) return 'budget';
      const next = Math.min(board.nextEvent(), input.nextDelivery());
      const untilEvent = Math.ceil((next - now) / this.nsPerInstruction);
      const reason = vcpu.run(Math.min(left, untilEvent, 0x7fff_ffff));
      const { exit } = vcpu;
      vcpu.drainWrites(this.lateWrite);
      switch (reason) {
        case ExitReason.Budget:
          break;
        case ExitReason.MmioRead: {
          now = this.now;
          const value = board.read(exit.address, exit.size, now);
          this.onMmio?.(exit.address, false);
          if (value === BUS_ERROR) vcpu.failMmio();
          else vcpu.completeMmio(value);
          input.afterConsoleRead(now);
          break;
        }
        case ExitReason.MmioWrite:
          this.onMmio?.(exit.address, true);
          if (board.write(exit.address, exit.size, exit.data, this.now) === BUS_ERROR) vcpu.failMmio();
          else vcpu.completeMmio(0);
          this.updateQuietWrites();
          input.afterConsoleWrite(this.now);
          if (board.resetRequested) return 'reset';
          break;
        case ExitReason.Wfi: {
          const stop = this.wait();
          if (stop) return stop;
          break;
        }
        case ExitReason.Debug:
          return exit.debugCause === 'breakpoint' ? 'breakpoint' : 'watchpoint';
        case ExitReason.Stepped:
          return 'budget';
        case ExitReason.Halted:
          return 'halted';
        case ExitReason.InternalError:
          return 'error';
      }
    }
  }

  private takeRequest(): StopReason {
    this.stopRequested = false;
    return 'requested';
  }

  /**
   * WFI: skips guest time to the next event that raises an interrupt line, masked or not. Returns `budget` when that
   * takes many events, so that the caller stays responsive; the next `run` waits on.
   */
  private wait(): StopReason | undefined {
    const { board, vcpu } = this;
    this.waiting = true;
    this.input.whenIdle(this.now);
    for (let events = 0; !board.irq && !board.fiq; events++) {
      if (this.stopRequested || events === EVENTS_PER_WAIT) return 'budget';
      const next = board.nextEvent();
      if (next === Infinity || !board.interruptPossible) {
        const masked = (vcpu.readRegister(REGISTER.cpsr) & CPSR_I_AND_F) === CPSR_I_AND_F;
        return masked ? 'halted' : 'idle';
      }
      const now = this.now;
      if (next > now) {
        this.skipped += next - now;
        this.onIdle?.(next - now);
      }
      board.advance(this.now);
    }
    this.waiting = false;
    return undefined;
  }
}
