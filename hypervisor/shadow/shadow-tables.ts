/**
 * Shadow page tables: real ARM tables in the hypervisor's RAM, which the emulated MMU walks while the guest runs in user
 * mode. They are filled on demand, a 4 KB page at a time, from fresh walks of the guest's tables.
 *
 * There is a shadow (an address space) for each of the guest's table roots, with the registers that give its tables their meaning;
 * the least recently used gives way. Guest frames that hold descriptors from which entries were made are mapped read-only
 * everywhere; the store is emulated, and what was made from the changed word is dropped in every shadow. So no shadow, in use or
 * not, ever disagrees with the guest's tables, and neither a TLB operation nor a switch of tables has to drop anything.
 *
 * How the rights of the guest's privileged and user modes share a shadow is the mode switch strategy (mode-switch.ts).
 */
import { Core } from '../../emulator/core.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { GuestTables } from './guest-tables.ts';
import * as Host from './host-ram.ts';
import { AP_NONE, AP_READ, AP_WRITE } from './host-ram.ts';
import { DACR_KERNEL, DACR_USER, DOMAIN_BOTH, DOMAIN_KERNEL, type ModeSwitch } from './mode-switch.ts';
import { ReverseMap } from './reverse-map.ts';
import { TablePool } from './table-pool.ts';

const ALL_CLIENTS = 0x5555_5555;
const MEGABYTES = 4096;
const L1_PAGES = 4;
const ENTRIES = TablePool.ENTRIES;
/** Entries of the kernel alone that one shadow may have in megabytes shared with user mode. */
const MIXED = 1024;
/** SCTLR bits that give tables their meaning: M, S, R. */
const SCTLR_TRANSLATION = 0x301;

/** The guest's registers that decide what its tables mean. */
export interface Translation {
  ttbr: number;
  dacr: number;
  sctlr: number;
  fcse: number;
}

/** A shadow: what it was made for, and when it was used last. */
interface Space extends Translation {
  readonly index: number;
  used: boolean;
  lastUse: number;
  /** Pages (0 to 3) of the guest's level 1 table that are guarded for it, as bits. */
  guarded: number;
  /** Megabytes that may have a table or depend on one of the guest's: the first `count` of a list. */
  readonly megabytes: Uint16Array;
  count: number;
  /** Entries of the kernel alone in megabytes that user mode shares: they go when user mode comes (`domains`). */
  mixed: number[];
}

/** A page of the host that every shadow maps, at an address that the guest cannot use. */
export interface HostPage {
  va: number;
  physical: number;
}

export interface ShadowCounters {
  /** Entries made. */
  fills: number;
  /** Everything dropped at once. */
  flushes: number;
  /** Changes to another shadow, and those for which a shadow was there. */
  switches: number;
  hits: number;
  /** Shadows given up: for room, because their tables became data. */
  evictions: number;
  /** Entries dropped because the guest changed their descriptor. */
  drops: number;
  /** Stores to guarded pages that changed nothing a shadow depended on. */
  falseWriteFaults: number;
  /** Pages that stopped being tables. */
  teardowns: number;
  /** Entries rewritten or dropped by changes of mode. */
  rewrites: number;
}

export class ShadowTables {
  static readonly RAM_SIZE = Host.HOST_RAM.SIZE;

  readonly counters: ShadowCounters = {
    fills: 0,
    flushes: 0,
    switches: 0,
    hits: 0,
    evictions: 0,
    drops: 0,
    falseWriteFaults: 0,
    teardowns: 0,
    rewrites: 0,
  };
  /** Entries in use, of all shadows. */
  entries = 0;
  readonly strategy: ModeSwitch;

  private readonly core: Core;
  private readonly pool: TablePool;
  private readonly reverse: ReverseMap;
  private readonly guest: GuestTables;
  private readonly spaces: Space[] = [];
  private current: Space;
  private clock = 0;
  /** The virtual mode whose rights a single table holds now: 0 privileged, 1 user. */
  private mode = 0;
  private hostPages: readonly HostPage[] = [];
  /** By entry: rights of the privileged modes (bits 0 to 7) and of user mode (bits 8 to 15), as AP fields. */
  private readonly rights: Uint16Array;
  /** By megabyte of a space (as GuestTables.user): 1 when it is in the space's list. */
  private readonly listed = new Uint8Array(Host.SPACES * MEGABYTES);
  /** Rights that the last walk gives, in the same form. */
  private walked = 0;

  constructor(core: Core, strategy: ModeSwitch) {
    this.core = core;
    this.strategy = strategy;
    this.pool = new TablePool(core);
    this.reverse = new ReverseMap(core.guestPages + 1, ENTRIES);
    this.guest = new GuestTables(core);
    this.rights = new Uint16Array(strategy === 'rewrite' || strategy === 'domains' ? ENTRIES : 0);
    for (let index = 0; index < Host.SPACES; index++)
      this.spaces.push({
        ...{ index, used: false, lastUse: 0, guarded: 0, mixed: [], count: 0, megabytes: new Uint16Array(MEGABYTES) },
        ...{ ttbr: 0, dacr: 0, sctlr: 0, fcse: 0 },
      });
    this.current = this.spaces[0];
    this.current.used = true;
  }

  /** Level 2 tables in use, of all shadows. */
  get tables(): number {
    return this.pool.used;
  }

  /** Shadows kept. */
  get kept(): number {
    let count = 0;
    for (const space of this.spaces) if (space.used) count++;
    return count;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Choosing the shadow

  /** Makes the shadow for the guest's present translation the current one. */
  activate(now: Translation): void {
    const { current } = this;
    current.lastUse = ++this.clock;
    if (current.used && ShadowTables.matches(current, now)) return;
    this.counters.switches++;
    let found: Space | undefined;
    for (let i = 0; i < this.spaces.length; i++) {
      const space = this.spaces[i];
      if (space.used && ShadowTables.matches(space, now)) found = space;
    }
    if (found) {
      this.counters.hits++;
      // A table that serves one mode at a time was left with the rights of the mode at the time.
      if (this.strategy === 'flush') this.empty(found);
    } else found = this.claim(now);
    this.current = found;
    found.lastUse = ++this.clock;
    if (this.strategy === 'rewrite') this.rewrite(found);
    if (this.mode) this.dropMixed(found);
    this.install();
    this.core.exports.flushAll();
  }

  private static matches(space: Space, now: Translation): boolean {
    const mmu = now.sctlr & 1;
    return (
      ((space.sctlr ^ now.sctlr) & SCTLR_TRANSLATION) === 0 &&
      space.fcse === now.fcse &&
      (!mmu || (space.ttbr === now.ttbr && space.dacr === now.dacr))
    );
  }

  /** A free shadow for a translation; the least recently used one is given up for it. */
  private claim(now: Translation): Space {
    let space = this.spaces[0];
    for (const other of this.spaces) {
      if (!other.used) {
        space = other;
        break;
      }
      if (other.lastUse < space.lastUse) space = other;
    }
    if (space.used) this.evict(space);
    space.used = true;
    space.ttbr = now.ttbr;
    space.dacr = now.dacr;
    space.sctlr = now.sctlr;
    space.fcse = now.fcse;
    this.mapHostPages(space);
    return space;
  }

  private evict(space: Space): void {
    this.empty(space);
    this.unmapHostPages(space);
    space.used = false;
    this.counters.evictions++;
  }

  /** Points the translation regimes of the two virtual modes at the current shadow. */
  install(): void {
    const { core, strategy, current } = this;
    for (let user = 0; user < 2; user++) {
      const regime = L.REGIMES + user * L.REGIME_SIZE;
      const served = strategy === 'roots' || strategy === 'domains' || user === this.mode;
      const root = this.rootOffset(current.index, user);
      core.set(regime, Host.HOST_BASE + (served ? root : Host.HOST_RAM.EMPTY_L1));
      core.set(regime + 4, strategy === 'domains' ? (user ? DACR_USER : DACR_KERNEL) : ALL_CLIENTS);
      core.set(regime + 8, L.REGIME_MMU | L.REGIME_USER);
      core.set(regime + 12, 0);
    }
  }

  /** Tells that the guest's virtual mode is privileged (0) or user (1) now. */
  setMode(user: number): void {
    if (user === this.mode) return;
    this.mode = user;
    switch (this.strategy) {
      case 'roots':
        return;
      case 'domains':
        if (user) this.dropMixed(this.current);
        return;
      case 'flush':
        this.empty(this.current);
        break;
      case 'rewrite':
        this.rewrite(this.current);
        break;
    }
    this.install();
    this.core.exports.flushAll();
  }

  /**
   * A privileged mode is about to access memory with the rights of user mode (LDRT and its family). Under `domains` the pages
   * of the kernel alone in megabytes that it shares with user mode go first, as when user mode itself comes.
   */
  beforeUserAccess(): void {
    if (this.strategy === 'domains' && this.mode === 0) this.dropMixed(this.current);
  }

  /** Offset in the hypervisor's RAM of a root of a shadow. */
  private rootOffset(space: number, user: number): number {
    return Host.HOST_RAM.ROOTS + (space * 2 + (this.strategy === 'roots' ? user : 0)) * Host.L1_SIZE;
  }

  /** Index in `core.u32` of the level 1 word of a megabyte. */
  private rootWord(space: number, user: number, megabyte: number): number {
    return ((this.core.hostRam + this.rootOffset(space, user)) >>> 2) + megabyte;
  }

  /** Roots that a shadow has. */
  private get views(): number {
    return this.strategy === 'roots' ? 2 : 1;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Filling

  /**
   * Enters the page of `va` for a virtual mode's rights (0 privileged, 1 user), from the guest walk that the core holds in
   * WALK_* (mapping found, MMU on) or as an identity. `frame` is the address of the page's RAM. Returns whether the entry
   * grants the access; where the strategy cannot express it, the caller must emulate.
   */
  fill(va: number, user: number, write: boolean, frame: number): boolean {
    const { core, current, strategy } = this;
    if ((strategy === 'flush' || strategy === 'rewrite') && user !== this.mode) return false;
    const mmu = (current.sctlr & 1) !== 0;
    const guestL1 = mmu ? core.get(L.WALK_L1) : 0;
    const megabyte = va >>> 20;
    const fine = (guestL1 & 3) === 3;
    if (mmu) this.depend(current, megabyte);
    const page = (frame - L.RAM_BASE) >>> 12;
    this.walkedRights(mmu);
    const kernelOnly = this.walked >>> 8 === AP_NONE * 0x55;
    const slot = this.tableFor(current, user, megabyte, fine, kernelOnly && strategy === 'domains');
    // Making room for the table may have emptied this very shadow.
    if (mmu) this.depend(current, megabyte);
    const entry = TablePool.firstEntry(slot) + (TablePool.isFine(slot) ? (va >>> 10) & 0x3ff : (va >>> 12) & 0xff);
    const word = this.pool.word(entry);
    if (core.u32[word]) this.forget(entry, word);
    const descriptor = this.descriptor(va, user, mmu, page);
    core.i32[word] = descriptor;
    if (this.rights.length) this.rights[entry] = this.walked;
    this.reverse.add(entry, page);
    this.entries++;
    this.counters.fills++;
    if (strategy === 'domains' && kernelOnly && this.domainOf(current, megabyte) === DOMAIN_BOTH) {
      if (user !== 0 || this.mode !== 0) this.forget(entry, word);
      else {
        if (current.mixed.length === MIXED) this.dropMixed(current);
        current.mixed.push(entry);
      }
    }
    return ShadowTables.grants(descriptor, va, write) && core.u32[word] !== 0;
  }

  /**
   * As `fill`, for a page of a device: its entry leads to the device's address, where no RAM answers, so that the core meets
   * the access knowing the address.
   */
  fillDevice(va: number, user: number): boolean {
    // In the reverse map such pages stand behind those of the guest's RAM.
    return this.fill(va, user, true, L.RAM_BASE + this.core.guestPages * 4096);
  }

  /** Rights of the last walk for both modes, by quarter of the page, into `walked`. */
  private walkedRights(mmu: boolean): void {
    const { core, current } = this;
    if (!mmu) {
      this.walked = 0xffff;
      return;
    }
    // Only small pages have permissions of their own for each KB; a tiny page is one KB.
    const quarters = core.get(L.WALK_SHIFT) === 12;
    const l2 = core.get(L.WALK_L2);
    const ap = core.get(L.WALK_AP);
    let privileged = 0;
    let user = 0;
    for (let quarter = 0; quarter < 4; quarter++) {
      const guestAp = quarters ? (l2 >>> (4 + quarter * 2)) & 3 : ap;
      privileged |= this.rightsOf(guestAp, Core.regimeControl(current.sctlr, false)) << (quarter * 2);
      user |= this.rightsOf(guestAp, Core.regimeControl(current.sctlr, true)) << (quarter * 2);
    }
    core.set(L.WALK_AP, ap);
    this.walked = privileged | (user << 8);
  }

  /** AP field for physical user mode that grants what a guest AP field grants, by the last walk's domain. */
  private rightsOf(guestAp: number, control: number): number {
    const { core } = this;
    core.set(L.WALK_AP, guestAp);
    if (core.exports.permission(control, 0)) return AP_NONE;
    return core.exports.permission(control, 1) ? AP_READ : AP_WRITE;
  }

  /** The AP fields, by quarter, that an entry with `rights` has for a virtual mode. */
  private fields(rights: number, user: number, page: number): number {
    let ap: number;
    if (this.strategy === 'domains') {
      const forUser = rights >>> 8;
      // Pages that user mode may touch have its rights in both modes.
      ap = forUser === AP_NONE * 0x55 ? rights & 0xff : forUser;
    } else ap = user ? rights >>> 8 : rights & 0xff;
    return this.core.u8[L.PAGE_FLAGS + page] & L.PAGE_GUEST_TABLE ? withoutWrites(ap) : ap;
  }

  /** The descriptor for the page that was walked, with the rights in `walked`. */
  private descriptor(va: number, user: number, mmu: boolean, page: number): number {
    const { core } = this;
    const ap = this.fields(this.walked, user, page);
    if (mmu && core.get(L.WALK_SHIFT) === 10) return (core.get(L.WALK_PA) & 0xffff_fc00) | ((ap & 3) << 4) | 3;
    const target = mmu ? core.get(L.WALK_PA) : core.mva(L.CPU_VIRT, va);
    return (target & 0xffff_f000) | (ap << 4) | 2;
  }

  private static grants(descriptor: number, va: number, write: boolean): boolean {
    const quarter = (descriptor & 3) === 3 ? 0 : (va >>> 10) & 3;
    const ap = (descriptor >>> (4 + quarter * 2)) & 3;
    return write ? ap === AP_WRITE : ap >= AP_READ;
  }

  /** The level 2 table of a megabyte, made if there is none. `kernelOnly`: for an entry that user mode must not see. */
  private tableFor(space: Space, user: number, megabyte: number, fine: boolean, kernelOnly: boolean): number {
    const { core } = this;
    const word = this.rootWord(space.index, user, megabyte);
    const descriptor = core.u32[word];
    if (descriptor) {
      const slot = TablePool.slotAt(descriptor);
      // A megabyte with pages of the host always has a table, which may be of the wrong kind (and then holds no others).
      if (TablePool.isFine(slot) === fine) {
        if (user && this.strategy === 'domains' && (descriptor >>> 5) & 15) this.share(space, megabyte, word, slot);
        return slot;
      }
      this.releaseTable(space, user, megabyte);
    }
    const slot = this.takeTable(space, user, megabyte, fine);
    // Making room may have given the megabyte a table for the host's pages.
    if (core.u32[word]) this.releaseTable(space, user, megabyte);
    this.list(space, megabyte);
    core.u32[word] = Host.l1Descriptor(TablePool.physical(slot), fine, kernelOnly ? DOMAIN_KERNEL : DOMAIN_BOTH);
    this.writeHostPages(space, user, megabyte);
    return slot;
  }

  /** Puts a megabyte into the list of its space. */
  private list(space: Space, megabyte: number): void {
    const user = GuestTables.user(space.index, megabyte);
    if (this.listed[user]) return;
    this.listed[user] = 1;
    space.megabytes[space.count++] = megabyte;
  }

  private takeTable(space: Space, user: number, megabyte: number, fine: boolean): number {
    const owner = GuestTables.user(space.index, megabyte) * 2 + user;
    let slot = this.pool.take(fine, owner);
    while (slot < 0) {
      // Room is made at the cost of the shadow not used for longest, and at last of this one.
      let oldest: Space | undefined;
      for (const other of this.spaces)
        if (other.used && other !== space && (!oldest || other.lastUse < oldest.lastUse)) oldest = other;
      if (oldest) this.evict(oldest);
      else {
        this.counters.flushes++;
        this.empty(space);
      }
      slot = this.pool.take(fine, owner);
    }
    return slot;
  }

  private domainOf(space: Space, megabyte: number): number {
    return (this.core.u32[this.rootWord(space.index, 0, megabyte)] >>> 5) & 15;
  }

  /** User mode needs a page of a megabyte that was the kernel's alone: the kernel's pages there are dropped. */
  private share(space: Space, megabyte: number, word: number, slot: number): void {
    const { core } = this;
    core.u32[word] = Host.l1Descriptor(TablePool.physical(slot), TablePool.isFine(slot), DOMAIN_BOTH);
    const first = TablePool.firstEntry(slot);
    for (let entry = first; entry < first + TablePool.size(slot); entry++) {
      const at = this.pool.word(entry);
      if (core.u32[at] && this.rights[entry] >>> 8 === AP_NONE * 0x55) {
        this.forget(entry, at);
        this.counters.rewrites++;
      }
    }
    this.flushMegabyte(space, megabyte);
  }

  /** `domains`: entries of the kernel alone in shared megabytes go when user mode comes. */
  private dropMixed(space: Space): void {
    for (const entry of space.mixed) {
      const word = this.pool.word(entry);
      if (!this.core.u32[word] || this.rights[entry] >>> 8 !== AP_NONE * 0x55) continue;
      this.forget(entry, word);
      this.flushEntry(entry);
      this.counters.rewrites++;
    }
    space.mixed.length = 0;
  }

  /** `rewrite`: gives every entry of a shadow the rights of the present mode. */
  private rewrite(space: Space): void {
    const { core } = this;
    for (let i = 0; i < space.count; i++) {
      const descriptor = core.u32[this.rootWord(space.index, 0, space.megabytes[i])];
      if (!descriptor) continue;
      const slot = TablePool.slotAt(descriptor);
      const first = TablePool.firstEntry(slot);
      for (let entry = first; entry < first + TablePool.size(slot); entry++) {
        const page = this.reverse.pageOf(entry);
        if (page < 0) continue;
        const word = this.pool.word(entry);
        const old = core.i32[word];
        const ap = this.fields(this.rights[entry], this.mode, page);
        core.i32[word] = (old & 3) === 3 ? (old & ~0x30) | ((ap & 3) << 4) : (old & ~0xff0) | (ap << 4);
        this.counters.rewrites++;
      }
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Dependence on the guest's tables

  /** Guards the descriptors of a walk, and notes that a megabyte of a shadow depends on them. */
  private depend(space: Space, megabyte: number): void {
    const { core, guest } = this;
    const l1 = core.get(L.WALK_L1);
    const l1Address = core.get(L.WALK_L1_ADDRESS);
    const fine = (l1 & 3) === 3;
    const l1Page = guest.kilobyte(l1Address) >> 2;
    const quarter = 1 << ((l1Address >>> 12) & (L1_PAGES - 1));
    if (l1Page >= 0 && !(space.guarded & quarter)) {
      space.guarded |= quarter;
      if (guest.refer(l1Page)) this.guard(l1Page);
    }
    const user = GuestTables.user(space.index, megabyte);
    let kb = l1 & 1 ? guest.kilobyte(core.get(L.WALK_L2_ADDRESS)) : -1;
    if (kb >= 0 && fine) kb &= ~3;
    if (kb === guest.tableOf(user)) return;
    if (guest.tableOf(user) >= 0) this.dropMegabyte(space, megabyte);
    if (kb < 0) return;
    this.list(space, megabyte);
    guest.link(user, kb, fine);
    if (guest.refer(kb >>> 2)) this.guard(kb >>> 2);
  }

  /** Makes a page read-only in every entry that maps it. */
  private guard(page: number): void {
    const { core, reverse } = this;
    core.exports.guardPage(page, L.PAGE_GUEST_TABLE);
    for (let entry = reverse.first(page); entry >= 0; entry = reverse.after(entry)) {
      const word = this.pool.word(entry);
      const descriptor = core.i32[word];
      const tiny = (descriptor & 3) === 3;
      const ap = withoutWrites((descriptor >>> 4) & (tiny ? 3 : 0xff));
      core.i32[word] = (descriptor & (tiny ? ~0x30 : ~0xff0)) | (ap << 4);
      this.flushEntry(entry);
    }
  }

  /**
   * A store changed the guest's word at a physical address in a guarded page: drops what was made from it, in every
   * shadow. Returns whether anything was.
   */
  wordChanged(physical: number): boolean {
    const { guest, counters } = this;
    const kb = guest.kilobyte(physical);
    if (kb < 0) return false;
    const dropped = counters.drops;
    for (let user = guest.firstUser(kb); user >= 0; user = guest.nextUser(user)) this.dropWord(user, physical);
    if (kb & 3)
      for (let user = guest.firstUser(kb & ~3); user >= 0; user = guest.nextUser(user))
        if (guest.isFine(user)) this.dropWord(user, physical);
    // By index: an iterator would be an allocation at each store to a table.
    for (let i = 0; i < this.spaces.length; i++) {
      const space = this.spaces[i];
      const offset = physical - space.ttbr;
      if (!space.used || !(space.sctlr & 1) || offset < 0 || offset >= Host.L1_SIZE) continue;
      const megabyte = offset >>> 2;
      this.dropMegabyte(space, megabyte);
      // The fast context switch extension shows the 32 MB of the process at 0, too.
      if (megabyte >>> 5 === space.fcse >>> 25) this.dropMegabyte(space, megabyte & 31);
    }
    if (counters.drops === dropped) return false;
    guest.useful(kb >>> 2);
    counters.falseWriteFaults--;
    return true;
  }

  /**
   * The guest is about to store to a guarded page (an index). Returns false when the page has turned out to be data: nothing depends
   * on it any more, and it may be written freely. A store counts as useless until `wordChanged` finds a use for it.
   */
  storesToTable(page: number): boolean {
    this.counters.falseWriteFaults++;
    if (!this.guest.useless(page)) return true;
    this.tearDown(page);
    return (this.core.u8[L.PAGE_FLAGS + page] & L.PAGE_GUEST_TABLE) !== 0;
  }

  /** A page is written like data: nothing depends on it any more, until a walk meets it again. */
  private tearDown(page: number): void {
    const { guest } = this;
    guest.useful(page);
    this.counters.teardowns++;
    for (let kb = page * 4; kb < page * 4 + 4; kb++) {
      for (let user = guest.firstUser(kb); user >= 0; user = guest.firstUser(kb))
        this.dropMegabyte(this.spaces[user >>> 12], user & (MEGABYTES - 1));
    }
    for (const space of this.spaces) {
      if (!space.used || !space.guarded) continue;
      const first = guest.kilobyte(space.ttbr) >> 2;
      if (page < first || page >= first + L1_PAGES) continue;
      if (space === this.current) this.empty(space);
      else this.evict(space);
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Dropping

  /** Drops every entry of every shadow. */
  flush(): void {
    this.counters.flushes++;
    for (const space of this.spaces) if (space.used) this.empty(space);
    this.core.exports.flushAll();
  }

  /** Drops every entry of a shadow, and its claims on the guest's table pages; the host's pages stay. */
  private empty(space: Space): void {
    for (let i = 0; i < space.count; i++) {
      const megabyte = space.megabytes[i];
      for (let view = 0; view < this.views; view++)
        if (this.core.u32[this.rootWord(space.index, view, megabyte)]) this.releaseTable(space, view, megabyte);
      this.unlink(space, megabyte);
      this.listed[GuestTables.user(space.index, megabyte)] = 0;
    }
    space.count = 0;
    space.mixed.length = 0;
    const first = this.guest.kilobyte(space.ttbr) >> 2;
    for (let quarter = 0; quarter < L1_PAGES; quarter++)
      if (space.guarded & (1 << quarter)) this.guest.release(first + quarter);
    space.guarded = 0;
    this.mapHostPages(space);
    if (space === this.current) this.core.exports.flushAll();
  }

  private unlink(space: Space, megabyte: number): void {
    const page = this.guest.unlink(GuestTables.user(space.index, megabyte));
    if (page >= 0) this.guest.release(page);
  }

  private dropMegabyte(space: Space, megabyte: number): void {
    let found = false;
    for (let view = 0; view < this.views; view++) {
      if (!this.core.u32[this.rootWord(space.index, view, megabyte)]) continue;
      found = true;
      this.releaseTable(space, view, megabyte);
    }
    this.unlink(space, megabyte);
    if (!found) return;
    this.counters.drops++;
    this.mapHostPages(space, megabyte);
    this.flushMegabyte(space, megabyte);
  }

  /** Takes the level 2 table of a megabyte away, with its entries. */
  private releaseTable(space: Space, view: number, megabyte: number): void {
    const { core } = this;
    const root = this.rootWord(space.index, view, megabyte);
    const slot = TablePool.slotAt(core.u32[root]);
    const first = TablePool.firstEntry(slot);
    for (let entry = first; entry < first + TablePool.size(slot); entry++) {
      const word = this.pool.word(entry);
      if (core.u32[word]) this.forget(entry, word);
    }
    core.u32[root] = 0;
    this.pool.release(slot);
  }

  /** Drops what came from one word of a guest's level 2 table for one user of the table. */
  private dropWord(user: number, physical: number): void {
    const { core } = this;
    const space = this.spaces[user >>> 12];
    const megabyte = user & (MEGABYTES - 1);
    for (let view = 0; view < this.views; view++) {
      const descriptor = core.u32[this.rootWord(space.index, view, megabyte)];
      if (!descriptor) continue;
      const slot = TablePool.slotAt(descriptor);
      const index = (physical >>> 2) & (TablePool.size(slot) - 1);
      const entry = TablePool.firstEntry(slot) + index;
      const word = this.pool.word(entry);
      if (this.reverse.pageOf(entry) < 0) continue;
      this.forget(entry, word);
      this.counters.drops++;
      this.flushEntry(entry);
    }
  }

  /** Clears an entry and takes it out of the reverse map. */
  private forget(entry: number, word: number): void {
    this.core.u32[word] = 0;
    if (this.reverse.pageOf(entry) < 0) return;
    this.reverse.remove(entry);
    this.entries--;
  }

  /** Drops the CPU's cached translations of an entry, if it is in the current shadow. */
  private flushEntry(entry: number): void {
    const slot = TablePool.slotOf(entry);
    const user = this.pool.owner[slot] >>> 1;
    if (user >>> 12 !== this.current.index) return;
    const index = entry - TablePool.firstEntry(slot);
    const page = TablePool.isFine(slot) ? index >>> 2 : index;
    this.core.exports.flushPage((((user & (MEGABYTES - 1)) << 20) | (page << 12)) >>> 0);
  }

  private flushMegabyte(space: Space, megabyte: number): void {
    if (space === this.current) this.core.exports.flushRange((megabyte << 20) >>> 0, 256);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Pages of the host

  /** Maps these pages of the host, for its privileged mode, in every shadow. Everything else is dropped. */
  setHostPages(pages: readonly HostPage[]): void {
    for (const space of this.spaces) {
      if (!space.used) continue;
      this.empty(space);
      this.unmapHostPages(space);
    }
    this.hostPages = pages;
    for (const space of this.spaces) if (space.used) this.mapHostPages(space);
    this.install();
    this.core.exports.flushAll();
  }

  /** Makes the tables of the megabytes with host pages (or of one of them), which a shadow always has. */
  private mapHostPages(space: Space, only = -1): void {
    for (const { va } of this.hostPages) {
      const megabyte = va >>> 20;
      if (only >= 0 && megabyte !== only) continue;
      for (let view = 0; view < this.views; view++)
        if (!this.core.u32[this.rootWord(space.index, view, megabyte)])
          this.tableFor(space, view, megabyte, false, false);
    }
  }

  private writeHostPages(space: Space, view: number, megabyte: number): void {
    for (const { va, physical } of this.hostPages) {
      if (va >>> 20 !== megabyte) continue;
      const slot = TablePool.slotAt(this.core.u32[this.rootWord(space.index, view, megabyte)]);
      const fine = TablePool.isFine(slot);
      const first = TablePool.firstEntry(slot) + (fine ? (va >>> 10) & 0x3fc : (va >>> 12) & 0xff);
      for (let i = 0; i < (fine ? 4 : 1); i++)
        this.core.u32[this.pool.word(first + i)] = Host.smallPage(physical, AP_NONE);
    }
  }

  private unmapHostPages(space: Space): void {
    for (const { va } of this.hostPages)
      for (let view = 0; view < this.views; view++)
        if (this.core.u32[this.rootWord(space.index, view, va >>> 20)]) this.releaseTable(space, view, va >>> 20);
  }

  /** Whether an address is on a page of the host. */
  isHostPage(va: number): boolean {
    for (let i = 0; i < this.hostPages.length; i++) if (((this.hostPages[i].va ^ va) & 0xffff_f000) === 0) return true;
    return false;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Self-check and views

  /**
   * Compares every entry of every shadow with a fresh walk of the guest's tables. Returns a line for the first one that
   * differs, or undefined. Leaves another walk in WALK_*.
   */
  check(): string | undefined {
    const { core } = this;
    for (const space of this.spaces) {
      if (!space.used) continue;
      for (let view = 0; view < this.views; view++) {
        for (let i = 0; i < space.count; i++) {
          const megabyte = space.megabytes[i];
          const descriptor = core.u32[this.rootWord(space.index, view, megabyte)];
          if (!descriptor) continue;
          const problem = this.checkTable(space, view, megabyte, TablePool.slotAt(descriptor));
          if (problem) return problem;
        }
      }
    }
    return undefined;
  }

  private checkTable(space: Space, view: number, megabyte: number, slot: number): string | undefined {
    const { core } = this;
    const fine = TablePool.isFine(slot);
    const current = this.current;
    for (let index = 0; index < TablePool.size(slot); index++) {
      const entry = TablePool.firstEntry(slot) + index;
      const page = this.reverse.pageOf(entry);
      const va = ((megabyte << 20) | (index << (fine ? 10 : 12))) >>> 0;
      if (page < 0) {
        const ours = this.hostPages.find((host) => ((host.va ^ va) & 0xffff_f000) === 0);
        const own = ours ? Host.smallPage(ours.physical, AP_NONE) : 0;
        const found = core.u32[this.pool.word(entry)];
        if (found === own) continue;
        return (
          `shadow of table 0x${space.ttbr.toString(16)} at 0x${va.toString(16)}: entry 0x${found.toString(16)}, ` +
          `where the hypervisor has made ${own ? `0x${own.toString(16)}` : 'none'}`
        );
      }
      const mva = va < 0x200_0000 ? (va | space.fcse) >>> 0 : va;
      const mmu = (space.sctlr & 1) !== 0;
      const fault = mmu ? core.exports.walk(space.ttbr, space.dacr, mva, 1) : 0;
      const user = this.views === 2 ? view : this.mode;
      let expected = 0;
      if (!fault) {
        this.current = space;
        this.walkedRights(mmu);
        expected = this.descriptor(va, user, mmu, page);
        this.current = current;
      }
      const found = core.i32[this.pool.word(entry)];
      const apField = (found & 3) === 3 ? 0x30 : 0xff0;
      // A single table that is not in use keeps the rights of the mode in which it was left.
      if (((found ^ expected) & ~apField) === 0 && space !== current && this.views === 1) continue;
      // A page that has ceased to be a table stays read-only until it is written.
      if (found === expected || found === ((expected & ~apField) | (withoutWrites((expected & apField) >>> 4) << 4)))
        continue;
      return (
        `shadow of table 0x${space.ttbr.toString(16)}, ${user ? 'user' : 'privileged'} mode, at 0x${va.toString(16)}: ` +
        `entry 0x${(found >>> 0).toString(16)}, by the guest's tables 0x${(expected >>> 0).toString(16)}`
      );
    }
    return undefined;
  }

  /** Level 1 and level 2 words of the current shadow for an address and virtual mode; 0 where there is none. */
  lookup(va: number, user: number): { l1: number; l2: number } {
    const { core } = this;
    const l1 = core.u32[this.rootWord(this.current.index, this.views === 2 ? user : 0, va >>> 20)];
    if (!l1) return { l1, l2: 0 };
    const slot = TablePool.slotAt(l1);
    const index = TablePool.isFine(slot) ? (va >>> 10) & 0x3ff : (va >>> 12) & 0xff;
    return { l1, l2: core.u32[this.pool.word(TablePool.firstEntry(slot) + index)] };
  }
}

/** AP fields with read-only in place of read-write. */
function withoutWrites(ap: number): number {
  return ap & ~(ap & (ap >>> 1) & 0x55);
}
