/** Which unit an address belongs to: `.debug_aranges` (6.1.2) where it speaks of a unit, else the unit's own ranges. */
import { readOffset, initialLength } from './forms.ts';
import { lastNotAbove } from './line-program.ts';
import { rangesOf, type AddressRange } from './ranges.ts';
import type { Unit } from './unit.ts';
import type { UnitList } from './unit-list.ts';

/** Ranges sorted by start, with the unit of each. */
export class AddressMap {
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  /** The highest end of all ranges up to each: where looking back for a range can stop. */
  private readonly reach: Float64Array;
  private readonly units: readonly Unit[];

  /** `isCode` tells code that was linked from what the linker dropped, which is left at addresses near 0. */
  constructor(list: UnitList, isCode: (address: number) => boolean) {
    const entries: { start: number; end: number; unit: Unit }[] = [];
    const add = (unit: Unit, { start, end }: AddressRange): void => {
      if (isCode(start)) entries.push({ start, end, unit });
    };
    const told = readAranges(list, add);
    for (const unit of list.units) if (!told.has(unit)) rangesOf(unit.root).forEach((range) => add(unit, range));
    entries.sort((a, b) => a.start - b.start || b.end - a.end);
    this.starts = Float64Array.from(entries, ({ start }) => start);
    this.ends = Float64Array.from(entries, ({ end }) => end);
    this.units = entries.map(({ unit }) => unit);
    let reach = 0;
    this.reach = this.ends.map((end) => (reach = Math.max(reach, end)));
  }

  /** The units with code at an address, that with the smallest range first. */
  at(address: number): Unit[] {
    const found: { unit: Unit; size: number }[] = [];
    const last = lastNotAbove(this.starts.length, (i) => this.starts[i], address);
    for (let i = last; i >= 0 && this.reach[i] > address; i--) {
      if (this.ends[i] > address) found.push({ unit: this.units[i], size: this.ends[i] - this.starts[i] });
    }
    found.sort((a, b) => a.size - b.size);
    return [...new Set(found.map(({ unit }) => unit))];
  }
}

/** Reads the table; returns the units that it speaks of. */
function readAranges(list: UnitList, add: (unit: Unit, range: AddressRange) => void): Set<Unit> {
  const told = new Set<Unit>();
  const section = list.sections.get('aranges');
  const reader = section.reader(0);
  while (!reader.done) {
    const start = reader.position;
    const { length, offsetSize } = initialLength(reader);
    const end = reader.position + length;
    if (end > reader.end) reader.fail('cut short or damaged: an address table does not fit');
    const version = reader.u16();
    const infoOffset = readOffset(reader, offsetSize);
    const addressSize = reader.u8();
    const selectorSize = reader.u8();
    const unit = list.unitAt(list.sections.get('info'), infoOffset);
    if (version === 2 && addressSize === 4 && selectorSize === 0 && unit?.offset === infoOffset) {
      // The first pair is aligned to its size, counted from the start of the set.
      reader.position = start + Math.ceil((reader.position - start) / 8) * 8;
      while (reader.position + 8 <= end) {
        const address = reader.u32();
        const size = reader.u32();
        if (size === 0) continue;
        told.add(unit);
        add(unit, { start: address, end: address + size });
      }
    }
    reader.position = end;
  }
  return told;
}
