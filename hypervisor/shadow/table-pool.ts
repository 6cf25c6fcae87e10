/**
 * Level 2 tables of the shadows, in the hypervisor's RAM. A table is named by the number of its first 1 KB slot; entry
 * numbers count words from the first table, so that `slot * 256 + index` names an entry and finds its word.
 */
import type { Core } from '../../emulator/core.ts';
import { COARSE_TABLES, FINE_TABLES, HOST_BASE, HOST_RAM, L2_SIZE } from './host-ram.ts';

const ENTRIES_OF_SLOT = L2_SIZE / 4;
const SLOTS = COARSE_TABLES + FINE_TABLES * 4;

export class TablePool {
  static readonly ENTRIES = SLOTS * ENTRIES_OF_SLOT;
  /** Tables in use. */
  used = 0;
  /** By slot of a table in use: who uses it, as its user says. */
  readonly owner = new Int32Array(SLOTS);
  private readonly core: Core;
  private readonly base: number;
  /** Free slots, as stacks. */
  private readonly coarse = new Int32Array(COARSE_TABLES);
  private readonly fine = new Int32Array(FINE_TABLES);
  private coarseFree = COARSE_TABLES;
  private fineFree = FINE_TABLES;

  constructor(core: Core) {
    this.core = core;
    this.base = core.hostRam + HOST_RAM.TABLES;
    for (let i = 0; i < COARSE_TABLES; i++) this.coarse[i] = COARSE_TABLES - 1 - i;
    for (let i = 0; i < FINE_TABLES; i++) this.fine[i] = COARSE_TABLES + (FINE_TABLES - 1 - i) * 4;
  }

  /** Takes a table, all zeros; -1 when none is left. */
  take(fine: boolean, owner: number): number {
    if (fine ? !this.fineFree : !this.coarseFree) return -1;
    const slot = fine ? this.fine[--this.fineFree] : this.coarse[--this.coarseFree];
    const first = this.word(slot * ENTRIES_OF_SLOT);
    this.core.u32.fill(0, first, first + (fine ? 4 : 1) * ENTRIES_OF_SLOT);
    this.owner[slot] = owner;
    this.used++;
    return slot;
  }

  release(slot: number): void {
    this.used--;
    if (TablePool.isFine(slot)) this.fine[this.fineFree++] = slot;
    else this.coarse[this.coarseFree++] = slot;
  }

  static isFine(slot: number): boolean {
    return slot >= COARSE_TABLES;
  }

  /** Entries of a table. */
  static size(slot: number): number {
    return TablePool.isFine(slot) ? 4 * ENTRIES_OF_SLOT : ENTRIES_OF_SLOT;
  }

  static firstEntry(slot: number): number {
    return slot * ENTRIES_OF_SLOT;
  }

  /** The table of an entry. */
  static slotOf(entry: number): number {
    const slot = Math.floor(entry / ENTRIES_OF_SLOT);
    return slot >= COARSE_TABLES ? slot - ((slot - COARSE_TABLES) & 3) : slot;
  }

  /** Index of an entry's word in `core.u32`. */
  word(entry: number): number {
    return (this.base >>> 2) + entry;
  }

  /** Physical address of a table, for a level 1 descriptor. */
  static physical(slot: number): number {
    return HOST_BASE + HOST_RAM.TABLES + slot * L2_SIZE;
  }

  /** The table that a level 1 descriptor of a shadow points to. */
  static slotAt(descriptor: number): number {
    return (((descriptor & 0xffff_fc00) >>> 0) - (HOST_BASE + HOST_RAM.TABLES)) / L2_SIZE;
  }
}
