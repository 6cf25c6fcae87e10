/** A cursor over bytes of either byte order, with the variable-length integers of DWARF. Reading past the end throws. */
import { readString } from '../formats/elf-types.ts';
import { InputError } from '../formats/input-error.ts';

/** Names longer than this do not occur; it bounds what one damaged offset can cost. */
const LONGEST_STRING = 65_536;

/** Errors are `InputError`s that name `source`, e.g. `vmlinux: .debug_info`, and the offset. */
export class ByteReader {
  position: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly source: string;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length, littleEndian = true, source = 'debug information') {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
    this.end = Math.min(end, bytes.length);
    this.littleEndian = littleEndian;
    this.source = source;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  u8(): number {
    if (this.position >= this.end) this.cutShort();
    return this.bytes[this.position++];
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    const at = this.take(2);
    return this.view.getUint16(at, this.littleEndian);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  /** An unsigned integer of three bytes (DW_FORM_strx3, DW_FORM_addrx3). */
  u24(): number {
    const at = this.take(3);
    const { bytes } = this;
    return this.littleEndian
      ? bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
      : (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
  }

  u32(): number {
    const at = this.take(4);
    return this.view.getUint32(at, this.littleEndian);
  }

  i32(): number {
    return this.u32() | 0;
  }

  u64(): bigint {
    const at = this.take(8);
    return this.view.getBigUint64(at, this.littleEndian);
  }

  /** An unsigned integer of 1 to 8 bytes, as a number: exact up to 2^53. */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return Number(this.u64());
      default:
        return this.fail(`an integer of ${size} bytes`);
    }
  }

  /** Unsigned LEB128, exact up to 2^53. */
  uleb(): number {
    let byte = this.u8();
    let value = byte & 0x7f;
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  /** Signed LEB128, exact up to 2^53 in magnitude. */
  sleb(): number {
    let byte = this.u8();
    let value = byte & 0x7f;
    let scale = 128;
    while (byte >= 0x80) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    // Past 2^53 the sum is rounded; the rest of a longer number is its sign.
    return byte & 0x40 ? (scale > 2 ** 56 ? Number(BigInt.asIntN(64, BigInt(value))) : value - scale) : value;
  }

  /** Unsigned LEB128 modulo 2^64. */
  uleb64(): bigint {
    return this.leb64().value;
  }

  /** Signed LEB128 modulo 2^64. */
  sleb64(): bigint {
    const { value, bits, negative } = this.leb64();
    return BigInt.asIntN(64, negative && bits < 64 ? value - (1n << BigInt(bits)) : value);
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** A NUL-terminated string. */
  string(): string {
    const text = readString(this.bytes, this.position, LONGEST_STRING);
    if (text === undefined) this.fail('a string does not end');
    this.skipString();
    return text;
  }

  skipString(): void {
    const zero = this.bytes.indexOf(0, this.position);
    if (zero < 0 || zero >= this.end) this.cutShort();
    this.position = zero + 1;
  }

  skip(count: number): void {
    this.take(count);
  }

  /** Throws the `InputError` of what is wrong at the current position. */
  fail(problem: string): never {
    throw new InputError(problem, {
      file: this.source,
      offset: this.position,
      remedy: 'Build or copy the file again',
    });
  }

  private leb64(): { value: bigint; bits: number; negative: boolean } {
    let value = 0n;
    let bits = 0;
    for (;;) {
      const byte = this.u8();
      if (bits < 64) value |= BigInt(byte & 0x7f) << BigInt(bits);
      bits += 7;
      if (byte < 0x80) return { value: BigInt.asUintN(64, value), bits, negative: (byte & 0x40) !== 0 };
    }
  }

  private take(count: number): number {
    const at = this.position;
    if (!(count >= 0 && at + count <= this.end)) this.cutShort();
    this.position = at + count;
    return at;
  }

  private cutShort(): never {
    this.fail('cut short or damaged: the data ends inside an entry');
  }
}
