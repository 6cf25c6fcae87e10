/** Contents of compressed sections: SHF_COMPRESSED with zlib or Zstandard (gABI chapter 4), and GNU's `.zdebug_*`. */
import { unzlibSync } from 'fflate';
import { unzstd } from './zstd.ts';
import { InputError } from './input-error.ts';

const METHOD = { zlib: 1, zstd: 2 } as const;
const HEADER_SIZE = 12;
const GNU_MAGIC = [0x5a, 0x4c, 0x49, 0x42];
/** DEFLATE cannot expand more than this. */
const MAX_DEFLATE_RATIO = 1032;
/** Zstandard can expand without bound; debug sections do not. */
const MAX_ZSTD_SIZE = 0x4000_0000;

/** What is wrong, as a clause that continues "section N (name) ...". */
type Fail = (problem: string) => never;

/** Unpacks a section with SHF_COMPRESSED. */
export function unpackSection(stored: Uint8Array, littleEndian: boolean, fail: Fail): Uint8Array {
  if (stored.length < HEADER_SIZE) return fail('is cut short');
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const method = view.getUint32(0, littleEndian);
  const size = view.getUint32(4, littleEndian);
  const packed = stored.subarray(HEADER_SIZE);
  switch (method) {
    case METHOD.zlib:
      return unzlib(packed, size, fail);
    case METHOD.zstd:
      return unzstdSection(packed, size, fail);
    default:
      return fail(`is compressed by method ${method}, not by zlib or Zstandard`);
  }
}

/** Unpacks a `.zdebug_*` section of older GNU tools; undefined when it is stored as it is. */
export function unpackGnuSection(stored: Uint8Array, fail: Fail): Uint8Array | undefined {
  if (!GNU_MAGIC.every((byte, i) => stored[i] === byte)) return undefined;
  if (stored.length < HEADER_SIZE) return fail('is cut short');
  // Always big-endian, and in eight bytes, of which the first four are zero.
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  if (view.getUint32(4) !== 0) return fail('claims an impossible uncompressed size');
  return unzlib(stored.subarray(HEADER_SIZE), view.getUint32(8), fail);
}

function unzlib(packed: Uint8Array, size: number, fail: Fail): Uint8Array {
  if (size > (packed.length + HEADER_SIZE) * MAX_DEFLATE_RATIO) {
    return fail(`claims an impossible uncompressed size of ${size} bytes`);
  }
  try {
    const content = unzlibSync(packed, { out: new Uint8Array(size) });
    return content.length === size ? content : fail(`unpacks to ${content.length} bytes instead of ${size}`);
  } catch (error) {
    if (error instanceof InputError) throw error;
    return fail('holds damaged compressed data');
  }
}

function unzstdSection(packed: Uint8Array, size: number, fail: Fail): Uint8Array {
  if (size > MAX_ZSTD_SIZE) return fail(`claims an uncompressed size of ${size} bytes`);
  let content: Uint8Array;
  try {
    content = unzstd(packed, size);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return fail('holds damaged compressed data');
  }
  return content.length === size ? content : fail(`unpacks to ${content.length} bytes instead of ${size}`);
}
