/**
 * DMA controller PL080 (ARM DDI 0196) whose bus masters reach no memory: a channel that is enabled ends at once with a
 * bus error, as it does on hardware when memory answers with one. A guest's driver reports the failed transfer.
 */
import type { Device, Line } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { RegisterFile, type RegisterDescription } from './register-file.ts';
import { sameShape } from './state.ts';

const INTSTATUS = 0x000;
const INTERRORSTATUS = 0x00c;
const INTERRCLR = 0x010;
const RAWINTERRORSTATUS = 0x018;
const CONFIGURATION = 0x030;
const SYNC = 0x034;
/** Each channel has source, destination, list item, control and configuration. */
const CHANNELS = 0x100;
const CHANNEL_STRIDE = 0x20;
const CHANNEL_CONFIGURATION = 0x10;
const CHANNEL_COUNT = 8;
const CHANNELS_END = CHANNELS + CHANNEL_COUNT * CHANNEL_STRIDE;

/** PeriphID3 tells of eight channels and two masters. */
const PERIPHERAL_ID = 0x0a04_1080;

const CONFIGURATION_ENABLE = 1 << 0;
const CHANNEL_ENABLE = 1 << 0;
const CHANNEL_ERROR_INTERRUPT = 1 << 14;

const REGISTERS: readonly RegisterDescription[] = [
  { name: 'DMACRawIntErrorStatus', offset: RAWINTERRORSTATUS, reset: 0, writable: 0 },
  { name: 'DMACConfiguration', offset: CONFIGURATION, reset: 0, writable: 7 },
  { name: 'DMACSync', offset: SYNC, reset: 0, writable: 0xffff },
  ...Array.from({ length: CHANNEL_COUNT }, (_, n) => [
    { name: `DMACC${n}SrcAddr`, offset: channel(n), reset: 0, writable: 0xffff_ffff },
    { name: `DMACC${n}DestAddr`, offset: channel(n) + 4, reset: 0, writable: 0xffff_ffff },
    { name: `DMACC${n}LLI`, offset: channel(n) + 8, reset: 0, writable: 0xffff_fffd },
    { name: `DMACC${n}Control`, offset: channel(n) + 12, reset: 0, writable: 0xffff_ffff },
    { name: `DMACC${n}Configuration`, offset: channel(n) + 16, reset: 0, writable: 0x0005_fbdf },
  ]).flat(),
];

export class Pl080 implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly interrupt: Line;
  private readonly registers = new RegisterFile(REGISTERS);

  constructor(name: string, interrupt: Line) {
    this.name = name;
    this.interrupt = interrupt;
  }

  read(offset: number, size: number, _now: number): number {
    return readLanes(this.readRegister(offset & ~3), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    const { registers } = this;
    registers.write(register, value);
    if (register === INTERRCLR) registers.set(RAWINTERRORSTATUS, registers.get(RAWINTERRORSTATUS) & ~value);
    this.failEnabledChannels();
    this.interrupt.set(this.maskedErrors() !== 0);
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  reset(): void {
    this.registers.reset();
    this.interrupt.set(false);
  }

  save() {
    return { registers: this.registers.save() };
  }

  restore(state: unknown): void {
    this.registers.restore(this.name, sameShape(this.name, this.save(), state).registers);
    this.interrupt.set(this.maskedErrors() !== 0);
  }

  inspect() {
    return this.registers.inspect();
  }

  private readRegister(register: number): number {
    if (register >= IDENTIFICATION) return identification(PERIPHERAL_ID, register);
    if (register === INTSTATUS || register === INTERRORSTATUS) return this.maskedErrors();
    return this.registers.get(register);
  }

  private failEnabledChannels(): void {
    const { registers } = this;
    if (!(registers.get(CONFIGURATION) & CONFIGURATION_ENABLE)) return;
    for (let offset = CHANNELS, bit = 1; offset < CHANNELS_END; offset += CHANNEL_STRIDE, bit <<= 1) {
      const configuration = registers.get(offset + CHANNEL_CONFIGURATION);
      if (!(configuration & CHANNEL_ENABLE)) continue;
      registers.set(offset + CHANNEL_CONFIGURATION, configuration & ~CHANNEL_ENABLE);
      registers.set(RAWINTERRORSTATUS, registers.get(RAWINTERRORSTATUS) | bit);
    }
  }

  private maskedErrors(): number {
    const raw = this.registers.get(RAWINTERRORSTATUS);
    let masked = 0;
    for (let offset = CHANNELS, bit = 1; offset < CHANNELS_END; offset += CHANNEL_STRIDE, bit <<= 1)
      if (this.registers.get(offset + CHANNEL_CONFIGURATION) & CHANNEL_ERROR_INTERRUPT) masked |= raw & bit;
    return masked;
  }
}

function channel(n: number): number {
  return CHANNELS + n * CHANNEL_STRIDE;
}
