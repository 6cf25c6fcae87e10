/** A cursor over little-endian bytes with the variable-length integers of DWARF. Reading past the end throws. */
export class ByteReader {
  position: number;
  readonly end: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
    this.end = Math.min(end, bytes.length);
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  u8(): number {
    this.need(1);
    return this.view.getUint8(this.position++);
  }

  u16(): number {
    this.need(2);
    this.position += 2;
    return this.view.getUint16(this.position - 2, true);
  }

  u32(): number {
    this.need(4);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  /** Unsigned LEB128, modulo 2^32. */
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      if (scale < 2 ** 35) value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** Signed LEB128 of at most 32 significant bits. */
  sleb(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.u8();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return shift < 32 && byte & 0x40 ? value | (-1 << shift) : value;
    }
  }

  /** A NUL-terminated ASCII string. */
  string(): string {
    let text = '';
    for (let byte = this.u8(); byte !== 0; byte = this.u8()) text += String.fromCharCode(byte);
    return text;
  }

  skip(count: number): void {
    this.need(count);
    this.position += count;
  }

  private need(count: number): void {
    if (count < 0 || this.position + count > this.end) {
      throw new RangeError(`unexpected end at offset 0x${this.position.toString(16)}`);
    }
  }
}
