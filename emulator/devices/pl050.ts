/**
 * Keyboard and mouse interface PL050 (ARM DDI 0143). Bytes for the PS/2 device leave at once; what it sends arrives
 * by `receive`. The board has nothing plugged in, so a guest that asks for a keyboard or a mouse gets no answer.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const KMICR = 0x00;
const KMISTAT = 0x04;
const KMIDATA = 0x08;
const KMICLKDIV = 0x0c;
const KMIIR = 0x10;

const PERIPHERAL_ID = 0x0004_1050;

const CR_ENABLE = 1 << 2;
const CR_TX_INTERRUPT = 1 << 3;
const CR_RX_INTERRUPT = 1 << 4;
const CR_MASK = 0x3f;
const CLKDIV_MASK = 0xf;

const STAT_RXPARITY = 1 << 2;
const STAT_RXFULL = 1 << 4;
const STAT_TXEMPTY = 1 << 6;
const IR_RX = 1 << 0;
/** The transmitter is always ready. */
const IR_TX = 1 << 1;

export class Pl050 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  /** Called with each byte the guest sends to the PS/2 device. */
  onTransmit: ((byte: number) => void) | undefined;
  private readonly interrupt: Line;
  private control = 0;
  private divider = 0;
  private data = 0;
  private full = false;

  constructor(name: string, interrupt: Line) {
    this.name = name;
    this.interrupt = interrupt;
  }

  /** A byte from the PS/2 device. Returns false when the interface is off or still holds the byte before. */
  receive(byte: number): boolean {
    if (!(this.control & CR_ENABLE) || this.full) return false;
    this.data = byte & 0xff;
    this.full = true;
    this.drive();
    return true;
  }

  read(offset: number, size: number, _now: number): number {
    const register = offset & ~3;
    const value = readLanes(this.readRegister(register), offset, size);
    if (register === KMIDATA) {
      this.full = false;
      this.drive();
    }
    return value;
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    switch (offset & ~3) {
      case KMICR:
        this.control = value & CR_MASK;
        break;
      case KMIDATA:
        this.onTransmit?.(value & 0xff);
        break;
      case KMICLKDIV:
        this.divider = value & CLKDIV_MASK;
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
    this.control = this.divider = this.data = 0;
    this.full = false;
    this.drive();
  }

  save() {
    const { control, divider, data, full } = this;
    return { control, divider, data, full };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.control = saved.control;
    this.divider = saved.divider;
    this.data = saved.data;
    this.full = saved.full;
    this.drive();
  }

  inspect() {
    return [
      { name: 'KMICR', offset: KMICR, value: this.control },
      { name: 'KMISTAT', offset: KMISTAT, value: this.readRegister(KMISTAT) },
      { name: 'KMIDATA', offset: KMIDATA, value: this.data },
      { name: 'KMICLKDIV', offset: KMICLKDIV, value: this.divider },
      { name: 'KMIIR', offset: KMIIR, value: this.readRegister(KMIIR) },
    ];
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    switch (register) {
      case KMICR:
        return this.control;
      case KMISTAT:
        return STAT_TXEMPTY | (this.full ? STAT_RXFULL : 0) | (oddOnes(this.data) ? STAT_RXPARITY : 0);
      case KMIDATA:
        return this.data;
      case KMICLKDIV:
        return this.divider;
      case KMIIR:
        return IR_TX | (this.full ? IR_RX : 0);
      default:
        return 0;
    }
  }

  private drive(): void {
    const receive = this.full && (this.control & CR_RX_INTERRUPT) !== 0;
    this.interrupt.set(receive || (this.control & CR_TX_INTERRUPT) !== 0);
  }
}

function oddOnes(byte: number): boolean {
  let bits = byte ^ (byte >> 4);
  bits ^= bits >> 2;
  return ((bits ^ (bits >> 1)) & 1) !== 0;
}
