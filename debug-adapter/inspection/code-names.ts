/** Names of code at the addresses where exits happen, before and after a kernel has turned its MMU on. */
import type { SymbolIndex } from '../../symbols/symbol-index.ts';

/** A part of the kernel's image: linked at one address, loaded at another. */
export interface LoadedRange {
  virtual: number;
  physical: number;
  size: number;
}

export class CodeNames {
  private readonly symbols: SymbolIndex;
  private readonly ranges: readonly LoadedRange[];

  constructor(symbols: SymbolIndex, ranges: readonly LoadedRange[]) {
    this.symbols = symbols;
    this.ranges = ranges.filter(({ virtual, physical }) => virtual !== physical);
  }

  /** Symbol and offset, e.g. `vector_swi+0x14`; undefined when no symbol contains the address. `user`: executed in user mode. */
  describe(address: number, user: boolean): string | undefined {
    return this.symbols.describe(this.linked(address, user));
  }

  /** The symbol that contains an address. */
  functionAt(address: number, user: boolean): string | undefined {
    return this.symbols.at(this.linked(address, user))?.name;
  }

  /**
   * The address that symbols know code by. The kernel runs where it was loaded until its MMU is on; a program's addresses may
   * be the same numbers, and are never the kernel's.
   */
  linked(address: number, user: boolean): number {
    if (user || this.symbols.at(address)) return address;
    const range = this.ranges.find(({ physical, size }) => address >= physical && address - physical < size);
    return range ? (address - range.physical + range.virtual) >>> 0 : address;
  }
}
