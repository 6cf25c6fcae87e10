/**
 * Status and system control registers of the Versatile/PB (ARM DUI 0225, "Status and system control registers").
 * The oscillator registers hold zero until something writes them: the boot monitor that would have does not exist here.
 */
import type { Device } from '../bus/device.ts';
import { PRIMECELL_SIZE, readLanes, writeLanes } from './primecell.ts';
import { RegisterFile } from './register-file.ts';
import { sameShape } from './state.ts';

const SYS_ID = 0x00;
const SYS_SW = 0x04;
const SYS_LED = 0x08;
const SYS_OSC0 = 0x0c;
const SYS_OSC1 = 0x10;
const SYS_OSC2 = 0x14;
const SYS_OSC3 = 0x18;
const SYS_OSC4 = 0x1c;
const SYS_LOCK = 0x20;
const SYS_100HZ = 0x24;
const SYS_CFGDATA1 = 0x28;
const SYS_CFGDATA2 = 0x2c;
/** Flags on read, set on write; the word after it clears. */
const SYS_FLAGS = 0x30;
const SYS_FLAGSCLR = 0x34;
const SYS_NVFLAGS = 0x38;
const SYS_NVFLAGSCLR = 0x3c;
const SYS_RESETCTL = 0x40;
const SYS_PCICTL = 0x44;
const SYS_MCI = 0x48;
const SYS_FLASH = 0x4c;
const SYS_CLCD = 0x50;
const SYS_CLCDSER = 0x54;
const SYS_BOOTCS = 0x58;
const SYS_24MHZ = 0x5c;
const SYS_MISC = 0x60;
const SYS_DMAPSR0 = 0x64;
const SYS_DMAPSR1 = 0x68;
const SYS_DMAPSR2 = 0x6c;
const SYS_PROCID0 = 0x84;
const SYS_PROCID1 = 0x88;
const SYS_OSCRESET0 = 0x8c;
const SYS_OSCRESET1 = 0x90;
const SYS_OSCRESET2 = 0x94;
const SYS_OSCRESET3 = 0x98;
const SYS_OSCRESET4 = 0x9c;

/** ARM, AHB architecture, build 4: what QEMU and boards of this family report. */
const ID_VERSATILE_PB = 0x4100_7004;
/** ARM926EJ-S in the second register's place on boards with a core tile; the development chip reports none. */
const PROCID0_ARM926 = 0x0200_0000;
const PROCID1_NONE = 0xff00_0000;
/** The host bridge is present and has bus clocks. */
const PCICTL_PRESENT = 1;
/** Display id 0x1f in bits 12..8: VGA. */
const CLCD_VGA = 0x1f00;
const CLCD_WRITABLE = 0xffff_c0ff;

const LOCK_KEY = 0xa05f;
const LOCK_MASK = 0xffff;
/** Reads as one while the registers are locked. */
const LOCKED = 1 << 16;
const RESETCTL_RESET = 1 << 8;

const OSC_MASK = 0x7ffff;
const NS_PER_100HZ = 10_000_000;
/** 24 MHz as ticks over nanoseconds, in integers. */
const TICKS_24MHZ = 3;
const NS_24MHZ = 125;

const REGISTERS = [
  { name: 'SYS_ID', offset: SYS_ID, reset: ID_VERSATILE_PB, writable: 0 },
  { name: 'SYS_SW', offset: SYS_SW, reset: 0, writable: 0 },
  { name: 'SYS_LED', offset: SYS_LED, reset: 0, writable: 0xff },
  { name: 'SYS_OSC0', offset: SYS_OSC0, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSC1', offset: SYS_OSC1, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSC2', offset: SYS_OSC2, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSC3', offset: SYS_OSC3, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSC4', offset: SYS_OSC4, reset: 0, writable: OSC_MASK },
  { name: 'SYS_LOCK', offset: SYS_LOCK, reset: LOCKED, writable: 0 },
  { name: 'SYS_CFGDATA1', offset: SYS_CFGDATA1, reset: 0, writable: 0xffff_ffff },
  { name: 'SYS_CFGDATA2', offset: SYS_CFGDATA2, reset: 0, writable: 0xffff_ffff },
  { name: 'SYS_FLAGS', offset: SYS_FLAGS, reset: 0, writable: 0 },
  { name: 'SYS_NVFLAGS', offset: SYS_NVFLAGS, reset: 0, writable: 0 },
  { name: 'SYS_RESETCTL', offset: SYS_RESETCTL, reset: 0, writable: 0x1ff },
  { name: 'SYS_PCICTL', offset: SYS_PCICTL, reset: PCICTL_PRESENT, writable: 0 },
  { name: 'SYS_MCI', offset: SYS_MCI, reset: 0, writable: 0 },
  { name: 'SYS_FLASH', offset: SYS_FLASH, reset: 0, writable: 1 },
  { name: 'SYS_CLCD', offset: SYS_CLCD, reset: CLCD_VGA, writable: CLCD_WRITABLE },
  { name: 'SYS_CLCDSER', offset: SYS_CLCDSER, reset: 0, writable: 0 },
  { name: 'SYS_BOOTCS', offset: SYS_BOOTCS, reset: 0, writable: 0 },
  { name: 'SYS_MISC', offset: SYS_MISC, reset: 0, writable: 0 },
  { name: 'SYS_DMAPSR0', offset: SYS_DMAPSR0, reset: 0, writable: 0x9f },
  { name: 'SYS_DMAPSR1', offset: SYS_DMAPSR1, reset: 0, writable: 0x9f },
  { name: 'SYS_DMAPSR2', offset: SYS_DMAPSR2, reset: 0, writable: 0x9f },
  { name: 'SYS_PROCID0', offset: SYS_PROCID0, reset: PROCID0_ARM926, writable: 0 },
  { name: 'SYS_PROCID1', offset: SYS_PROCID1, reset: PROCID1_NONE, writable: 0 },
  { name: 'SYS_OSCRESET0', offset: SYS_OSCRESET0, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSCRESET1', offset: SYS_OSCRESET1, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSCRESET2', offset: SYS_OSCRESET2, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSCRESET3', offset: SYS_OSCRESET3, reset: 0, writable: OSC_MASK },
  { name: 'SYS_OSCRESET4', offset: SYS_OSCRESET4, reset: 0, writable: OSC_MASK },
];

export class VersatileSysreg implements Device {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  /** Whether the guest has asked for a reset since the last `reset`. */
  resetRequested = false;
  private readonly registers = new RegisterFile(REGISTERS);

  constructor(name: string) {
    this.name = name;
  }

  read(offset: number, size: number, now: number): number {
    return readLanes(this.readRegister(offset & ~3, now), offset, size);
  }

  write(offset: number, size: number, data: number, _now: number): number {
    const value = writeLanes(data, offset, size);
    const register = offset & ~3;
    const { registers } = this;
    switch (register) {
      case SYS_LOCK: {
        const key = value & LOCK_MASK;
        registers.set(SYS_LOCK, key === LOCK_KEY ? key : key | LOCKED);
        break;
      }
      case SYS_FLAGS:
      case SYS_NVFLAGS:
        registers.set(register, registers.get(register) | value);
        break;
      case SYS_FLAGSCLR:
        registers.set(SYS_FLAGS, registers.get(SYS_FLAGS) & ~value);
        break;
      case SYS_NVFLAGSCLR:
        registers.set(SYS_NVFLAGS, registers.get(SYS_NVFLAGS) & ~value);
        break;
      case SYS_RESETCTL:
        if (this.locked()) break;
        registers.write(register, value);
        if (value & RESETCTL_RESET) this.resetRequested = true;
        break;
      default:
        if (!isOscillator(register) || !this.locked()) registers.write(register, value);
    }
    return 0;
  }

  advance(_now: number): void {}

  nextEvent(): number {
    return Infinity;
  }

  /** Keeps SYS_NVFLAGS: a reset without loss of power. */
  reset(): void {
    const flags = this.registers.get(SYS_NVFLAGS);
    this.registers.reset();
    this.registers.set(SYS_NVFLAGS, flags);
    this.resetRequested = false;
  }

  save() {
    return { registers: this.registers.save(), resetRequested: this.resetRequested };
  }

  restore(state: unknown): void {
    const saved = sameShape(this.name, this.save(), state);
    this.registers.restore(this.name, saved.registers);
    this.resetRequested = saved.resetRequested;
  }

  inspect() {
    return this.registers.inspect();
  }

  private readRegister(register: number, now: number): number {
    if (register === SYS_24MHZ) return Math.floor((now * TICKS_24MHZ) / NS_24MHZ) >>> 0;
    if (register === SYS_100HZ) return Math.floor(now / NS_PER_100HZ) >>> 0;
    return this.registers.get(register);
  }

  private locked(): boolean {
    return (this.registers.get(SYS_LOCK) & LOCKED) !== 0;
  }
}

function isOscillator(register: number): boolean {
  return register >= SYS_OSC0 && register <= SYS_OSC4;
}
