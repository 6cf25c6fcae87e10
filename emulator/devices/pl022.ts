/**
 * Synchronous serial port PL022 (ARM DDI 0194) with nothing on the bus: each frame sent receives zeros, or itself in
 * loopback mode. Frames leave at once, so the transmit FIFO is always empty; the receive timeout is immediate.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const SSPCR0 = 0x00;
const SSPCR1 = 0x04;
const SSPDR = 0x08;
const SSPSR = 0x0c;
const SSPCPSR = 0x10;
const SSPIMSC = 0x14;
const SSPRIS = 0x18;
const SSPMIS = 0x1c;
const SSPICR = 0x20;
const SSPDMACR = 0x24;

const PERIPHERAL_ID = 0x0004_1022;

const CR0_DATA_SIZE = 0xf;
const CR1_LOOPBACK = 1 << 0;
const CR1_ENABLE = 1 << 1;
const CR1_SLAVE = 1 << 2;
const SR_TX_EMPTY = 1 << 0;
const SR_TX_NOT_FULL = 1 << 1;
const SR_RX_NOT_EMPTY = 1 << 2;
const SR_RX_FULL = 1 << 3;
const INT_OVERRUN = 1 << 0;
const INT_TIMEOUT = 1 << 1;
const INT_RX = 1 << 2;
const INT_TX = 1 << 3;

const CR0_MASK = 0xffff;
const CR1_MASK = 0xf;
const CPSR_MASK = 0xfe;
const IMSC_MASK = 0xf;
const DMACR_MASK = 3;

const FIFO_DEPTH = 8;
const HALF_FULL = FIFO_DEPTH / 2;

export class Pl022 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  private readonly fifo = new Uint16Array(FIFO_DEPTH);
  private head = 0;
  private count = 0;
  private cr0 = 0;
  private cr1 = 0;
  private cpsr = 0;
  private imsc = 0;
  private dmacr = 0;
  /** The interrupts that stay until cleared: overrun and timeout. */
  private latched = 0;

  constructor(name: string, interrupt: Line) {
    this.name = name;
    this.interrupt = interrupt;
  }

  read(offset: number, size: number, _now: number): number {
    const register = offset & ~3;
    const value = readLanes(this.readRegister(register), offset, size);
    if (register === SSPDR && this.count > 0) {
      this.head = (this.head + 1) % FIFO_DEPTH;
      this.count--;
      if (this.count === 0) this.latched &= ~INT_TIMEOUT;
      this.drive();
    }
    return value;
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    switch (offset & ~3) {
      case SSPCR0:
        this.cr0 = value & CR0_MASK;
        break;
      case SSPCR1:
        this.cr1 = value & CR1_MASK;
        break;
      case SSPDR:
        this.send(value);
        break;
      case SSPCPSR:
        this.cpsr = value & CPSR_MASK;
        break;
      case SSPIMSC:
        this.imsc = value & IMSC_MASK;
        break;
      case SSPICR:
        this.latched &= ~value;
        break;
      case SSPDMACR:
        this.dmacr = value & DMACR_MASK;
        break;
    }
    this.drive();
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  reset(): void {
    this.fifo.fill(0);
    this.head = this.count = this.cr0 = this.cr1 = this.cpsr = this.imsc = this.dmacr = this.latched = 0;
    this.drive();
  }

  save() {
    const { head, count, cr0, cr1, cpsr, imsc, dmacr, latched } = this;
    return { fifo: Array.from(this.fifo), head, count, cr0, cr1, cpsr, imsc, dmacr, latched };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    if (saved.head >>> 0 >= FIFO_DEPTH || saved.count >>> 0 > FIFO_DEPTH)
      throw new Error(`Cannot restore ${this.name}: its FIFO holds at most ${FIFO_DEPTH} frames.`);
    this.fifo.set(saved.fifo);
    this.head = saved.head;
    this.count = saved.count;
    this.cr0 = saved.cr0;
    this.cr1 = saved.cr1;
    this.cpsr = saved.cpsr;
    this.imsc = saved.imsc;
    this.dmacr = saved.dmacr;
    this.latched = saved.latched;
    this.drive();
  }

  inspect() {
    return [
      { name: 'SSPCR0', offset: SSPCR0, value: this.cr0 },
      { name: 'SSPCR1', offset: SSPCR1, value: this.cr1 },
      { name: 'SSPDR', offset: SSPDR, value: this.readRegister(SSPDR) },
      { name: 'SSPSR', offset: SSPSR, value: this.status() },
      { name: 'SSPCPSR', offset: SSPCPSR, value: this.cpsr },
      { name: 'SSPIMSC', offset: SSPIMSC, value: this.imsc },
      { name: 'SSPRIS', offset: SSPRIS, value: this.raw() },
      { name: 'SSPMIS', offset: SSPMIS, value: this.raw() & this.imsc },
      { name: 'SSPDMACR', offset: SSPDMACR, value: this.dmacr },
    ];
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    switch (register) {
      case SSPCR0:
        return this.cr0;
      case SSPCR1:
        return this.cr1;
      case SSPDR:
        return this.count > 0 ? this.fifo[this.head] : 0;
      case SSPSR:
        return this.status();
      case SSPCPSR:
        return this.cpsr;
      case SSPIMSC:
        return this.imsc;
      case SSPRIS:
        return this.raw();
      case SSPMIS:
        return this.raw() & this.imsc;
      case SSPDMACR:
        return this.dmacr;
      default:
        return 0;
    }
  }

  /** A slave sends only when its master clocks it, and there is none. */
  private send(frame: number): void {
    if ((this.cr1 & (CR1_ENABLE | CR1_SLAVE)) !== CR1_ENABLE) return;
    if (this.count === FIFO_DEPTH) {
      this.latched |= INT_OVERRUN;
      return;
    }
    const bits = (this.cr0 & CR0_DATA_SIZE) + 1;
    const received = this.cr1 & CR1_LOOPBACK ? frame & ((1 << bits) - 1) : 0;
    this.fifo[(this.head + this.count) % FIFO_DEPTH] = received;
    this.count++;
    this.latched |= INT_TIMEOUT;
  }

  private status(): number {
    const notEmpty = this.count > 0 ? SR_RX_NOT_EMPTY : 0;
    const full = this.count === FIFO_DEPTH ? SR_RX_FULL : 0;
    return SR_TX_EMPTY | SR_TX_NOT_FULL | notEmpty | full;
  }

  private raw(): number {
    return this.latched | INT_TX | (this.count >= HALF_FULL ? INT_RX : 0);
  }

  private drive(): void {
    this.interrupt.set((this.raw() & this.imsc) !== 0);
  }
}
