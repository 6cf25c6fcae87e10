/**
 * Vectored interrupt controller PL190 (ARM DDI 0181). Sixteen vectored priorities and the default below them; reading
 * VICVECTADDR enters a priority, writing it leaves the highest one entered.
 *
 * VICPROTECTION is stored but has no effect: an access does not carry the processor's privilege.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { sameShape } from './state.ts';

const IRQSTATUS = 0x000;
const FIQSTATUS = 0x004;
const RAWINTR = 0x008;
const INTSELECT = 0x00c;
const INTENABLE = 0x010;
const INTENCLEAR = 0x014;
const SOFTINT = 0x018;
const SOFTINTCLEAR = 0x01c;
const PROTECTION = 0x020;
const VECTADDR = 0x030;
const DEFVECTADDR = 0x034;
const VECTADDR0 = 0x100;
const VECTCNTL0 = 0x200;
/** Integration test control; the test inputs and outputs behind it are not modelled. */
const ITCR = 0x300;

const PERIPHERAL_ID = 0x0004_1190;

const VECTORS = 16;
const VECTORS_END = VECTORS * 4;
const VECTCNTL_ENABLE = 1 << 5;
const VECTCNTL_SOURCE = 0x1f;
const VECTCNTL_MASK = 0x3f;
/** Priority of an interrupt without a vector; lower numbers come first. */
const DEFAULT_PRIORITY = VECTORS;
/** The priority while no interrupt is in service. */
const IDLE_PRIORITY = VECTORS + 1;

export class Pl190 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  /** Level of the nVICIRQ output, active high here. */
  irq = false;
  /** Level of the nVICFIQ output, active high here. */
  fiq = false;
  private readonly inputs: readonly Line[];
  private level = 0;
  private soft = 0;
  private enabled = 0;
  private selected = 0;
  private protection = 0;
  private itcr = 0;
  private readonly addresses = new Uint32Array(VECTORS);
  private readonly controls = new Uint8Array(VECTORS);
  private defaultAddress = 0;
  /** Bit p is set while priority p is in service. */
  private active = 0;
  /** The sources that priority p and those above it serve, by p. */
  private readonly upTo = new Uint32Array(IDLE_PRIORITY + 1);

  constructor(name: string) {
    this.name = name;
    this.inputs = Array.from({ length: 32 }, (_, n) => ({ set: (level: boolean) => this.setInput(n, level) }));
    this.updateVectors();
  }

  /** Interrupt input 0 to 31. */
  input(n: number): Line {
    return this.inputs[n];
  }

  read(offset: number, size: number, _now: number): number {
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    if (register >= VECTADDR0 && register < VECTADDR0 + VECTORS_END) {
      this.addresses[(register - VECTADDR0) >> 2] = value;
    } else if (register >= VECTCNTL0 && register < VECTCNTL0 + VECTORS_END) {
      this.controls[(register - VECTCNTL0) >> 2] = value & VECTCNTL_MASK;
      this.updateVectors();
    } else {
      this.writeControl(register, value);
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
    this.soft = this.enabled = this.selected = this.protection = this.itcr = this.defaultAddress = this.active = 0;
    this.addresses.fill(0);
    this.controls.fill(0);
    this.updateVectors();
    this.drive();
  }

  save() {
    const { level, soft, enabled, selected, protection, itcr, defaultAddress, active } = this;
    const vectors = { addresses: Array.from(this.addresses), controls: Array.from(this.controls) };
    return { level, soft, enabled, selected, protection, itcr, defaultAddress, active, ...vectors };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.level = saved.level;
    this.soft = saved.soft;
    this.enabled = saved.enabled;
    this.selected = saved.selected;
    this.protection = saved.protection;
    this.itcr = saved.itcr;
    this.defaultAddress = saved.defaultAddress;
    this.active = saved.active;
    this.addresses.set(saved.addresses);
    this.controls.set(saved.controls);
    this.updateVectors();
    this.drive();
  }

  inspect() {
    return [
      { name: 'VICIRQSTATUS', offset: IRQSTATUS, value: this.irqStatus() },
      { name: 'VICFIQSTATUS', offset: FIQSTATUS, value: this.fiqStatus() },
      { name: 'VICRAWINTR', offset: RAWINTR, value: this.raw() },
      { name: 'VICINTSELECT', offset: INTSELECT, value: this.selected },
      { name: 'VICINTENABLE', offset: INTENABLE, value: this.enabled },
      { name: 'VICSOFTINT', offset: SOFTINT, value: this.soft },
      { name: 'VICPROTECTION', offset: PROTECTION, value: this.protection },
      { name: 'VICVECTADDR', offset: VECTADDR, value: this.addressOf(Math.min(this.pending(), this.priority())) },
      { name: 'VICDEFVECTADDR', offset: DEFVECTADDR, value: this.defaultAddress },
      ...Array.from(this.addresses, (value, n) => ({ name: `VICVECTADDR${n}`, offset: VECTADDR0 + n * 4, value })),
      ...Array.from(this.controls, (value, n) => ({ name: `VICVECTCNTL${n}`, offset: VECTCNTL0 + n * 4, value })),
    ];
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    if (register >= VECTADDR0 && register < VECTADDR0 + VECTORS_END) return this.addresses[(register - VECTADDR0) >> 2];
    if (register >= VECTCNTL0 && register < VECTCNTL0 + VECTORS_END) return this.controls[(register - VECTCNTL0) >> 2];
    switch (register) {
      case IRQSTATUS:
        return this.irqStatus();
      case FIQSTATUS:
        return this.fiqStatus();
      case RAWINTR:
        return this.raw();
      case INTSELECT:
        return this.selected;
      case INTENABLE:
        return this.enabled;
      case SOFTINT:
        return this.soft;
      case PROTECTION:
        return this.protection;
      case VECTADDR:
        return this.enter();
      case DEFVECTADDR:
        return this.defaultAddress;
      case ITCR:
        return this.itcr;
      default:
        return 0;
    }
  }

  private writeControl(register: number, value: number): void {
    switch (register) {
      case INTSELECT:
        this.selected = value;
        break;
      case INTENABLE:
        this.enabled = (this.enabled | value) >>> 0;
        break;
      case INTENCLEAR:
        this.enabled = (this.enabled & ~value) >>> 0;
        break;
      case SOFTINT:
        this.soft = (this.soft | value) >>> 0;
        break;
      case SOFTINTCLEAR:
        this.soft = (this.soft & ~value) >>> 0;
        break;
      case PROTECTION:
        this.protection = value & 1;
        break;
      case VECTADDR:
        // The end of service: the highest priority is the lowest bit.
        this.active &= this.active - 1;
        break;
      case DEFVECTADDR:
        this.defaultAddress = value;
        break;
      case ITCR:
        this.itcr = value & 1;
        break;
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

  private irqStatus(): number {
    return (this.raw() & this.enabled & ~this.selected) >>> 0;
  }

  /** Whether a source is enabled and routed to FIQ. */
  get fiqPossible(): boolean {
    return (this.enabled & this.selected) !== 0;
  }

  /** Whether any source is enabled. */
  get anyEnabled(): boolean {
    return this.enabled !== 0;
  }

  private fiqStatus(): number {
    return (this.raw() & this.enabled & this.selected) >>> 0;
  }

  /** The priority in service, `IDLE_PRIORITY` for none. */
  private priority(): number {
    return this.active === 0 ? IDLE_PRIORITY : 31 - Math.clz32(this.active & -this.active);
  }

  /** The highest priority that asks for service, `IDLE_PRIORITY` for none. */
  private pending(): number {
    const status = this.irqStatus();
    if (status === 0) return IDLE_PRIORITY;
    for (let p = 0; p < DEFAULT_PRIORITY; p++) if (status & this.upTo[p]) return p;
    return DEFAULT_PRIORITY;
  }

  private addressOf(priority: number): number {
    return priority < VECTORS ? this.addresses[priority] : this.defaultAddress;
  }

  /** A read of VICVECTADDR. With nothing new to serve it is undefined; here it gives the address in service. */
  private enter(): number {
    const current = this.priority();
    const pending = this.pending();
    if (pending >= current) return this.addressOf(current);
    this.active |= 1 << pending;
    this.drive();
    return this.addressOf(pending);
  }

  private updateVectors(): void {
    let mask = 0;
    for (let p = 0; p < VECTORS; p++) {
      const control = this.controls[p];
      if (control & VECTCNTL_ENABLE) mask |= 1 << (control & VECTCNTL_SOURCE);
      this.upTo[p] = mask;
    }
    this.upTo[DEFAULT_PRIORITY] = this.upTo[IDLE_PRIORITY] = 0xffff_ffff;
  }

  private drive(): void {
    const priority = this.priority();
    const admitted = priority === 0 ? 0 : this.upTo[priority - 1];
    this.irq = (this.irqStatus() & admitted) !== 0;
    this.fiq = this.fiqStatus() !== 0;
  }
}
