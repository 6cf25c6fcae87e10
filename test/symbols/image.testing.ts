/** Memory as an ELF file holds it, with what is written kept apart. */
import type { ElfFile } from '../../formats/elf.ts';
import { SECTION_FLAG, SECTION_TYPE } from '../../formats/elf-types.ts';
import type { Target } from '../../symbols/c-expression/value.ts';

/** The allocated sections of a file as a target. `registers` are by name. */
export function imageTarget(elf: ElfFile, registers: Map<string, number> = new Map()): Target {
  const written = new Map<number, number>();
  const byte = (address: number): number | undefined => {
    const known = written.get(address);
    if (known !== undefined) return known;
    const section = elf.sections.find(
      ({ flags, address: start, size }) => flags & SECTION_FLAG.alloc && address >= start && address - start < size,
    );
    if (!section) return undefined;
    return section.type === SECTION_TYPE.nobits ? 0 : elf.bytes[section.offset + address - section.address];
  };
  return {
    littleEndian: elf.littleEndian,
    readMemory(address, size) {
      const bytes = Array.from({ length: size }, (_, i) => byte(address + i));
      return bytes.includes(undefined) ? undefined : Uint8Array.from(bytes as number[]);
    },
    writeMemory(address, bytes) {
      if (bytes.some((_, i) => byte(address + i) === undefined)) return false;
      bytes.forEach((value, i) => written.set(address + i, value));
      return true;
    },
    readRegister: (name) => registers.get(name),
    writeRegister(name, value) {
      registers.set(name, value);
      return true;
    },
  };
}
