/** Line number programs (6.2), versions 2 to 5: headers with their file tables, and rows in typed arrays. */
import type { ByteReader } from '../byte-reader.ts';
import { FORM } from './constants.ts';
import { fixedFormSize, initialLength, readOffset, skipForm, type UnitFormat } from './forms.ts';
import type { DwarfSection, DwarfSections } from './sections.ts';
import { joinPath } from './source-path.ts';

const LNS = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStmt: 6,
  setBasicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
  setPrologueEnd: 10,
  setEpilogueBegin: 11,
} as const;
const LNE = { endSequence: 1, setAddress: 2 } as const;
const LNCT = { path: 1, directoryIndex: 2 } as const;

const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/** Flags of a row. */
export const ROW = { isStatement: 1, endSequence: 2, prologueEnd: 4 } as const;

/** What a header says. */
export interface LineHeader {
  readonly version: number;
  /** Files by number. */
  readonly files: FileTable;
  readonly programStart: number;
  readonly end: number;
  readonly minimumLength: number;
  readonly operationsPerInstruction: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of each standard opcode. */
  readonly operands: Uint8Array;
}

/** The rows of one program, sorted: sequences by their first address, rows by address within each. */
export interface LineRows {
  readonly header: LineHeader;
  readonly count: number;
  readonly addresses: Uint32Array;
  readonly lines: Uint32Array;
  readonly files: Uint32Array;
  readonly columns: Uint16Array;
  readonly flags: Uint8Array;
  /** First row of each sequence, and `count` at the end. */
  readonly sequences: Uint32Array;
}

/** Reads the header of the program at an offset. `directory` is that of the compilation. */
export function readLineHeader(sections: DwarfSections, offset: number, directory: string): LineHeader {
  const reader = sections.get('line').reader(offset);
  const { length, offsetSize } = initialLength(reader);
  const end = reader.position + length;
  if (end > reader.end) reader.fail(`cut short or damaged: a line table of ${length} bytes does not fit`);
  const version = reader.u16();
  if (version < 2 || version > 5) reader.fail(`line table version ${version}; versions 2 to 5 can be read`);
  if (version >= 5) reader.skip(2); // sizes of addresses and of segment selectors
  const headerLength = readOffset(reader, offsetSize);
  const programStart = reader.position + headerLength;
  if (programStart > end) reader.fail('a line table whose header is longer than itself');
  const minimumLength = reader.u8();
  const operationsPerInstruction = version >= 4 ? Math.max(1, reader.u8()) : 1;
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const operands = new Uint8Array(256);
  for (let opcode = 1; opcode < opcodeBase; opcode++) operands[opcode] = reader.u8();
  const format = { version, offsetSize, addressSize: 4 };
  const files =
    version >= 5
      ? modernFiles(reader, sections, format, directory)
      : classicFiles(reader, sections.get('line'), directory);
  return {
    version,
    files,
    programStart,
    end,
    minimumLength,
    operationsPerInstruction,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    operands,
  };
}

/** The file table of a header. Names stay where they are until they are asked for: there are very many. */
class FileTable {
  readonly count: number;
  private readonly section: DwarfSection;
  private readonly names: Uint32Array;
  private readonly directoryIndices: Uint32Array;
  private readonly directories: readonly string[];
  private readonly base: string;
  private readonly paths: (string | undefined)[] = [];

  /** `names` are offsets in `section`; a name is relative to its directory, which is relative to `base`. */
  constructor(
    section: DwarfSection,
    names: readonly number[],
    directoryIndices: readonly number[],
    directories: readonly string[],
    base: string,
  ) {
    this.count = names.length;
    this.section = section;
    this.names = Uint32Array.from(names);
    this.directoryIndices = Uint32Array.from(directoryIndices);
    this.directories = directories;
    this.base = base;
  }

  /** The path of a file number; undefined when there is no such file. */
  path(number: number): string | undefined {
    if (!(number >= 0 && number < this.count)) return undefined;
    const directory = this.directories[this.directoryIndices[number]] ?? '';
    return (this.paths[number] ??= joinPath(joinPath(this.base, directory), this.section.string(this.names[number])));
  }

  /** Whether the last part of a file's name is `name`, given as bytes with a NUL at the end. */
  isNamed(number: number, name: Uint8Array): boolean {
    const { bytes } = this.section;
    const start = this.names[number];
    const end = bytes.indexOf(0, start) + 1;
    const from = end - name.length;
    if (from < start) return false;
    for (let i = name.length - 1; i >= 0; i--) if (bytes[from + i] !== name[i]) return false;
    return from === start || bytes[from - 1] === SLASH || bytes[from - 1] === BACKSLASH;
  }
}

function classicFiles(reader: ByteReader, section: DwarfSection, base: string): FileTable {
  const directories = [''];
  for (let name = reader.string(); name !== ''; name = reader.string()) directories.push(name);
  const names: number[] = [];
  const indices: number[] = [];
  for (;;) {
    const at = reader.position;
    reader.skipString();
    if (reader.position === at + 1) break;
    names.push(at);
    indices.push(reader.uleb());
    reader.skipLeb(); // modification time
    reader.skipLeb(); // size
  }
  // Number 0 does not exist before version 5; compilers of version 5 that write version 3 mean the first file.
  if (names.length > 0) {
    names.unshift(names[0]);
    indices.unshift(indices[0]);
  }
  return new FileTable(section, names, indices, directories, base);
}

function modernFiles(reader: ByteReader, sections: DwarfSections, format: UnitFormat, base: string): FileTable {
  const found = entries(reader, sections, format);
  const directories = found.names.map((at) => found.section.string(at));
  const files = entries(reader, sections, format);
  // The first directory is that of the compilation.
  return new FileTable(
    files.section,
    files.names,
    files.directories,
    directories,
    joinPath(base, directories[0] ?? ''),
  );
}

interface FileEntries {
  section: DwarfSection;
  names: number[];
  directories: number[];
}

/** The entries of a version 5 directory or file table, which says itself how they are stored (6.2.4.1). */
function entries(reader: ByteReader, sections: DwarfSections, format: UnitFormat): FileEntries {
  const fields = Array.from({ length: reader.u8() }, () => ({ content: reader.uleb(), form: reader.uleb() }));
  const count = reader.uleb();
  const found: FileEntries = { section: sections.get('line'), names: [], directories: [] };
  const smallest = fields.reduce((sum, { form }) => sum + Math.max(0, fixedFormSize(form, format)), 0);
  // Without this, entries that take no space could be without number.
  if (count > 0 && smallest === 0 && fields.every(({ form }) => form !== FORM.string)) {
    reader.fail('a file table whose entries take no space');
  }
  for (let i = 0; i < count; i++) {
    let directory = 0;
    for (const { content, form } of fields) {
      if (content === LNCT.path) {
        const name = readName(reader, sections, form, format);
        found.section = name.section;
        found.names.push(name.offset);
      } else if (content === LNCT.directoryIndex) directory = readIndex(reader, form);
      else skipForm(form, reader, format);
    }
    found.directories.push(directory);
  }
  return found;
}

function readName(
  reader: ByteReader,
  sections: DwarfSections,
  form: number,
  format: UnitFormat,
): { section: DwarfSection; offset: number } {
  switch (form) {
    case FORM.string: {
      const offset = reader.position;
      reader.skipString();
      return { section: sections.get('line'), offset };
    }
    case FORM.lineStrp:
      return { section: sections.get('line_str'), offset: readOffset(reader, format.offsetSize) };
    case FORM.strp:
      return { section: sections.get('str'), offset: readOffset(reader, format.offsetSize) };
    default:
      return reader.fail(`a file name of form 0x${form.toString(16)}`);
  }
}

function readIndex(reader: ByteReader, form: number): number {
  switch (form) {
    case FORM.data1:
      return reader.u8();
    case FORM.data2:
      return reader.u16();
    case FORM.udata:
      return reader.uleb();
    default:
      return reader.fail(`a directory index of form 0x${form.toString(16)}`);
  }
}

/** Rows as they come out of the program, in arrays that grow. */
class RowBuffer {
  count = 0;
  addresses = new Uint32Array(256);
  lines = new Uint32Array(256);
  files = new Uint32Array(256);
  columns = new Uint16Array(256);
  flags = new Uint8Array(256);

  push(address: number, file: number, line: number, column: number, flags: number): void {
    const i = this.count++;
    if (i === this.addresses.length) this.grow();
    this.addresses[i] = address;
    this.files[i] = file;
    this.lines[i] = line;
    this.columns[i] = column;
    this.flags[i] = flags;
  }

  private grow(): void {
    const wider = <T extends Uint32Array | Uint16Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.addresses.length * 2;
    this.addresses = wider(this.addresses, new Uint32Array(size));
    this.lines = wider(this.lines, new Uint32Array(size));
    this.files = wider(this.files, new Uint32Array(size));
    this.columns = wider(this.columns, new Uint16Array(size));
    this.flags = wider(this.flags, new Uint8Array(size));
  }
}

/** Executes a line number program. */
export function readLineRows(section: DwarfSection, header: LineHeader): LineRows {
  const rows = new RowBuffer();
  const reader = section.reader(header.programStart, header.end);
  const starts: number[] = [];
  while (!reader.done) {
    const first = rows.count;
    if (!readSequence(reader, header, rows)) {
      rows.count = first; // a sequence without an end covers nothing
      break;
    }
    starts.push(first);
  }
  return sorted(header, rows, starts);
}

/** Runs up to the end of one sequence. Returns false when the program ends before. */
function readSequence(reader: ByteReader, header: LineHeader, rows: RowBuffer): boolean {
  const { minimumLength, operationsPerInstruction, lineBase, lineRange, opcodeBase, operands } = header;
  let address = 0;
  let operation = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let isStatement = header.defaultIsStatement ? ROW.isStatement : 0;
  let once = 0;
  const advance = (operations: number): void => {
    if (operationsPerInstruction === 1) address += minimumLength * operations;
    else {
      address += minimumLength * Math.floor((operation + operations) / operationsPerInstruction);
      operation = (operation + operations) % operationsPerInstruction;
    }
  };
  const append = (): void => {
    rows.push(address, file, line, column, isStatement | once);
    once = 0;
  };
  if (lineRange === 0) reader.fail('a line table with a line range of 0');
  while (!reader.done) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + (adjusted % lineRange);
      append();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.uleb();
        const next = reader.position + length;
        if (length === 0) break;
        switch (reader.u8()) {
          case LNE.endSequence:
            once |= ROW.endSequence;
            append();
            reader.position = next;
            return true;
          case LNE.setAddress:
            address = reader.unsigned(length - 1);
            operation = 0;
            break;
          default: // DW_LNE_define_file, which no compiler writes, discriminators, and extensions
            break;
        }
        if (next > reader.end) reader.fail('an extended opcode that does not end inside its line table');
        reader.position = next;
        break;
      }
      case LNS.copy:
        append();
        break;
      case LNS.advancePc:
        advance(reader.uleb());
        break;
      case LNS.advanceLine:
        line += reader.sleb();
        break;
      case LNS.setFile:
        file = reader.uleb();
        break;
      case LNS.setColumn:
        column = reader.uleb();
        break;
      case LNS.negateStmt:
        isStatement ^= ROW.isStatement;
        break;
      case LNS.setBasicBlock:
      case LNS.setEpilogueBegin:
        break;
      case LNS.constAddPc:
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case LNS.fixedAdvancePc:
        address += reader.u16();
        operation = 0;
        break;
      case LNS.setPrologueEnd:
        once |= ROW.prologueEnd;
        break;
      default:
        // DW_LNS_set_isa, and opcodes of later versions: the header tells how many operands to pass over.
        for (let i = 0; i < operands[opcode]; i++) reader.skipLeb();
    }
  }
  return false;
}

/** Brings rows into their order; a stable sort, so that of rows at one address the last stays the last. */
function sorted(header: LineHeader, rows: RowBuffer, starts: readonly number[]): LineRows {
  const { count, addresses } = rows;
  const sequences = starts.map((start, i) => ({ start, end: starts[i + 1] ?? count }));
  const disordered = sequences.filter(({ start, end }) => !isAscending(addresses, start, end));
  const inOrder =
    disordered.length === 0 && sequences.every((s, i) => i === 0 || addresses[starts[i - 1]] <= addresses[s.start]);
  if (inOrder) {
    return {
      header,
      count,
      addresses: addresses.slice(0, count),
      lines: rows.lines.slice(0, count),
      files: rows.files.slice(0, count),
      columns: rows.columns.slice(0, count),
      flags: rows.flags.slice(0, count),
      sequences: Uint32Array.from([...starts, count]),
    };
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  // The last row of a sequence ends it, wherever its address is.
  for (const { start, end } of disordered) {
    order.subarray(start, end - 1).sort((a, b) => addresses[a] - addresses[b] || a - b);
  }
  sequences.sort((a, b) => addresses[order[a.start]] - addresses[order[b.start]] || a.start - b.start);
  const final = new Uint32Array(count);
  const firsts = new Uint32Array(sequences.length + 1);
  let next = 0;
  sequences.forEach(({ start, end }, i) => {
    firsts[i] = next;
    final.set(order.subarray(start, end), next);
    next += end - start;
  });
  firsts[sequences.length] = count;
  return {
    header,
    count,
    addresses: final.map((row) => addresses[row]),
    lines: final.map((row) => rows.lines[row]),
    files: final.map((row) => rows.files[row]),
    columns: Uint16Array.from(final.map((row) => rows.columns[row])),
    flags: Uint8Array.from(final.map((row) => rows.flags[row])),
    sequences: firsts,
  };
}

function isAscending(addresses: Uint32Array, start: number, end: number): boolean {
  for (let row = start + 1; row < end; row++) if (addresses[row - 1] > addresses[row]) return false;
  return true;
}

/** The row that an address belongs to; -1 when no sequence contains it. */
export function rowAt(rows: LineRows, address: number): number {
  const { addresses, sequences } = rows;
  // Sequences may overlap where the linker dropped code; the nearest start below wins.
  for (let s = lastNotAbove(sequences.length - 1, (i) => addresses[sequences[i]], address); s >= 0; s--) {
    const first = sequences[s];
    const last = sequences[s + 1] - 1;
    if (address < addresses[last]) {
      return first + lastNotAbove(last - first, (i) => addresses[first + i], address);
    }
  }
  return -1;
}

/** Of `count` ascending keys the index of the last that is not above `value`; -1 when all are. */
export function lastNotAbove(count: number, key: (index: number) => number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
