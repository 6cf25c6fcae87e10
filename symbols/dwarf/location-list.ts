/** Location lists: `.debug_loc` of DWARF 2 to 4 and its GNU form in `.dwo` files, `.debug_loclists` of DWARF 5 (7.29). */
import type { ByteReader } from '../byte-reader.ts';
import { AT, FORM } from './constants.ts';
import type { Block, Die } from './die.ts';
import { readOffset } from './forms.ts';
import type { DwarfSection } from './sections.ts';
import type { Unit } from './unit.ts';

const LLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  defaultLocation: 5,
  baseAddress: 6,
  startEnd: 7,
  startLength: 8,
  viewPair: 9,
} as const;

const BASE_SELECTION = 0xffff_ffff;

/** An expression and the addresses at which it holds. */
export interface LocationEntry {
  readonly start: number;
  readonly end: number;
  readonly block: Block;
}

/** Whether an attribute's value is a location list. */
export function isLocationList(die: Die, attribute: number): boolean {
  const form = die.form(attribute);
  const before4 = die.unit.version < 4 && (form === FORM.data4 || form === FORM.data8);
  return form === FORM.secOffset || form === FORM.loclistx || before4;
}

/**
 * The expression of a location attribute at an address; undefined when the value has no location there, or the entry has
 * no such attribute. `entry` is where the function begins: an empty range there tells where an argument is passed.
 */
export function locationAt(die: Die, attribute: number, address: number, entry?: number): Block | undefined {
  if (!isLocationList(die, attribute)) return die.block(attribute);
  let fallback: Block | undefined;
  for (const { start, end, block } of locationList(die, attribute)) {
    if (start === end && address === start && address === entry) return block;
    if (address >= start && address < end) {
      if (end !== Infinity) return block;
      fallback = block;
    }
  }
  return fallback;
}

/** All entries of a location list. That of DW_LLE_default_location has no end. */
export function* locationList(die: Die, attribute: number): Generator<LocationEntry> {
  const { unit } = die;
  if (unit.version >= 5) yield* modern(unit, unit.sections.get('loclists'), modernOffset(die, attribute), false);
  else {
    const section = unit.sections.get('loc');
    const offset = die.number(attribute) ?? 0;
    yield* unit.skeleton ? modern(unit, section, offset, true) : classic(unit, section, offset);
  }
}

function modernOffset(die: Die, attribute: number): number {
  if (die.form(attribute) !== FORM.loclistx) return die.number(attribute) ?? 0;
  const { unit } = die;
  const base = unit.root.number(AT.loclistsBase) ?? (unit.offsetSize === 8 ? 20 : 12);
  const entry = unit.sections.get('loclists').reader(base + die.listIndex(attribute) * unit.offsetSize);
  return base + readOffset(entry, unit.offsetSize);
}

function takeBlock(reader: ByteReader, section: DwarfSection, length: number): Block {
  const start = reader.position;
  reader.skip(length);
  return { section, start, end: start + length };
}

function* classic(unit: Unit, section: DwarfSection, offset: number): Generator<LocationEntry> {
  const reader = section.reader(offset);
  let base = unit.lowPc;
  for (;;) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return;
    if (start === BASE_SELECTION) base = end;
    else yield { start: base + start, end: base + end, block: takeBlock(reader, section, reader.u16()) };
  }
}

/**
 * The form of DWARF 5, and that of GCC before it in `.dwo` files: the same kinds, of which it has the first few, with
 * lengths of fixed size.
 */
function* modern(unit: Unit, section: DwarfSection, offset: number, isGnu: boolean): Generator<LocationEntry> {
  const reader = section.reader(offset);
  const length = (): number => (isGnu ? reader.u32() : reader.uleb());
  let base = unit.lowPc;
  for (;;) {
    const kind = reader.u8();
    if (isGnu && kind > LLE.offsetPair) return reader.fail(`location list entry of unknown kind ${kind}`);
    let start: number;
    let end: number;
    switch (kind) {
      case LLE.endOfList:
        return;
      case LLE.baseAddressx:
        base = unit.indexedAddress(reader.uleb());
        continue;
      case LLE.baseAddress:
        base = reader.u32();
        continue;
      case LLE.viewPair:
        reader.skipLeb();
        reader.skipLeb();
        continue;
      case LLE.startxEndx:
        start = unit.indexedAddress(reader.uleb());
        end = unit.indexedAddress(reader.uleb());
        break;
      case LLE.startxLength:
        start = unit.indexedAddress(reader.uleb());
        end = start + length();
        break;
      case LLE.offsetPair:
        start = base + length();
        end = base + length();
        break;
      case LLE.defaultLocation:
        start = 0;
        end = Infinity;
        break;
      case LLE.startEnd:
        start = reader.u32();
        end = reader.u32();
        break;
      case LLE.startLength:
        start = reader.u32();
        end = start + reader.uleb();
        break;
      default:
        return reader.fail(`location list entry of unknown kind ${kind}`);
    }
    yield { start, end, block: takeBlock(reader, section, isGnu ? reader.u16() : reader.uleb()) };
  }
}
