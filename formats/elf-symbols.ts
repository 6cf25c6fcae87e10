/** The symbol table of an ELF32 file in typed arrays, with lookup by name and by address. */
import { readString, type ElfSection } from './elf-types.ts';
import { InputError } from './input-error.ts';

/** Symbol types (`st_info` bits 3..0). */
export const SYMBOL_TYPE = { none: 0, object: 1, function: 2, section: 3, file: 4 } as const;

/** One symbol. */
export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** Address without the Thumb bit; an offset into its section in a relocatable file. */
  readonly address: number;
  readonly size: number;
  readonly type: number;
  /** Local (0), global (1) or weak (2). */
  readonly binding: number;
  readonly section: number;
  /** A function that starts in Thumb state. */
  readonly thumb: boolean;
}

/** What follows a mapping symbol: ARM code, Thumb code or data. */
export type MappingKind = 'a' | 't' | 'd';

/** A mapping symbol, e.g. `$a`. */
export interface MappingSymbol {
  readonly address: number;
  readonly kind: MappingKind;
}

const ENTRY_SIZE = 16;
const DOLLAR = 0x24;
const DOT = 0x2e;
/** From here on, section numbers have special meanings: absolute, common (SHN_LORESERVE). */
const RESERVED_SECTIONS = 0xff00;
/** Sort keys hold an address and a symbol number in 53 bits. */
const KEY_SCALE = 0x20_0000;

/** Names may share their ends; a table whose names add up to more than this many times its size is an attack. */
const MAX_SHARING = 16;
/** Lookups by name that scan the table; from then on an index is worth its making. */
const SCANS_BEFORE_INDEX = 4;
const REBUILD = 'Build or copy the file again';

/** Symbols sorted by address, as keys `address * KEY_SCALE + index`. */
interface Sorted {
  readonly functions: Float64Array;
  readonly all: Float64Array;
}

/** What a symbol table needs of the file it is in. */
export interface SymbolOwner {
  readonly name: string;
  readonly littleEndian: boolean;
  readonly sections: readonly ElfSection[];
}

/** All symbols of a file. Mapping symbols are kept apart and take part in no lookup. */
export class SymbolTable {
  /** Number of entries, the null symbol and mapping symbols included. */
  readonly count: number;
  /** `st_value` with the Thumb bit of functions, by index. */
  readonly values: Uint32Array;
  readonly sizes: Uint32Array;
  readonly info: Uint8Array;
  readonly sections: Uint16Array;
  private readonly elf: SymbolOwner;
  private readonly strings: Uint8Array;
  private readonly names: Uint32Array;
  /** 1 for a mapping symbol. */
  private readonly isMapping: Uint8Array;
  private scans = 0;
  private byName: Map<string, number> | undefined;
  private readonly sorted = new Map<number, Sorted>();
  private mappings: Map<number, MappingSymbol[]> | undefined;

  /** `entries` is the contents of the symbol table section, `strings` its string table. */
  constructor(elf: SymbolOwner, entries: Uint8Array, strings: Uint8Array) {
    this.elf = elf;
    this.strings = strings;
    const count = Math.floor(entries.length / ENTRY_SIZE);
    if (count >= KEY_SCALE) throw new InputError(`${count} symbols are more than can be read`, { file: elf.name });
    this.count = count;
    this.names = new Uint32Array(count);
    this.values = new Uint32Array(count);
    this.sizes = new Uint32Array(count);
    this.info = new Uint8Array(count);
    this.sections = new Uint16Array(count);
    this.isMapping = new Uint8Array(count);
    const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
    const { littleEndian } = elf;
    for (let i = 0, at = 0; i < count; i++, at += ENTRY_SIZE) {
      const name = view.getUint32(at, littleEndian);
      this.names[i] = name;
      this.values[i] = view.getUint32(at + 4, littleEndian);
      this.sizes[i] = view.getUint32(at + 8, littleEndian);
      this.info[i] = entries[at + 12];
      this.sections[i] = view.getUint16(at + 14, littleEndian);
      if (strings[name] === DOLLAR && mappingKind(strings, name)) this.isMapping[i] = 1;
    }
  }

  /** The symbol at an index, 0 to `count` - 1. */
  symbol(index: number): ElfSymbol {
    const info = this.info[index];
    const type = info & 15;
    const value = this.values[index];
    const thumb = type === SYMBOL_TYPE.function && (value & 1) === 1;
    return {
      index,
      name: this.name(index),
      address: thumb ? (value & ~1) >>> 0 : value,
      size: this.sizes[index],
      type,
      binding: info >>> 4,
      section: this.sections[index],
      thumb,
    };
  }

  /** The name of a symbol. */
  name(index: number): string {
    const name = readString(this.strings, this.names[index]);
    if (name !== undefined || this.names[index] === 0) return name ?? '';
    throw new InputError(`the name of symbol ${index} lies outside the string table`, {
      file: this.elf.name,
      remedy: REBUILD,
    });
  }

  /** The defined symbol of a name; of several, a global one before a local one, then the first. */
  find(name: string): ElfSymbol | undefined {
    if (!this.byName && this.scans < SCANS_BEFORE_INDEX) {
      this.scans++;
      return this.scan(name);
    }
    this.byName ??= this.indexNames();
    const index = this.byName.get(name);
    return index === undefined ? undefined : this.symbol(index);
  }

  /**
   * The symbol that contains an address: a function when one does, else the nearest label or object before it.
   * A symbol without a size reaches to the next one. In a relocatable file, give the section's index too.
   */
  at(address: number, section?: number): ElfSymbol | undefined {
    const sorted = this.sortedBy(section ?? -1);
    const containing = this.nearest(sorted.functions, address);
    if (containing !== undefined && this.reaches(containing, address)) return this.symbol(containing);
    const label = this.nearest(sorted.all, address);
    if (label === undefined) return undefined;
    const size = this.sizes[label];
    const inside = size !== 0 ? this.reaches(label, address) : this.inSection(label, address);
    return inside ? this.symbol(label) : undefined;
  }

  /** The name and offset of an address, e.g. `vector_swi+0x14`; undefined when no symbol contains it. */
  describe(address: number, section?: number): string | undefined {
    const symbol = this.at(address, section);
    if (!symbol) return undefined;
    const offset = address - symbol.address;
    return offset === 0 ? symbol.name : `${symbol.name}+0x${offset.toString(16)}`;
  }

  /** The mapping symbols of a section in ascending order of address. */
  mapping(section: number): readonly MappingSymbol[] {
    this.mappings ??= this.collectMappings();
    return this.mappings.get(section) ?? [];
  }

  /** Whether the file has any mapping symbol. */
  get hasMapping(): boolean {
    return this.isMapping.includes(1);
  }

  private collectMappings(): Map<number, MappingSymbol[]> {
    const bySection = new Map<number, MappingSymbol[]>();
    for (let i = 0; i < this.count; i++) {
      if (!this.isMapping[i]) continue;
      const kind = mappingKind(this.strings, this.names[i]);
      if (!kind) continue;
      let list = bySection.get(this.sections[i]);
      if (!list) bySection.set(this.sections[i], (list = []));
      list.push({ address: this.values[i], kind });
    }
    for (const list of bySection.values()) list.sort((a, b) => a.address - b.address);
    return bySection;
  }

  /** Looks for a name without an index: cheaper for the first few. */
  private scan(name: string): ElfSymbol | undefined {
    const bytes = new TextEncoder().encode(name);
    let found: number | undefined;
    for (let i = 1; i < this.count; i++) {
      if (!this.isNamed(this.names[i], bytes) || !this.hasName(i)) continue;
      if (found === undefined || this.overrides(i, found)) found = i;
    }
    return found === undefined ? undefined : this.symbol(found);
  }

  private isNamed(offset: number, name: Uint8Array): boolean {
    const { strings } = this;
    for (let i = 0; i < name.length; i++) if (strings[offset + i] !== name[i]) return false;
    return strings[offset + name.length] === 0;
  }

  /** Whether a symbol can be looked up by its name: defined, and no section, file or mapping symbol. */
  private hasName(index: number): boolean {
    const type = this.info[index] & 15;
    if (this.isMapping[index] || this.sections[index] === 0) return false;
    return type !== SYMBOL_TYPE.section && type !== SYMBOL_TYPE.file;
  }

  /** Of symbols with one name the first global or weak one wins, else the first. */
  private overrides(index: number, known: number): boolean {
    return this.info[known] >>> 4 === 0 && this.info[index] >>> 4 !== 0;
  }

  private indexNames(): Map<string, number> {
    const names = new Map<string, number>();
    let length = 0;
    for (let i = 1; i < this.count; i++) {
      if (!this.hasName(i)) continue;
      const name = this.name(i);
      length += name.length;
      if (length > MAX_SHARING * (this.strings.length + 1)) {
        throw new InputError('the symbol names overlap beyond reason', { file: this.elf.name, remedy: REBUILD });
      }
      const known = names.get(name);
      if (known === undefined || this.overrides(i, known)) names.set(name, i);
    }
    return names;
  }

  private sortedBy(section: number): Sorted {
    const known = this.sorted.get(section);
    if (known) return known;
    const functions: number[] = [];
    const all: number[] = [];
    for (let i = 1; i < this.count; i++) {
      const type = this.info[i] & 15;
      const own = this.sections[i];
      if (this.isMapping[i] || own === 0 || own >= RESERVED_SECTIONS || type > SYMBOL_TYPE.function) continue;
      if (section >= 0 && own !== section) continue;
      const key = (type === SYMBOL_TYPE.function ? (this.values[i] & ~1) >>> 0 : this.values[i]) * KEY_SCALE + i;
      if (type === SYMBOL_TYPE.function) functions.push(key);
      all.push(key);
    }
    const sorted = { functions: Float64Array.from(functions).sort(), all: Float64Array.from(all).sort() };
    this.sorted.set(section, sorted);
    return sorted;
  }

  /** Of the symbols at the highest address not above `address`, the best: sized, then global, then first. */
  private nearest(keys: Float64Array, address: number): number | undefined {
    let low = 0;
    let high = keys.length;
    const limit = (address + 1) * KEY_SCALE;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < limit) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const base = Math.floor(keys[low - 1] / KEY_SCALE);
    let best = keys[low - 1] % KEY_SCALE;
    for (let k = low - 2; k >= 0 && Math.floor(keys[k] / KEY_SCALE) === base; k--) {
      const candidate = keys[k] % KEY_SCALE;
      if (this.rank(candidate) >= this.rank(best)) best = candidate;
    }
    return best;
  }

  private rank(index: number): number {
    const info = this.info[index];
    const isFunction = (info & 15) === SYMBOL_TYPE.function;
    return (isFunction ? 4 : 0) + (this.sizes[index] !== 0 ? 2 : 0) + (info >>> 4 !== 0 ? 1 : 0);
  }

  private reaches(index: number, address: number): boolean {
    const type = this.info[index] & 15;
    const start = type === SYMBOL_TYPE.function ? (this.values[index] & ~1) >>> 0 : this.values[index];
    return address - start < this.sizes[index];
  }

  private inSection(index: number, address: number): boolean {
    const section = this.elf.sections[this.sections[index]];
    return section !== undefined && address - section.address < section.size;
  }
}

/** The kind of a mapping symbol's name: `$a`, `$t`, `$d`, alone or followed by `.anything`. */
function mappingKind(strings: Uint8Array, offset: number): MappingKind | undefined {
  const after = strings[offset + 2];
  if (after !== 0 && after !== DOT) return undefined;
  switch (strings[offset + 1]) {
    case 0x61:
      return 'a';
    case 0x74:
      return 't';
    case 0x64:
      return 'd';
    default:
      return undefined;
  }
}
