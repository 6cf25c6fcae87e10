/** Test support: writes small ELF32 files. */
import { EM_ARM, PT_LOAD, SECTION_FLAG, SECTION_TYPE } from './elf-types.ts';

/** A section with contents, and a segment of its own when it is allocated. */
export interface TestSection {
  name: string;
  address: number;
  /** Load address; the virtual address when left out. */
  loadAddress?: number;
  bytes: Uint8Array;
  flags?: number;
  /** Bytes in memory; the length of `bytes` when left out. */
  memorySize?: number;
}

/** A symbol; `section` is a section name. */
export interface TestSymbol {
  name: string;
  value: number;
  size?: number;
  /** `st_info`; 0x12 (a global function) when left out. */
  info?: number;
  section: string;
}

/** What to write. */
export interface TestElf {
  entry: number;
  sections: readonly TestSection[];
  symbols?: readonly TestSymbol[];
  machine?: number;
  type?: number;
  bigEndian?: boolean;
}

/** Little-endian words as bytes. */
export function wordsToBytes(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  return bytes;
}

/** Writes an ELF32 file with `.symtab`, `.strtab` and `.shstrtab`. */
export function makeElf(options: TestElf): Uint8Array {
  const little = !options.bigEndian;
  const strings = new Strings();
  const names = new Strings();
  const symbols = options.symbols ?? [];
  const sectionIndex = (name: string): number => options.sections.findIndex((section) => section.name === name) + 1;

  const symtab = new Uint8Array((symbols.length + 1) * 16);
  const symbolView = new DataView(symtab.buffer);
  symbols.forEach((symbol, i) => {
    const at = (i + 1) * 16;
    symbolView.setUint32(at, strings.add(symbol.name), little);
    symbolView.setUint32(at + 4, symbol.value, little);
    symbolView.setUint32(at + 8, symbol.size ?? 0, little);
    symtab[at + 12] = symbol.info ?? 0x12;
    symbolView.setUint16(at + 14, sectionIndex(symbol.section), little);
  });
  const count = options.sections.length + 4;
  const table = [
    ...options.sections.map((section) => ({
      name: names.add(section.name),
      type: SECTION_TYPE.progbits,
      flags: section.flags ?? SECTION_FLAG.alloc | SECTION_FLAG.execute,
      address: section.address,
      bytes: section.bytes,
      link: 0,
      entrySize: 0,
    })),
    {
      name: names.add('.symtab'),
      type: SECTION_TYPE.symtab,
      flags: 0,
      address: 0,
      bytes: symtab,
      link: count - 2,
      entrySize: 16,
    },
    {
      name: names.add('.strtab'),
      type: SECTION_TYPE.strtab,
      flags: 0,
      address: 0,
      bytes: strings.bytes(),
      link: 0,
      entrySize: 0,
    },
  ];
  const nameOffset = names.add('.shstrtab');
  table.push({
    name: nameOffset,
    type: SECTION_TYPE.strtab,
    flags: 0,
    address: 0,
    bytes: names.bytes(),
    link: 0,
    entrySize: 0,
  });

  const loads = options.sections.filter((section) => (section.flags ?? SECTION_FLAG.alloc) & SECTION_FLAG.alloc);
  let size = 52 + loads.length * 32;
  const offsets = table.map((section) => {
    const offset = size;
    size = (size + section.bytes.length + 3) & ~3;
    return offset;
  });
  const headers = size;
  const file = new Uint8Array(size + count * 40);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, little ? 1 : 2, 1]);
  const half = (at: number, value: number): void => view.setUint16(at, value, little);
  const word = (at: number, ...values: number[]): void =>
    values.forEach((value, i) => view.setUint32(at + i * 4, value, little));
  half(16, options.type ?? 2);
  half(18, options.machine ?? EM_ARM);
  word(20, 1, options.entry, loads.length > 0 ? 52 : 0, headers, 0x0500_0200);
  [52, 32, loads.length, 40, count, count - 1].forEach((value, i) => half(40 + i * 2, value));
  loads.forEach((section, i) => {
    const { address, bytes } = section;
    const memory = section.memorySize ?? bytes.length;
    const offset = offsets[options.sections.indexOf(section)];
    word(52 + i * 32, PT_LOAD, offset, address, section.loadAddress ?? address, bytes.length, memory, 7, 4);
  });
  table.forEach((section, i) => {
    const { name, type, flags, address, bytes, link, entrySize } = section;
    word(headers + (i + 1) * 40, name, type, flags, address, offsets[i], bytes.length, link, 0, 4, entrySize);
    file.set(bytes, offsets[i]);
  });
  return file;
}

/** A string table under construction. */
class Strings {
  private text = '\0';

  add(name: string): number {
    const at = this.text.length;
    this.text += `${name}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.text);
  }
}
