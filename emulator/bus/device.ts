/** What a device is to the rest of the machine. A device knows offsets, levels and guest time, never an address. */

/** An output of a device: an interrupt or other level line. */
export interface Line {
  /** Drives the line. Setting the level it already has is free of effect. */
  set(level: boolean): void;
}

/** Ranges of a device's offsets, in bytes. */
export type QuietZones = ReadonlyArray<{ offset: number; length: number }>;

/** The access was refused: the bus answers with an external abort. */
export const BUS_ERROR = -1;

/**
 * A memory-mapped device. Accesses arrive with the guest time `now` in nanoseconds, which never goes back.
 * Nothing here may depend on anything but the accesses, the input lines and `now`: two runs must be identical.
 */
export interface Device {
  /** Unique on its board, e.g. `pl011-0`; statistics and errors use it. */
  readonly name: string;
  /** Bytes of address space it answers to. */
  readonly size: number;
  /**
   * Reads `size` bytes (1, 2, 4) at `offset` (0 to this.size - size). Returns an unsigned 32-bit value, or `BUS_ERROR`.
   */
  read(offset: number, size: number, now: number): number;
  /** Writes the low `size` bytes of `value`. Returns 0, or `BUS_ERROR`. */
  write(offset: number, size: number, value: number, now: number): number;
  /** Brings the device to `now`: expires timers, moves characters, drives lines. */
  advance(now: number): void;
  /** Guest time at which `advance` has something to do if nothing accesses the device before; Infinity for never. */
  nextEvent(): number;
  /** Back to the state after power-on reset. */
  reset(): void;
  /** Everything that `read`, `advance` and the lines depend on, as plain JSON data. */
  save(): unknown;
  /** The inverse of `save`, of the same device type. Throws on data of another shape. */
  restore(state: unknown): void;
  /**
   * Ranges of offsets where a write now has no effect on an interrupt line or an event, so that it may arrive late (with its
   * own time). The same array as long as the answer is the same. None when absent.
   */
  quietWrites?(): QuietZones;
  /** Register names and current values for a debugger, without side effects. */
  inspect(): ReadonlyArray<{ name: string; offset: number; value: number }>;
}

/** A byte stream into and out of the machine: a UART as its host side sees it. */
export interface SerialPort {
  /** Called with each character the guest sends, 0 to 255. */
  onOutput: ((byte: number) => void) | undefined;
  /** Puts one character into the receive FIFO. Returns false when reception is off or the FIFO is full. */
  receive(byte: number, now: number): boolean;
  /** Whether `receive` would succeed. */
  canReceive(): boolean;
  /** Whether a received character interrupts the guest. */
  readonly interruptsOnReceive: boolean;
  /** How often the guest has read the data or the flag register: proof that something listens. */
  readonly reads: number;
  /** How many characters the guest has sent. */
  readonly sent: number;
}
