/**
 * Smart card interface PL131 (ARM DDI 0228) with no card: its registers store what is written and nothing happens.
 */
import type { Device } from '../bus/device.ts';
import { createSimpleDevice } from './simple-device.ts';

/** Linux has no driver for it: the real id binds nothing. */
const PERIPHERAL_ID = 0x0004_1131;

const SCICR0 = 0x04;
const SCICR1 = 0x08;
const SCIIIMSC = 0x6c;

/** Creates the interface. */
export function createPl131(name: string): Device {
  const registers = [
    { name: 'SCICR0', offset: SCICR0, reset: 0, writable: 0xff },
    { name: 'SCICR1', offset: SCICR1, reset: 0, writable: 0x7f },
    { name: 'SCIIMSC', offset: SCIIIMSC, reset: 0, writable: 0x7fff },
  ];
  return createSimpleDevice({ name, peripheralId: PERIPHERAL_ID, registers });
}
