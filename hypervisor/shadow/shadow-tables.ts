/**
 * Shadow page tables: real ARM tables in the hypervisor's RAM, which the emulated MMU walks while the guest runs in
 * user mode. They are filled on demand, a 4 KB page at a time, from fresh walks of the guest's tables.
 *
 * There are two roots for the guest's current tables: what its privileged modes may do, and what its user mode may do,
 * both expressed as rights of physical user mode. Changing the virtual mode is changing the root.
 *
 * Guest frames that hold descriptors from which entries were made are mapped read-only; the store is emulated and the
 * entries made from the changed word are dropped. So a shadow never disagrees with the guest's tables.
 */
import type { Core } from '../../emulator/core.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';

const L1_SIZE = 0x4000;
/** Bit 4 of an L1 descriptor should be one on the ARM926EJ-S (ARM DDI 0198E, 3.2.3). */
const L1_ONE = 0x10;
/** Physical address of the hypervisor's RAM. */
const HOST_BASE = L.HOST_PAGE * 4096;
/** AP fields for physical user mode: none, read-only, read-write. */
const AP_NONE = 1;
const AP_READ = 2;
const AP_WRITE = 3;
const ALL_CLIENTS = 0x5555_5555;
const REVERSE_ENTRIES = 1 << 16;
/** Owner of an L2 table that several megabytes use. */
const MANY = -1;

export class ShadowTables {
  /** Bytes of hypervisor RAM needed: two roots and a pool of L2 tables. */
  static readonly RAM_SIZE = 0x40_0000;

  /** Entries made, whole flushes, L2 tables in use, entries in use. */
  fills = 0;
  flushes = 0;
  tables = 0;
  entries = 0;

  private readonly core: Core;
  /** Index in `core.u32` of each root. */
  private readonly roots: readonly [number, number];
  private poolNext = 0;
  private readonly poolStart: number;
  private readonly poolEnd: number;

  /** By guest RAM page: first of the chain of writable shadow entries that map it, plus one. */
  private readonly reverseHead: Int32Array;
  private readonly reverseNext = new Int32Array(REVERSE_ENTRIES);
  private readonly reverseEntry = new Int32Array(REVERSE_ENTRIES);
  private readonly reversePage = new Int32Array(REVERSE_ENTRIES);
  private reverseCount = 0;
  /** Guest RAM pages with an entry in `reverseHead`; pages guarded as tables. */
  private readonly reverseUsed: number[] = [];
  private readonly guarded: number[] = [];
  /** By physical address of a guest L2 table / 1024: the megabyte that uses it, or MANY. */
  private readonly owners = new Map<number, number>();
  /** Megabytes with shadow entries. */
  private readonly megabytes: number[] = [];

  constructor(core: Core) {
    this.core = core;
    this.roots = [core.hostRam >>> 2, (core.hostRam + L1_SIZE) >>> 2];
    this.poolStart = core.hostRam + 2 * L1_SIZE;
    this.poolEnd = core.hostRam + core.hostRamSize;
    this.poolNext = this.poolStart;
    this.reverseHead = new Int32Array(core.guestPages);
  }

  /** Points the translation regimes at the two roots. */
  install(): void {
    for (let user = 0; user < 2; user++) {
      const regime = L.REGIMES + user * L.REGIME_SIZE;
      this.core.set(regime, HOST_BASE + user * L1_SIZE);
      this.core.set(regime + 4, ALL_CLIENTS);
      this.core.set(regime + 8, L.REGIME_MMU | L.REGIME_USER);
      this.core.set(regime + 12, 0);
    }
  }

  /** Drops every entry, and with them every claim on the guest's table frames. */
  flush(): void {
    const { u32, u8 } = this.core;
    const [privileged, user] = this.roots;
    for (const megabyte of this.megabytes) {
      u32[privileged + megabyte] = 0;
      u32[user + megabyte] = 0;
    }
    this.megabytes.length = 0;
    this.poolNext = this.poolStart;
    for (const page of this.reverseUsed) this.reverseHead[page] = 0;
    this.reverseUsed.length = 0;
    this.reverseCount = 0;
    for (const page of this.guarded) u8[L.PAGE_FLAGS + page] &= ~L.PAGE_GUEST_TABLE;
    this.guarded.length = 0;
    this.owners.clear();
    this.tables = 0;
    this.entries = 0;
    this.flushes++;
    this.core.exports.flushAll();
  }

  /**
   * Enters the page of `va` for one root (0 privileged, 1 user), from the guest walk that the core holds in WALK_*
   * (mapping found, MMU on) or as an identity (`mmu` false). `frame` is the host address of the page's RAM.
   */
  fill(va: number, user: number, mmu: boolean, frame: number, control: number): void {
    const { core } = this;
    const guestL1 = mmu ? core.get(L.WALK_L1) : 0;
    const l1Address = core.get(L.WALK_L1_ADDRESS);
    const l2Address = mmu ? core.get(L.WALK_L2_ADDRESS) : 0;
    const shift = mmu ? core.get(L.WALK_SHIFT) : 20;
    const megabyte = va >>> 20;
    const fine = (guestL1 & 3) === 3;
    const table = this.tableFor(megabyte, user, fine);
    if (mmu) {
      this.guard(l1Address);
      if (l2Address) {
        this.guard(l2Address);
        const key = l2Address >>> 10;
        const owner = this.owners.get(key);
        if (owner === undefined) this.owners.set(key, megabyte);
        else if (owner !== megabyte) this.owners.set(key, MANY);
      }
    }
    this.fills++;
    this.entries++;
    const page = this.core.get(L.WALK_PA) >>> 12;
    const target = mmu ? page : va >>> 12;
    const frameIndex = (frame - L.RAM_BASE) >>> 12;
    const isTable = (core.u8[L.PAGE_FLAGS + frameIndex] & L.PAGE_GUEST_TABLE) !== 0;
    if (mmu && shift === 10) {
      const entry = table + ((va >>> 10) & 0x3ff);
      const ap = this.rights(core.get(L.WALK_AP), control, isTable);
      core.i32[entry] = (core.get(L.WALK_PA) & 0xffff_fc00) | (ap << 4) | 3;
      if (ap === AP_WRITE) this.addReverse(frameIndex, entry, va);
      return;
    }
    // A fine table has a word for each KB of a small page, too, and a guest may let them differ.
    const entry = fine ? table + ((va >>> 10) & 0x3ff) : table + ((va >>> 12) & 0xff);
    let permissions = 0;
    let writable = false;
    for (let quarter = 0; quarter < 4; quarter++) {
      // Only small pages have permissions of their own for each 1 KB.
      let guestAp = mmu ? core.get(L.WALK_AP) : 3;
      if (mmu && shift === 12) guestAp = (core.get(L.WALK_L2) >>> (4 + quarter * 2)) & 3;
      const ap = mmu ? this.rights(guestAp, control, isTable) : isTable ? AP_READ : AP_WRITE;
      writable ||= ap === AP_WRITE;
      permissions |= ap << (4 + quarter * 2);
    }
    const descriptor = (target << 12) | permissions | 2;
    core.i32[entry] = descriptor;
    if (writable) this.addReverse(frameIndex, entry, va);
  }

  /** Rights of physical user mode for a guest AP field under the regime control bits, by the walk's domain. */
  private rights(ap: number, control: number, isTable: boolean): number {
    const { core } = this;
    const old = core.get(L.WALK_AP);
    core.set(L.WALK_AP, ap);
    let result = AP_NONE;
    if (!core.exports.permission(control, 0))
      result = !isTable && !core.exports.permission(control, 1) ? AP_WRITE : AP_READ;
    core.set(L.WALK_AP, old);
    return result;
  }

  /** Index in `core.u32` of the L2 table for a megabyte, made if there is none. */
  private tableFor(megabyte: number, user: number, fine: boolean): number {
    const { core } = this;
    const slot = this.roots[user] + megabyte;
    const descriptor = core.u32[slot];
    if (descriptor) {
      const physical = fine ? descriptor & 0xffff_f000 : descriptor & 0xffff_fc00;
      return (core.hostRam + ((physical >>> 0) - HOST_BASE)) >>> 2;
    }
    const size = fine ? 4096 : 1024;
    this.poolNext = Math.ceil(this.poolNext / size) * size;
    if (this.poolNext + size > this.poolEnd) {
      this.flush();
      return this.tableFor(megabyte, user, fine);
    }
    const address = this.poolNext;
    this.poolNext += size;
    core.u8.fill(0, address, address + size);
    core.u32[slot] = (HOST_BASE + (address - core.hostRam)) | (fine ? 3 : 1) | L1_ONE;
    if (!core.u32[this.roots[1 - user] + megabyte]) this.megabytes.push(megabyte);
    this.tables++;
    return address >>> 2;
  }

  private addReverse(frameIndex: number, entry: number, va: number): void {
    // A full map is rare; forgetting everything keeps it exact. The entry just made is dropped too, and made again.
    if (this.reverseCount === REVERSE_ENTRIES) {
      this.flush();
      return;
    }
    const index = this.reverseCount++;
    if (!this.reverseHead[frameIndex]) this.reverseUsed.push(frameIndex);
    this.reverseNext[index] = this.reverseHead[frameIndex];
    this.reverseEntry[index] = entry;
    this.reversePage[index] = va;
    this.reverseHead[frameIndex] = index + 1;
  }

  /** Makes the frame of a guest descriptor read-only in every shadow entry, now and from now on. */
  private guard(physical: number): void {
    const { core } = this;
    const address = core.ramAddress(physical >>> 0, 4);
    if (address === undefined) return;
    const page = (address - L.RAM_BASE) >>> 12;
    if (core.u8[L.PAGE_FLAGS + page] & L.PAGE_GUEST_TABLE) return;
    core.exports.guardPage(page, L.PAGE_GUEST_TABLE);
    this.guarded.push(page);
    for (let link = this.reverseHead[page]; link; link = this.reverseNext[link - 1]) {
      const entry = this.reverseEntry[link - 1];
      const descriptor = core.u32[entry];
      const va = this.reversePage[link - 1] >>> 0;
      if (!descriptor) continue;
      // 11 becomes 10 in each AP field.
      if ((descriptor & 3) === 3) core.i32[entry] = descriptor & ~(((descriptor >>> 5) & (descriptor >>> 4) & 1) << 4);
      else core.i32[entry] = descriptor & ~(descriptor & (descriptor >>> 1) & 0x550);
      core.exports.flushPage(va);
    }
    this.reverseHead[page] = 0;
  }

  /**
   * A store changed the guest word at a physical address in a guarded frame: drops the entries made from it. `ttbr` is
   * the guest's current table, `process` its FCSE register. Returns whether any entry could have come from the word.
   */
  wordChanged(physical: number, ttbr: number, process: number): boolean {
    const owner = this.owners.get(physical >>> 10);
    let used = false;
    if (physical - ttbr >= 0 && physical - ttbr < L1_SIZE) {
      const megabyte = (physical - ttbr) >>> 2;
      used = this.dropMegabyte(megabyte);
      // The fast context switch extension shows the 32 MB of the process at 0, too.
      if (megabyte >>> 5 === process >>> 25) used = this.dropMegabyte(megabyte & 31) || used;
    }
    if (owner === MANY) {
      this.flush();
      return true;
    }
    if (owner !== undefined) used = this.dropWord(owner, physical) || used;
    return used;
  }

  private dropMegabyte(megabyte: number): boolean {
    let used = false;
    for (let user = 0; user < 2; user++) {
      const root = this.roots[user];
      if (!this.core.u32[root + megabyte]) continue;
      this.core.u32[root + megabyte] = 0;
      this.tables--;
      used = true;
    }
    if (used) this.core.exports.flushRange((megabyte << 20) >>> 0, 256);
    return used;
  }

  /** Drops what came from one word of the L2 table that `megabyte` uses. */
  private dropWord(megabyte: number, physical: number): boolean {
    const { core } = this;
    let used = false;
    for (let user = 0; user < 2; user++) {
      const root = this.roots[user];
      const descriptor = core.u32[root + megabyte];
      if (!descriptor) continue;
      const fine = (descriptor & 3) === 3;
      const table = (core.hostRam + ((descriptor & (fine ? 0xffff_f000 : 0xffff_fc00)) >>> 0) - HOST_BASE) >>> 2;
      const index = (physical >>> 2) & (fine ? 0x3ff : 0xff);
      if (!core.u32[table + index]) continue;
      core.u32[table + index] = 0;
      used = true;
      core.exports.flushPage(((megabyte << 20) | ((fine ? index >>> 2 : index) << 12)) >>> 0);
    }
    if (used) this.entries--;
    return used;
  }
}
