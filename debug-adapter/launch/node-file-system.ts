/** Guest files on Node's disk. */
import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { useHostInflate } from '../../formats/gzip.ts';
import type { FileSystem } from './file-system.ts';

/** What zlib returns with `info`; its type definitions leave it out. */
interface InflateInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

useHostInflate({
  inflateRaw: (bytes, limit, expected) => {
    const { buffer, engine } = inflateRawSync(bytes, {
      info: true,
      maxOutputLength: limit,
      // One piece instead of many, when the caller's guess of the size is right.
      chunkSize: Math.max(64, Math.min(expected + 1, limit)),
    }) as unknown as InflateInfo;
    const content = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
    return { content, consumed: engine.bytesWritten };
  },
  crc32,
});

export const nodeFileSystem: FileSystem = {
  readFile: async (path) => {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  },
  isDirectory: async (path) => {
    try {
      return (await stat(path)).isDirectory();
    } catch {
      return false;
    }
  },
  resolve,
  dirname,
};

/** Whether a path is that of a file, at once. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
