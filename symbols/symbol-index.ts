/** Symbols over all loaded ELF files: by name, by address, and what kind of bytes an address holds. */
import type { ElfFile } from '../formats/elf.ts';
import { SYMBOL_TYPE, type ElfSymbol, type MappingKind, type MappingSymbol } from '../formats/elf-symbols.ts';
import { closest } from './closest.ts';

/** The files are searched in the order given. */
export class SymbolIndex {
  readonly files: readonly ElfFile[];

  constructor(files: readonly ElfFile[]) {
    this.files = files;
  }

  /** The symbol of a name, in the first file that defines it. */
  find(name: string): ElfSymbol | undefined {
    for (const file of this.files) {
      const symbol = file.symbols.find(name);
      if (symbol) return symbol;
    }
    return undefined;
  }

  /** The symbol that contains an address. */
  at(address: number): ElfSymbol | undefined {
    for (const file of this.files) {
      const symbol = file.symbols.at(address);
      if (symbol) return symbol;
    }
    return undefined;
  }

  /** Name and offset of an address, e.g. `vector_swi+0x14`. */
  describe(address: number): string | undefined {
    for (const file of this.files) {
      const text = file.symbols.describe(address);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** Whether an address holds A32 code, Thumb code or data, by the mapping symbols; undefined when no file says. */
  kind(address: number): MappingKind | undefined {
    for (const file of this.files) {
      const section = file.sectionAt(address);
      if (!section) continue;
      const kind = kindAt(file.mappingSymbols(section), address);
      if (kind) return kind;
    }
    return undefined;
  }

  /** The defined name most like one that does not exist; undefined when none is near. */
  suggest(name: string): string | undefined {
    return closest(name, this.names());
  }

  /** Every function and label name. */
  *names(): Generator<string> {
    for (const file of this.files) {
      const { symbols } = file;
      for (let i = 1; i < symbols.count; i++) {
        const type = symbols.info[i] & 15;
        if (symbols.sections[i] === 0 || type > SYMBOL_TYPE.function) continue;
        const name = symbols.name(i);
        if (name !== '' && !name.startsWith('$')) yield name;
      }
    }
  }
}

function kindAt(mapping: readonly MappingSymbol[], address: number): MappingKind | undefined {
  let low = 0;
  let high = mapping.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mapping[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  return mapping[low - 1]?.kind;
}
