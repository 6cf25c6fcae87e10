/** One debugging information entry and its attributes, read where they stand. */
import type { ByteReader } from '../byte-reader.ts';
import type { Abbreviation } from './abbreviations.ts';
import { AT, FORM } from './constants.ts';
import { blockLength, directForm, readOffset, skipForm } from './forms.ts';
import type { DwarfSection } from './sections.ts';
import type { Unit } from './unit.ts';

/** Chains of DW_AT_abstract_origin and DW_AT_specification are this long at most; more is a loop. */
const LONGEST_CHAIN = 16;

/** Bytes of a section. */
export interface Block {
  readonly section: DwarfSection;
  readonly start: number;
  readonly end: number;
}

/** An entry. Getters throw an `InputError` when the attribute's data is damaged. */
export class Die {
  readonly unit: Unit;
  /** Offset in the unit's section. */
  readonly offset: number;
  readonly abbreviation: Abbreviation;
  /** Offset after the attributes: that of the first child or of what follows. */
  readonly end: number;
  /** Where each attribute's value starts. */
  private readonly positions: readonly number[];

  /** Reads the entry that starts at `offset`, whose code has just been read. */
  constructor(unit: Unit, offset: number, abbreviation: Abbreviation, reader: ByteReader) {
    this.unit = unit;
    this.offset = offset;
    this.abbreviation = abbreviation;
    this.positions = abbreviation.forms.map((form) => {
      const { position } = reader;
      skipForm(form, reader, unit);
      return position;
    });
    this.end = reader.position;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  has(attribute: number): boolean {
    return this.abbreviation.names.includes(attribute);
  }

  /** The name of the entry itself. */
  get name(): string | undefined {
    return this.text(AT.name);
  }

  /** Children in order. */
  children(): Generator<Die> {
    return this.unit.childrenOf(this);
  }

  /** A string attribute. */
  text(attribute: number): string | undefined {
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    switch (form) {
      case FORM.string:
        return reader.string();
      case FORM.strp:
        return this.unit.sections.get('str').string(readOffset(reader, this.unit.offsetSize));
      case FORM.lineStrp:
        return this.unit.sections.get('line_str').string(readOffset(reader, this.unit.offsetSize));
      case FORM.strx:
      case FORM.gnuStrIndex:
        return this.unit.indexedString(reader.uleb());
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4:
        return this.unit.indexedString(reader.unsigned(form - FORM.strx1 + 1));
      case FORM.strpSup:
      case FORM.gnuStrpAlt:
        return reader.fail('the string is in a supplementary file, which is not read');
      default:
        return undefined;
    }
  }

  /** A constant as an unsigned number (data1 to data8) or as it is signed (sdata); exact up to 2^53. */
  number(attribute: number): number | undefined {
    const value = this.integer(attribute);
    return value === undefined ? undefined : Number(value);
  }

  /** A constant; forms without a sign give unsigned values. */
  integer(attribute: number): number | bigint | undefined {
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    switch (form) {
      case FORM.flag:
      case FORM.data1:
        return reader.u8();
      case FORM.data2:
        return reader.u16();
      case FORM.data4:
        return reader.u32();
      case FORM.data8:
        return reader.u64();
      case FORM.udata:
        return reader.uleb64();
      case FORM.sdata:
        return reader.sleb64();
      case FORM.secOffset:
        return readOffset(reader, this.unit.offsetSize);
      case FORM.flagPresent:
        return 1;
      case FORM.implicitConst:
        return this.abbreviation.constants[this.abbreviation.names.indexOf(attribute)];
      default:
        return undefined;
    }
  }

  /** A constant as an integer of at most 64 bits with the sign that its size gives it. */
  signedInteger(attribute: number): bigint | undefined {
    const value = this.integer(attribute);
    if (value === undefined) return undefined;
    const width = { [FORM.data1]: 8, [FORM.data2]: 16, [FORM.data4]: 32 }[this.form(attribute) ?? 0] ?? 64;
    return BigInt.asIntN(width, BigInt(value));
  }

  flag(attribute: number): boolean {
    return this.has(attribute) && Boolean(this.integer(attribute));
  }

  /** An attribute of class address. */
  address(attribute: number): number | undefined {
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    switch (form) {
      case FORM.addr:
        return reader.unsigned(this.unit.addressSize) >>> 0;
      case FORM.addrx:
      case FORM.gnuAddrIndex:
        return this.unit.indexedAddress(reader.uleb());
      case FORM.addrx1:
      case FORM.addrx2:
      case FORM.addrx3:
      case FORM.addrx4:
        return this.unit.indexedAddress(reader.unsigned(form - FORM.addrx1 + 1));
      default:
        return undefined;
    }
  }

  /** The index of a range or location list (DW_FORM_rnglistx, DW_FORM_loclistx). */
  listIndex(attribute: number): number {
    return this.value(attribute)?.reader.uleb() ?? 0;
  }

  /** The entry that an attribute refers to. */
  reference(attribute: number): Die | undefined {
    const offset = this.referenceOffset(attribute);
    if (offset !== undefined) return this.unit.dieInUnit(offset - this.unit.offset);
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    const { unit } = this;
    switch (form) {
      case FORM.refAddr:
        return unit.owner.dieAt(unit.section, reader.unsigned(unit.version < 3 ? unit.addressSize : unit.offsetSize));
      case FORM.refSig8:
        return unit.owner.typeBySignature(reader.u64());
      case FORM.refSup4:
      case FORM.refSup8:
      case FORM.gnuRefAlt:
        return reader.fail('the entry is in a supplementary file, which is not read');
      default:
        return undefined;
    }
  }

  /** Where in the section the entry is that an attribute refers to, by a form that stays inside the unit. */
  referenceOffset(attribute: number): number | undefined {
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    switch (form) {
      case FORM.ref1:
        return this.unit.offset + reader.u8();
      case FORM.ref2:
        return this.unit.offset + reader.u16();
      case FORM.ref4:
        return this.unit.offset + reader.u32();
      case FORM.ref8:
        return this.unit.offset + Number(reader.u64());
      case FORM.refUdata:
        return this.unit.offset + reader.uleb();
      default:
        return undefined;
    }
  }

  /** The bytes of a block, an expression or a constant of 16 bytes. */
  block(attribute: number): Block | undefined {
    const at = this.value(attribute);
    if (!at) return undefined;
    const { form, reader } = at;
    const isBlock = [FORM.block, FORM.block1, FORM.block2, FORM.block4, FORM.exprloc].some((block) => block === form);
    if (!isBlock && form !== FORM.data16) return undefined;
    const length = isBlock ? blockLength(form, reader) : 16;
    return { section: this.unit.section, start: reader.position, end: reader.position + length };
  }

  /** The form of an attribute, DW_FORM_indirect resolved. */
  form(attribute: number): number | undefined {
    return this.value(attribute)?.form;
  }

  /** This entry, then those that it is an instance or the completion of. */
  *origins(): Generator<Die> {
    yield this;
    let die = this.origin;
    for (let i = 1; die && i < LONGEST_CHAIN; i++) {
      yield die;
      die = die.origin;
    }
  }

  private get origin(): Die | undefined {
    return this.reference(AT.abstractOrigin) ?? this.reference(AT.specification);
  }

  /** The first of `origins` that has an attribute. */
  withAttribute(attribute: number): Die | undefined {
    for (const die of this.origins()) if (die.has(attribute)) return die;
    return undefined;
  }

  /** The name, found through `origins`. */
  get fullName(): string | undefined {
    return this.withAttribute(AT.name)?.name;
  }

  private value(attribute: number): { form: number; reader: ByteReader } | undefined {
    const index = this.abbreviation.names.indexOf(attribute);
    if (index < 0) return undefined;
    const { reader } = this.unit;
    reader.position = this.positions[index];
    let form = this.abbreviation.forms[index];
    if (form === FORM.indirect) form = directForm(reader);
    return { form, reader };
  }
}
