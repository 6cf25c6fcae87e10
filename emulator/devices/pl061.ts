/**
 * GPIO PL061 (ARM DDI 0190): eight pins, data behind an address mask, edge and level interrupts.
 * The pins of the Versatile/PB that the ports drive are not modelled; an input is low unless `setPin` drives it.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

/** Address bits 9..2 of an access below this offset select the pins it reaches. */
const DATA_END = 0x400;
const GPIODIR = 0x400;
const GPIOIS = 0x404;
const GPIOIBE = 0x408;
const GPIOIEV = 0x40c;
const GPIOIE = 0x410;
const GPIORIS = 0x414;
const GPIOMIS = 0x418;
const GPIOIC = 0x41c;
const GPIOAFSEL = 0x420;

const PERIPHERAL_ID = 0x0004_1061;
const PINS = 0xff;

export class Pl061 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  /** Levels that the outside drives into the pins. */
  private inputs = 0;
  /** Levels written for output pins. */
  private outputs = 0;
  private direction = 0;
  private sense = 0;
  private bothEdges = 0;
  private event = 0;
  private enabled = 0;
  private ris = 0;
  private alternate = 0;

  constructor(name: string, interrupt: Line) {
    this.name = name;
    this.interrupt = interrupt;
  }

  /** Drives pin 0 to 7 from outside. */
  setPin(pin: number, level: boolean): void {
    const bit = 1 << pin;
    const before = this.pins();
    this.inputs = level ? this.inputs | bit : this.inputs & ~bit;
    this.update(before);
  }

  read(offset: number, size: number, _now: number): number {
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size) & PINS;
    const before = this.pins();
    const register = offset & ~3;
    if (register < DATA_END) {
      const mask = (register >> 2) & this.direction;
      this.outputs = (this.outputs & ~mask) | (value & mask);
    } else {
      this.writeControl(register, value);
    }
    this.update(before);
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  /** The inputs keep their levels: they belong to what drives them. */
  reset(): void {
    this.outputs = this.direction = this.sense = this.bothEdges = this.event = this.enabled = 0;
    this.ris = this.alternate = 0;
    this.drive();
  }

  save() {
    const { inputs, outputs, direction, sense, bothEdges, event, enabled, ris, alternate } = this;
    return { inputs, outputs, direction, sense, bothEdges, event, enabled, ris, alternate };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.inputs = saved.inputs;
    this.outputs = saved.outputs;
    this.direction = saved.direction;
    this.sense = saved.sense;
    this.bothEdges = saved.bothEdges;
    this.event = saved.event;
    this.enabled = saved.enabled;
    this.ris = saved.ris;
    this.alternate = saved.alternate;
    this.drive();
  }

  inspect() {
    return [
      { name: 'GPIODATA', offset: DATA_END - 4, value: this.pins() },
      { name: 'GPIODIR', offset: GPIODIR, value: this.direction },
      { name: 'GPIOIS', offset: GPIOIS, value: this.sense },
      { name: 'GPIOIBE', offset: GPIOIBE, value: this.bothEdges },
      { name: 'GPIOIEV', offset: GPIOIEV, value: this.event },
      { name: 'GPIOIE', offset: GPIOIE, value: this.enabled },
      { name: 'GPIORIS', offset: GPIORIS, value: this.status() },
      { name: 'GPIOMIS', offset: GPIOMIS, value: this.status() & this.enabled },
      { name: 'GPIOAFSEL', offset: GPIOAFSEL, value: this.alternate },
    ];
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    if (register < DATA_END) return this.pins() & (register >> 2);
    switch (register) {
      case GPIODIR:
        return this.direction;
      case GPIOIS:
        return this.sense;
      case GPIOIBE:
        return this.bothEdges;
      case GPIOIEV:
        return this.event;
      case GPIOIE:
        return this.enabled;
      case GPIORIS:
        return this.status();
      case GPIOMIS:
        return this.status() & this.enabled;
      case GPIOAFSEL:
        return this.alternate;
      default:
        return 0;
    }
  }

  private writeControl(register: number, value: number): void {
    switch (register) {
      case GPIODIR:
        this.direction = value;
        break;
      case GPIOIS:
        this.sense = value;
        break;
      case GPIOIBE:
        this.bothEdges = value;
        break;
      case GPIOIEV:
        this.event = value;
        break;
      case GPIOIE:
        this.enabled = value;
        break;
      case GPIOIC:
        this.ris &= ~value;
        break;
      case GPIOAFSEL:
        this.alternate = value;
        break;
    }
  }

  private pins(): number {
    return (this.inputs & ~this.direction) | (this.outputs & this.direction);
  }

  /** Edges are remembered until cleared; levels last as long as the pin has them. Only inputs interrupt. */
  private status(): number {
    return this.ris | (~(this.pins() ^ this.event) & this.sense & ~this.direction & PINS);
  }

  private update(before: number): void {
    const pins = this.pins();
    const changed = (before ^ pins) & ~this.sense & ~this.direction;
    this.ris |= changed & (this.bothEdges | ~(pins ^ this.event)) & PINS;
    this.drive();
  }

  private drive(): void {
    this.interrupt.set((this.status() & this.enabled) !== 0);
  }
}
