/** Abbreviation tables (7.5.3), and for each abbreviation a plan for reading past it fast. */
import type { ByteReader } from '../byte-reader.ts';
import { FORM } from './constants.ts';
import { fixedFormSize, type UnitFormat } from './forms.ts';
import type { DwarfSection } from './sections.ts';

/** No compiler comes near; it bounds what an entry of one byte can cost. */
const MAX_ATTRIBUTES = 256;
/** Compilers number from 1; codes above this are looked up the slow way. */
const MAX_CODE = 65_536;
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

/**
 * The table at one offset. It is read as far as a code has been asked for, and a declaration is taken apart only when it
 * is used: tables are large, and most questions need a few of their entries.
 */
export class AbbreviationTable {
  private readonly reader: ByteReader;
  private readonly format: UnitFormat;
  private readonly onRead: (size: number) => void;
  /** Where the declaration of each code seen so far begins. */
  private readonly positions = new Map<number, number>();
  private readonly known: Abbreviation[] = [];
  private complete = false;

  /** `onRead` is told of every declaration's bytes when they are first read. */
  constructor(reader: ByteReader, format: UnitFormat, onRead: (size: number) => void) {
    this.reader = reader;
    this.format = format;
    this.onRead = onRead;
  }

  /** The abbreviation of a code; undefined when the table has none. */
  get(code: number): Abbreviation | undefined {
    return this.known[code] ?? this.find(code);
  }

  /** All abbreviations. */
  *values(): Generator<Abbreviation> {
    while (!this.complete) this.next();
    for (const code of this.positions.keys()) {
      const abbreviation = this.get(code);
      if (abbreviation) yield abbreviation;
    }
  }

  private find(code: number): Abbreviation | undefined {
    while (!this.complete && !this.positions.has(code)) this.next();
    const position = this.positions.get(code);
    if (position === undefined) return undefined;
    const { reader } = this;
    const back = reader.position;
    reader.position = position;
    const abbreviation = readAbbreviation(reader, code, this.format);
    reader.position = back;
    if (code < MAX_CODE) this.known[code] = abbreviation;
    return abbreviation;
  }

  /** Reads past one declaration. */
  private next(): void {
    const { reader } = this;
    const start = reader.position;
    const code = reader.uleb();
    if (code === 0) {
      this.complete = true;
      return;
    }
    if (!this.positions.has(code)) this.positions.set(code, reader.position);
    reader.skipLeb();
    reader.skip(1);
    for (let name = 1, form = 1; name !== 0 || form !== 0;) {
      name = reader.uleb();
      form = reader.uleb();
      if (form === FORM.implicitConst) reader.skipLeb();
    }
    this.onRead(reader.position - start);
  }
}

/** The tables of one `.debug_abbrev` section. */
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
      table = new AbbreviationTable(this.section.reader(offset), format, (size) => {
        this.bytesRead += size;
        if (this.bytesRead > MAX_OVERLAP * this.section.bytes.length) {
          this.section.fail('the abbreviation tables overlap beyond reason', offset);
        }
      });
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

function readAbbreviation(reader: ByteReader, code: number, format: UnitFormat): Abbreviation {
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
    if (name === 0 && form === 0) return { code, tag, hasChildren, names, forms, constants, fixedSize };
    if (names.length === MAX_ATTRIBUTES) reader.fail(`abbreviation ${code} has too many attributes`);
    names.push(name);
    forms.push(form);
    constants.push(constant);
    const size = fixedFormSize(form, format);
    fixedSize = size < 0 || fixedSize < 0 ? -1 : fixedSize + size;
  }
}
