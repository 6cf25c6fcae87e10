/** Units: their headers (7.5.1), the entries in them, and what their root entry says about the rest. */
import type { ByteReader } from '../byte-reader.ts';
import type { AbbreviationTable } from './abbreviations.ts';
import { AT, UNIT_TYPE } from './constants.ts';
import { Die } from './die.ts';
import { initialLength, readOffset, skipForm, type UnitFormat } from './forms.ts';
import type { DwarfSection, DwarfSections } from './sections.ts';

/** Deeper nesting than this is damage. */
const MAX_DEPTH = 256;

/** What the entries of a unit need of the other units. */
export interface UnitOwner {
  /** The entry at an offset of a section, in whichever unit it is. */
  dieAt(section: DwarfSection, offset: number): Die;
  /** The type of a type unit; undefined when there is none of this signature. */
  typeBySignature(signature: bigint): Die | undefined;
  abbreviations(sections: DwarfSections, offset: number, format: UnitFormat): AbbreviationTable;
}

/** A unit of `.debug_info` or `.debug_types`. */
export class Unit implements UnitFormat {
  readonly owner: UnitOwner;
  readonly sections: DwarfSections;
  readonly section: DwarfSection;
  /** Bounds in the section. */
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: number;
  readonly addressSize: number;
  /** A value of `UNIT_TYPE`. */
  readonly type: number;
  /** Of a type unit. */
  readonly signature: bigint | undefined;
  /** Identifies the `.dwo` unit that a skeleton stands for. */
  readonly headerDwoId: bigint | undefined;
  /** A cursor for the attributes of entries: whoever reads sets its position first. */
  readonly reader: ByteReader;
  /** Where the addresses and ranges of a split unit are indexed. */
  readonly skeleton: Unit | undefined;
  private readonly abbrevOffset: number;
  private readonly typeOffset: number;
  private readonly firstDie: number;
  private table: AbbreviationTable | undefined;
  private rootDie: Die | undefined;
  private strBase: number | undefined;
  private addressBase: number | undefined;

  /** Reads the header at an offset. Throws an `InputError` when it is damaged or of a version that is not known. */
  constructor(owner: UnitOwner, sections: DwarfSections, section: DwarfSection, offset: number, skeleton?: Unit) {
    this.owner = owner;
    this.sections = sections;
    this.section = section;
    this.offset = offset;
    this.skeleton = skeleton;
    const header = section.reader(offset);
    const { length, offsetSize } = initialLength(header);
    this.offsetSize = offsetSize;
    this.end = header.position + length;
    if (this.end > section.bytes.length) header.fail(`cut short or damaged: a unit of ${length} bytes does not fit`);
    this.version = header.u16();
    if (this.version < 2 || this.version > 5) {
      section.fail(`DWARF version ${this.version}; versions 2 to 5 can be read`, offset);
    }
    let type: number = section === sections.get('types') || isTypes(section) ? UNIT_TYPE.type : UNIT_TYPE.compile;
    if (this.version >= 5) {
      type = header.u8();
      this.addressSize = header.u8();
      this.abbrevOffset = readOffset(header, offsetSize);
    } else {
      this.abbrevOffset = readOffset(header, offsetSize);
      this.addressSize = header.u8();
    }
    if (this.addressSize !== 4) section.fail(`addresses of ${this.addressSize} bytes; 4 are expected`, offset);
    this.type = type;
    const isSplit = type === UNIT_TYPE.skeleton || type === UNIT_TYPE.splitCompile;
    const isType = type === UNIT_TYPE.type || type === UNIT_TYPE.splitType;
    this.headerDwoId = isSplit ? header.u64() : undefined;
    this.signature = isType ? header.u64() : undefined;
    this.typeOffset = isType ? readOffset(header, offsetSize) : 0;
    this.firstDie = header.position;
    this.reader = section.reader(this.firstDie, this.end);
  }

  /** The entry of the unit itself. */
  get root(): Die {
    this.rootDie ??= this.dieAt(this.firstDie) ?? this.section.fail('a unit without an entry', this.firstDie);
    return this.rootDie;
  }

  get abbreviations(): AbbreviationTable {
    this.table ??= this.owner.abbreviations(this.sections, this.abbrevOffset, this);
    return this.table;
  }

  /** The type that a type unit describes. */
  get typeDie(): Die {
    return this.dieInUnit(this.typeOffset);
  }

  get name(): string {
    return this.root.name ?? '';
  }

  /** The directory of the compilation: names of files are relative to it. */
  get directory(): string {
    return this.root.text(AT.compDir) ?? this.skeleton?.directory ?? '';
  }

  get language(): number {
    return this.root.number(AT.language) ?? 0;
  }

  /** The base address of range and location lists. */
  get lowPc(): number {
    return (this.skeleton ?? this).root.address(AT.lowPc) ?? 0;
  }

  /** Identifies the `.dwo` unit, whichever version wrote it. */
  get dwoId(): bigint | undefined {
    const value = this.headerDwoId ?? this.root.integer(AT.gnuDwoId);
    return value === undefined ? undefined : BigInt(value);
  }

  /** The file that holds the unit, of a skeleton. */
  get dwoName(): string | undefined {
    return this.root.text(AT.dwoName) ?? this.root.text(AT.gnuDwoName);
  }

  /** The entry at an offset from the start of the unit. */
  dieInUnit(offset: number): Die {
    const at = this.offset + offset;
    if (at < this.firstDie || at >= this.end) this.section.fail('a reference leaves its unit', this.offset);
    return this.dieAt(at) ?? this.section.fail('a reference to no entry', at);
  }

  /** The entry at an offset of the section; undefined for the null entry that ends a list of children. */
  dieAt(offset: number): Die | undefined {
    const { reader } = this;
    reader.position = offset;
    const code = reader.uleb();
    if (code === 0) return undefined;
    const abbreviation = this.abbreviations.get(code);
    if (!abbreviation) return this.section.fail(`abbreviation ${code} is not in the table of its unit`, offset);
    return new Die(this, offset, abbreviation, reader);
  }

  /** The children of an entry, in order. */
  *childrenOf(parent: Die): Generator<Die> {
    if (!parent.abbreviation.hasChildren) return;
    let at = parent.end;
    while (at < this.end) {
      const die = this.dieAt(at);
      if (!die) return;
      yield die;
      at = this.after(die);
    }
  }

  /** The offset after an entry and its children. */
  after(die: Die): number {
    if (!die.abbreviation.hasChildren) return die.end;
    const sibling = die.referenceOffset(AT.sibling);
    if (sibling !== undefined && sibling >= die.end && sibling <= this.end) return sibling;
    this.reader.position = die.end;
    this.skipChildren();
    return this.reader.position;
  }

  /** Reads past a list of children, from its first one on to after its null entry. */
  skipChildren(): void {
    const { reader } = this;
    for (let depth = 1; depth > 0 && !reader.done;) {
      const at = reader.position;
      const code = reader.uleb();
      if (code === 0) {
        depth--;
        continue;
      }
      const abbreviation = this.abbreviations.get(code);
      if (!abbreviation) return this.section.fail(`abbreviation ${code} is not in the table of its unit`, at);
      if (abbreviation.fixedSize >= 0) reader.skip(abbreviation.fixedSize);
      else for (const form of abbreviation.forms) skipForm(form, reader, this);
      if (abbreviation.hasChildren && ++depth > MAX_DEPTH) this.section.fail('the entries are nested too deeply', at);
    }
  }

  /** The string of an index (DW_FORM_strx). */
  indexedString(index: number): string {
    return this.sections.get('str').string(this.indexedStringOffset(index));
  }

  /** The offset in `.debug_str` of an indexed string. */
  indexedStringOffset(index: number): number {
    const at = this.strOffsetsBase + index * this.offsetSize;
    return readOffset(this.sections.get('str_offsets').reader(at), this.offsetSize);
  }

  /** The address of an index (DW_FORM_addrx). */
  indexedAddress(index: number): number {
    const unit = this.skeleton ?? this;
    unit.addressBase ??= unit.root.number(AT.addrBase) ?? unit.root.number(AT.gnuAddrBase) ?? 0;
    return unit.sections
      .get('addr')
      .reader(unit.addressBase + index * this.addressSize)
      .u32();
  }

  private get strOffsetsBase(): number {
    // The root itself may name its strings by index, so the base is read without asking for more.
    this.strBase ??= this.root.number(AT.strOffsetsBase) ?? (this.version >= 5 ? this.offsetSize * 2 : 0);
    return this.strBase;
  }
}

const isTypes = ({ source }: DwarfSection): boolean => /\.z?debug_types(\.dwo)?$/.test(source);
