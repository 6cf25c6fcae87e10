/** The debug sections of one ELF file: found under any of their names, decompressed and relocated when first read. */
import { type ElfFile, type ElfSection } from '../../formats/elf.ts';
import { readString } from '../../formats/elf-types.ts';
import { InputError } from '../../formats/input-error.ts';
import { ByteReader } from '../byte-reader.ts';
import { relocated, type SectionLayout } from './relocation.ts';

/** One debug section; empty when the file has none. */
export class DwarfSection {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  /** For messages: file and section. */
  readonly source: string;

  constructor(bytes: Uint8Array, littleEndian: boolean, source: string) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.source = source;
  }

  /** A cursor at an offset. */
  reader(offset: number, end = this.bytes.length): ByteReader {
    return new ByteReader(this.bytes, offset, end, this.littleEndian, this.source);
  }

  /** The string at an offset. */
  string(offset: number): string {
    return readString(this.bytes, offset) ?? this.fail('a string lies outside the section', offset);
  }

  fail(problem: string, offset: number): never {
    throw new InputError(problem, { file: this.source, offset, remedy: 'Build or copy the file again' });
  }
}

/** The sections that are read, by their names without `.debug_`. */
export type DwarfSectionName =
  | 'abbrev'
  | 'addr'
  | 'aranges'
  | 'info'
  | 'line'
  | 'line_str'
  | 'loc'
  | 'loclists'
  | 'ranges'
  | 'rnglists'
  | 'str'
  | 'str_offsets'
  | 'types';

/** The debug sections of a file, or of the part of a `.dwo` file whose names end in `.dwo`. */
export class DwarfSections {
  readonly elf: ElfFile;
  private readonly layout: SectionLayout;
  private readonly suffix: string;
  private readonly byName = new Map<DwarfSectionName, readonly DwarfSection[]>();

  constructor(elf: ElfFile, layout: SectionLayout, split = false) {
    this.elf = elf;
    this.layout = layout;
    this.suffix = split ? '.dwo' : '';
  }

  /** A section; where relocatable files have several of a name (COMDAT groups), the first. */
  get(name: DwarfSectionName): DwarfSection {
    return this.all(name)[0];
  }

  /** All sections of a name, or one that is empty. */
  all(name: DwarfSectionName): readonly DwarfSection[] {
    let found = this.byName.get(name);
    if (!found) {
      const names = [`.debug_${name}${this.suffix}`, `.zdebug_${name}${this.suffix}`];
      const sections = this.elf.sections.filter((section) => names.includes(section.name));
      found = sections.map((section) => this.read(section));
      if (found.length === 0) found = [this.section(new Uint8Array(0), names[0])];
      this.byName.set(name, found);
    }
    return found;
  }

  private read(section: ElfSection): DwarfSection {
    return this.section(relocated(this.elf, section, this.layout), section.name);
  }

  private section(bytes: Uint8Array, name: string): DwarfSection {
    return new DwarfSection(bytes, this.elf.littleEndian, `${this.elf.name}: ${name}`);
  }
}
