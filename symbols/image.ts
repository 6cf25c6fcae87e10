/** The memory of a program as its file holds it. */
import type { ElfFile } from '../formats/elf.ts';
import { SECTION_FLAG } from '../formats/elf-types.ts';
import type { ReadWord } from './frame.ts';

/** Reads words of a file's allocated sections by virtual address, in the order of the file. */
export function imageReader(elf: ElfFile): ReadWord {
  const sections = elf.sections
    .filter(({ flags, size }) => flags & SECTION_FLAG.alloc && size >= 4)
    .map((section) => ({ section, bytes: undefined as DataView | undefined }));
  let last = sections[0];
  return (address) => {
    const contains = ({ section }: (typeof sections)[number]): boolean =>
      address >= section.address && address + 4 <= section.address + section.size;
    const found = last && contains(last) ? last : sections.find(contains);
    if (!found) return undefined;
    last = found;
    if (!found.bytes) {
      const bytes = elf.sectionBytes(found.section);
      found.bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const offset = address - found.section.address;
    return offset + 4 <= found.bytes.byteLength ? found.bytes.getUint32(offset, elf.littleEndian) : undefined;
  };
}
