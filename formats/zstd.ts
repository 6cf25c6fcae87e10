/** Zstandard decompression (RFC 8878) with a bound on the size of what comes out. No dictionaries. */
import { InputError } from './input-error.ts';
import {
  BackwardBits,
  buildFse,
  readFse,
  readHuffman,
  ZstdDamage,
  type FseTable,
  type HuffmanTable,
} from './zstd-entropy.ts';

const MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const BLOCK = { raw: 0, rle: 1, compressed: 2 } as const;
const MODE = { predefined: 0, rle: 1, compressed: 2 } as const;
const LITERALS = { raw: 0, rle: 1, treeless: 3 } as const;
const MAX_BLOCK = 0x2_0000;

/** Base values and extra bits of literal length codes (3.1.1.3.2.1.1). */
const LITERAL_LENGTHS = codes(
  [...Array.from({ length: 16 }, () => 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  0,
);
/** Those of match length codes. */
const MATCH_LENGTHS = codes(
  [...Array.from({ length: 32 }, () => 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  3,
);

function codes(bits: readonly number[], first: number): { bits: readonly number[]; bases: readonly number[] } {
  let base = first;
  return {
    bits,
    bases: bits.map((count) => {
      base += 1 << count;
      return base - (1 << count);
    }),
  };
}

/** Default distributions (3.1.1.3.2.2). */
const PREDEFINED = {
  literalLength: buildFse(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
  matchLength: buildFse(
    [
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    6,
  ),
  offset: buildFse([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
};

/** Decompresses all frames to at most `limit` bytes. Throws an `InputError` on damage or excess. */
export function unzstd(bytes: Uint8Array, limit: number, name = 'Zstandard data'): Uint8Array {
  const decoder = new Decoder(bytes, limit);
  try {
    decoder.run();
  } catch (error) {
    if (!(error instanceof ZstdDamage)) throw error;
    throw new InputError(`damaged: ${error.message}`, {
      file: name,
      offset: decoder.position,
      remedy: 'Copy or compress it again',
    });
  }
  return decoder.output.subarray(0, decoder.written);
}

class Decoder {
  position = 0;
  written = 0;
  output: Uint8Array;
  private readonly bytes: Uint8Array;
  private readonly limit: number;
  private frameStart = 0;
  private huffman: HuffmanTable | undefined;
  private tables: { literalLength?: FseTable; offset?: FseTable; matchLength?: FseTable } = {};
  private offsets: [number, number, number] = [1, 4, 8];

  constructor(bytes: Uint8Array, limit: number) {
    this.bytes = bytes;
    this.limit = limit;
    this.output = new Uint8Array(Math.min(limit, Math.max(1024, bytes.length * 4)));
  }

  run(): void {
    while (this.position < this.bytes.length) {
      const magic = this.take(4);
      if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) this.skip(this.take(4));
      else if (magic === MAGIC) this.frame();
      else throw new ZstdDamage('the magic 28 b5 2f fd is missing');
    }
  }

  private frame(): void {
    const descriptor = this.take(1);
    const single = (descriptor & 0x20) !== 0;
    if (!single) this.take(1); // the window: all output is kept, so every window fits
    if (descriptor & 8) throw new ZstdDamage('a reserved bit is set');
    if (this.take([0, 1, 2, 4][descriptor & 3]) !== 0) throw new ZstdDamage('it needs a dictionary');
    this.skip([single ? 1 : 0, 2, 4, 8][descriptor >> 6]);
    this.frameStart = this.written;
    this.huffman = undefined;
    this.tables = {};
    this.offsets = [1, 4, 8];
    for (let last = false; !last;) {
      const header = this.take(3);
      last = (header & 1) !== 0;
      this.block((header >> 1) & 3, header >> 3);
    }
    if (descriptor & 4) this.skip(4); // the checksum of the contents; whoever reads them checks them by their structure
  }

  private block(type: number, size: number): void {
    if (size > MAX_BLOCK && type !== BLOCK.rle) throw new ZstdDamage('a block that is too large');
    switch (type) {
      case BLOCK.raw: {
        const start = this.position;
        this.skip(size);
        this.append(this.bytes.subarray(start, start + size));
        break;
      }
      case BLOCK.rle: {
        const value = this.take(1);
        this.reserve(size);
        this.output.fill(value, this.written, this.written + size);
        this.written += size;
        break;
      }
      case BLOCK.compressed: {
        const end = this.position + size;
        if (end > this.bytes.length) throw new ZstdDamage('the data is cut short');
        const literals = this.literals(end);
        this.sequences(literals, end);
        this.position = end;
        break;
      }
      default:
        throw new ZstdDamage('a block of a reserved type');
    }
  }

  /** The literals section (3.1.1.3.1). */
  private literals(limit: number): Uint8Array {
    const first = this.bytes[this.position];
    const type = first & 3;
    const format = (first >> 2) & 3;
    if (type === LITERALS.raw || type === LITERALS.rle) {
      const header = this.take([1, 2, 1, 3][format]);
      const size = header >> (format & 1 ? 4 : 3);
      if (size > MAX_BLOCK) throw new ZstdDamage('too many literals');
      if (type === LITERALS.rle) return new Uint8Array(size).fill(this.take(1));
      const start = this.position;
      this.skip(size);
      return this.bytes.subarray(start, start + size);
    }
    const headerSize = [3, 3, 4, 5][format];
    const header = this.takeBig(headerSize);
    const width = BigInt([10, 10, 14, 18][format]);
    const regenerated = Number((header >> 4n) & ((1n << width) - 1n));
    const compressed = Number((header >> (4n + width)) & ((1n << width) - 1n));
    const end = this.position + compressed;
    if (end > limit || regenerated > MAX_BLOCK) throw new ZstdDamage('literals that do not fit in their block');
    if (type !== LITERALS.treeless) {
      const { table, end: treeEnd } = readHuffman(this.bytes, this.position, end);
      this.huffman = table;
      this.position = treeEnd;
    }
    const table = this.huffman;
    if (!table) throw new ZstdDamage('literals without a Huffman table');
    const output = new Uint8Array(regenerated);
    if (format === 0) this.huffmanStream(table, this.position, end, output);
    else this.fourStreams(table, end, output);
    this.position = end;
    return output;
  }

  private fourStreams(table: HuffmanTable, end: number, output: Uint8Array): void {
    const sizes = [this.take(2), this.take(2), this.take(2)];
    const part = (output.length + 3) >> 2;
    let at = this.position;
    for (let i = 0; i < 4; i++) {
      const next = i < 3 ? at + sizes[i] : end;
      if (next > end) throw new ZstdDamage('streams of literals that do not fit');
      this.huffmanStream(table, at, next, output.subarray(i * part, i < 3 ? (i + 1) * part : output.length));
      at = next;
    }
  }

  private huffmanStream(table: HuffmanTable, start: number, end: number, output: Uint8Array): void {
    const bits = new BackwardBits(this.bytes, start, end);
    for (let i = 0; i < output.length; i++) {
      const code = bits.peek(table.maxBits);
      output[i] = table.symbols[code];
      bits.remaining -= table.lengths[code];
    }
    if (bits.remaining !== 0) throw new ZstdDamage('a stream of literals that does not end where it should');
  }

  /** The sequences section (3.1.1.3.2), executed as it is read. */
  private sequences(literals: Uint8Array, end: number): void {
    let count = this.take(1);
    if (count >= 255) count = this.take(2) + 0x7f00;
    else if (count >= 128) count = ((count - 128) << 8) + this.take(1);
    if (count === 0) {
      this.append(literals);
      return;
    }
    const modes = this.take(1);
    const literalTable = this.table('literalLength', modes >> 6, 9, 35, end);
    const offsetTable = this.table('offset', (modes >> 4) & 3, 8, 31, end);
    const matchTable = this.table('matchLength', (modes >> 2) & 3, 9, 52, end);
    const bits = new BackwardBits(this.bytes, this.position, end);
    let literalState = bits.read(literalTable.accuracy);
    let offsetState = bits.read(offsetTable.accuracy);
    let matchState = bits.read(matchTable.accuracy);
    let used = 0;
    for (let i = 0; i < count; i++) {
      const offsetCode = offsetTable.symbols[offsetState];
      const matchCode = matchTable.symbols[matchState];
      const literalCode = literalTable.symbols[literalState];
      if (offsetCode > 31) throw new ZstdDamage('an offset that is too far');
      const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
      const matchLength = MATCH_LENGTHS.bases[matchCode] + bits.read(MATCH_LENGTHS.bits[matchCode]);
      const literalLength = LITERAL_LENGTHS.bases[literalCode] + bits.read(LITERAL_LENGTHS.bits[literalCode]);
      if (used + literalLength > literals.length) throw new ZstdDamage('a sequence with more literals than there are');
      this.append(literals.subarray(used, used + literalLength));
      used += literalLength;
      this.match(this.offset(offsetValue, literalLength), matchLength);
      if (i + 1 < count) {
        literalState = literalTable.bases[literalState] + bits.read(literalTable.bits[literalState]);
        matchState = matchTable.bases[matchState] + bits.read(matchTable.bits[matchState]);
        offsetState = offsetTable.bases[offsetState] + bits.read(offsetTable.bits[offsetState]);
      }
      if (bits.remaining < 0) throw new ZstdDamage('sequences that are cut short');
    }
    if (bits.remaining !== 0) throw new ZstdDamage('sequences that do not end where they should');
    this.append(literals.subarray(used));
  }

  private table(
    which: 'literalLength' | 'offset' | 'matchLength',
    mode: number,
    maxAccuracy: number,
    maxSymbol: number,
    end: number,
  ): FseTable {
    if (mode === MODE.predefined) this.tables[which] = PREDEFINED[which];
    else if (mode === MODE.rle) {
      const symbol = this.take(1);
      if (symbol > maxSymbol) throw new ZstdDamage('a symbol that does not exist');
      this.tables[which] = {
        accuracy: 0,
        symbols: Uint8Array.of(symbol),
        bits: Uint8Array.of(0),
        bases: Uint16Array.of(0),
      };
    } else if (mode === MODE.compressed) {
      const read = readFse(this.bytes, this.position, end, maxAccuracy, maxSymbol);
      this.tables[which] = read.table;
      this.position = read.end;
    }
    const table = this.tables[which];
    if (!table) throw new ZstdDamage('a table is repeated before there is one');
    return table;
  }

  /** The distance of a match: new, or one of the last three (3.1.1.5). */
  private offset(value: number, literalLength: number): number {
    const { offsets } = this;
    if (value > 3) {
      this.offsets = [value - 3, offsets[0], offsets[1]];
      return this.offsets[0];
    }
    const index = value - 1 + (literalLength === 0 ? 1 : 0);
    if (index === 0) return offsets[0];
    const offset = index === 3 ? offsets[0] - 1 : offsets[index];
    this.offsets = [offset, offsets[0], index === 1 ? offsets[2] : offsets[1]];
    return offset;
  }

  private match(distance: number, length: number): void {
    if (distance < 1 || distance > this.written - this.frameStart) throw new ZstdDamage('a match before the start');
    this.reserve(length);
    const { output } = this;
    for (let i = 0; i < length; i++, this.written++) output[this.written] = output[this.written - distance];
  }

  private append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.output.set(bytes, this.written);
    this.written += bytes.length;
  }

  private reserve(count: number): void {
    const needed = this.written + count;
    if (needed > this.limit) throw new ZstdDamage(`it unpacks to more than ${this.limit} bytes`);
    if (needed <= this.output.length) return;
    const larger = new Uint8Array(Math.min(this.limit, Math.max(needed, this.output.length * 2)));
    larger.set(this.output.subarray(0, this.written));
    this.output = larger;
  }

  /** A little-endian integer of up to 4 bytes. */
  private take(count: number): number {
    return Number(this.takeBig(count));
  }

  private takeBig(count: number): bigint {
    const start = this.position;
    this.skip(count);
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]);
    return value;
  }

  private skip(count: number): void {
    if (this.position + count > this.bytes.length) throw new ZstdDamage('the data is cut short');
    this.position += count;
  }
}
