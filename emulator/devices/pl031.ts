/**
 * Real time clock PL031 (ARM DDI 0224). It starts at a fixed epoch and counts seconds of guest time, so that two runs
 * read the same dates. It runs from the start, as if firmware had enabled it.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const RTCDR = 0x00;
const RTCMR = 0x04;
const RTCLR = 0x08;
const RTCCR = 0x0c;
const RTCIMSC = 0x10;
const RTCRIS = 0x14;
const RTCMIS = 0x18;
const RTCICR = 0x1c;

const PERIPHERAL_ID = 0x0014_1031;
/** The clock is enabled; once it is, RTCCR cannot stop it. */
const CR_ENABLED = 1;
const NS_PER_SECOND = 1e9;
/** 2026-01-01T00:00:00Z, the date at guest time 0. */
const DEFAULT_EPOCH = 1_767_225_600;

export class Pl031 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  private readonly epoch: number;
  /** Seconds since 1970 at guest time 0, modulo 2^32; moved by writing RTCLR. */
  private base: number;
  private match = 0;
  private load = 0;
  private imsc = 0;
  private ris = 0;
  /** Whether the match lies ahead in this round of the counter; guest time at which it is met. */
  private matchTime: number;

  /** `epoch` is the date at guest time 0, in seconds since 1970. */
  constructor(name: string, interrupt: Line, epoch = DEFAULT_EPOCH) {
    this.name = name;
    this.interrupt = interrupt;
    this.epoch = this.base = epoch >>> 0;
    this.matchTime = this.timeOfMatch(0);
  }

  read(offset: number, size: number, now: number): number {
    this.advance(now);
    return readLanes(this.readRegister(offset & ~3, now), offset, size);
  }

  write(offset: number, size: number, data: number, now: number): number {
    this.advance(now);
    const value = writeLanes(data, offset, size);
    switch (offset & ~3) {
      case RTCMR:
        this.match = value;
        this.matchTime = this.timeOfMatch(now);
        break;
      case RTCLR:
        this.load = value;
        this.base = (value - Math.floor(now / NS_PER_SECOND)) >>> 0;
        this.matchTime = this.timeOfMatch(now);
        break;
      case RTCIMSC:
        this.imsc = value & 1;
        break;
      case RTCICR:
        if (value & 1) this.ris = 0;
        break;
    }
    this.drive();
    return 0;
  }

  advance(now: number): void {
    if (now < this.matchTime) return;
    this.ris = 1;
    this.matchTime = this.timeOfMatch(now + NS_PER_SECOND);
    this.drive();
  }

  /** A match that nobody waits for needs no event: the next access notices it. */
  nextEvent(): number {
    return this.imsc && !this.ris ? this.matchTime : Infinity;
  }

  reset(): void {
    this.match = this.load = this.imsc = this.ris = 0;
    this.base = this.epoch;
    this.matchTime = this.timeOfMatch(0);
    this.drive();
  }

  save() {
    const { base, match, load, imsc, ris, matchTime } = this;
    return { base, match, load, imsc, ris, matchTime };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.base = saved.base;
    this.match = saved.match;
    this.load = saved.load;
    this.imsc = saved.imsc;
    this.ris = saved.ris;
    this.matchTime = saved.matchTime;
    this.drive();
  }

  /** RTCDR is the date at guest time 0, as there is no time to show it at. */
  inspect() {
    return [
      { name: 'RTCDR', offset: RTCDR, value: this.base },
      { name: 'RTCMR', offset: RTCMR, value: this.match },
      { name: 'RTCLR', offset: RTCLR, value: this.load },
      { name: 'RTCCR', offset: RTCCR, value: CR_ENABLED },
      { name: 'RTCIMSC', offset: RTCIMSC, value: this.imsc },
      { name: 'RTCRIS', offset: RTCRIS, value: this.ris },
      { name: 'RTCMIS', offset: RTCMIS, value: this.ris & this.imsc },
    ];
  }

  private readRegister(register: number, now: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    switch (register) {
      case RTCDR:
        return (this.base + Math.floor(now / NS_PER_SECOND)) >>> 0;
      case RTCMR:
        return this.match;
      case RTCLR:
        return this.load;
      case RTCCR:
        return CR_ENABLED;
      case RTCIMSC:
        return this.imsc;
      case RTCRIS:
        return this.ris;
      case RTCMIS:
        return this.ris & this.imsc;
      default:
        return 0;
    }
  }

  /** The first time from `now` on, in whole seconds of guest time, at which the counter equals the match register. */
  private timeOfMatch(now: number): number {
    const seconds = Math.floor(now / NS_PER_SECOND);
    const ahead = (this.match - (this.base + seconds)) >>> 0;
    return (seconds + ahead) * NS_PER_SECOND;
  }

  private drive(): void {
    this.interrupt.set((this.ris & this.imsc) !== 0);
  }
}
