/**
 * Memory as instructions see it: translation tables for the fast path, and the slow path behind them.
 *
 * For each regime (privileged, user) and use (read, write, fetch) a flat table holds a word per 4 KB virtual page:
 * `(host page ^ virtual page) | 1`, or 0 when the fast path must not be taken. So with `e = table[va >> 12] - 1`, an
 * aligned access is fast when `((e | va) & (size - 1)) == 0` and `e & 3 == 0`, and its host address is `e ^ va`.
 * Devices, watched pages, sub-page permissions, code pages and table pages (writes) never get an entry.
 *
 * Translations are coherent with the tables they came from: each descriptor used is marked, and a store that changes a
 * marked word drops what was made from it. A guest can therefore never see a stale translation, in any mode.
 */
import {
  ALIGN_CHECK,
  EXIT_ADDRESS,
  EXIT_DATA,
  EXIT_FAR,
  EXIT_FSR,
  EXIT_PHYSICAL,
  EXIT_REGIME,
  EXIT_SIZE,
  EXIT_WRITE,
  FILLED,
  FILLED_MAX,
  MARKED,
  MARKED_MAX,
  MMIO_COUNT,
  MMIO_MAX,
  MMIO_VALUES,
  OVERRIDES,
  OVERRIDE_COUNT,
  OVERRIDE_WRITE,
  PAGE_CODE,
  PAGE_DIRTY,
  PAGE_FLAGS,
  PAGE_GUEST_TABLE,
  PAGE_TABLE,
  PHYS_MAP,
  RAM_BASE,
  RAM_WATCHES,
  RAM_WATCH_COUNT,
  RAM_WATCH_PAGES,
  REGIME,
  REGIMES,
  REGIME_HOST,
  REGIME_MMU,
  REGIME_SIZE,
  SLOT_ARM,
  SLOT_THUMB,
  STORES_DONE,
  TABLE_LOG,
  TABLE_LOG_COUNT,
  TABLE_LOG_MAX,
  TABLE_OWNER,
  TLB,
  TLB_SIZE,
  TRAP_EXCEPTIONS,
  WALKED,
  WALK_COUNT,
  WALK_DOMAIN,
  WALK_L1,
  WALK_L1_ADDRESS,
  WALK_L2,
  WALK_L2_ADDRESS,
  WALK_PA,
  WALK_SHIFT,
  WATCHES,
  WATCHING,
  WATCH_COUNT,
  WATCH_PAGES,
} from './generated/layout';
import { externalAbort, FSR_ALIGNMENT, permission, walk } from './walk';

/** What became of a slow access: done, a data abort (EXIT_FSR, EXIT_FAR), or a device access to be answered first. */
export const ACCESS_OK: u32 = 0;
export const ACCESS_ABORT: u32 = 1;
export const ACCESS_MMIO: u32 = 2;

/** Outcome of the last slow access; sticky until `clearAccess`. */
export let access: u32 = ACCESS_OK;
/** Set when a watched range was touched; its address and kind are in EXIT_ADDRESS and EXIT_WRITE. */
export let watchHit: bool = false;
/** Set when the translation of the page being executed may have changed. */
export let fetchChanged: bool = false;

/** Of the last `fetchPage`: offset of the instruction in its RAM page; whether the whole virtual page is mapped alike. */
export let fetchOffset: u32 = 0;
export let fetchWhole: bool = true;

let mmioIndex: u32 = 0;
/** Stores that the execution in progress has passed, and which of them (by bit) went to a device. */
let storeIndex: u32 = 0;
let deviceStores: u32 = 0;
let filledCount: u32 = 0;
let markedCount: u32 = 0;

export const USE_READ: u32 = 0;
const USE_WRITE: u32 = 1;
const USE_FETCH: u32 = 2;

/** A KB that holds L1 descriptors, or an L2 table referenced from more than one megabyte. */
const OWNER_MANY: u32 = 0xffff;

export function clearAccess(): void {
  access = ACCESS_OK;
}

export function clearWatchHit(): void {
  watchHit = false;
}

export function clearFetchChanged(): void {
  fetchChanged = false;
}

/** Before the first or repeated execution of an instruction: device accesses are replayed from the first. */
export function rewindMmio(): void {
  mmioIndex = 0;
}

/** Forgets completed device accesses: the instruction that made them has ended. */
export function endMmio(): void {
  store<u32>(MMIO_COUNT, 0);
  mmioIndex = 0;
}

/** Before an instruction of several accesses; stores that it completed before it was interrupted are passed over. */
export function beginStores(): void {
  storeIndex = 0;
  if (!load<u32>(STORES_DONE)) deviceStores = 0;
}

/** After the last store of such an instruction. */
export function endStores(): void {
  store<u32>(STORES_DONE, 0);
}

/** Such an instruction must be repeated, or has ended with an abort that no hypervisor resolves. */
export function interruptStores(): void {
  store<u32>(STORES_DONE, access == ACCESS_ABORT && !load<u32>(TRAP_EXCEPTIONS) ? 0 : storeIndex);
}

// @ts-ignore: decorator
@inline export function table(regime: u32, use: u32): u32 {
  return TLB + (regime * 3 + use) * TLB_SIZE;
}

// @ts-ignore: decorator
@inline export function readTable(): u32 {
  return table(load<u32>(REGIME), USE_READ);
}

// @ts-ignore: decorator
@inline export function writeTable(): u32 {
  return table(load<u32>(REGIME), USE_WRITE);
}

// @ts-ignore: decorator
@inline export function fetchTable(): u32 {
  return table(load<u32>(REGIME), USE_FETCH);
}

// @ts-ignore: decorator
@inline function ramPage(hostAddress: u32): u32 {
  return <u32>((hostAddress - RAM_BASE) >>> 12);
}

// ---------------------------------------------------------------------------------------------------------------------
// Dropping translations

/** Drops every cached translation. */
export function flushAll(): void {
  for (let i: u32 = 0; i < filledCount; i++) store<u32>(load<u32>(FILLED + (i << 2)), 0);
  filledCount = 0;
  for (let i: u32 = 0; i < markedCount; i++) {
    const word: u32 = load<u32>(MARKED + (i << 2));
    const index = <u32>((word - RAM_BASE) >>> 2);
    store<u8>(WALKED + (index >>> 3), 0);
    store<u16>(WALK_COUNT + (ramPage(word) << 1), 0);
    store<u16>(TABLE_OWNER + ((<u32>((word - RAM_BASE) >>> 10)) << 1), 0);
  }
  markedCount = 0;
  fetchChanged = true;
}

/** Drops the cached translations of one 4 KB virtual page. The host's regimes change as a whole only (flushAll). */
export function flushPage(va: u32): void {
  const offset = (va >>> 12) << 2;
  for (let i: u32 = 0; i < REGIME_HOST * 3; i++) store<u32>(TLB + i * TLB_SIZE + offset, 0);
  fetchChanged = true;
}

/** Drops the cached translations of `count` pages from `va` on. */
export function flushRange(va: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) flushPage(va + (i << 12));
}

/** Drops every entry that allows fast writes to a RAM page (all of them when `host` is 0). */
function dropWriters(host: u32): void {
  for (let i: u32 = 0; i < filledCount; i++) {
    const slot: u32 = load<u32>(FILLED + (i << 2));
    if (<u32>((slot - TLB) / TLB_SIZE) % 3 != USE_WRITE) continue;
    const entry = load<u32>(slot);
    if (!entry) continue;
    const page = (<u32>(((slot - TLB) & (TLB_SIZE - 1)) >>> 2)) << 12;
    if (!host || ((entry - 1) ^ page) == <u32>host) store<u32>(slot, 0);
  }
}

/** Sets flags of a RAM page that forbid fast writes; drops the fast writers when that is new. */
export function guardPage(page: u32, flag: u32): void {
  const address = PAGE_FLAGS + page;
  const old = load<u8>(address);
  if (old & flag) return;
  store<u8>(address, <u8>(old | flag));
  if (!(old & (PAGE_CODE | PAGE_TABLE | PAGE_GUEST_TABLE))) dropWriters(RAM_BASE + ((<u32>page) << 12));
}

/** Starts a new period of dirty-page tracking: clears the marks and makes the next write to any page leave one. */
export function clearDirty(pages: u32): void {
  dropWriters(0);
  for (let i: u32 = 0; i < pages; i++) store<u8>(PAGE_FLAGS + i, load<u8>(PAGE_FLAGS + i) & ~(<u8>PAGE_DIRTY));
}

// ---------------------------------------------------------------------------------------------------------------------
// Coherence with the tables

/** Notes that a cached translation comes from the descriptor at a physical address. */
function mark(physical: u32, va: u32, level2: bool): void {
  const host: u32 = load<u32>(PHYS_MAP + ((<u32>(physical >>> 12)) << 2)) + (physical & 0xffc);
  const index = <u32>((host - RAM_BASE) >>> 2);
  const owner = TABLE_OWNER + ((<u32>((host - RAM_BASE) >>> 10)) << 1);
  const megabyte: u32 = level2 ? (va >>> 20) + 1 : OWNER_MANY;
  const old = <u32>load<u16>(owner);
  if (old == 0) store<u16>(owner, <u16>megabyte);
  else if (old != megabyte) store<u16>(owner, <u16>OWNER_MANY);
  const byte = WALKED + (index >>> 3);
  const bit: u32 = 1 << (index & 7);
  const bits = <u32>load<u8>(byte);
  if (bits & bit) return;
  store<u8>(byte, <u8>(load<u8>(byte) | bit));
  store<u32>(MARKED + (markedCount++ << 2), <u32>host);
  const page = ramPage(host);
  const count = WALK_COUNT + (page << 1);
  store<u16>(count, load<u16>(count) + 1);
  guardPage(page, PAGE_TABLE);
}

/** A store changed a marked descriptor: drops what was made from it. */
function descriptorChanged(host: u32): void {
  const owner = <u32>load<u16>(TABLE_OWNER + ((<u32>((host - RAM_BASE) >>> 10)) << 1));
  if (owner == OWNER_MANY) {
    flushAll();
    return;
  }
  // Large pages repeat their descriptor 16 times; each word covers its own 4 KB. A fine table has 4 words a page.
  flushRange((owner - 1) << 20, 256);
}

/** Work after or before a store of `size` bytes to a guarded RAM page. `changed`: the bytes differ from the old ones. */
function guardedStore(host: u32, size: u32, physical: u32, changed: bool): void {
  const page = ramPage(host);
  const flags = <u32>load<u8>(PAGE_FLAGS + page);
  if (flags & PAGE_CODE && changed) invalidateCode(host, size);
  if (flags & PAGE_GUEST_TABLE && changed) {
    const count = load<u32>(TABLE_LOG_COUNT);
    if (count < TABLE_LOG_MAX) store<u32>(TABLE_LOG + (count << 2), physical & ~3);
    store<u32>(TABLE_LOG_COUNT, count + 1);
  }
  if (flags & PAGE_TABLE) {
    if (load<u16>(WALK_COUNT + (page << 1)) == 0) {
      store<u8>(PAGE_FLAGS + page, <u8>(flags & ~PAGE_TABLE));
    } else if (changed) {
      const index = <u32>((host - RAM_BASE) >>> 2);
      if (((<u32>load<u8>(WALKED + (index >>> 3))) >>> (index & 7)) & 1) descriptorChanged(host & ~3);
    }
  }
}

/** Drops decoded instructions in a range of RAM inside one page. */
export function invalidateCode(host: u32, size: u32): void {
  const page = ramPage(host);
  const offset = (<u32>host) & 0xfff;
  const arm: u32 = load<u32>(SLOT_ARM + (page << 2));
  if (arm) {
    const last = (offset + size - 1) >>> 2;
    for (let i = offset >>> 2; i <= last; i++) store<u16>(arm + (i << 3), 0);
  }
  const thumb: u32 = load<u32>(SLOT_THUMB + (page << 2));
  if (thumb) {
    const last = (offset + size - 1) >>> 1;
    for (let i = offset >>> 1; i <= last; i++) store<u16>(thumb + (i << 3), 0);
  }
}

/** RAM was changed from outside (a loader, a debugger, a device): drops code and translations of the range. */
export function memoryChanged(physical: u32, length: u32): void {
  codeChanged(physical, length);
  flushAll();
}

/** As `memoryChanged`, for RAM that holds no translation tables. */
export function codeChanged(physical: u32, length: u32): void {
  let address = physical;
  let left = length;
  while (left > 0) {
    const chunk = min<u32>(left, 0x1000 - (address & 0xfff));
    const base: u32 = load<u32>(PHYS_MAP + ((<u32>(address >>> 12)) << 2));
    if (base) {
      const page = ramPage(base);
      store<u8>(PAGE_FLAGS + page, load<u8>(PAGE_FLAGS + page) | (<u8>PAGE_DIRTY));
      invalidateCode(base + (address & 0xfff), chunk);
    }
    address += chunk;
    left -= chunk;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Translation

/** Host address or 0; physical address of the last `translate`. */
let physicalAddress: u32 = 0;
/** Whether the last translation may be cached for its whole page. */
let cacheable: bool = false;
let translatedByMmu: bool = false;

/** Records an abort; the fault address is the modified virtual address (ARM DDI 0100I, B8.2). */
function abort(fsr: u32, va: u32, write: bool): void {
  access = ACCESS_ABORT;
  const process = load<u32>(REGIMES + load<u32>(REGIME) * REGIME_SIZE + 12);
  store<u32>(EXIT_FSR, fsr);
  store<u32>(EXIT_FAR, va < 0x0200_0000 ? va | process : va);
  store<u32>(EXIT_WRITE, write);
}

/** Status of an external abort on the last translated access. */
function externalStatus(): u32 {
  return translatedByMmu ? externalAbort(true) | (load<u32>(WALK_DOMAIN) << 4) : externalAbort(false);
}

/** Whether an override says where an emulated instruction finds an address; sets `physicalAddress` if so. */
function overridden(va: u32, write: bool): bool {
  const count = load<u32>(OVERRIDE_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(OVERRIDES + (i << 3)) != va >>> 10) continue;
    const target = load<u32>(OVERRIDES + (i << 3) + 4);
    if (write && !(target & OVERRIDE_WRITE)) continue;
    physicalAddress = (target << 10) | (va & 0x3ff);
    return true;
  }
  return false;
}

/**
 * Translates `va` in a regime. Returns false after recording the abort. On success `physicalAddress` is set, and the
 * descriptors used are marked when the result may be cached.
 */
function translate(va: u32, regime: u32, write: bool): bool {
  if (load<u32>(TABLE_LOG_COUNT)) {
    // An earlier store of this instruction changed the guest's tables: the hypervisor must look before it goes on.
    store<u32>(EXIT_REGIME, regime);
    abort(0, va, write);
    return false;
  }
  if (load<u32>(OVERRIDE_COUNT) && overridden(va, write)) {
    cacheable = false;
    translatedByMmu = true;
    return true;
  }
  const block: u32 = REGIMES + regime * REGIME_SIZE;
  const control = load<u32>(block + 8);
  const mva = va < 0x0200_0000 ? va | load<u32>(block + 12) : va;
  if (!(control & REGIME_MMU)) {
    physicalAddress = mva;
    cacheable = true;
    translatedByMmu = false;
    return true;
  }
  let fault = walk(load<u32>(block), load<u32>(block + 4), mva, false);
  if (!fault) fault = permission(control, write);
  if (fault) {
    store<u32>(EXIT_REGIME, regime);
    abort(fault | (load<u32>(WALK_DOMAIN) << 4), va, write);
    return false;
  }
  physicalAddress = load<u32>(WALK_PA);
  translatedByMmu = true;
  const shift = load<u32>(WALK_SHIFT);
  // A fine table has a descriptor for each KB.
  cacheable = shift == 20 || ((load<u32>(WALK_L1) & 3) != 3 && !mixedPermissions(shift));
  return true;
}

/** Whether the sub-pages of the 4 KB page that the last walk found differ in their permissions. */
function mixedPermissions(shift: u32): bool {
  if (shift != 12) return false;
  const ap = (load<u32>(WALK_L2) >>> 4) & 0xff;
  return ap != (ap & 3) * 0x55;
}

function markWalk(va: u32): void {
  if (markedCount + 2 > MARKED_MAX) flushAll();
  mark(load<u32>(WALK_L1_ADDRESS), va, false);
  // Bit 0 tells a table from a section; a table's descriptor may well be at physical address 0.
  if (load<u32>(WALK_L1) & 1) mark(load<u32>(WALK_L2_ADDRESS), va, true);
}

/** Enters a page into a translation table. */
function fill(slot: u32, host: u32, va: u32): void {
  if (filledCount == FILLED_MAX) flushAll();
  if (translatedByMmu) markWalk(va);
  store<u32>(FILLED + (filledCount++ << 2), <u32>slot);
  store<u32>(slot, ((<u32>(host & ~0xfff)) ^ (va & ~0xfff)) | 1);
}

/** Index of the first of `count` watched ranges from `list` on that ends at or behind an address. */
function firstWatch(list: u32, count: u32, address: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(list + middle * 12, 4) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Looks for an access among the watched ranges of one kind of address, by which it begins at `at`. */
function watchedIn(list: u32, count: u32, pages: u32, at: u32, va: u32, size: u32, kind: u32): bool {
  if (!((load<u8>(pages + (at >>> 15)) >>> ((at >>> 12) & 7)) & 1)) return false;
  const last = at + size - 1;
  for (let i = firstWatch(list, count, at); i < count; i++) {
    const entry: u32 = list + i * 12;
    const start = load<u32>(entry);
    if (start > last) break;
    if (!(load<u32>(entry, 8) & kind) || watchHit) continue;
    watchHit = true;
    const offset = start > at ? start - at : 0;
    store<u32>(EXIT_ADDRESS, va + offset);
    store<u32>(EXIT_PHYSICAL, physicalAddress + offset);
    store<u32>(EXIT_WRITE, kind >>> 1);
  }
  return true;
}

/** Whether an access that was translated is to a watched page, whose accesses must all come here. */
function watched(va: u32, size: u32, kind: u32): bool {
  const virtual = watchedIn(WATCHES, load<u32>(WATCH_COUNT), WATCH_PAGES, va, va, size, kind);
  const ram = watchedIn(RAM_WATCHES, load<u32>(RAM_WATCH_COUNT), RAM_WATCH_PAGES, physicalAddress, va, size, kind);
  return virtual || ram;
}

/** The device accesses of one instruction: answered ones are replayed in order, the next one stops the instruction. */
function deviceAccess(physical: u32, va: u32, size: u32, write: bool, value: u32): u32 {
  // An instruction that was given up may have left its index behind.
  if (!load<u32>(MMIO_COUNT)) mmioIndex = 0;
  const index = mmioIndex++;
  if (index < load<u32>(MMIO_COUNT)) {
    const answer: u32 = MMIO_VALUES + (index << 3);
    if (load<u32>(answer, 4)) {
      abort(externalStatus(), va, write);
      return 0;
    }
    return load<u32>(answer);
  }
  if (index >= MMIO_MAX) {
    abort(externalStatus(), va, write);
    return 0;
  }
  access = ACCESS_MMIO;
  store<u32>(EXIT_FAR, va);
  store<u32>(EXIT_ADDRESS, physical);
  store<u32>(EXIT_SIZE, size);
  store<u32>(EXIT_WRITE, write);
  store<u32>(EXIT_DATA, value);
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Slow loads and stores. After each, the caller looks at `access`.

/** Whether the instruction in progress has overrides, or has changed a guest's table: every access is then looked at. */
// @ts-ignore: decorator
@inline function interrupted(): bool {
  return (load<u32>(OVERRIDE_COUNT) | load<u32>(TABLE_LOG_COUNT)) != 0;
}

/** Address in this memory of `bytes` bytes at `va` in one page that may be read or written without a look, or 0. */
export function cached(va: u32, bytes: u32, regime: u32, write: bool): u32 {
  if ((va ^ (va + bytes - 1)) >>> 12 || interrupted()) return 0;
  const entry = load<u32>(table(regime, write ? USE_WRITE : USE_READ) + ((va >>> 12) << 2));
  return entry ? (entry - 1) ^ va : 0;
}

/** Loads `size` bytes (1, 2, 4) at an address aligned to them, with the rights of `regime`; zero-extended. */
export function loadAligned(va: u32, size: u32, regime: u32): u32 {
  const entry = load<u32>(table(regime, USE_READ) + ((va >>> 12) << 2));
  if (entry && !interrupted()) {
    const at: u32 = (entry - 1) ^ va;
    return size == 4 ? load<u32>(at) : size == 2 ? <u32>load<u16>(at) : <u32>load<u8>(at);
  }
  if (!translate(va, regime, false)) return 0;
  const base: u32 = load<u32>(PHYS_MAP + ((<u32>(physicalAddress >>> 12)) << 2));
  if (load<u32>(WATCHING) && regime < REGIME_HOST && watched(va, size, 1)) cacheable = false;
  if (!base) return deviceAccess(physicalAddress, va, size, false, 0);
  const host = base + (physicalAddress & 0xfff);
  if (cacheable) fill(table(regime, USE_READ) + ((va >>> 12) << 2), base, va);
  if (size == 4) return load<u32>(host);
  if (size == 2) return load<u16>(host);
  return load<u8>(host);
}

/** Stores the low `size` bytes at an address aligned to them, with the rights of `regime`. */
export function storeAligned(va: u32, size: u32, value: u32, regime: u32): void {
  if (storeIndex < load<u32>(STORES_DONE)) {
    if ((deviceStores >>> storeIndex) & 1) mmioIndex++;
    storeIndex++;
    return;
  }
  const entry = load<u32>(table(regime, USE_WRITE) + ((va >>> 12) << 2));
  if (entry && !interrupted()) {
    const at: u32 = (entry - 1) ^ va;
    storeIndex++;
    if (size == 4) store<u32>(at, value);
    else if (size == 2) store<u16>(at, <u16>value);
    else store<u8>(at, <u8>value);
    return;
  }
  if (!translate(va, regime, true)) return;
  const base: u32 = load<u32>(PHYS_MAP + ((<u32>(physicalAddress >>> 12)) << 2));
  if (load<u32>(WATCHING) && regime < REGIME_HOST && watched(va, size, 2)) cacheable = false;
  if (!base) {
    const mask: u32 = size == 4 ? 0xffff_ffff : (1 << (size << 3)) - 1;
    deviceAccess(physicalAddress, va, size, true, value & mask);
    if (!access) deviceStores |= 1 << storeIndex++;
    return;
  }
  storeIndex++;
  const host = base + (physicalAddress & 0xfff);
  const page = ramPage(base);
  const flags = <u32>load<u8>(PAGE_FLAGS + page);
  if (flags & (PAGE_CODE | PAGE_TABLE | PAGE_GUEST_TABLE)) {
    const physical = physicalAddress;
    let old: u32;
    if (size == 4) {
      old = load<u32>(host);
      store<u32>(host, value);
    } else if (size == 2) {
      old = load<u16>(host);
      value &= 0xffff;
      store<u16>(host, <u16>value);
    } else {
      old = load<u8>(host);
      value &= 0xff;
      store<u8>(host, <u8>value);
    }
    store<u8>(PAGE_FLAGS + page, <u8>(flags | PAGE_DIRTY));
    guardedStore(host, size, physical, old != value);
    return;
  }
  if (size == 4) store<u32>(host, value);
  else if (size == 2) store<u16>(host, <u16>value);
  else store<u8>(host, <u8>value);
  store<u8>(PAGE_FLAGS + page, <u8>(flags | PAGE_DIRTY));
  if (cacheable) {
    fill(table(regime, USE_WRITE) + ((va >>> 12) << 2), base, va);
    // Marking the walk can guard the very page, when a table maps itself.
    if (load<u8>(PAGE_FLAGS + page) & (PAGE_CODE | PAGE_TABLE | PAGE_GUEST_TABLE)) dropWriters(base);
  }
}

/** Alignment check of the active SCTLR.A; records the fault and returns false. */
export function aligned(va: u32, mask: u32, write: bool): bool {
  if (!(va & mask) || !load<u32>(ALIGN_CHECK)) return true;
  abort(FSR_ALIGNMENT, va, write);
  return false;
}

/** After a failed access that ignored low address bits: the fault address is the one the instruction asked for. */
function abortedAt(va: u32): void {
  if (access) store<u32>(EXIT_FAR, load<u32>(EXIT_FAR) | (va & 3));
}

/** A word load of any alignment: rotated by ARMv5's rule, or an alignment fault (ARM DDI 0100I, A4.1.23). */
export function loadWord(va: u32, regime: u32): u32 {
  if (!aligned(va, 3, false)) return 0;
  const value = rotr<u32>(loadAligned(va & ~3, 4, regime), (va & 3) << 3);
  abortedAt(va);
  return value;
}

/** A word store: the low two address bits are ignored when alignment is not checked. */
export function storeWord(va: u32, value: u32, regime: u32): void {
  if (!aligned(va, 3, true)) return;
  storeAligned(va & ~3, 4, value, regime);
  abortedAt(va);
}

/** A halfword load; UNPREDICTABLE at odd addresses, where bit 0 is ignored here. */
export function loadHalf(va: u32, regime: u32): u32 {
  if (!aligned(va, 1, false)) return 0;
  const value = loadAligned(va & ~1, 2, regime);
  abortedAt(va);
  return value;
}

export function storeHalf(va: u32, value: u32, regime: u32): void {
  if (!aligned(va, 1, true)) return;
  storeAligned(va & ~1, 2, value, regime);
  abortedAt(va);
}

// ---------------------------------------------------------------------------------------------------------------------
// Instruction fetch

/**
 * Host address of the RAM page that holds the instruction at `va`, or 0 after recording the prefetch abort in EXIT_FSR
 * and EXIT_FAR. Instructions are fetched from RAM only: the bus refuses a fetch from a device.
 */
export function fetchPage(va: u32): u32 {
  const regime = load<u32>(REGIME);
  if (!translate(va, regime, false)) return 0;
  const base: u32 = load<u32>(PHYS_MAP + ((<u32>(physicalAddress >>> 12)) << 2));
  if (!base) {
    abort(externalStatus(), va, false);
    return 0;
  }
  fetchOffset = physicalAddress & 0xfff;
  fetchWhole = cacheable;
  if (cacheable) fill(table(regime, USE_FETCH) + ((va >>> 12) << 2), base, va);
  return base;
}
