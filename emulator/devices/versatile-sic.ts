/**
 * Secondary interrupt controller of the Versatile/PB (ARM DUI 0225, "Interrupt controllers"). Its enabled interrupts
 * share one input of the primary controller; interrupts 21 to 30 can also be passed straight to the inputs of
 * the same numbers. Interrupt 0 is the software interrupt.
 */
import type { Device, Line } from '../bus/device.ts';
import { PRIMECELL_SIZE, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const STATUS = 0x00;
const RAWSTAT = 0x04;
/** Enable mask on read, set on write. */
const ENABLE = 0x08;
const ENCLR = 0x0c;
const SOFTINTSET = 0x10;
const SOFTINTCLR = 0x14;
/** Pass-through mask on read, set on write. */
const PICENABLE = 0x20;
const PICENCLR = 0x24;

const SOFTWARE_INTERRUPT = 1;
const FIRST_PASS = 21;
const LAST_PASS = 30;
const PASS_MASK = 0x7fe0_0000;

export class VersatileSic implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  private readonly passThrough: readonly Line[];
  private readonly inputs: readonly Line[];
  private level = 0;
  private soft = 0;
  private enabled = 0;
  private passed = 0;

  /** `passThrough` are the ten outputs for interrupts 21 to 30. */
  constructor(name: string, interrupt: Line, passThrough: readonly Line[]) {
    this.name = name;
    this.interrupt = interrupt;
    this.passThrough = passThrough;
    this.inputs = Array.from({ length: 32 }, (_, n) => ({ set: (level: boolean) => this.setInput(n, level) }));
  }

  /** Interrupt input 1 to 31. */
  input(n: number): Line {
    return this.inputs[n];
  }

  read(offset: number, size: number, _now: number): number {
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    switch (offset & ~3) {
      case ENABLE:
        this.enabled = (this.enabled | value) >>> 0;
        break;
      case ENCLR:
        this.enabled = (this.enabled & ~value) >>> 0;
        break;
      case SOFTINTSET:
        this.soft |= value & SOFTWARE_INTERRUPT;
        break;
      case SOFTINTCLR:
        this.soft &= ~value;
        break;
      case PICENABLE:
        this.passed |= value & PASS_MASK;
        break;
      case PICENCLR:
        this.passed &= ~value;
        break;
    }
    this.drive();
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  /** The inputs keep their levels: they belong to the devices that drive them. */
  reset(): void {
    this.soft = this.enabled = this.passed = 0;
    this.drive();
  }

  save() {
    const { level, soft, enabled, passed } = this;
    return { level, soft, enabled, passed };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.level = saved.level;
    this.soft = saved.soft;
    this.enabled = saved.enabled;
    this.passed = saved.passed;
    this.drive();
  }

  inspect() {
    return [
      { name: 'SIC_STATUS', offset: STATUS, value: this.readRegister(STATUS) },
      { name: 'SIC_RAWSTAT', offset: RAWSTAT, value: this.raw() },
      { name: 'SIC_ENABLE', offset: ENABLE, value: this.enabled },
      { name: 'SIC_SOFTINT', offset: SOFTINTSET, value: this.soft },
      { name: 'SIC_PICENABLE', offset: PICENABLE, value: this.passed },
    ];
  }

  private readRegister(register: number): number {
    switch (register) {
      case STATUS:
        return (this.raw() & this.enabled) >>> 0;
      case RAWSTAT:
        return this.raw();
      case ENABLE:
        return this.enabled;
      case SOFTINTSET:
        return this.soft;
      case PICENABLE:
        return this.passed;
      default:
        return 0;
    }
  }

  private setInput(n: number, level: boolean): void {
    const bit = 1 << n;
    this.level = (level ? this.level | bit : this.level & ~bit) >>> 0;
    this.drive();
  }

  private raw(): number {
    return (this.level | this.soft) >>> 0;
  }

  private drive(): void {
    const raw = this.raw();
    this.interrupt.set((raw & this.enabled) !== 0);
    for (let n = FIRST_PASS; n <= LAST_PASS; n++)
      this.passThrough[n - FIRST_PASS].set((raw & this.passed & (1 << n)) !== 0);
  }
}
