/** What a board is to the machine: RAM ranges, devices on a bus, interrupt outputs to the CPU, consoles. */
import type { Device, SerialPort } from '../bus/device.ts';
import type { MemorySlot } from '../vm.ts';

/** Interrupts as the CPU sees them, and what the guest asked of the board. */
export interface Board {
  readonly name: string;
  /** Machine type number of the ATAG boot protocol (r1 at kernel entry). */
  readonly machineType: number;
  readonly slots: readonly MemorySlot[];
  readonly devices: ReadonlyArray<{ base: number; device: Device }>;
  /** UARTs, the console first. */
  readonly serial: readonly SerialPort[];
  /** Level of the CPU's IRQ input. */
  readonly irq: boolean;
  /** Level of the CPU's FIQ input. */
  readonly fiq: boolean;
  /** Whether any device could raise FIQ without the guest configuring it first. */
  readonly fiqPossible: boolean;
  /** Whether any device could raise IRQ or FIQ without the guest configuring it first. */
  readonly interruptPossible: boolean;
  /** Whether the guest has asked for a reset since the last `reset`. */
  readonly resetRequested: boolean;
  /** Reads guest physical memory outside RAM. `BUS_ERROR` where nothing answers. */
  read(address: number, size: number, now: number): number;
  /** Writes guest physical memory outside RAM. `BUS_ERROR` where nothing answers. */
  write(address: number, size: number, value: number, now: number): number;
  /** The device at an address, for statistics; undefined where nothing answers. */
  deviceAt(address: number): Device | undefined;
  advance(now: number): void;
  nextEvent(): number;
  reset(): void;
  save(): unknown;
  restore(state: unknown): void;
}
