/**
 * Dual timer SP804 (ARM DDI 0271): two down counters, one combined interrupt. Counting is arithmetic on guest time: a
 * counter is a value and the time it had it, so an expiry is exact and an idle timer costs nothing.
 * A counter's clock phase starts when it is loaded or enabled. In periodic mode the interval is TimerLoad ticks.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const LOAD = 0x00;
const VALUE = 0x04;
const CONTROL = 0x08;
const INTCLR = 0x0c;
const RIS = 0x10;
const MIS = 0x14;
const BGLOAD = 0x18;
/** Offset of the second timer's registers. */
const SECOND = 0x20;
/** Integration test control and output. */
const ITCR = 0xf00;
const ITOP = 0xf04;

const PERIPHERAL_ID = 0x0014_1804;

const ONE_SHOT = 1 << 0;
const SIZE_32 = 1 << 1;
const PRESCALE_SHIFT = 2;
const INT_ENABLE = 1 << 5;
const PERIODIC = 1 << 6;
const ENABLE = 1 << 7;
const CONTROL_MASK = 0xef;
/** Clock divisor by control bits 3..2; the reserved value acts as 256. */
const PRESCALE = [1, 16, 256, 256];

const HALF = 0x1_0000;
const WHOLE = 0x1_0000_0000;

/** One of the two counters. */
class Counter {
  control = INT_ENABLE;
  load = 0;
  /** The value at time `since`; while the counter stands still, the value. */
  value = 0xffff_ffff;
  since = 0;
  ris = 0;
  /** One-shot: has reached zero and waits to be programmed. */
  halted = false;
  private readonly nsPerClock: number;

  constructor(nsPerClock: number) {
    this.nsPerClock = nsPerClock;
  }

  reset(): void {
    this.control = INT_ENABLE;
    this.load = 0;
    this.value = 0xffff_ffff;
    this.since = 0;
    this.ris = 0;
    this.halted = false;
  }

  get mis(): number {
    return this.control & INT_ENABLE ? this.ris : 0;
  }

  nextEvent(): number {
    if (!this.running() || this.ris || !(this.control & INT_ENABLE)) return Infinity;
    return this.since + this.ticksToZero() * this.tick();
  }

  /** Expires the counter as often as it reaches zero up to `now`. */
  advance(now: number): void {
    if (!this.running()) return;
    const tick = this.tick();
    const toZero = this.ticksToZero();
    const elapsed = Math.floor((now - this.since) / tick);
    if (elapsed < toZero) return;
    this.ris = 1;
    this.since += toZero * tick;
    if (this.control & ONE_SHOT) {
      this.value = this.upperHalf(this.value);
      this.halted = true;
      return;
    }
    // Whole rounds change nothing but the time of the last zero.
    const round = this.round();
    this.since += Math.floor((elapsed - toZero) / round) * round * tick;
    this.value = this.control & PERIODIC ? this.load : this.upperHalf(this.value);
  }

  /** The counter at `now`, to which it has been advanced. */
  current(now: number): number {
    if (!this.running()) return this.value;
    const elapsed = Math.floor((now - this.since) / this.tick());
    const { value } = this;
    if (this.control & SIZE_32) return (value - elapsed) >>> 0;
    return (this.upperHalf(value) | ((value - elapsed) & 0xffff)) >>> 0;
  }

  writeLoad(value: number, now: number): void {
    this.load = this.value = value;
    this.since = now;
    this.halted = false;
    // "If the value is 0, an interrupt is generated immediately" (DDI 0271, TimerXLoad).
    if (this.running() && this.ticksOf(value) === 0) {
      this.ris = 1;
      if (this.control & ONE_SHOT) this.halted = true;
    }
  }

  writeControl(value: number, now: number): void {
    const prescaleChanges = ((this.control ^ value) >> PRESCALE_SHIFT) & 3;
    const enableChanges = (this.control ^ value) & ENABLE;
    const sizeChanges = (this.control ^ value) & SIZE_32;
    if (prescaleChanges || enableChanges || sizeChanges) {
      this.value = this.current(now);
      this.since = now;
    }
    if (this.halted && !(value & ONE_SHOT)) {
      this.halted = false;
      this.since = now;
    }
    this.control = value & CONTROL_MASK;
  }

  private running(): boolean {
    return (this.control & ENABLE) !== 0 && !this.halted;
  }

  private tick(): number {
    return this.nsPerClock * PRESCALE[(this.control >> PRESCALE_SHIFT) & 3];
  }

  /** The part of a value that counts: all of it, or its low half. */
  private ticksOf(value: number): number {
    return this.control & SIZE_32 ? value : value & 0xffff;
  }

  private ticksToZero(): number {
    const ticks = this.ticksOf(this.value);
    return ticks === 0 ? this.round() : ticks;
  }

  /** Ticks from zero to zero. A periodic timer with load 0 expires at every tick. */
  private round(): number {
    if (this.control & PERIODIC) return Math.max(1, this.ticksOf(this.load));
    return this.control & SIZE_32 ? WHOLE : HALF;
  }

  /** In 16-bit mode the upper half stands still and can be read (DDI 0271, TimerXValue). */
  private upperHalf(value: number): number {
    return this.control & SIZE_32 ? 0 : (value & 0xffff_0000) >>> 0;
  }
}

export class Sp804 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  private readonly first: Counter;
  private readonly second: Counter;
  private itcr = 0;
  private itop = 0;

  /** `clockHz` is TIMCLK, which must divide 1 GHz: 1 MHz on the Versatile boards. */
  constructor(name: string, interrupt: Line, clockHz = 1_000_000) {
    this.name = name;
    this.interrupt = interrupt;
    this.first = new Counter(1e9 / clockHz);
    this.second = new Counter(1e9 / clockHz);
  }

  read(offset: number, size: number, now: number): number {
    this.advance(now);
    return readLanes(this.readRegister(offset & ~3, now), offset, size);
  }

  write(offset: number, size: number, data: number, now: number): number {
    this.advance(now);
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    if (register < 2 * SECOND) this.writeCounter(register, value, now);
    else if (register === ITCR) this.itcr = value & 1;
    else if (register === ITOP) this.itop = value & 3;
    this.drive();
    return 0;
  }

  advance(now: number): void {
    this.first.advance(now);
    this.second.advance(now);
    this.drive();
  }

  nextEvent(): number {
    return Math.min(this.first.nextEvent(), this.second.nextEvent());
  }

  reset(): void {
    this.first.reset();
    this.second.reset();
    this.itcr = this.itop = 0;
    this.drive();
  }

  save() {
    const { itcr, itop } = this;
    return { first: saveCounter(this.first), second: saveCounter(this.second), itcr, itop };
  }

  restore(state: unknown): void {
    const { first, second, itcr, itop } = sameShape(this.name, this.save(), state);
    Object.assign(this.first, first);
    Object.assign(this.second, second);
    this.itcr = itcr;
    this.itop = itop;
    this.drive();
  }

  /** TimerValue is the value at the last access or expiry, as there is no time to show it at. */
  inspect() {
    return [this.first, this.second].flatMap((counter, index) => {
      const prefix = `Timer${index + 1}`;
      const base = index * SECOND;
      return [
        { name: `${prefix}Load`, offset: base + LOAD, value: counter.load },
        { name: `${prefix}Value`, offset: base + VALUE, value: counter.value },
        { name: `${prefix}Control`, offset: base + CONTROL, value: counter.control },
        { name: `${prefix}RIS`, offset: base + RIS, value: counter.ris },
        { name: `${prefix}MIS`, offset: base + MIS, value: counter.mis },
      ];
    });
  }

  private readRegister(register: number, now: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    if (register === ITCR) return this.itcr;
    if (register >= 2 * SECOND) return 0;
    const counter = register < SECOND ? this.first : this.second;
    switch (register & (SECOND - 1)) {
      case LOAD:
      case BGLOAD:
        return counter.load;
      case VALUE:
        return counter.current(now);
      case CONTROL:
        return counter.control;
      case RIS:
        return counter.ris;
      case MIS:
        return counter.mis;
      default:
        return 0;
    }
  }

  private writeCounter(register: number, value: number, now: number): void {
    const counter = register < SECOND ? this.first : this.second;
    switch (register & (SECOND - 1)) {
      case LOAD:
        counter.writeLoad(value, now);
        break;
      case CONTROL:
        counter.writeControl(value, now);
        break;
      case INTCLR:
        counter.ris = 0;
        break;
      case BGLOAD:
        counter.load = value;
        break;
    }
  }

  private drive(): void {
    const level = this.itcr ? this.itop !== 0 : (this.first.mis | this.second.mis) !== 0;
    this.interrupt.set(level);
  }
}

function saveCounter({ control, load, value, since, ris, halted }: Counter) {
  return { control, load, value, since, ris, halted };
}
