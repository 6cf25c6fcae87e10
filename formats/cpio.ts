/** The "new ASCII" cpio format (newc, magic 070701) of Linux initial RAM disks (Documentation/driver-api/early-userspace/buffer-format). */
import { InputError } from './input-error.ts';

/** File type bits of a mode. */
export const FILE_TYPE = {
  mask: 0o170000,
  directory: 0o040000,
  regular: 0o100000,
  link: 0o120000,
  character: 0o020000,
} as const;

/** One member of an archive. */
export interface CpioEntry {
  /** Path without a leading slash. */
  readonly name: string;
  /** File type and permissions, as in `stat`. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly nlink?: number;
  /** Seconds since 1970. */
  readonly mtime?: number;
  readonly inode?: number;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
  /** Contents of a file, or the target of a link. */
  readonly data: Uint8Array;
}

const HEADER_SIZE = 110;
const TRAILER = 'TRAILER!!!';
const MAX_NAME = 4096;
/** Header fields of 8 hexadecimal digits after the magic, in order. */
const FIELDS = [
  'inode',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'size',
  'devMajor',
  'devMinor',
  'major',
  'minor',
  'nameSize',
  'check',
] as const;
type Header = Record<(typeof FIELDS)[number], number>;

const align4 = (offset: number): number => (offset + 3) & ~3;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Whether the bytes begin with the magic of a newc archive (070701, or 070702 with checksums). */
export function isCpio(bytes: Uint8Array): boolean {
  if (bytes.length < 6) return false;
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  return magic === '070701' || magic === '070702';
}

/** Lists an archive; contents are views of `bytes`. Throws an `InputError` when it is damaged or cut short. */
export function readCpio(bytes: Uint8Array, name = 'cpio archive'): CpioEntry[] {
  return readCpioAt(bytes, 0, name).entries;
}

/** Lists the archive that starts at an offset (a multiple of 4); `end` is where its trailer entry ends. */
export function readCpioAt(bytes: Uint8Array, offset: number, name: string): { entries: CpioEntry[]; end: number } {
  const entries: CpioEntry[] = [];
  let at = offset;
  const fail = (problem: string): never => {
    throw new InputError(problem, { file: name, offset: at, remedy: 'Make it again with cpio -o -H newc' });
  };
  for (;;) {
    if (at + HEADER_SIZE > bytes.length) fail('cut short: no TRAILER!!! entry ends the archive');
    if (!isCpio(bytes.subarray(at, at + 6))) fail('not a newc cpio entry: the magic 070701 is missing');
    const header = readHeader(bytes, at) ?? fail('the entry header holds something else than hexadecimal digits');
    const { nameSize, size } = header;
    if (nameSize < 1 || nameSize > MAX_NAME) fail(`an entry name of ${nameSize} bytes`);
    const data = align4(at + HEADER_SIZE + nameSize);
    if (data + size > bytes.length) fail(`cut short: the entry needs ${size} bytes at ${data} of ${bytes.length}`);
    const entryName = decoder.decode(bytes.subarray(at + HEADER_SIZE, at + HEADER_SIZE + nameSize - 1));
    if (entryName === TRAILER) return { entries, end: data };
    entries.push({
      name: entryName,
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      nlink: header.nlink,
      mtime: header.mtime,
      inode: header.inode,
      device: [header.major, header.minor],
      data: bytes.subarray(data, data + size),
    });
    at = align4(data + size);
  }
}

/** Writes an archive, padded to 512 bytes as cpio does. Inodes are numbered from 1 where not given. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const all = [...entries, { name: TRAILER, mode: 0, data: new Uint8Array(0), inode: 0 }];
  const names = all.map((entry) => encoder.encode(`${entry.name}\0`));
  let size = 0;
  all.forEach((entry, i) => (size = align4(align4(size + HEADER_SIZE + names[i].length) + entry.data.length)));
  const output = new Uint8Array(Math.ceil(size / 512) * 512);
  let at = 0;
  all.forEach((entry, i) => {
    const header: Header = {
      inode: entry.inode ?? i + 1,
      mode: entry.mode,
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      nlink: entry.nlink ?? 1,
      mtime: entry.mtime ?? 0,
      size: entry.data.length,
      devMajor: 0,
      devMinor: 0,
      major: entry.device?.[0] ?? 0,
      minor: entry.device?.[1] ?? 0,
      nameSize: names[i].length,
      check: 0,
    };
    const digits = FIELDS.map((field) => (header[field] >>> 0).toString(16).toUpperCase().padStart(8, '0'));
    output.set(encoder.encode(`070701${digits.join('')}`), at);
    output.set(names[i], at + HEADER_SIZE);
    const data = align4(at + HEADER_SIZE + names[i].length);
    output.set(entry.data, data);
    at = align4(data + entry.data.length);
  });
  return output;
}

function readHeader(bytes: Uint8Array, at: number): Header | undefined {
  const text = String.fromCharCode(...bytes.subarray(at + 6, at + HEADER_SIZE));
  if (!/^[0-9a-fA-F]+$/.test(text)) return undefined;
  const values = FIELDS.map((field, i) => [field, parseInt(text.slice(i * 8, i * 8 + 8), 16)] as const);
  return Object.fromEntries(values) as Header;
}
