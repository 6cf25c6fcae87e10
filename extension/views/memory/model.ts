/** Bytes as the Memory view holds them: what is known, what has changed, and how words are read and written. */

/** Bytes of one unit; ARM926 guests are little-endian. */
export type UnitSize = 1 | 2 | 4;

const ADDRESS_SPACE = 2 ** 32;
/** Bytes that can be scrolled over without a jump, and how far before the address they begin. */
export const WINDOW = 0x1_0000;
const BEFORE = 0x1000;

/** Where the window on memory begins so that an address is well inside; a multiple of the row. */
export function windowStart(address: number, rowBytes: number): number {
  const start = Math.max(0, Math.min(address - BEFORE, ADDRESS_SPACE - WINDOW));
  return start - (start % rowBytes);
}

/** Moves the window when its first or last row is reached; undefined when it stays. */
export function shiftedWindow(start: number, firstRow: number, lastRow: number, rowBytes: number): number | undefined {
  const rows = WINDOW / rowBytes;
  const half = WINDOW / 2;
  if (firstRow <= 0 && start > 0) return Math.max(0, start - half);
  if (lastRow >= rows && start + WINDOW < ADDRESS_SPACE) return Math.min(ADDRESS_SPACE - WINDOW, start + half);
  return undefined;
}

/** The bytes of a part of memory; undefined for one that cannot be read. */
export type Bytes = (number | undefined)[];

/** What was seen of memory, and which bytes were different before. */
export class MemoryImage {
  private readonly bytes = new Map<number, number | undefined>();
  private readonly changes = new Set<number>();
  private epoch: string | undefined;

  /** Takes bytes as they are at a moment. Marks are those of the last moment at which something was read. */
  update(start: number, bytes: Bytes, epoch: string): void {
    if (epoch !== this.epoch) this.changes.clear();
    this.epoch = epoch;
    bytes.forEach((byte, i) => {
      const address = start + i;
      if (this.bytes.has(address) && this.bytes.get(address) !== byte) this.changes.add(address);
      this.bytes.set(address, byte);
    });
    // What was looked at long ago is forgotten.
    if (this.bytes.size > 4 * WINDOW) this.clear();
  }

  /** The byte at an address; `unknown` when it has not been read. */
  at(address: number): number | undefined | 'unknown' {
    return this.bytes.has(address) ? this.bytes.get(address) : 'unknown';
  }

  hasChanged(address: number, size: number): boolean {
    for (let i = 0; i < size; i++) if (this.changes.has(address + i)) return true;
    return false;
  }

  clear(): void {
    this.bytes.clear();
    this.changes.clear();
  }
}

/** A unit in hexadecimal; `?` for what cannot be read, blanks for what is not known yet. */
export function unitText(image: MemoryImage, address: number, size: UnitSize): string {
  let text = '';
  for (let i = size - 1; i >= 0; i--) {
    const byte = image.at(address + i);
    if (byte === 'unknown') return ' '.repeat(2 * size);
    if (byte === undefined) return '?'.repeat(2 * size);
    text += byte.toString(16).padStart(2, '0');
  }
  return text;
}

/** A byte as a character, a dot for what has none. */
export function characterOf(byte: number | undefined | 'unknown'): string {
  if (byte === 'unknown' || byte === undefined) return ' ';
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

/** The bytes of a unit that was typed as hexadecimal digits, lowest address first. */
export function unitBytes(digits: string, size: UnitSize): number[] {
  const padded = digits.padStart(2 * size, '0').slice(-2 * size);
  return Array.from({ length: size }, (_, i) => parseInt(padded.slice(2 * (size - 1 - i), 2 * (size - i)), 16));
}

/** Base64 of bytes, and back. */
export const toBase64 = (bytes: readonly number[]): string => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text: string): number[] => Array.from(atob(text), (character) => character.charCodeAt(0));

/** The answer to `readMemory`. */
export interface ReadAnswer {
  data?: string;
  unreadableBytes?: number;
}

/** Parts of a range that one load asks for: readable and unreadable pieces alternate. */
const MOST_PIECES = 64;

/** Reads a range piece by piece, with what cannot be read as undefined. `read`: `readMemory` at an offset. */
export async function readRange(
  count: number,
  read: (offset: number, count: number) => Promise<ReadAnswer>,
): Promise<Bytes> {
  const bytes: Bytes = [];
  for (let piece = 0; piece < MOST_PIECES && bytes.length < count; piece++) {
    const { data = '', unreadableBytes = 0 } = await read(bytes.length, count - bytes.length);
    bytes.push(...fromBase64(data));
    for (let i = 0; i < unreadableBytes && bytes.length < count; i++) bytes.push(undefined);
    if (data === '' && unreadableBytes === 0) break;
  }
  while (bytes.length < count) bytes.push(undefined);
  return bytes;
}
