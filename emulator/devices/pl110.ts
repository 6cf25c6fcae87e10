/**
 * Colour LCD controller PL110 (ARM DDI 0161) as the Versatile/PB has it, with LCDControl and LCDIMSC swapped (ARM DUI
 * 0225). There is no display: nothing is fetched from the frame buffer and no frame or FIFO interrupt ever comes.
 */
import type { Device } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { RegisterFile } from './register-file.ts';
import { sameShape } from './state.ts';

const LCDTIMING0 = 0x00;
const LCDTIMING1 = 0x04;
const LCDTIMING2 = 0x08;
const LCDTIMING3 = 0x0c;
const LCDUPBASE = 0x10;
const LCDLPBASE = 0x14;
const LCDCONTROL = 0x18;
const LCDIMSC = 0x1c;
/** Where the panels' frames are now: always their start. */
const LCDUPCURR = 0x2c;
const LCDLPCURR = 0x30;
const PALETTE = 0x200;
const PALETTE_END = 0x400;

/** What the board reports, whatever DUI 0225 says: that of a stock PL110. */
const PERIPHERAL_ID = 0x0004_1110;

const REGISTERS = [
  { name: 'LCDTiming0', offset: LCDTIMING0, reset: 0, writable: 0xffff_fffc },
  { name: 'LCDTiming1', offset: LCDTIMING1, reset: 0, writable: 0xffff_ffff },
  { name: 'LCDTiming2', offset: LCDTIMING2, reset: 0, writable: 0x07ff_7fff },
  { name: 'LCDTiming3', offset: LCDTIMING3, reset: 0, writable: 0x0001_007f },
  { name: 'LCDUPBASE', offset: LCDUPBASE, reset: 0, writable: 0xffff_fffc },
  { name: 'LCDLPBASE', offset: LCDLPBASE, reset: 0, writable: 0xffff_fffc },
  { name: 'LCDControl', offset: LCDCONTROL, reset: 0, writable: 0x0001_ffff },
  { name: 'LCDIMSC', offset: LCDIMSC, reset: 0, writable: 0x1e },
];

export class Pl110 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly registers = new RegisterFile(REGISTERS);
  private readonly palette = new Uint32Array((PALETTE_END - PALETTE) / 4);

  constructor(name: string) {
    this.name = name;
  }

  read(offset: number, size: number, _now: number): number {
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    if (register >= PALETTE && register < PALETTE_END) this.palette[(register - PALETTE) >> 2] = value;
    else this.registers.write(register, value);
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  reset(): void {
    this.registers.reset();
    this.palette.fill(0);
  }

  save() {
    return { registers: this.registers.save(), palette: Array.from(this.palette) };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.registers.restore(this.name, saved.registers);
    this.palette.set(saved.palette);
  }

  inspect() {
    return this.registers.inspect();
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    if (register >= PALETTE && register < PALETTE_END) return this.palette[(register - PALETTE) >> 2];
    if (register === LCDUPCURR) return this.registers.get(LCDUPBASE);
    if (register === LCDLPCURR) return this.registers.get(LCDLPBASE);
    return this.registers.get(register);
  }
}
