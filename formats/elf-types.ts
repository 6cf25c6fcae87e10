/** Constants and header types of ELF32 (System V gABI chapters 4 and 5), and string tables. */

/** `e_type` values. */
export const ELF_TYPE = { relocatable: 1, executable: 2, shared: 3, core: 4 } as const;
/** `e_machine` of 32-bit ARM. */
export const EM_ARM = 40;
/** `sh_type` values used here. */
export const SECTION_TYPE = {
  null: 0,
  progbits: 1,
  symtab: 2,
  strtab: 3,
  rela: 4,
  note: 7,
  nobits: 8,
  rel: 9,
} as const;
/** `sh_flags` bits used here. */
export const SECTION_FLAG = { write: 1, alloc: 2, execute: 4, compressed: 0x800 } as const;
/** `p_type` of a loadable segment. */
export const PT_LOAD = 1;

/** A section header. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Virtual address of the first byte; 0 when not allocated, or in a relocatable file. */
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
}

/** A program header. */
export interface ElfSegment {
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: number;
  /** Load address (LMA). */
  readonly physicalAddress: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

const utf8 = new TextDecoder();

/**
 * The NUL-terminated string at an offset of a string table, at most `limit` bytes; undefined when it does not end
 * inside the table or is longer.
 */
export function readString(table: Uint8Array, offset: number, limit = 65_536): string | undefined {
  if (offset >= table.length) return undefined;
  const last = Math.min(table.length, offset + limit + 1);
  let text = '';
  for (let i = offset; i < last; i++) {
    const byte = table[i];
    if (byte === 0) return text;
    if (byte >= 0x80) return readUtf8(table, offset, last);
    text += String.fromCharCode(byte);
  }
  return undefined;
}

function readUtf8(table: Uint8Array, offset: number, last: number): string | undefined {
  const length = table.subarray(offset, last).indexOf(0);
  return length < 0 ? undefined : utf8.decode(table.subarray(offset, offset + length));
}
