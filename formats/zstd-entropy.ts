/** The entropy coding of Zstandard (RFC 8878, section 4): bits read backwards, FSE tables, Huffman tables. */

/** Damage in a compressed stream; `zstd.ts` turns it into an `InputError`. */
export class ZstdDamage extends Error {}

/** Bits from the end of a stream to its start (4.1.2). Past the start there are zeros, until someone asks. */
export class BackwardBits {
  private readonly bytes: Uint8Array;
  private readonly start: number;
  /** Bits not yet read. Negative when more has been read than there was. */
  remaining: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? bytes[end - 1] : 0;
    if (last === 0) throw new ZstdDamage('a bit stream without its end mark');
    this.bytes = bytes;
    this.start = start;
    this.remaining = (end - start) * 8 - 8 + (31 - Math.clz32(last));
  }

  /** The next `count` bits, 0 to 31, without taking them. */
  peek(count: number): number {
    let value = 0;
    const from = this.remaining - count;
    const top = Math.min(this.start * 8 + this.remaining + 7, this.bytes.length * 8) >> 3;
    for (let bit = 0; bit < count;) {
      const at = from + bit;
      if (at < 0) {
        bit -= at;
        continue;
      }
      const index = this.start + (at >> 3);
      const shift = at & 7;
      const byte = index <= top ? this.bytes[index] : 0;
      value += ((byte >> shift) & ((1 << Math.min(8 - shift, count - bit)) - 1)) * 2 ** bit;
      bit += 8 - shift;
    }
    return value;
  }

  read(count: number): number {
    const value = this.peek(count);
    this.remaining -= count;
    return value;
  }
}

/** A decoding table of finite state entropy. */
export interface FseTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** Builds a table from normalized counts; -1 is a symbol less probable than one state (4.1.1). */
export function buildFse(counts: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  let high = size - 1;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[high--] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at > high);
    }
  });
  if (at !== 0) throw new ZstdDamage('symbol counts that do not fill their table');
  const next = counts.map((count) => (count === -1 ? 1 : count));
  for (let state = 0; state < size; state++) {
    const number = next[symbols[state]]++;
    bits[state] = accuracy - (31 - Math.clz32(number));
    bases[state] = (number << bits[state]) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** Reads a table's description (4.1.1); `end` is the offset after it. */
export function readFse(
  bytes: Uint8Array,
  start: number,
  limit: number,
  maxAccuracy: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  let position = start * 8;
  const read = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, position++) {
      if (position >> 3 < limit && (bytes[position >> 3] >> (position & 7)) & 1) value |= 1 << i;
    }
    return value;
  };
  const accuracy = read(4) + 5;
  if (accuracy > maxAccuracy) throw new ZstdDamage('an entropy table that is too large');
  const counts: number[] = [];
  let remaining = (1 << accuracy) + 1;
  while (remaining > 1 && counts.length <= maxSymbol) {
    const width = 32 - Math.clz32(remaining);
    const small = (1 << width) - 1 - remaining;
    let value = read(width - 1);
    if (value >= small) {
      value |= read(1) << (width - 1);
      if (value >= 1 << (width - 1)) value -= small;
    }
    const count = value - 1;
    counts.push(count);
    remaining -= Math.abs(count);
    if (count !== 0) continue;
    for (let more = 3; more === 3;) {
      more = read(2);
      for (let i = 0; i < more; i++) counts.push(0);
      if (counts.length > maxSymbol + 1) throw new ZstdDamage('an entropy table with too many symbols');
    }
  }
  const end = (position + 7) >> 3;
  if (remaining !== 1 || end > limit) throw new ZstdDamage('an entropy table that is cut short');
  return { table: buildFse(counts, accuracy), end };
}

/** A decoding table for Huffman codes: by the next `maxBits` bits, the symbol and its length. */
export interface HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

const MAX_HUFFMAN_BITS = 11;

/** Reads a Huffman tree's description (4.2.1). */
export function readHuffman(bytes: Uint8Array, start: number, limit: number): { table: HuffmanTable; end: number } {
  if (start >= limit) throw new ZstdDamage('a Huffman table that is cut short');
  const header = bytes[start];
  const weights: number[] = [];
  let end = start + 1;
  if (header >= 128) {
    const count = header - 127;
    end += (count + 1) >> 1;
    for (let i = 0; i < count; i++) {
      const byte = bytes[start + 1 + (i >> 1)];
      weights.push(i & 1 ? byte & 15 : byte >> 4);
    }
  } else {
    end += header;
    if (end <= limit) weights.push(...readWeights(bytes, start + 1, end));
  }
  if (end > limit) throw new ZstdDamage('a Huffman table that is cut short');
  return { table: buildHuffman(weights), end };
}

/** Weights in two interleaved FSE streams, until the bits are used up. */
function readWeights(bytes: Uint8Array, start: number, limit: number): number[] {
  const { table, end } = readFse(bytes, start, limit, 6, 255);
  const stream = new BackwardBits(bytes, end, limit);
  const weights: number[] = [];
  const states = [stream.read(table.accuracy), stream.read(table.accuracy)];
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn];
    weights.push(table.symbols[state]);
    if (stream.remaining < table.bits[state]) {
      weights.push(table.symbols[states[turn ^ 1]]);
      return weights;
    }
    states[turn] = table.bases[state] + stream.read(table.bits[state]);
  }
  throw new ZstdDamage('a Huffman table with too many symbols');
}

function buildHuffman(weights: number[]): HuffmanTable {
  const total = weights.reduce((sum, weight) => sum + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  const maxBits = 32 - Math.clz32(total);
  const rest = (1 << maxBits) - total;
  // The last symbol's weight is what is missing to a power of two.
  if (total === 0 || maxBits > MAX_HUFFMAN_BITS || (rest & (rest - 1)) !== 0 || weights.length > 255) {
    throw new ZstdDamage('a Huffman table that makes no sense');
  }
  weights.push(32 - Math.clz32(rest));
  const symbols = new Uint8Array(1 << maxBits);
  const lengths = new Uint8Array(1 << maxBits);
  let at = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      const count = 1 << (weight - 1);
      symbols.fill(symbol, at, at + count);
      lengths.fill(maxBits + 1 - weight, at, at + count);
      at += count;
    });
  }
  return { maxBits, symbols, lengths };
}
