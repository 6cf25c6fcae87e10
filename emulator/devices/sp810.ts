/**
 * System controller SP810 (ARM DDI 0254) of the ARM926EJ-S development chip. Its registers store what is written; the
 * machine has one speed, and the timers always count at 1 MHz, as if their TIMCLK selection bits were set.
 * All registers start at zero: firmware would have chosen a mode, and QEMU, which has no such device, reads as zero.
 */
import type { Device } from '../bus/device.ts';
import { createSimpleDevice } from './simple-device.ts';

const SCCTRL = 0x000;
const SCSYSSTAT = 0x004;
const SCIMCTRL = 0x008;
const SCIMSTAT = 0x00c;
const SCXTALCTRL = 0x010;
const SCPLLCTRL = 0x014;
const SCPLLFCTRL = 0x018;
const SCPERCTRL0 = 0x01c;
const SCPERCTRL1 = 0x020;

/** Linux has no driver for it on the AMBA bus: the real id binds nothing. */
const PERIPHERAL_ID = 0x0004_1810;

/** Creates the controller. */
export function createSp810(name: string): Device {
  const registers = [
    { name: 'SCCTRL', offset: SCCTRL, reset: 0, writable: 0x00ff_fb07 },
    { name: 'SCSYSSTAT', offset: SCSYSSTAT, reset: 0, writable: 0 },
    { name: 'SCIMCTRL', offset: SCIMCTRL, reset: 0, writable: 0x8f },
    { name: 'SCIMSTAT', offset: SCIMSTAT, reset: 0, writable: 1 },
    { name: 'SCXTALCTRL', offset: SCXTALCTRL, reset: 0, writable: 0x0007_fff3 },
    { name: 'SCPLLCTRL', offset: SCPLLCTRL, reset: 0, writable: 0x0fff_fff7 },
    { name: 'SCPLLFCTRL', offset: SCPLLFCTRL, reset: 0, writable: 0xffff_ffff },
    { name: 'SCPERCTRL0', offset: SCPERCTRL0, reset: 0, writable: 0xffff_ffff },
    { name: 'SCPERCTRL1', offset: SCPERCTRL1, reset: 0, writable: 0xffff_ffff },
  ];
  return createSimpleDevice({ name, peripheralId: PERIPHERAL_ID, registers });
}
