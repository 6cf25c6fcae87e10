/** `guest.json`: what a guest is made of. The same keys are launch attributes and command-line options. */
import { InputError } from '../../formats/input-error.ts';
import { checkAwareness, type AwarenessDescription } from '../awareness/description.ts';
import { unknownName } from './unknown-name.ts';

/** The contents of a `guest.json`; paths are relative to it. */
export interface GuestConfig {
  readonly name?: string | undefined;
  /** Board; see `MACHINES`. */
  readonly machine?: string | undefined;
  /** Processor; see `CPUS`. */
  readonly cpu?: string | undefined;
  /** RAM, e.g. `128M`, or a number of bytes. */
  readonly memory?: string | number | undefined;
  /** An ELF file, an Image or a zImage, possibly compressed with gzip. */
  readonly kernel?: string | undefined;
  /** ELF files with symbols; the first is the vmlinux of an Image. */
  readonly symbols?: string | readonly string[] | undefined;
  readonly dtb?: string | undefined;
  readonly initrd?: string | undefined;
  /** Kernel command line. */
  readonly append?: string | undefined;
  /** Nanoseconds of guest time for an instruction; 1 when left out. */
  readonly clock?: number | undefined;
  /** Where sources are: a path prefix in the debug information, and the folder that it stands for. */
  readonly sources?: Readonly<Record<string, string>> | undefined;
  /** How the kernel keeps its tasks (docs/awareness.md). */
  readonly awareness?: AwarenessDescription | undefined;
  /** Tests; see `parseTests`. */
  readonly tests?: readonly unknown[] | undefined;
}

/** A word for the type of each key, for messages. */
const KEY_TYPES: Readonly<Record<keyof GuestConfig, string>> = {
  name: 'a string',
  machine: 'a string',
  cpu: 'a string',
  memory: 'a size such as "128M"',
  kernel: 'a string',
  symbols: 'a string or a list of strings',
  dtb: 'a string',
  initrd: 'a string',
  append: 'a string',
  clock: 'a number',
  sources: 'an object of strings',
  awareness: 'an object',
  tests: 'a list of tests',
};

/** The keys of a `guest.json`. */
export const GUEST_KEYS = Object.keys(KEY_TYPES) as ReadonlyArray<keyof GuestConfig>;

const MAX_CLOCK = 1e6;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Reads a `guest.json`. Throws an `InputError` for what is not JSON, unknown keys and values of a wrong type. */
export function parseGuestConfig(bytes: Uint8Array, file: string): GuestConfig {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : '';
    throw new InputError(`not valid JSON: ${reason}`, { file, remedy: 'Correct the file' });
  }
  return checkGuestConfig(value, file);
}

/** Checks the keys and types of a guest configuration from any source. Throws an `InputError`. */
export function checkGuestConfig(value: unknown, file?: string): GuestConfig {
  if (!isRecord(value)) {
    throw new InputError('a guest is described by an object', { file, remedy: 'Write { "kernel": "vmlinux" }' });
  }
  for (const [key, entry] of Object.entries(value)) {
    const known = GUEST_KEYS.find((name) => name === key);
    if (!known) throw unknownName('key', key, GUEST_KEYS, file);
    if (entry !== undefined && !hasType(known, entry)) {
      throw new InputError(`"${key}" must be ${KEY_TYPES[known]}`, { file, remedy: 'Correct the value' });
    }
    if (known === 'awareness' && entry !== undefined) checkAwareness(entry, file);
  }
  return value;
}

/** A memory size in bytes: `128M`, `64MB`, `131072K`, `0x8000000`, or a number. Throws an `InputError`. */
export function parseMemorySize(size: string | number, file?: string): number {
  const match = /^\s*(0x[0-9a-f]+|\d+)\s*([KMG]?)(?:i?B)?\s*$/i.exec(String(size));
  const bytes = match ? Number(match[1]) * UNITS[match[2].toUpperCase()] : NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new InputError(`memory size ${JSON.stringify(String(size).slice(0, 40))} is not understood`, {
      file,
      remedy: 'Write a number with a unit, such as 128M',
    });
  }
  return bytes;
}

function hasType(key: keyof GuestConfig, value: unknown): boolean {
  const isString = typeof value === 'string' && !value.includes('\0');
  switch (key) {
    case 'memory':
      return isString || typeof value === 'number';
    case 'symbols':
      return (
        isString || (Array.isArray(value) && value.every((path) => typeof path === 'string' && !path.includes('\0')))
      );
    case 'clock':
      return typeof value === 'number' && value > 0 && value <= MAX_CLOCK;
    case 'tests':
      return Array.isArray(value);
    case 'sources':
      return isRecord(value) && Object.values(value).every((path) => typeof path === 'string');
    case 'awareness':
      return isRecord(value);
    default:
      return isString;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
