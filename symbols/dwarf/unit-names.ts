/** The names that a unit declares at its top level, in namespaces and in classes: one pass over it, into typed arrays. */
import type { Abbreviation } from './abbreviations.ts';
import { AT, FORM, TAG } from './constants.ts';
import { readOffset, skipForm } from './forms.ts';
import type { Unit } from './unit.ts';

/** What a name stands for. */
export const KIND = {
  function: 1,
  variable: 2,
  struct: 3,
  union: 4,
  enumeration: 5,
  typedef: 6,
  base: 7,
} as const;

const KIND_OF_TAG: Readonly<Record<number, number>> = {
  [TAG.subprogram]: KIND.function,
  [TAG.variable]: KIND.variable,
  [TAG.structureType]: KIND.struct,
  [TAG.classType]: KIND.struct,
  [TAG.interfaceType]: KIND.struct,
  [TAG.unionType]: KIND.union,
  [TAG.enumerationType]: KIND.enumeration,
  [TAG.typedef]: KIND.typedef,
  [TAG.baseType]: KIND.base,
};

/** Where the string of a name is. */
export const NAME_IN = { none: 0, str: 1, unit: 2, lineStr: 3 } as const;

/** Names in the order of their entries. */
export interface UnitNames {
  readonly count: number;
  /** Offset of the entry in the section of the unit. */
  readonly dies: Uint32Array;
  /** Offset of the name in the section that `places` tells. */
  readonly names: Uint32Array;
  /** A value of `NAME_IN`. */
  readonly places: Uint8Array;
  /** A value of `KIND`. */
  readonly kinds: Uint8Array;
  /** 1 for an entry that only declares. */
  readonly declarations: Uint8Array;
}

/** Names of classes and namespaces are looked into this deep. */
const MAX_NESTING = 32;

/** Reads all names of a unit. Throws an `InputError` when the unit is damaged. */
export function readUnitNames(unit: Unit): UnitNames {
  const found: number[] = [];
  const { reader } = unit;
  const { root } = unit;
  const info = { place: NAME_IN.none as number, name: 0, sibling: 0, declaration: 0 };
  const nesting: boolean[] = [];
  if (root.abbreviation.hasChildren) nesting.push(true);
  reader.position = root.end;
  while (nesting.length > 0 && !reader.done) {
    const offset = reader.position;
    const code = reader.uleb();
    if (code === 0) {
      nesting.pop();
      continue;
    }
    const abbreviation = unit.abbreviations.get(code);
    if (!abbreviation) return unit.section.fail(`abbreviation ${code} is not in the table of its unit`, offset);
    info.place = NAME_IN.none;
    info.sibling = 0;
    info.declaration = 0;
    readAttributes(unit, abbreviation, info);
    const kind = KIND_OF_TAG[abbreviation.tag] ?? 0;
    if (kind !== 0) found.push(offset, info.name, info.place, kind, info.declaration);
    if (!abbreviation.hasChildren) continue;
    if (holdsNames(abbreviation.tag) && nesting.length < MAX_NESTING) nesting.push(true);
    else if (info.sibling >= reader.position && info.sibling <= unit.end) reader.position = info.sibling;
    else unit.skipChildren();
  }
  const column = (index: number) => Uint32Array.from({ length: found.length / 5 }, (_, i) => found[i * 5 + index]);
  return {
    count: found.length / 5,
    dies: column(0),
    names: column(1),
    places: Uint8Array.from(column(2)),
    kinds: Uint8Array.from(column(3)),
    declarations: Uint8Array.from(column(4)),
  };
}

const holdsNames = (tag: number): boolean => tag === TAG.namespace || tag === TAG.classType;

interface Scanned {
  place: number;
  name: number;
  sibling: number;
  declaration: number;
}

function readAttributes(unit: Unit, abbreviation: Abbreviation, info: Scanned): void {
  const { reader } = unit;
  const { names, forms } = abbreviation;
  for (let i = 0; i < names.length; i++) {
    const form = forms[i];
    switch (names[i]) {
      case AT.name:
        readName(unit, form, info);
        break;
      case AT.sibling:
        if (form === FORM.ref4) info.sibling = unit.offset + reader.u32();
        else skipForm(form, reader, unit);
        break;
      case AT.declaration:
        info.declaration = form === FORM.flag ? reader.u8() : 1;
        if (form !== FORM.flag) skipForm(form, reader, unit);
        break;
      default:
        skipForm(form, reader, unit);
    }
  }
}

function readName(unit: Unit, form: number, info: Scanned): void {
  const { reader } = unit;
  switch (form) {
    case FORM.strp:
      info.place = NAME_IN.str;
      info.name = readOffset(reader, unit.offsetSize);
      break;
    case FORM.string:
      info.place = NAME_IN.unit;
      info.name = reader.position;
      reader.skipString();
      break;
    case FORM.lineStrp:
      info.place = NAME_IN.lineStr;
      info.name = readOffset(reader, unit.offsetSize);
      break;
    case FORM.strx:
    case FORM.gnuStrIndex:
      info.place = NAME_IN.str;
      info.name = unit.indexedStringOffset(reader.uleb());
      break;
    case FORM.strx1:
    case FORM.strx2:
    case FORM.strx3:
    case FORM.strx4:
      info.place = NAME_IN.str;
      info.name = unit.indexedStringOffset(reader.unsigned(form - FORM.strx1 + 1));
      break;
    default:
      skipForm(form, reader, unit);
  }
}
