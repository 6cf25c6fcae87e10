/** Range lists: `.debug_ranges` of DWARF 3 and 4 (2.17.3), `.debug_rnglists` of DWARF 5 (7.25). */
import { AT, FORM } from './constants.ts';
import type { Die } from './die.ts';
import { readOffset } from './forms.ts';
import type { Unit } from './unit.ts';

/** Addresses from `start` up to, not including, `end`. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

const RLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  baseAddress: 5,
  startEnd: 6,
  startLength: 7,
} as const;

const BASE_SELECTION = 0xffff_ffff;

/** The addresses of an entry; none when it has no code. */
export function rangesOf(die: Die): readonly AddressRange[] {
  const form = die.form(AT.ranges);
  if (form !== undefined) return listAt(die.unit, rangesOffset(die, form));
  const start = die.address(AT.lowPc);
  if (start === undefined) return [];
  const end = die.address(AT.highPc) ?? start + (die.number(AT.highPc) ?? 0);
  return end > start ? [{ start, end }] : [];
}

function rangesOffset(die: Die, form: number): number {
  const { unit } = die;
  if (form === FORM.rnglistx) return indexedList(unit, die);
  const offset = die.number(AT.ranges) ?? 0;
  // GNU split DWARF 4: offsets in the .dwo file are relative to a base that the skeleton tells.
  const base = unit.version < 5 && unit.skeleton ? (unit.skeleton.root.number(AT.gnuRangesBase) ?? 0) : 0;
  return offset + base;
}

function indexedList(unit: Unit, die: Die): number {
  const index = die.listIndex(AT.ranges);
  const base = unit.root.number(AT.rnglistsBase) ?? (unit.offsetSize === 8 ? 20 : 12);
  return base + readOffset(rangeSection(unit).reader(base + index * unit.offsetSize), unit.offsetSize);
}

/** The list's section: split units of version 4 have theirs in the file of the skeleton. */
const rangeSection = (unit: Unit) =>
  unit.version >= 5 ? unit.sections.get('rnglists') : (unit.skeleton ?? unit).sections.get('ranges');

function listAt(unit: Unit, offset: number): AddressRange[] {
  return unit.version >= 5 ? modernList(unit, offset) : classicList(unit, offset);
}

function classicList(unit: Unit, offset: number): AddressRange[] {
  const reader = rangeSection(unit).reader(offset);
  const ranges: AddressRange[] = [];
  let base = unit.lowPc;
  for (;;) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return ranges;
    if (start === BASE_SELECTION) base = end;
    else add(ranges, base + start, base + end);
  }
}

function modernList(unit: Unit, offset: number): AddressRange[] {
  const reader = rangeSection(unit).reader(offset);
  const ranges: AddressRange[] = [];
  let base = unit.lowPc;
  for (;;) {
    const kind = reader.u8();
    switch (kind) {
      case RLE.endOfList:
        return ranges;
      case RLE.baseAddressx:
        base = unit.indexedAddress(reader.uleb());
        break;
      case RLE.startxEndx: {
        const start = unit.indexedAddress(reader.uleb());
        add(ranges, start, unit.indexedAddress(reader.uleb()));
        break;
      }
      case RLE.startxLength: {
        const start = unit.indexedAddress(reader.uleb());
        add(ranges, start, start + reader.uleb());
        break;
      }
      case RLE.offsetPair: {
        const start = reader.uleb();
        add(ranges, base + start, base + reader.uleb());
        break;
      }
      case RLE.baseAddress:
        base = reader.u32();
        break;
      case RLE.startEnd: {
        const start = reader.u32();
        add(ranges, start, reader.u32());
        break;
      }
      case RLE.startLength: {
        const start = reader.u32();
        add(ranges, start, start + reader.uleb());
        break;
      }
      default:
        return reader.fail(`range list entry of unknown kind ${kind}`);
    }
  }
}

function add(ranges: AddressRange[], start: number, end: number): void {
  if (end > start) ranges.push({ start: start >>> 0, end: Math.min(end, 2 ** 32) });
}

/** Whether any of the ranges contains an address. */
export function contains(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some(({ start, end }) => address >= start && address < end);
}
