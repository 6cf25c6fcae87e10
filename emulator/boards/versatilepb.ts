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
import { Pl011 } from '../devices/pl011.ts';
import { Pl031 } from '../devices/pl031.ts';
import { Pl190 } from '../devices/pl190.ts';
import { Sp804 } from '../devices/sp804.ts';
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
const VIC_TIMERS_01 = 4;
const VIC_TIMERS_23 = 5;
const VIC_RTC = 10;
const VIC_UART0 = 12;
const VIC_UART1 = 13;
const VIC_UART2 = 14;
const VIC_SIC = 31;
/** Inputs of the secondary controller (SIC). */
const SIC_UART3 = 6;
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

  constructor(ramSize: number) {
    this.slots = [{ base: 0, size: ramSize }];
    const vic = new Pl190('pl190');
    const passThrough = PASS_THROUGH.map((n) => vic.input(n));
    const sic = new VersatileSic('sic', vic.input(VIC_SIC), passThrough);
    const sysreg = new VersatileSysreg('sysreg');
    const uart0 = new Pl011('pl011-0', vic.input(VIC_UART0));
    const uart1 = new Pl011('pl011-1', vic.input(VIC_UART1));
    const uart2 = new Pl011('pl011-2', vic.input(VIC_UART2));
    const uart3 = new Pl011('pl011-3', sic.input(SIC_UART3));
    const map: ReadonlyArray<readonly [base: number, device: Device]> = [
      [0x1000_0000, sysreg],
      [0x1000_1000, createAbsent('pci-controller', 0x1000)],
      [0x1000_2000, createAbsent('serial-bus', 0x1000)],
      [0x1000_3000, sic],
      [0x1000_8000, createAbsent('character-lcd', 0x1000)],
      [0x1000_9000, uart3],
      [0x1001_0000, createAbsent('ethernet', 0x1_0000)],
      [0x1002_0000, createAbsent('usb', 0x1_0000)],
      [0x1014_0000, vic],
      [0x101d_0000, createAbsent('ahb-monitor', 0x1_0000)],
      [0x101e_2000, new Sp804('sp804-0', vic.input(VIC_TIMERS_01))],
      [0x101e_3000, new Sp804('sp804-1', vic.input(VIC_TIMERS_23))],
      [0x101e_8000, new Pl031('pl031', vic.input(VIC_RTC))],
      [0x101f_1000, uart0],
      [0x101f_2000, uart1],
      [0x101f_3000, uart2],
      [0x2000_0000, createAbsent('static-memory', 0x2000_0000, ERASED_FLASH)],
      [0x4100_0000, createAbsent('pci-windows', 0x2f00_0000)],
    ];
    this.bus = new Bus(map.map(([base, device]) => ({ base, device })));
    this.devices = this.bus.mappings;
    this.serial = [uart0, uart1, uart2, uart3];
    for (const uart of this.serial) uart.onEventChange = () => this.bus.eventChanged(uart);
    this.vic = vic;
    this.sysreg = sysreg;
  }

  get irq(): boolean {
    return this.vic.irq;
  }

  get fiq(): boolean {
    return this.vic.fiq;
  }

  get resetRequested(): boolean {
    return this.sysreg.resetRequested;
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
      throw new Error(`Cannot restore ${this.name} with ${size} bytes of memory: the state has ${state.ramSize}.`);
    this.bus.restore(state.devices);
  }
}
