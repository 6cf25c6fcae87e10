/**
 * A board for hostile guests: one device whose registers answer every size, refuse some offsets, and change the
 * interrupt lines; and a source of interrupts at random times. Every access that it answers is logged with its guest time, so that two
 * machines can be compared by what their devices saw.
 */
import type { Board } from '../../emulator/boards/board.ts';
import { BUS_ERROR, type Device } from '../../emulator/bus/device.ts';
import { Random } from './random.ts';

/** Base of the device; it answers to one page. Everything else outside RAM is a bus error. */
export const DEVICE = 0x1000_0000;
/** Accesses to offsets from here on are refused. */
export const REFUSED = 0xf00;
const DEVICE_SIZE = 0x1000;
/** A write here sets the lines: bit 0 IRQ, bit 1 FIQ. */
export const LINES_REGISTER = 0x10;
/** A write here chooses which registers are quiet: QUIET_ZONES by the low two bits. */
export const QUIET_REGISTER = 0x20;
/** Offsets whose writes change nothing at once; several, so that stores run into them and out of them. */
const QUIET_ZONES = [
  [
    { offset: 0x40, length: 0x40 },
    { offset: 0x200, length: 0x1f6 },
    { offset: 0xffc - 0x100, length: 4 },
  ],
  [{ offset: 0, length: LINES_REGISTER }],
  [],
  [{ offset: 0x44, length: 4 }],
] as const;

export class HostileBoard implements Board {
  readonly name = 'hostile';
  readonly machineType = 0;
  readonly slots;
  readonly devices;
  readonly serial = [];
  readonly fiqPossible = true;
  readonly interruptPossible = true;
  readonly resetRequested = false;
  readonly log: string[] = [];
  irq = false;
  fiq = false;
  private readonly registers = new Uint32Array(DEVICE_SIZE / 4);
  private readonly random: Random;
  private readonly period: number;
  private next: number;

  /** `period` is the mean time between interrupts; 0 for none. */
  constructor(ramSize: number, seed: number, period: number) {
    this.slots = [{ base: 0, size: ramSize }];
    this.devices = [{ base: DEVICE, device: this.device() }];
    this.random = new Random(seed);
    this.period = period;
    this.next = period ? 1 + this.random.below(2 * period) : Infinity;
  }

  /** The device, as far as the machine asks it: which writes may wait. Accesses go through the board. */
  private device(): Device {
    return {
      name: 'hostile-0',
      size: DEVICE_SIZE,
      read: (offset, size, now) => this.read(DEVICE + offset, size, now),
      write: (offset, size, value, now) => this.write(DEVICE + offset, size, value, now),
      advance: (now) => this.advance(now),
      nextEvent: () => this.nextEvent(),
      reset: () => this.reset(),
      save: () => this.save(),
      restore: () => this.restore(),
      quietWrites: () => QUIET_ZONES[this.registers[QUIET_REGISTER / 4] & 3],
      inspect: () => [],
    };
  }

  private refuses(address: number, size: number): boolean {
    const offset = address - DEVICE;
    return offset < 0 || offset + size > REFUSED;
  }

  read(address: number, size: number, now: number): number {
    if (this.refuses(address, size)) return BUS_ERROR;
    this.log.push(`r${size} ${address.toString(16)} @${now}`);
    const value = this.registers[(address - DEVICE) >>> 2]++;
    return size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
  }

  write(address: number, size: number, value: number, now: number): number {
    if (this.refuses(address, size)) return BUS_ERROR;
    this.log.push(`w${size} ${address.toString(16)} ${value.toString(16)} @${now}`);
    this.registers[(address - DEVICE) >>> 2] = value;
    if ((address - DEVICE) >>> 2 === LINES_REGISTER / 4) {
      this.irq = (value & 1) !== 0;
      this.fiq = (value & 2) !== 0;
    }
    return 0;
  }

  deviceAt(): Device | undefined {
    return undefined;
  }

  advance(now: number): void {
    while (this.next <= now) {
      const lines = this.random.below(8);
      this.irq = (lines & 1) !== 0;
      this.fiq = lines === 2;
      this.next += 1 + this.random.below(2 * this.period);
    }
  }

  nextEvent(): number {
    return this.next;
  }

  reset(): void {
    this.registers.fill(0);
    this.irq = this.fiq = false;
  }

  save(): undefined {
    return undefined;
  }

  restore(): void {
    this.reset();
  }
}
