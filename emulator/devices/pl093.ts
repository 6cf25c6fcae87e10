/**
 * Synchronous static memory controller PL093 (ARM DDI 0236): eight banks of timing registers, which store what is
 * written. The banks themselves always answer.
 */
import type { Device } from '../bus/device.ts';
import type { RegisterDescription } from './register-file.ts';
import { createSimpleDevice } from './simple-device.ts';

/** Linux has no driver for it: the real id binds nothing. */
const PERIPHERAL_ID = 0x0004_1093;

const BANK_STRIDE = 0x20;
const BANKS = 8;

const REGISTERS: readonly RegisterDescription[] = Array.from({ length: BANKS }, (_, n) => {
  const base = n * BANK_STRIDE;
  return [
    { name: `SMBIDCYR${n}`, offset: base, reset: 0xf, writable: 0xf },
    { name: `SMBWSTRDR${n}`, offset: base + 0x04, reset: 0x1f, writable: 0x1f },
    { name: `SMBWSTWRR${n}`, offset: base + 0x08, reset: 0x1f, writable: 0x1f },
    { name: `SMBWSTOENR${n}`, offset: base + 0x0c, reset: 2, writable: 0xf },
    { name: `SMBWSTWENR${n}`, offset: base + 0x10, reset: 1, writable: 0xf },
    { name: `SMBCR${n}`, offset: base + 0x14, reset: 0x0030_3020, writable: 0x003f_ffff },
  ];
}).flat();

/** Creates the controller. */
export function createPl093(name: string): Device {
  return createSimpleDevice({ name, peripheralId: PERIPHERAL_ID, registers: REGISTERS });
}
