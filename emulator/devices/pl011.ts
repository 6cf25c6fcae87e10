/**
 * PrimeCell UART PL011 (ARM DDI 0183). Characters leave at once, so the transmit FIFO is always empty and its interrupt
 * is raised by every character: the FIFO has passed down through its trigger level. Characters leave even when the
 * UART is not enabled, since the firmware that would have enabled it for early messages does not exist here.
 * Reception needs UARTEN and RXE, fills a FIFO with the levels of UARTIFLS, and times out after 32 bit periods.
 */
import type { Device, Line, QuietZones, SerialPort } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const DR = 0x00;
/** Receive status on read, error clear on write. */
const RSR = 0x04;
const FR = 0x18;
const ILPR = 0x20;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const DMACR = 0x48;

/** PL011 r1p1. */
const PERIPHERAL_ID = 0x0014_1011;

/** Error bits of a character in DR; RSR holds them shifted down by 8. */
const DR_BREAK = 1 << 10;
const DR_OVERRUN = 1 << 11;
const RSR_OVERRUN = 1 << 3;

const FR_CTS = 1 << 0;
const FR_DSR = 1 << 1;
const FR_DCD = 1 << 2;
const FR_RXFE = 1 << 4;
const FR_RXFF = 1 << 6;
const FR_TXFE = 1 << 7;
const FR_RI = 1 << 8;

const LCR_H_BRK = 1 << 0;
const LCR_H_FEN = 1 << 4;

const CR_UARTEN = 1 << 0;
const CR_LBE = 1 << 7;
const CR_RXE = 1 << 9;
const CR_DTR = 1 << 10;
const CR_RTS = 1 << 11;
const CR_OUT1 = 1 << 12;
const CR_OUT2 = 1 << 13;
/** TXE and RXE. */
const CR_RESET = 0x300;
/** Both FIFO levels one half. */
const IFLS_RESET = 0x12;

const INT_RI = 1 << 0;
const INT_CTS = 1 << 1;
const INT_DCD = 1 << 2;
const INT_DSR = 1 << 3;
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_RT = 1 << 6;
const INT_BE = 1 << 9;
const INT_OE = 1 << 10;

const ILPR_MASK = 0xff;
const IBRD_MASK = 0xffff;
const FBRD_MASK = 0x3f;
const LCR_H_MASK = 0xff;
const CR_MASK = 0xff87;
const IFLS_MASK = 0x3f;
const INT_MASK = 0x7ff;
const DMACR_MASK = 7;

const FIFO_DEPTH = 16;
/** Receive trigger by UARTIFLS bits 5..3: 1/8, 1/4, 1/2, 3/4, 7/8; the reserved values act as 1/2. */
const RECEIVE_TRIGGER = [2, 4, 8, 12, 14, 8, 8, 8];
/** UARTCLK of the Versatile boards. */
const UARTCLK_HZ = 24_000_000;
const TIMEOUT_BITS = 32;
/** 16 UARTCLK cycles a bit and divisor; the divisor counts in 64ths. */
const NS_PER_DIVISOR_STEP = (16 * 1e9) / 64 / UARTCLK_HZ;
/** Stands for "no timeout runs" where Infinity cannot be saved. */
const NEVER = -1;

/** Baud rate registers, and DR while sending a character raises no interrupt. */
const QUIET_ALWAYS = [{ offset: ILPR, length: FBRD + 4 - ILPR }];
const QUIET_TRANSMITTER = [{ offset: DR, length: 4 }, ...QUIET_ALWAYS];

export class Pl011 implements Device, SerialPort {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  onOutput: ((byte: number) => void) | undefined;
  /** Called when `receive` has changed `nextEvent`; accesses need no call. */
  onEventChange: (() => void) | undefined;
  private readonly interrupt: Line;
  private readonly fifo = new Uint16Array(FIFO_DEPTH);
  private head = 0;
  private count = 0;
  private overrun = false;
  private rsr = 0;
  private ilpr = 0;
  private ibrd = 0;
  private fbrd = 0;
  private lcrH = 0;
  private cr = CR_RESET;
  private ifls = IFLS_RESET;
  private imsc = 0;
  private ris = 0;
  private dmacr = 0;
  private modem = 0;
  private timeout = NEVER;
  private readCount = 0;
  private sentCount = 0;

  constructor(name: string, interrupt: Line) {
    this.name = name;
    this.interrupt = interrupt;
  }

  get reads(): number {
    return this.readCount;
  }

  get interruptsOnReceive(): boolean {
    return (this.imsc & (INT_RX | INT_RT)) !== 0;
  }

  get sent(): number {
    return this.sentCount;
  }

  read(offset: number, size: number, now: number): number {
    this.advance(now);
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, now: number): number {
    this.advance(now);
    const value = writeLanes(data, offset, size);
    switch (offset & ~3) {
      case DR:
        this.transmit(value & 0xff, now);
        break;
      case RSR:
        this.rsr = 0;
        break;
      case ILPR:
        this.ilpr = value & ILPR_MASK;
        break;
      case IBRD:
        this.ibrd = value & IBRD_MASK;
        break;
      case FBRD:
        this.fbrd = value & FBRD_MASK;
        break;
      case LCR_H:
        this.writeLineControl(value & LCR_H_MASK, now);
        break;
      case CR:
        this.cr = value & CR_MASK;
        this.updateModem();
        break;
      case IFLS:
        this.ifls = value & IFLS_MASK;
        break;
      case IMSC:
        this.imsc = value & INT_MASK;
        break;
      case ICR:
        this.ris &= ~value;
        break;
      case DMACR:
        this.dmacr = value & DMACR_MASK;
        break;
    }
    this.drive();
    return 0;
  }

  quietWrites(): QuietZones {
    return this.imsc & INT_TX || this.cr & CR_LBE ? QUIET_ALWAYS : QUIET_TRANSMITTER;
  }

  canReceive(): boolean {
    const enabled = CR_UARTEN | CR_RXE;
    return (this.cr & (enabled | CR_LBE)) === enabled && this.count < this.depth();
  }

  receive(byte: number, now: number): boolean {
    this.advance(now);
    if (!this.canReceive()) return false;
    this.put(byte & 0xff, now);
    this.drive();
    this.onEventChange?.();
    return true;
  }

  advance(now: number): void {
    if (this.timeout === NEVER || now < this.timeout) return;
    this.timeout = NEVER;
    this.ris |= INT_RT;
    this.drive();
  }

  nextEvent(): number {
    return this.timeout === NEVER ? Infinity : this.timeout;
  }

  reset(): void {
    this.fifo.fill(0);
    this.head = this.count = 0;
    this.overrun = false;
    this.rsr = this.ilpr = this.ibrd = this.fbrd = this.lcrH = this.imsc = this.ris = this.dmacr = this.modem = 0;
    this.cr = CR_RESET;
    this.ifls = IFLS_RESET;
    this.timeout = NEVER;
    this.readCount = 0;
    this.sentCount = 0;
    this.drive();
  }

  save() {
    const { head, count, overrun, rsr, ilpr, ibrd, fbrd, lcrH, cr, ifls, imsc, ris, dmacr, modem } = this;
    const registers = { rsr, ilpr, ibrd, fbrd, lcrH, cr, ifls, imsc, ris, dmacr, modem };
    const { timeout, readCount, sentCount } = this;
    return { fifo: Array.from(this.fifo), head, count, overrun, ...registers, timeout, readCount, sentCount };
  }

  restore(state: unknown): void {
    const { fifo, ...rest } = sameShape(this.name, this.save(), state);
    if (rest.head >>> 0 >= FIFO_DEPTH || rest.count >>> 0 > FIFO_DEPTH)
      throw new Error(`Cannot restore ${this.name}: its FIFO holds at most ${FIFO_DEPTH} characters.`);
    this.fifo.set(fifo);
    this.head = rest.head;
    this.count = rest.count;
    this.overrun = rest.overrun;
    this.rsr = rest.rsr;
    this.ilpr = rest.ilpr;
    this.ibrd = rest.ibrd;
    this.fbrd = rest.fbrd;
    this.lcrH = rest.lcrH;
    this.cr = rest.cr;
    this.ifls = rest.ifls;
    this.imsc = rest.imsc;
    this.ris = rest.ris;
    this.dmacr = rest.dmacr;
    this.modem = rest.modem;
    this.timeout = rest.timeout;
    this.readCount = rest.readCount;
    this.sentCount = rest.sentCount;
    this.drive();
  }

  inspect() {
    return [
      { name: 'UARTDR', offset: DR, value: this.count > 0 ? this.fifo[this.head] : 0 },
      { name: 'UARTRSR', offset: RSR, value: this.rsr },
      { name: 'UARTFR', offset: FR, value: this.flags() },
      { name: 'UARTILPR', offset: ILPR, value: this.ilpr },
      { name: 'UARTIBRD', offset: IBRD, value: this.ibrd },
      { name: 'UARTFBRD', offset: FBRD, value: this.fbrd },
      { name: 'UARTLCR_H', offset: LCR_H, value: this.lcrH },
      { name: 'UARTCR', offset: CR, value: this.cr },
      { name: 'UARTIFLS', offset: IFLS, value: this.ifls },
      { name: 'UARTIMSC', offset: IMSC, value: this.imsc },
      { name: 'UARTRIS', offset: RIS, value: this.ris },
      { name: 'UARTMIS', offset: MIS, value: this.ris & this.imsc },
      { name: 'UARTDMACR', offset: DMACR, value: this.dmacr },
    ];
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    switch (register) {
      case DR:
        this.readCount++;
        return this.take();
      case RSR:
        return this.rsr;
      case FR:
        this.readCount++;
        return this.flags();
      case ILPR:
        return this.ilpr;
      case IBRD:
        return this.ibrd;
      case FBRD:
        return this.fbrd;
      case LCR_H:
        return this.lcrH;
      case CR:
        return this.cr;
      case IFLS:
        return this.ifls;
      case IMSC:
        return this.imsc;
      case RIS:
        return this.ris;
      case MIS:
        return this.ris & this.imsc;
      case DMACR:
        return this.dmacr;
      default:
        return 0;
    }
  }

  private depth(): number {
    return this.lcrH & LCR_H_FEN ? FIFO_DEPTH : 1;
  }

  private trigger(): number {
    return this.lcrH & LCR_H_FEN ? RECEIVE_TRIGGER[(this.ifls >> 3) & 7] : 1;
  }

  private flags(): number {
    const empty = this.count === 0 ? FR_RXFE : 0;
    const full = this.count === this.depth() ? FR_RXFF : 0;
    return FR_TXFE | empty | full | this.modem;
  }

  private transmit(byte: number, now: number): void {
    if (this.cr & CR_LBE) this.put(byte, now);
    else this.onOutput?.(byte);
    this.sentCount++;
    this.ris |= INT_TX;
  }

  /** A character arrives at the receiver, with its error bits. */
  private put(character: number, now: number): void {
    if (this.count === this.depth()) {
      this.overrun = true;
      this.rsr |= RSR_OVERRUN;
      this.ris |= INT_OE;
      return;
    }
    this.overrun = false;
    this.fifo[(this.head + this.count) % FIFO_DEPTH] = character;
    this.count++;
    if (character & DR_BREAK) this.ris |= INT_BE;
    if (this.count >= this.trigger()) this.ris |= INT_RX;
    this.timeout = now + Math.round(TIMEOUT_BITS * NS_PER_DIVISOR_STEP * (this.ibrd * 64 + this.fbrd));
  }

  /** Takes the oldest character; an empty FIFO gives its last one again. */
  private take(): number {
    const character = this.fifo[this.head] | (this.overrun ? DR_OVERRUN : 0);
    if (this.count > 0) {
      this.head = (this.head + 1) % FIFO_DEPTH;
      this.count--;
      this.rsr = (this.rsr & RSR_OVERRUN) | (character >> 8);
    }
    this.settleReceive();
    this.drive();
    return character;
  }

  /** Withdraws the receive interrupts that the FIFO's level no longer justifies. */
  private settleReceive(): void {
    if (this.count < this.trigger()) this.ris &= ~INT_RX;
    if (this.count === 0) {
      this.ris &= ~INT_RT;
      this.timeout = NEVER;
    }
  }

  private writeLineControl(value: number, now: number): void {
    const changed = this.lcrH ^ value;
    this.lcrH = value;
    if (changed & LCR_H_FEN) {
      this.head = this.count = 0;
      this.settleReceive();
    }
    if (changed & value & LCR_H_BRK && this.cr & CR_LBE) this.put(DR_BREAK, now);
  }

  /** Loopback joins the modem outputs to the modem inputs; the inputs are unconnected otherwise. */
  private updateModem(): void {
    const { cr } = this;
    let modem = 0;
    if (cr & CR_LBE) {
      if (cr & CR_RTS) modem |= FR_CTS;
      if (cr & CR_DTR) modem |= FR_DSR;
      if (cr & CR_OUT1) modem |= FR_DCD;
      if (cr & CR_OUT2) modem |= FR_RI;
    }
    const changed = this.modem ^ modem;
    if (changed & FR_CTS) this.ris |= INT_CTS;
    if (changed & FR_DSR) this.ris |= INT_DSR;
    if (changed & FR_DCD) this.ris |= INT_DCD;
    if (changed & FR_RI) this.ris |= INT_RI;
    this.modem = modem;
  }

  private drive(): void {
    this.interrupt.set((this.ris & this.imsc) !== 0);
  }
}
