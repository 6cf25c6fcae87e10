/**
 * ELF32 reader (System V gABI chapters 4 and 5; ELF for the ARM Architecture, IHI 0044) over a `Uint8Array`.
 * Headers are read at once; symbols, strings and contents when they are asked for, as views of the file.
 */
import { unpackGnuSection, unpackSection } from './compressed-section.ts';
import { SymbolTable, type MappingSymbol } from './elf-symbols.ts';
import {
  EM_ARM,
  PT_LOAD,
  readString,
  SECTION_FLAG,
  SECTION_TYPE,
  type ElfSection,
  type ElfSegment,
} from './elf-types.ts';
import { hex, InputError } from './input-error.ts';

export * from './elf-types.ts';
export type { ElfSymbol, MappingKind, MappingSymbol } from './elf-symbols.ts';

const HEADER_SIZE = 52;
const SEGMENT_SIZE = 32;
const SECTION_SIZE = 40;
const MACHINE_NAMES: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
};
const MAX_SECTION_NAME = 1024;

/** Whether the bytes begin with the ELF magic. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** A parsed ELF32 file of either byte order. Errors are `InputError`s that name `name`. */
export class ElfFile {
  readonly bytes: Uint8Array;
  /** File name for messages. */
  readonly name: string;
  readonly littleEndian: boolean;
  readonly type: number;
  readonly machine: number;
  readonly entry: number;
  readonly flags: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  private readonly view: DataView;
  private table: SymbolTable | undefined;

  /** Reads the headers. Throws an `InputError` for anything but a well-formed ELF32 file. */
  constructor(bytes: Uint8Array, name = 'ELF file') {
    this.bytes = bytes;
    this.name = name;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!isElf(bytes)) {
      throw new InputError('not an ELF file: the magic 7f 45 4c 46 is missing', { file: name, offset: 0 });
    }
    if (bytes.length < HEADER_SIZE)
      this.fail(`cut short: ${bytes.length} bytes do not hold an ELF header`, bytes.length);
    if (bytes[4] !== 1) {
      const what = bytes[4] === 2 ? 'a 64-bit ELF file' : `of unknown ELF class ${bytes[4]}`;
      this.fail(`${what}, not a 32-bit one`, 4, 'Give a kernel that is built for 32-bit ARM');
    }
    if (bytes[5] !== 1 && bytes[5] !== 2) this.fail(`unknown ELF byte order ${bytes[5]}`, 5);
    this.littleEndian = bytes[5] === 1;
    this.type = this.u16(16);
    this.machine = this.u16(18);
    this.entry = this.u32(24);
    this.flags = this.u32(36);
    this.segments = this.readSegments();
    this.sections = this.readSections();
  }

  /** Throws an `InputError` unless this is little-endian 32-bit ARM. */
  requireArm(): this {
    if (this.machine !== EM_ARM) {
      const other = MACHINE_NAMES[this.machine] ?? `machine ${this.machine}`;
      this.fail(`built for ${other}, not for 32-bit ARM`, 18, 'Give a file that is built for 32-bit ARM');
    }
    if (!this.littleEndian) {
      this.fail('a big-endian ARM file; only little-endian ARM can be run', 5, 'Build it without -mbig-endian');
    }
    return this;
  }

  /** The first section of a name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** The allocated section that contains a virtual address. Not meaningful in a relocatable file. */
  sectionAt(address: number): ElfSection | undefined {
    return this.sections.find(
      (section) =>
        section.flags & SECTION_FLAG.alloc && address >= section.address && address - section.address < section.size,
    );
  }

  /** The bytes of a section as stored, a view of the file; empty for NOBITS. */
  sectionBytes(section: ElfSection): Uint8Array {
    if (section.type === SECTION_TYPE.nobits || section.type === SECTION_TYPE.null) return new Uint8Array(0);
    return this.slice(section.offset, section.size, `section ${section.index} (${section.name})`);
  }

  /** The bytes of a section, decompressed when it is stored compressed: with zlib, with Zstandard, or the old GNU way. */
  sectionContent(section: ElfSection): Uint8Array {
    const stored = this.sectionBytes(section);
    const bad = (problem: string): never =>
      this.fail(`section ${section.index} (${section.name}) ${problem}`, section.offset, 'Build without -gz');
    if (section.flags & SECTION_FLAG.compressed) return unpackSection(stored, this.littleEndian, bad);
    return (section.name.startsWith('.zdebug_') ? unpackGnuSection(stored, bad) : undefined) ?? stored;
  }

  /** The file bytes of a segment, a view of the file. */
  segmentBytes(segment: ElfSegment): Uint8Array {
    return this.slice(segment.offset, segment.fileSize, `program header ${segment.index}`);
  }

  /** The symbols of `.symtab`, an empty table when there is none. */
  get symbols(): SymbolTable {
    this.table ??= this.readSymbols();
    return this.table;
  }

  /** The `$a`, `$t`, `$d` symbols of a section in ascending order of address (IHI 0044, 5.5.5). */
  mappingSymbols(section: ElfSection): readonly MappingSymbol[] {
    return this.symbols.mapping(section.index);
  }

  private readSegments(): ElfSegment[] {
    const offset = this.u32(28);
    const count = offset === 0 ? 0 : this.u16(44);
    if (count === 0) return [];
    this.checkTable('program headers', offset, count, this.u16(42), SEGMENT_SIZE);
    return Array.from({ length: count }, (_, index) => {
      const at = offset + index * SEGMENT_SIZE;
      return {
        index,
        type: this.u32(at),
        offset: this.u32(at + 4),
        virtualAddress: this.u32(at + 8),
        physicalAddress: this.u32(at + 12),
        fileSize: this.u32(at + 16),
        memorySize: this.u32(at + 20),
        flags: this.u32(at + 24),
        alignment: this.u32(at + 28),
      };
    });
  }

  private readSections(): ElfSection[] {
    const offset = this.u32(32);
    if (offset === 0) return [];
    let count = this.u16(48);
    let namesIndex = this.u16(50);
    this.checkTable('section headers', offset, Math.max(count, 1), this.u16(46), SECTION_SIZE);
    // gABI: too many sections for the header; the real numbers are in section header 0.
    if (count === 0) count = this.u32(offset + 20);
    if (namesIndex === 0xffff) namesIndex = this.u32(offset + 24);
    if (count === 0) return [];
    this.checkTable('section headers', offset, count, SECTION_SIZE, SECTION_SIZE);
    let names = new Uint8Array(0);
    if (namesIndex !== 0) {
      if (namesIndex >= count) this.fail(`section name table ${namesIndex} does not exist among ${count} sections`, 50);
      const at = offset + namesIndex * SECTION_SIZE;
      names = this.slice(this.u32(at + 16), this.u32(at + 20), 'the section name table');
    }
    return Array.from({ length: count }, (_, index) => {
      const at = offset + index * SECTION_SIZE;
      return {
        index,
        name: namesIndex === 0 ? '' : this.string(names, this.u32(at), `name of section ${index}`, at),
        type: this.u32(at + 4),
        flags: this.u32(at + 8),
        address: this.u32(at + 12),
        offset: this.u32(at + 16),
        size: this.u32(at + 20),
        link: this.u32(at + 24),
        info: this.u32(at + 28),
        alignment: this.u32(at + 32),
        entrySize: this.u32(at + 36),
      };
    });
  }

  private readSymbols(): SymbolTable {
    const section = this.sections.find((candidate) => candidate.type === SECTION_TYPE.symtab);
    if (!section) return new SymbolTable(this, new Uint8Array(0), new Uint8Array(0));
    if (section.entrySize !== 16) {
      this.fail(`symbol table entries of ${section.entrySize} bytes instead of 16`, section.offset);
    }
    const strings = this.sections[section.link];
    if (strings?.type !== SECTION_TYPE.strtab) {
      this.fail(`the symbol table names section ${section.link} as its string table, which is none`, section.offset);
    }
    return new SymbolTable(this, this.sectionBytes(section), this.sectionBytes(strings));
  }

  private string(table: Uint8Array, offset: number, what: string, place: number): string {
    const text = readString(table, offset, MAX_SECTION_NAME);
    return text ?? this.fail(`the ${what} does not end inside its string table, or is too long`, place);
  }

  private checkTable(what: string, offset: number, count: number, entrySize: number, expected: number): void {
    if (entrySize !== expected) this.fail(`${what} of ${entrySize} bytes instead of ${expected}`, offset);
    if (offset + count * entrySize > this.bytes.length) {
      this.fail(`cut short or damaged: ${count} ${what} do not fit in ${this.bytes.length} bytes`, offset);
    }
  }

  private slice(offset: number, size: number, what: string): Uint8Array<ArrayBuffer> {
    if (offset + size > this.bytes.length) {
      this.fail(`cut short or damaged: ${what} needs ${size} bytes and the file has ${this.bytes.length}`, offset);
    }
    return this.bytes.subarray(offset, offset + size) as Uint8Array<ArrayBuffer>;
  }

  private fail(problem: string, offset: number, remedy = 'Build or copy the file again'): never {
    throw new InputError(problem, { file: this.name, offset, remedy });
  }

  private u16(offset: number): number {
    return this.view.getUint16(offset, this.littleEndian);
  }

  private u32(offset: number): number {
    return this.view.getUint32(offset, this.littleEndian);
  }
}

/**
 * The sections with executable contents. Throws an `InputError` when they add up to more than the file: then they
 * overlap, and looking through each could take for ever.
 */
export function codeSections(elf: ElfFile): ElfSection[] {
  return withinFile(
    elf,
    'code sections',
    elf.sections.filter(
      ({ flags, type, size }) => (flags & SECTION_FLAG.execute) !== 0 && type !== SECTION_TYPE.nobits && size > 0,
    ),
  );
}

/** The sections that take memory in the target. Throws an `InputError`, as `codeSections` does. */
export function allocatedSections(elf: ElfFile): ElfSection[] {
  return withinFile(
    elf,
    'allocated sections',
    elf.sections.filter(({ flags }) => (flags & SECTION_FLAG.alloc) !== 0),
  );
}

function withinFile(elf: ElfFile, what: string, sections: ElfSection[]): ElfSection[] {
  const stored = sections.filter(({ type }) => type !== SECTION_TYPE.nobits);
  const total = stored.reduce((sum, section) => sum + section.size, 0);
  if (total <= elf.bytes.length) return sections;
  throw new InputError(`damaged: its ${what} have ${total} bytes, the file has ${elf.bytes.length}`, {
    file: elf.name,
    remedy: 'Build or copy the file again',
  });
}

/** The load address (LMA) of a section from the segment that holds its file bytes; undefined when none does. */
export function sectionLoadAddress(elf: ElfFile, section: ElfSection): number | undefined {
  const segment = elf.segments.find(
    (candidate) =>
      candidate.type === PT_LOAD &&
      section.address >= candidate.virtualAddress &&
      section.address - candidate.virtualAddress + section.size <= candidate.memorySize &&
      (section.type === SECTION_TYPE.nobits ||
        section.offset - candidate.offset === section.address - candidate.virtualAddress),
  );
  return segment && (section.address - segment.virtualAddress + segment.physicalAddress) >>> 0;
}

/** The load address of a virtual address, by the segment that contains it; undefined when none does. */
export function loadAddress(elf: ElfFile, virtualAddress: number): number | undefined {
  const segment = elf.segments.find(
    (candidate) =>
      candidate.type === PT_LOAD &&
      virtualAddress >= candidate.virtualAddress &&
      virtualAddress - candidate.virtualAddress < candidate.memorySize,
  );
  return segment && (virtualAddress - segment.virtualAddress + segment.physicalAddress) >>> 0;
}

/** Throws the error of an address that a file should contain. */
export function missingAddress(elf: ElfFile, address: number, what: string): InputError {
  return new InputError(`${what} ${hex(address)} lies in no loadable segment`, {
    file: elf.name,
    remedy: 'Link it with the entry point inside the program',
  });
}
