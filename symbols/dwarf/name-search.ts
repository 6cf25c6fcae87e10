/**
 * Which units may declare a name, without reading them: a name that is not in the string table is nowhere, and one that
 * is there is declared only by units that hold the offset of its string. One pass over the bytes finds those.
 */
import { FORM } from './constants.ts';
import type { Die } from './die.ts';
import type { DwarfSection } from './sections.ts';
import type { Unit } from './unit.ts';
import type { UnitList } from './unit-list.ts';
import { KIND, NAME_IN, readUnitNames, type UnitNames } from './unit-names.ts';

/** A declaration of a name. */
export interface NamedEntry {
  readonly unit: Unit;
  readonly offset: number;
  /** A value of `KIND`. */
  readonly kind: number;
  readonly isDeclaration: boolean;
}

/** Strings are merged when one ends in the other; more ends than this of one name are an attack. */
const MAX_STRINGS = 1024;
const encoder = new TextEncoder();

/** Declarations by name over all units of a file. */
export class NameSearch {
  private readonly list: UnitList;
  private readonly read = new Map<Unit, UnitNames>();
  private readonly candidates = new Map<string, readonly Unit[]>();
  private readonly strings = new Map<string, ReadonlySet<number>>();

  constructor(list: UnitList) {
    this.list = list;
  }

  /** How many units have been read. */
  get unitsRead(): number {
    return this.read.size;
  }

  /** The names of a unit. */
  namesOf(unit: Unit): UnitNames {
    let names = this.read.get(unit);
    if (!names) this.read.set(unit, (names = readUnitNames(unit)));
    return names;
  }

  /** Variables that have their name from an entry that they complete. */
  *namelessVariables(unit: Unit): Generator<Die> {
    const names = this.namesOf(unit);
    for (let i = 0; i < names.count; i++) {
      if (names.kinds[i] !== KIND.variable || names.places[i] !== NAME_IN.none) continue;
      yield unit.dieInUnit(names.dies[i] - unit.offset);
    }
  }

  /** The top-level entries of a name, unit by unit; ask for the next only when it is needed. */
  *entries(name: string): Generator<NamedEntry> {
    const bytes = encoder.encode(`${name}\0`);
    for (const unit of this.unitsWith(name)) {
      const names = this.namesOf(unit);
      const str = this.stringPlaces(unit, name, bytes);
      for (let i = 0; i < names.count; i++) {
        if (!this.isNamed(unit, names, i, str, bytes)) continue;
        yield { unit, offset: names.dies[i], kind: names.kinds[i], isDeclaration: names.declarations[i] !== 0 };
      }
    }
  }

  /** Units that may hold a name anywhere in them, in the order of the file, those of `.dwo` files and of types last. */
  unitsWith(name: string): readonly Unit[] {
    let units = this.candidates.get(name);
    if (!units) this.candidates.set(name, (units = this.findUnits(encoder.encode(`${name}\0`))));
    return units;
  }

  private findUnits(name: Uint8Array): Unit[] {
    const { sections, units } = this.list;
    const found = new Set<Unit>();
    const add = (section: DwarfSection, at: number): void => {
      const unit = this.list.unitAt(section, at);
      if (unit) found.add(unit);
    };
    for (const section of [...sections.all('info'), ...sections.all('types')]) {
      for (const at of places(section.bytes, name)) add(section, at);
      for (const string of places(sections.get('str').bytes, name).slice(0, MAX_STRINGS)) {
        for (const at of wordPlaces(section, string)) add(section, at);
      }
    }
    // Names by index are not in the unit's bytes, nor is what a skeleton stands for.
    for (const unit of units) {
      const full = this.list.full(unit);
      if (full !== unit) found.add(full);
      else if (namesByIndex(unit) && places(unit.sections.get('str').bytes, name).length > 0) found.add(unit);
    }
    for (const unit of this.list.typeUnits) {
      if (unit.sections !== sections || namesByIndex(unit)) found.add(unit);
    }
    const rank = (unit: Unit): number => (unit.signature === undefined ? 0 : 1);
    return [...found].sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
  }

  /** Where the strings of a unit's file are that are this name. */
  private stringPlaces(unit: Unit, name: string, bytes: Uint8Array): ReadonlySet<number> {
    const section = unit.sections.get('str');
    const key = `${section.source}\0${name}`;
    let found = this.strings.get(key);
    if (!found) this.strings.set(key, (found = new Set(places(section.bytes, bytes))));
    return found;
  }

  private isNamed(unit: Unit, names: UnitNames, index: number, str: ReadonlySet<number>, name: Uint8Array): boolean {
    const at = names.names[index];
    switch (names.places[index]) {
      case NAME_IN.str:
        return str.has(at);
      case NAME_IN.unit:
        return startsWith(unit.section.bytes, at, name);
      case NAME_IN.lineStr:
        return startsWith(unit.sections.get('line_str').bytes, at, name);
      default:
        return false;
    }
  }
}

function namesByIndex(unit: Unit): boolean {
  if (unit.sections.get('str_offsets').bytes.length === 0) return false;
  for (const { forms } of unit.abbreviations.values()) {
    if (forms.some((form) => form === FORM.strx || (form >= FORM.strx1 && form <= FORM.strx4))) return true;
    if (forms.includes(FORM.gnuStrIndex)) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** Bytes looked at to learn which values are rare. */
const SAMPLE = 4096;

/** Every place of some bytes. The host's search looks for the rarest of them, which is what makes it fast. */
function places(bytes: Uint8Array, wanted: Uint8Array): number[] {
  const counts = new Uint32Array(256);
  const step = Math.max(1, Math.floor(bytes.length / SAMPLE));
  for (let at = 0; at < bytes.length; at += step) counts[bytes[at]]++;
  let pivot = 0;
  for (let i = 1; i < wanted.length; i++) if (counts[wanted[i]] < counts[wanted[pivot]]) pivot = i;
  const found: number[] = [];
  const value = wanted[pivot];
  for (let hit = bytes.indexOf(value, pivot); hit >= 0; hit = bytes.indexOf(value, hit + 1)) {
    if (!startsWith(bytes, hit - pivot, wanted)) continue;
    found.push(hit - pivot);
  }
  return found;
}

/** Every place of a word in the section's byte order, at any alignment. */
function wordPlaces(section: DwarfSection, word: number): number[] {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, word, section.littleEndian);
  return places(section.bytes, value);
}
