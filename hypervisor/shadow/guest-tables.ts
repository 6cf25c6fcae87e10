/**
 * Which parts of guest RAM are translation tables, as far as shadows depend on them: by KB of guest RAM, the megabytes of
 * address spaces whose level 2 table it is. A guest may share one table between megabytes and between roots. Pages with a table in use
 * are guarded: mapped read-only in every shadow, so that a store to them comes to the hypervisor.
 */
import type { Core } from '../../emulator/core.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { SPACES } from './host-ram.ts';

const MEGABYTES = 4096;
/** Stores in a row, to words that no shadow depends on, after which a page is taken for data. */
const FLOOD = 8;

export class GuestTables {
  private readonly core: Core;
  /** By KB: first user + 1. A user is a megabyte of an address space: space * 4096 + megabyte. */
  private readonly head: Int32Array;
  /** By user: KB of its level 2 table + 1, or 0; whether the table is fine; next and previous user + 1. */
  private readonly table = new Int32Array(SPACES * MEGABYTES);
  private readonly fine = new Uint8Array(SPACES * MEGABYTES);
  private readonly next = new Int32Array(SPACES * MEGABYTES);
  private readonly previous = new Int32Array(SPACES * MEGABYTES);
  /** By page: users of its tables; useless stores in a row. */
  private readonly references: Int32Array;
  private readonly floods: Uint8Array;

  constructor(core: Core) {
    this.core = core;
    this.head = new Int32Array(core.guestPages * 4);
    this.references = new Int32Array(core.guestPages);
    this.floods = new Uint8Array(core.guestPages);
  }

  static user(space: number, megabyte: number): number {
    return space * MEGABYTES + megabyte;
  }

  /** KB of guest RAM (an index) that holds a physical address, or -1. */
  kilobyte(physical: number): number {
    const address = this.core.ramAddress(physical >>> 0, 4);
    return address === undefined ? -1 : (address - L.RAM_BASE) >>> 10;
  }

  /** One more user of a page's words. Returns whether the page must now be guarded. */
  refer(page: number): boolean {
    return this.references[page]++ === 0;
  }

  /** One user less. When it was the last, the page is no table any more, and may be written freely. */
  release(page: number): void {
    if (--this.references[page]) return;
    this.core.u8[L.PAGE_FLAGS + page] &= ~L.PAGE_GUEST_TABLE;
    this.floods[page] = 0;
  }

  /** KB of the level 2 table that a user depends on, or -1. */
  tableOf(user: number): number {
    return this.table[user] - 1;
  }

  /** Notes the level 2 table of a user that has none. `kb` is the first KB of the table. */
  link(user: number, kb: number, fine: boolean): void {
    const first = this.head[kb];
    this.table[user] = kb + 1;
    this.fine[user] = fine ? 1 : 0;
    this.next[user] = first;
    this.previous[user] = 0;
    if (first) this.previous[first - 1] = user + 1;
    this.head[kb] = user + 1;
  }

  /** Forgets the level 2 table of a user. Returns its page, for `release`, or -1 when it had none. */
  unlink(user: number): number {
    const kb = this.table[user] - 1;
    if (kb < 0) return -1;
    const next = this.next[user];
    const previous = this.previous[user];
    if (next) this.previous[next - 1] = previous;
    if (previous) this.next[previous - 1] = next;
    else this.head[kb] = next;
    this.table[user] = 0;
    return kb >>> 2;
  }

  /** First user of the level 2 table that begins at a KB, or -1. */
  firstUser(kb: number): number {
    return this.head[kb] - 1;
  }

  nextUser(user: number): number {
    return this.next[user] - 1;
  }

  isFine(user: number): boolean {
    return this.fine[user] === 1;
  }

  /** A store to a guarded page changed nothing that a shadow depends on. Returns whether that has become a habit. */
  useless(page: number): boolean {
    return ++this.floods[page] >= FLOOD;
  }

  useful(page: number): void {
    this.floods[page] = 0;
  }
}
