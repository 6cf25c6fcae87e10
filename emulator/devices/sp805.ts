/**
 * Watchdog SP805 (ARM DDI 0270): a 32-bit down counter that interrupts when it reaches zero, and asks for a reset when
 * it reaches zero again with the interrupt still pending.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const WDOGLOAD = 0x00;
const WDOGVALUE = 0x04;
const WDOGCONTROL = 0x08;
const WDOGINTCLR = 0x0c;
const WDOGRIS = 0x10;
const WDOGMIS = 0x14;
const WDOGLOCK = 0xc00;

const PERIPHERAL_ID = 0x0014_1805;

const CONTROL_INTEN = 1 << 0;
const CONTROL_RESEN = 1 << 1;
/** Written to WDOGLOCK, it opens the other registers for writing; anything else closes them. */
const UNLOCK_KEY = 0x1acc_e551;
const LOAD_RESET = 0xffff_ffff;

export class Sp805 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  /** Whether the watchdog has bitten since the last `reset`. */
  resetRequested = false;
  private readonly interrupt: Line;
  private readonly nsPerTick: number;
  private load = LOAD_RESET;
  private value = LOAD_RESET;
  /** Guest time at which the counter had `value`. */
  private since = 0;
  private control = 0;
  private ris = 0;
  private locked = false;

  /** `clockHz` must divide 1 GHz: WDOGCLK is 1 MHz, like the timers' clock. */
  constructor(name: string, interrupt: Line, clockHz = 1_000_000) {
    this.name = name;
    this.interrupt = interrupt;
    this.nsPerTick = 1e9 / clockHz;
  }

  read(offset: number, size: number, now: number): number {
    this.advance(now);
    return readLanes(this.readRegister(offset & ~3, now), offset, size);
  }

  write(offset: number, size: number, data: number, now: number): number {
    this.advance(now);
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    if (register === WDOGLOCK) this.locked = value !== UNLOCK_KEY;
    else if (!this.locked) this.writeRegister(register, value, now);
    this.drive();
    return 0;
  }

  advance(now: number): void {
    if (!this.running()) return;
    // Without a reset to ask for, further rounds change nothing; with one, the second zero ends the counting.
    while (now >= this.zeroTime()) {
      this.since = this.zeroTime();
      this.value = this.load;
      if (this.ris && this.control & CONTROL_RESEN) this.resetRequested = true;
      this.ris = 1;
      const round = Math.max(1, this.load) * this.nsPerTick;
      if (this.resetRequested || !(this.control & CONTROL_RESEN))
        this.since += Math.floor((now - this.since) / round) * round;
    }
    this.drive();
  }

  nextEvent(): number {
    if (!this.running() || (this.ris && (this.resetRequested || !(this.control & CONTROL_RESEN)))) return Infinity;
    return this.zeroTime();
  }

  reset(): void {
    this.load = this.value = LOAD_RESET;
    this.since = this.control = this.ris = 0;
    this.locked = this.resetRequested = false;
    this.drive();
  }

  save() {
    const { load, value, since, control, ris, locked, resetRequested } = this;
    return { load, value, since, control, ris, locked, resetRequested };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.load = saved.load;
    this.value = saved.value;
    this.since = saved.since;
    this.control = saved.control;
    this.ris = saved.ris;
    this.locked = saved.locked;
    this.resetRequested = saved.resetRequested;
    this.drive();
  }

  /** WdogValue is the value at the last access or expiry, as there is no time to show it at. */
  inspect() {
    return [
      { name: 'WdogLoad', offset: WDOGLOAD, value: this.load },
      { name: 'WdogValue', offset: WDOGVALUE, value: this.value },
      { name: 'WdogControl', offset: WDOGCONTROL, value: this.control },
      { name: 'WdogRIS', offset: WDOGRIS, value: this.ris },
      { name: 'WdogMIS', offset: WDOGMIS, value: this.masked() },
      { name: 'WdogLock', offset: WDOGLOCK, value: this.locked ? 1 : 0 },
    ];
  }

  private readRegister(register: number, now: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    switch (register) {
      case WDOGLOAD:
        return this.load;
      case WDOGVALUE:
        return this.current(now);
      case WDOGCONTROL:
        return this.control;
      case WDOGRIS:
        return this.ris;
      case WDOGMIS:
        return this.masked();
      case WDOGLOCK:
        return this.locked ? 1 : 0;
      default:
        return 0;
    }
  }

  private writeRegister(register: number, value: number, now: number): void {
    switch (register) {
      case WDOGLOAD:
        this.load = value;
        this.restart(now);
        break;
      case WDOGCONTROL: {
        const started = value & ~this.control & CONTROL_INTEN;
        const stopped = this.control & ~value & CONTROL_INTEN;
        if (stopped) this.value = this.current(now);
        this.control = value & (CONTROL_INTEN | CONTROL_RESEN);
        // "Reloads the counter from the value in WdogLoad when the interrupt is enabled" (WdogControl, INTEN).
        if (started) this.restart(now);
        break;
      }
      case WDOGINTCLR:
        this.ris = 0;
        this.restart(now);
        break;
    }
  }

  private restart(now: number): void {
    this.value = this.load;
    this.since = now;
  }

  private running(): boolean {
    return (this.control & CONTROL_INTEN) !== 0;
  }

  private zeroTime(): number {
    return this.since + Math.max(1, this.value) * this.nsPerTick;
  }

  private current(now: number): number {
    if (!this.running()) return this.value;
    return Math.max(0, this.value - Math.floor((now - this.since) / this.nsPerTick));
  }

  private masked(): number {
    return this.control & CONTROL_INTEN ? this.ris : 0;
  }

  private drive(): void {
    this.interrupt.set(this.masked() !== 0);
  }
}
