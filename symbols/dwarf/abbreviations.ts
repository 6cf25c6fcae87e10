/** Abbreviation tables (7.5.3), and for each abbreviation a plan for reading past it fast. */
import type { ByteReader } from '../byte-reader.ts';
import { FORM } from './constants.ts';
import { fixedFormSize, type UnitFormat } from './forms.ts';
import type { DwarfSection } from './sections.ts';

/** No compiler comes near; it bounds what an entry of one byte can cost. */
const MAX_ATTRIBUTES = 256;
/** Tables that units share are read once; tables that overlap are an attack. */
const MAX_OVERLAP = 8;

/** The declaration that entries refer to by its code. */
export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attributes in order. */
  readonly names: readonly number[];
  readonly forms: readonly number[];
  /** Values of attributes with DW_FORM_implicit_const, by position. */
  readonly constants: readonly (bigint | undefined)[];
  /** Size of the attributes when it is the same in every entry, else -1. */
  readonly fixedSize: number;
}

/** The table at one offset, by code. */
export type AbbreviationTable = ReadonlyMap<number, Abbreviation>;

/** The tables of one `.debug_abbrev` section, each read when first asked for. */
export class Abbreviations {
  private readonly section: DwarfSection;
  private readonly tables = new Map<string, AbbreviationTable>();
  private bytesRead = 0;

  constructor(section: DwarfSection) {
    this.section = section;
  }

  /** The table at an offset, for units of one format. */
  table(offset: number, format: UnitFormat): AbbreviationTable {
    const key = `${offset} ${format.offsetSize} ${format.addressSize} ${format.version < 3}`;
    let table = this.tables.get(key);
    if (!table) {
      const reader = this.section.reader(offset);
      table = readTable(reader, format);
      this.bytesRead += reader.position - offset;
      if (this.bytesRead > MAX_OVERLAP * this.section.bytes.length) {
        this.section.fail('the abbreviation tables overlap beyond reason', offset);
      }
      this.tables.set(key, table);
    }
    return table;
  }

  /** Whether the bytes of an attribute and one of these forms stand together anywhere; false is certain. */
  mayContain(attribute: number, forms: readonly number[]): boolean {
    const { bytes } = this.section;
    // Attributes above 0x7f take two bytes.
    const encoded = attribute < 0x80 ? [attribute] : [(attribute & 0x7f) | 0x80, attribute >> 7];
    for (let at = bytes.indexOf(encoded[0]); at >= 0; at = bytes.indexOf(encoded[0], at + 1)) {
      if (encoded.length === 2 && bytes[at + 1] !== encoded[1]) continue;
      if (forms.includes(bytes[at + encoded.length])) return true;
    }
    return false;
  }
}

function readTable(reader: ByteReader, format: UnitFormat): AbbreviationTable {
  const table = new Map<number, Abbreviation>();
  for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
    const tag = reader.uleb();
    const hasChildren = reader.u8() !== 0;
    const names: number[] = [];
    const forms: number[] = [];
    const constants: (bigint | undefined)[] = [];
    let fixedSize = 0;
    for (;;) {
      const name = reader.uleb();
      const form = reader.uleb();
      const constant = form === FORM.implicitConst ? reader.sleb64() : undefined;
      if (name === 0 && form === 0) break;
      if (names.length === MAX_ATTRIBUTES) reader.fail(`abbreviation ${code} has too many attributes`);
      names.push(name);
      forms.push(form);
      constants.push(constant);
      const size = fixedFormSize(form, format);
      fixedSize = size < 0 || fixedSize < 0 ? -1 : fixedSize + size;
    }
    if (!table.has(code)) table.set(code, { code, tag, hasChildren, names, forms, constants, fixedSize });
  }
  return table;
}
