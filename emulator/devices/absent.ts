/**
 * A part of a board that is not modelled: it answers, reads as a constant and ignores writes, as an empty socket or a
 * chip select with nothing behind it does. A guest that probes for the part finds none and goes on.
 */
import type { Device } from '../bus/device.ts';
import { readLanes } from './primecell.ts';
import { sameShape } from './state.ts';

/** Creates the stand-in for `size` bytes; each word reads as `word`. */
export function createAbsent(name: string, size: number, word = 0): Device {
  return {
    name,
    size,
    read: (offset, bytes) => readLanes(word, offset, bytes),
    write: () => 0,
    advance() {},
    nextEvent: () => Infinity,
    reset() {},
    save: () => ({}),
    restore: (state) => void sameShape(name, {}, state),
    inspect: () => [],
  };
}
