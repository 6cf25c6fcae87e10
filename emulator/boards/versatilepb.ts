/**
 * The ARM Versatile Platform Baseboard with an ARM926EJ-S development chip (ARM DUI 0225): memory map and interrupts.
 * RAM starts at address 0, where the real board's boot remap would leave it.
 *
 * Parts that no included guest uses, and that are not modelled, still answer as an empty socket would: Ethernet, USB,
 * the character LCD, the two-wire serial bus, the PCI bridge and its windows, and the static memory banks with the
 * flash, which read as erased. Everywhere else an access gets an external abort.
 */
import { Bus, type Mapping } from '../bus/bus.ts';
import type { Device } from '../bus/device.ts';
import { createAbsent } from '../devices/absent.ts';
import { createGx175 } from '../devices/gx175.ts';
import { Pl011 } from '../devices/pl011.ts';
import { Pl022 } from '../devices/pl022.ts';
import { Pl031 } from '../devices/pl031.ts';
import { createPl041 } from '../devices/pl041.ts';
import { Pl050 } from '../devices/pl050.ts';
import { Pl061 } from '../devices/pl061.ts';
import { Pl080 } from '../devices/pl080.ts';
import { createPl093 } from '../devices/pl093.ts';
import { Pl110 } from '../devices/pl110.ts';
import { createPl131 } from '../devices/pl131.ts';
import { Pl181 } from '../devices/pl181.ts';
import { Pl190 } from '../devices/pl190.ts';
import { Sp804 } from '../devices/sp804.ts';
import { Sp805 } from '../devices/sp805.ts';
import { createSp810 } from '../devices/sp810.ts';
import { VersatileSic } from '../devices/versatile-sic.ts';
import { VersatileSysreg } from '../devices/versatile-sysreg.ts';
import type { Board } from './board.ts';

/** "ARM-Versatile PB" in the registry of ARM machine types. */
const MACHINE_TYPE = 387;
/** The SDRAM banks end where the system registers start. */
const MAX_RAM = 0x1000_0000;
const PAGE = 4096;
const ERASED_FLASH = 0xffff_ffff;

/** Inputs of the primary controller (VIC). */
const VIC_WATCHDOG = 0;
const VIC_TIMERS_01 = 4;
const VIC_TIMERS_23 = 5;
/** GPIO ports 0 to 3 follow each other. */
const VIC_GPIO0 = 6;
const VIC_RTC = 10;
const VIC_SSP = 11;
const VIC_UART0 = 12;
const VIC_UART1 = 13;
const VIC_UART2 = 14;
const VIC_DMA = 17;
const VIC_SIC = 31;
/** Inputs of the secondary controller (SIC). */
const SIC_MMCI0B = 1;
const SIC_MMCI1B = 2;
const SIC_KMI0 = 3;
const SIC_KMI1 = 4;
const SIC_UART3 = 6;
const SIC_MMCI0A = 22;
const SIC_MMCI1A = 23;
/** The SIC passes these on to the same inputs of the VIC. */
const PASS_THROUGH = [21, 22, 23, 24, 25, 26, 27, 28, 29, 30];

export interface VersatilePbOptions {
  /** Bytes of RAM: a multiple of 4096, at most 256 MB. */
  readonly ramSize: number;
}

/** Creates the board. Throws when the RAM size is one it cannot have. */
export function createVersatilePb({ ramSize }: VersatilePbOptions): Board {
  if (!Number.isInteger(ramSize) || ramSize < PAGE || ramSize > MAX_RAM || ramSize % PAGE !== 0)
    throw new Error(
      `versatilepb cannot have ${ramSize} bytes of memory. Give a multiple of 4096 bytes, at most 256 MB (${MAX_RAM}).`,
    );
  return new VersatilePb(ramSize);
}

class VersatilePb implements Board {
  readonly name = 'versatilepb';
  readonly machineType = MACHINE_TYPE;
  readonly slots;
  readonly devices: readonly Mapping[];
  readonly serial: readonly Pl011[];
  private readonly bus: Bus;
  private readonly vic: Pl190;
  private readonly sysreg: VersatileSysreg;
  private readonly watchdog: Sp805;

  constructor(ramSize: number) {
    this.slots = [{ base: 0, size: ramSize }];
    const vic = new Pl190('pl190');
    const passThrough = PASS_THROUGH.map((n) => vic.input(n));
    const sic = new VersatileSic('sic', vic.input(VIC_SIC), passThrough);
    const sysreg = new VersatileSysreg('sysreg');
    const watchdog = new Sp805('sp805', vic.input(VIC_WATCHDOG));
    const uart0 = new Pl011('pl011-0', vic.input(VIC_UART0));
    const uart1 = new Pl011('pl011-1', vic.input(VIC_UART1));
    const uart2 = new Pl011('pl011-2', vic.input(VIC_UART2));
    const uart3 = new Pl011('pl011-3', sic.input(SIC_UART3));
    const map: ReadonlyArray<readonly [base: number, device: Device]> = [
      [0x1000_0000, sysreg],
      [0x1000_1000, createAbsent('pci-controller', 0x1000)],
      [0x1000_2000, createAbsent('serial-bus', 0x1000)],
      [0x1000_3000, sic],
      [0x1000_4000, createPl041('pl041')],
      [0x1000_5000, new Pl181('pl181-0', sic.input(SIC_MMCI0A), sic.input(SIC_MMCI0B))],
      [0x1000_6000, new Pl050('pl050-keyboard', sic.input(SIC_KMI0))],
      [0x1000_7000, new Pl050('pl050-mouse', sic.input(SIC_KMI1))],
      [0x1000_8000, createAbsent('character-lcd', 0x1000)],
      [0x1000_9000, uart3],
      [0x1000_a000, createPl131('pl131-1')],
      [0x1000_b000, new Pl181('pl181-1', sic.input(SIC_MMCI1A), sic.input(SIC_MMCI1B))],
      [0x1001_0000, createAbsent('ethernet', 0x1_0000)],
      [0x1002_0000, createAbsent('usb', 0x1_0000)],
      [0x1010_0000, createPl093('pl093')],
      [0x1011_0000, createGx175('gx175')],
      [0x1012_0000, new Pl110('pl110')],
      [0x1013_0000, new Pl080('pl080', vic.input(VIC_DMA))],
      [0x1014_0000, vic],
      [0x101d_0000, createAbsent('ahb-monitor', 0x1_0000)],
      [0x101e_0000, createSp810('sp810')],
      [0x101e_1000, watchdog],
      [0x101e_2000, new Sp804('sp804-0', vic.input(VIC_TIMERS_01))],
      [0x101e_3000, new Sp804('sp804-1', vic.input(VIC_TIMERS_23))],
      [0x101e_4000, new Pl061('pl061-0', vic.input(VIC_GPIO0))],
      [0x101e_5000, new Pl061('pl061-1', vic.input(VIC_GPIO0 + 1))],
      [0x101e_6000, new Pl061('pl061-2', vic.input(VIC_GPIO0 + 2))],
      [0x101e_7000, new Pl061('pl061-3', vic.input(VIC_GPIO0 + 3))],
      [0x101e_8000, new Pl031('pl031', vic.input(VIC_RTC))],
      [0x101f_0000, createPl131('pl131-0')],
      [0x101f_1000, uart0],
      [0x101f_2000, uart1],
      [0x101f_3000, uart2],
      [0x101f_4000, new Pl022('pl022', vic.input(VIC_SSP))],
      [0x2000_0000, createAbsent('static-memory', 0x2000_0000, ERASED_FLASH)],
      [0x4100_0000, createAbsent('pci-windows', 0x2f00_0000)],
    ];
    this.bus = new Bus(map.map(([base, device]) => ({ base, device })));
    this.devices = this.bus.mappings;
    this.serial = [uart0, uart1, uart2, uart3];
    for (const uart of this.serial) uart.onEventChange = () => this.bus.eventChanged(uart);
    this.vic = vic;
    this.sysreg = sysreg;
    this.watchdog = watchdog;
  }

  get irq(): boolean {
    return this.vic.irq;
  }

  get fiq(): boolean {
    return this.vic.fiq;
  }

  get fiqPossible(): boolean {
    return this.vic.fiqPossible;
  }

  get interruptPossible(): boolean {
    return this.vic.anyEnabled;
  }

  get resetRequested(): boolean {
    return this.sysreg.resetRequested || this.watchdog.resetRequested;
  }

  read(address: number, size: number, now: number): number {
    return this.bus.read(address, size, now);
  }

  write(address: number, size: number, value: number, now: number): number {
    return this.bus.write(address, size, value, now);
  }

  deviceAt(address: number): Device | undefined {
    return this.bus.deviceAt(address);
  }

  advance(now: number): void {
    this.bus.advance(now);
  }

  nextEvent(): number {
    return this.bus.nextEvent();
  }

  reset(): void {
    this.bus.reset();
  }

  save(): unknown {
    return { ramSize: this.slots[0].size, devices: this.bus.save() };
  }

  /** Throws when the state is of a board with another RAM size or of another kind. */
  restore(state: unknown): void {
    if (typeof state !== 'object' || state === null || !('ramSize' in state) || !('devices' in state))
      throw new Error(`Cannot restore ${this.name}: the state is not one of this board.`);
    const { size } = this.slots[0];
    if (state.ramSize !== size)
      throw new Error(
        `Cannot restore ${this.name} with ${size} bytes of memory: the state has ${String(state.ramSize)}.`,
      );
    this.bus.restore(state.devices);
  }
}
