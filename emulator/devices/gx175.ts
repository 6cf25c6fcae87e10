/**
 * Multiport memory controller GX175 of the ARM926EJ-S development chip, which sets up the SDRAM. RAM here needs no setting
 * up: the registers read as zero and ignore writes. So do the identification registers, as in QEMU: with the real id
 * Linux would bind its driver for this family of controllers (pl172), whose device tree settings this board lacks.
 */
import type { Device } from '../bus/device.ts';
import { createSimpleDevice } from './simple-device.ts';

/** Creates the controller. */
export function createGx175(name: string): Device {
  return createSimpleDevice({ name, peripheralId: undefined, registers: [] });
}
