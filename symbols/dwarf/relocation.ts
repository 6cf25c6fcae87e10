/**
 * Relocatable files (objects and kernel modules): where their sections lie, and the relocations of their debug sections
 * (ELF for the ARM Architecture, IHI 0044, 5.6.1).
 */
import { ELF_TYPE, SECTION_FLAG, SECTION_TYPE, type ElfFile, type ElfSection } from '../../formats/elf.ts';
import { InputError } from '../../formats/input-error.ts';

/** The address of a section, by its index. */
export type SectionLayout = (index: number) => number;

const R_ARM = { none: 0, abs32: 2, rel32: 3, tlsDtpOffset: 18, target1: 38, prel31: 42 } as const;
const ABSOLUTE_SECTION = 0xfff1;

/**
 * Where the sections of a file lie. Those of a linked file are where its headers say. Those of a relocatable file are
 * where `placed` says, by name; the others follow each other from 0, aligned, in the order of their headers.
 */
export function sectionLayout(elf: ElfFile, placed: ReadonlyMap<string, number> = new Map()): SectionLayout {
  if (elf.type !== ELF_TYPE.relocatable) return (index) => elf.sections[index]?.address ?? 0;
  let next = 0;
  const addresses = elf.sections.map((section) => {
    const given = placed.get(section.name);
    if (given !== undefined) return given;
    if (!(section.flags & SECTION_FLAG.alloc)) return 0;
    const alignment = Math.max(1, section.alignment);
    const address = Math.ceil(next / alignment) * alignment;
    next = address + section.size;
    return address;
  });
  return (index) => addresses[index] ?? 0;
}

/** The contents of a section, decompressed, with its relocations applied to a copy when it has any. */
export function relocated(elf: ElfFile, section: ElfSection, layout: SectionLayout): Uint8Array {
  const content = elf.sectionContent(section);
  if (elf.type !== ELF_TYPE.relocatable) return content;
  const tables = elf.sections.filter(
    ({ type, info }) => info === section.index && (type === SECTION_TYPE.rel || type === SECTION_TYPE.rela),
  );
  if (tables.length === 0) return content;
  // Not slice: that of Node's Buffer shares its memory.
  const bytes = new Uint8Array(content);
  for (const table of tables) apply(elf, table, bytes, layout(section.index), layout);
  return bytes;
}

function apply(elf: ElfFile, table: ElfSection, bytes: Uint8Array, place: number, layout: SectionLayout): void {
  const fail = (problem: string): never => {
    throw new InputError(problem, { file: elf.name, offset: table.offset, remedy: 'Build or copy the file again' });
  };
  const hasAddend = table.type === SECTION_TYPE.rela;
  const entrySize = hasAddend ? 12 : 8;
  const stored = elf.sectionBytes(table);
  const entries = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const target = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = elf.littleEndian;
  const { symbols } = elf;
  for (let at = 0; at + entrySize <= stored.length; at += entrySize) {
    const offset = entries.getUint32(at, little);
    const info = entries.getUint32(at + 4, little);
    const type = info & 0xff;
    if (type === R_ARM.none) continue;
    if (offset + 4 > bytes.length) fail(`${table.name}: relocation ${at / entrySize} lies outside its section`);
    if (info >>> 8 >= symbols.count) fail(`${table.name}: relocation ${at / entrySize} names a symbol that is none`);
    const word = target.getUint32(offset, little);
    const addend = hasAddend ? entries.getInt32(at + 8, little) : word;
    const section = symbols.sections[info >>> 8];
    const value = symbols.values[info >>> 8] + (section === ABSOLUTE_SECTION ? 0 : layout(section));
    switch (type) {
      case R_ARM.abs32:
      case R_ARM.target1:
        target.setUint32(offset, value + addend, little);
        break;
      case R_ARM.rel32:
        target.setUint32(offset, value + addend - place - offset, little);
        break;
      case R_ARM.prel31: {
        const sum = value + ((addend << 1) >> 1) - place - offset;
        target.setUint32(offset, (word & 0x8000_0000) | (sum & 0x7fff_ffff), little);
        break;
      }
      case R_ARM.tlsDtpOffset:
        target.setUint32(offset, symbols.values[info >>> 8] + addend, little);
        break;
      default:
        fail(`${table.name}: relocation type ${type} is not known in debug sections`);
    }
  }
}
