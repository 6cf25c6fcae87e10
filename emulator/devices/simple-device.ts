/**
 * A peripheral of which only the registers exist: identification, reset values and storage, with nothing behind them.
 * The devices built on it are those that no included guest uses; each file says what its guest will find.
 */
import type { Device } from '../bus/device.ts';
import { IDENTIFICATION, PRIMECELL_SIZE, identification, readLanes, writeLanes } from './primecell.ts';
import { RegisterFile, type RegisterDescription } from './register-file.ts';

export interface SimpleDeviceOptions {
  readonly name: string;
  /** PeriphID3..0 as one number; undefined when the identification registers read as zero. */
  readonly peripheralId: number | undefined;
  readonly registers: readonly RegisterDescription[];
}

/** Creates a device that stores its registers and never raises an interrupt. */
export function createSimpleDevice({ name, peripheralId, registers }: SimpleDeviceOptions): Device {
  const file = new RegisterFile(registers);
  return {
    name,
    size: PRIMECELL_SIZE,
    read(offset, size) {
      const register = offset & ~3;
      if (register < IDENTIFICATION) return readLanes(file.get(register), offset, size);
      return peripheralId === undefined ? 0 : readLanes(identification(peripheralId, register), offset, size);
    },
    write(offset, size, value) {
      file.write(offset & ~3, writeLanes(value, offset, size));
      return 0;
    },
    advance() {},
    nextEvent: () => Infinity,
    reset: () => file.reset(),
    save: () => ({ registers: file.save() }),
    restore(state) {
      const registers =
        typeof state === 'object' && state !== null && 'registers' in state ? state.registers : undefined;
      file.restore(name, registers);
    },
    inspect: () => file.inspect(),
  };
}
