/**
 * The address map of a board's devices. Devices see offsets; ranges may not overlap. The bus also keeps the earliest
 * event of all devices, so that asking for it costs nothing between accesses.
 */
import { BUS_ERROR, type Device } from './device.ts';

/** A device and the physical address of its first byte. */
export interface Mapping {
  readonly base: number;
  readonly device: Device;
}

const ADDRESS_SPACE = 0x1_0000_0000;

export class Bus {
  /** Every device, by rising address. */
  readonly mappings: readonly Mapping[];
  private readonly bases: Float64Array;
  private readonly ends: Float64Array;
  private readonly devices: readonly Device[];
  private readonly events: Float64Array;
  private readonly indexes = new Map<Device, number>();
  private earliest = Infinity;
  private lastHit = 0;

  /** Throws, naming both devices, when two ranges overlap or two names are equal. */
  constructor(mappings: readonly Mapping[]) {
    const sorted = [...mappings].sort((a, b) => a.base - b.base);
    this.mappings = sorted;
    this.devices = sorted.map((mapping) => mapping.device);
    this.bases = Float64Array.from(sorted, (mapping) => mapping.base);
    this.ends = Float64Array.from(sorted, (mapping) => mapping.base + mapping.device.size);
    this.events = new Float64Array(sorted.length).fill(Infinity);
    const names = new Set<string>();
    for (let i = 0; i < sorted.length; i++) {
      const { base, device } = sorted[i];
      if (base < 0 || device.size < 1 || this.ends[i] > ADDRESS_SPACE)
        throw new Error(`Device ${device.name} does not fit in the address space: ${range(base, this.ends[i])}.`);
      if (i > 0 && base < this.ends[i - 1]) {
        const other = range(this.bases[i - 1], this.ends[i - 1]);
        const message = `Device ${device.name} at ${range(base, this.ends[i])} overlaps`;
        throw new Error(`${message} ${this.devices[i - 1].name} at ${other}.`);
      }
      if (names.has(device.name))
        throw new Error(`Two devices are called ${device.name}; the second is at ${range(base, this.ends[i])}.`);
      names.add(device.name);
      this.indexes.set(device, i);
    }
    this.refreshAll();
  }

  /** Reads `size` bytes at a physical address; `BUS_ERROR` where nothing answers. */
  read(address: number, size: number, now: number): number {
    const i = this.find(address, size);
    if (i < 0) return BUS_ERROR;
    if (this.earliest <= now) this.advance(now);
    const value = this.devices[i].read(address - this.bases[i], size, now);
    this.refresh(i);
    return value;
  }

  /** Writes the low `size` bytes of `value`; `BUS_ERROR` where nothing answers. */
  write(address: number, size: number, value: number, now: number): number {
    const i = this.find(address, size);
    if (i < 0) return BUS_ERROR;
    if (this.earliest <= now) this.advance(now);
    const result = this.devices[i].write(address - this.bases[i], size, value, now);
    this.refresh(i);
    return result;
  }

  /** The device at an address; undefined where nothing answers. */
  deviceAt(address: number): Device | undefined {
    const i = this.find(address, 1);
    return i < 0 ? undefined : this.devices[i];
  }

  /** Brings every device whose event is due to `now`. */
  advance(now: number): void {
    const { events, devices } = this;
    for (let i = 0; i < events.length; i++) {
      if (events[i] <= now) {
        devices[i].advance(now);
        events[i] = devices[i].nextEvent();
      }
    }
    this.findEarliest();
  }

  /** The earliest event of any device; Infinity for none. */
  nextEvent(): number {
    return this.earliest;
  }

  /** Must follow any change of a device that did not go through the bus, such as a character from the host. */
  eventChanged(device: Device): void {
    const i = this.indexes.get(device);
    if (i !== undefined) this.refresh(i);
  }

  reset(): void {
    for (const device of this.devices) device.reset();
    this.refreshAll();
  }

  /** The state of every device by name. */
  save(): Record<string, unknown> {
    return Object.fromEntries(this.devices.map((device) => [device.name, device.save()]));
  }

  /** The inverse of `save`. Throws when a device's state is missing or has another shape. */
  restore(state: unknown): void {
    if (typeof state !== 'object' || state === null) throw new Error('Cannot restore devices: the state is no object.');
    for (const device of this.devices) {
      if (!Object.hasOwn(state, device.name)) throw new Error(`Cannot restore ${device.name}: its state is missing.`);
      device.restore((state as Record<string, unknown>)[device.name]);
    }
    this.refreshAll();
  }

  /** Index of the device that answers to all of `size` bytes at `address`; -1 for none. */
  private find(address: number, size: number): number {
    const { bases, ends } = this;
    const last = this.lastHit;
    if (address >= bases[last] && address + size <= ends[last]) return last;
    let low = 0;
    let high = bases.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (address < bases[middle]) high = middle - 1;
      else if (address >= ends[middle]) low = middle + 1;
      else {
        if (address + size > ends[middle]) return -1;
        this.lastHit = middle;
        return middle;
      }
    }
    return -1;
  }

  private refresh(i: number): void {
    const event = this.devices[i].nextEvent();
    if (event === this.events[i]) return;
    this.events[i] = event;
    this.findEarliest();
  }

  private refreshAll(): void {
    for (let i = 0; i < this.devices.length; i++) this.events[i] = this.devices[i].nextEvent();
    this.findEarliest();
  }

  private findEarliest(): void {
    const { events } = this;
    let earliest = Infinity;
    for (let i = 0; i < events.length; i++) if (events[i] < earliest) earliest = events[i];
    this.earliest = earliest;
  }
}

function range(base: number, end: number): string {
  return `0x${base.toString(16).padStart(8, '0')}-0x${(end - 1).toString(16).padStart(8, '0')}`;
}
