/** Breakpoints, their conditions and watched memory, as the core finds them in its memory (BREAKS to WATCHES of layout.ts). */
import type { Core } from './core.ts';
import { LAYOUT as L } from './layout.ts';
import type { BreakpointCondition, Watchpoint } from './vm.ts';

const LAST_ADDRESS = 0xffff_ffff;
const READ = 1;
const WRITE = 2;

/** Watched bytes of one kind of access. Bounds are inclusive. */
export interface WatchedRange {
  readonly first: number;
  readonly last: number;
  /** 1 read, 2 write, 3 both. */
  readonly kind: number;
}

/**
 * Ranges that may overlap as sorted ones that do not, each with the kinds of all that cover it; neighbours of one kind
 * are one range. Bytes beyond the end of the address space are left out.
 */
export function mergeRanges(watchpoints: readonly Watchpoint[]): WatchedRange[] {
  const ends = new Map<number, { read: number; write: number }>();
  const change = (at: number, { read, write }: Watchpoint, by: number): void => {
    const there = ends.get(at) ?? { read: 0, write: 0 };
    ends.set(at, { read: there.read + (read ? by : 0), write: there.write + (write ? by : 0) });
  };
  for (const watchpoint of watchpoints) {
    const first = watchpoint.address >>> 0;
    const end = Math.min(first + watchpoint.length, LAST_ADDRESS + 1);
    change(first, watchpoint, 1);
    change(end, watchpoint, -1);
  }
  const ranges: WatchedRange[] = [];
  let read = 0;
  let write = 0;
  let from = 0;
  for (const [at, by] of [...ends].sort(([a], [b]) => a - b)) {
    const kind = (read > 0 ? READ : 0) | (write > 0 ? WRITE : 0);
    const before = ranges.at(-1);
    if (before && before.kind === kind && before.last + 1 === from)
      ranges[ranges.length - 1] = { ...before, last: at - 1 };
    else if (kind !== 0) ranges.push({ first: from, last: at - 1, kind });
    read += by.read;
    write += by.write;
    from = at;
  }
  return ranges;
}

/**
 * Fewer ranges than there are, by watching what lies between the two nearest neighbours too, until `most` are left. The
 * machine then stops more often than asked, and who has asked tells the accesses apart.
 */
export function coarsen(ranges: readonly WatchedRange[], most: number): readonly WatchedRange[] {
  if (ranges.length <= most) return ranges;
  const gaps = ranges.slice(1).map((range, i) => range.first - ranges[i].last);
  const widest = [...gaps].sort((a, b) => b - a).slice(0, most - 1);
  const limit = widest.at(-1) ?? Infinity;
  let atLimit = widest.filter((gap) => gap === limit).length;
  const merged: WatchedRange[] = [ranges[0]];
  for (const [i, range] of ranges.slice(1).entries()) {
    const keeps = gaps[i] > limit || (gaps[i] === limit && atLimit-- > 0);
    const before = merged[merged.length - 1];
    if (keeps) merged.push(range);
    else merged[merged.length - 1] = { first: before.first, last: range.last, kind: before.kind | range.kind };
  }
  return merged;
}

export class DebugRegisters {
  private readonly core: Core;
  private conditions: readonly BreakpointCondition[] = [];
  /** Addresses in RAM, as the core knows them, by physical address. */
  private readonly places = new Map<number, number>();

  constructor(core: Core) {
    this.core = core;
  }

  setBreakpoints(addresses: readonly number[]): void {
    const { core } = this;
    const sorted = Uint32Array.from(new Set(addresses.map((address) => (address & ~1) >>> 0))).sort();
    refuseMore('breakpoints', sorted.length, L.BREAK_MAX);
    const oldCount = core.get(L.BREAK_COUNT);
    for (let i = 0; i < oldCount; i++) core.u8[L.BREAK_PAGES + (core.get(L.BREAKS + i * 4) >>> 15)] = 0;
    for (const address of sorted) core.u8[L.BREAK_PAGES + (address >>> 15)] |= 1 << ((address >>> 12) & 7);
    core.u32.set(sorted, L.BREAKS >>> 2);
    core.set(L.BREAK_COUNT, sorted.length);
    this.changed();
  }

  setPhysicalBreakpoints(addresses: readonly number[]): void {
    const { core, places } = this;
    for (const place of places.values()) core.u8[pageFlags(place)] &= ~L.PAGE_BREAKS;
    places.clear();
    for (const address of addresses) {
      const physical = (address & ~1) >>> 0;
      const place = core.ramAddress(physical, 2);
      if (place !== undefined) places.set(physical, place);
    }
    refuseMore('breakpoints', places.size, L.BREAK_MAX);
    const sorted = Uint32Array.from(places.values()).sort();
    for (const place of sorted) core.u8[pageFlags(place)] |= L.PAGE_BREAKS;
    core.u32.set(sorted, L.RAM_BREAKS >>> 2);
    core.set(L.RAM_BREAK_COUNT, sorted.length);
    this.changed();
  }

  setConditions(conditions: readonly BreakpointCondition[]): void {
    this.conditions = conditions;
    this.changed();
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    const { core } = this;
    const count = [
      this.watch(
        watchpoints.filter(({ physical }) => !physical),
        L.WATCHES,
        L.WATCH_PAGES,
      ),
      this.watch(
        watchpoints.filter(({ physical }) => physical === true),
        L.RAM_WATCHES,
        L.RAM_WATCH_PAGES,
      ),
    ];
    core.set(L.WATCH_COUNT, count[0]);
    core.set(L.RAM_WATCH_COUNT, count[1]);
    core.set(L.WATCHING, count[0] + count[1] > 0 ? 1 : 0);
    core.exports.flushAll();
  }

  private watch(watchpoints: readonly Watchpoint[], list: number, pages: number): number {
    const { core } = this;
    const ranges = coarsen(mergeRanges(watchpoints), L.WATCH_MAX);
    core.u8.fill(0, pages, pages + L.PAGE_BITS);
    for (const [i, { first, last, kind }] of ranges.entries()) {
      core.set(list + i * 12, first);
      core.set(list + i * 12 + 4, last);
      core.set(list + i * 12 + 8, kind);
      for (let page = first >>> 12; page <= last >>> 12; page++) core.u8[pages + (page >>> 3)] |= 1 << (page & 7);
    }
    return ranges.length;
  }

  /** Gives the breakpoints their programs, and has the core look at them anew. */
  private changed(): void {
    const { core } = this;
    const virtual = core.u32.subarray(L.BREAKS >>> 2, (L.BREAKS >>> 2) + core.get(L.BREAK_COUNT));
    const ram = core.u32.subarray(L.RAM_BREAKS >>> 2, (L.RAM_BREAKS >>> 2) + core.get(L.RAM_BREAK_COUNT));
    core.u32.fill(0, L.BREAK_CONDITIONS >>> 2, (L.BREAK_CONDITIONS >>> 2) + virtual.length);
    core.u32.fill(0, L.RAM_BREAK_CONDITIONS >>> 2, (L.RAM_BREAK_CONDITIONS >>> 2) + ram.length);
    let at: number = L.CONDITIONS;
    for (const { address, physical, program } of this.conditions) {
      const even = (address & ~1) >>> 0;
      const index = physical ? indexOf(ram, this.places.get(even)) : indexOf(virtual, even);
      // Without room for its program, a breakpoint always stops, and who has set it evaluates the condition.
      if (index < 0 || at + program.length * 4 > L.CONDITIONS + L.CONDITIONS_SIZE) continue;
      core.set((physical ? L.RAM_BREAK_CONDITIONS : L.BREAK_CONDITIONS) + index * 4, at);
      core.i32.set(program, at >>> 2);
      at += program.length * 4;
    }
    core.set(L.BREAK_PASSED, 0);
    core.exports.breaksChanged();
  }
}

function pageFlags(place: number): number {
  return L.PAGE_FLAGS + ((place - L.RAM_BASE) >>> 12);
}

function refuseMore(what: string, count: number, most: number): void {
  if (count > most) throw new Error(`${count} ${what} are more than the ${most} possible.`);
}

/** Index of a value in a sorted list, or -1. */
function indexOf(sorted: Uint32Array, value: number | undefined): number {
  if (value === undefined) return -1;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value ? low : -1;
}
