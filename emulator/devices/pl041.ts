/**
 * Advanced audio codec interface PL041 (ARM DDI 0173) with no codec on its link: codec accesses get no answer and the
 * FIFOs stay empty, so that a driver finds the controller and gives up on the codec.
 */
import type { Device } from '../bus/device.ts';
import type { RegisterDescription } from './register-file.ts';
import { createSimpleDevice } from './simple-device.ts';

const PERIPHERAL_ID = 0x0004_1041;

const CHANNEL_STRIDE = 0x14;
const MAINCR = 0x78;
const RESET = 0x7c;
const SYNC = 0x80;
const SLFR = 0x68;
const SLIEN = 0x70;

/** Receive and transmit FIFOs empty, transmit FIFO half empty. */
const SR_IDLE = 0xb;
/** The transmit registers of slots 1, 2 and 12 are empty. */
const SLFR_IDLE = 0xa80;

const CHANNELS: readonly RegisterDescription[] = [1, 2, 3, 4].flatMap((n) => {
  const base = (n - 1) * CHANNEL_STRIDE;
  return [
    { name: `AACIRXCR${n}`, offset: base, reset: 0, writable: 0x1fff_ffff },
    { name: `AACITXCR${n}`, offset: base + 0x04, reset: 0, writable: 0x0001_ffff },
    { name: `AACISR${n}`, offset: base + 0x08, reset: SR_IDLE, writable: 0 },
    { name: `AACIISR${n}`, offset: base + 0x0c, reset: 0, writable: 0 },
    { name: `AACIIE${n}`, offset: base + 0x10, reset: 0, writable: 0x7f },
  ];
});

/** Creates the controller. */
export function createPl041(name: string): Device {
  const registers = [
    ...CHANNELS,
    { name: 'AACISLFR', offset: SLFR, reset: SLFR_IDLE, writable: 0 },
    { name: 'AACISLIEN', offset: SLIEN, reset: 0, writable: 0x1ff },
    { name: 'AACIMAINCR', offset: MAINCR, reset: 0, writable: 0x7ff },
    { name: 'AACIRESET', offset: RESET, reset: 0, writable: 1 },
    { name: 'AACISYNC', offset: SYNC, reset: 0, writable: 1 },
  ];
  return createSimpleDevice({ name, peripheralId: PERIPHERAL_ID, registers });
}
