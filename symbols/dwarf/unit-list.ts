/** All units of a file: found by offset, by type signature, and their split counterparts through the host. */
import { Abbreviations, type AbbreviationTable } from './abbreviations.ts';
import { AT, FORM, TAG, UNIT_TYPE } from './constants.ts';
import type { Die } from './die.ts';
import { initialLength, type UnitFormat } from './forms.ts';
import type { DwarfSection, DwarfSections } from './sections.ts';
import { Unit, type UnitOwner } from './unit.ts';

/** Gives the debug sections of a `.dwo` file by the name and directory that a skeleton tells, if there is one. */
export type SplitLoader = (name: string, directory: string) => DwarfSections | undefined;

/** The units of the main file; those of `.dwo` files are added as they are asked for. */
export class UnitList implements UnitOwner {
  readonly sections: DwarfSections;
  /** Compile, partial and skeleton units in the order of the file. */
  readonly units: readonly Unit[];
  private readonly loadSplit: SplitLoader;
  private readonly bySection = new Map<DwarfSection, readonly Unit[]>();
  private readonly types = new Map<bigint, Unit>();
  private readonly tables = new Map<DwarfSection, Abbreviations>();
  private readonly splits = new Map<Unit, Unit | undefined>();
  private hasCrossReferences: boolean | undefined;
  private hasSkeletons: boolean | undefined;
  private readonly opened = new Map<string, DwarfSections | undefined>();

  /** Reads the headers of all units. Throws an `InputError` when one is damaged. */
  constructor(sections: DwarfSections, loadSplit: SplitLoader) {
    this.sections = sections;
    this.loadSplit = loadSplit;
    this.units = this.register(sections).filter(({ signature }) => signature === undefined);
  }

  /** The unit whose entries describe a unit's code: of a skeleton the split unit when it can be had, else the unit. */
  full(unit: Unit): Unit {
    if (!this.hasSplit || unit.skeleton) return unit;
    if (unit.type === UNIT_TYPE.skeleton || unit.dwoName !== undefined) {
      if (!this.splits.has(unit)) this.splits.set(unit, this.findSplit(unit));
      return this.splits.get(unit) ?? unit;
    }
    return unit;
  }

  /** The unit that contains an offset of a section. */
  unitAt(section: DwarfSection, offset: number): Unit | undefined {
    const units = this.bySection.get(section) ?? [];
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit && offset < unit.end ? unit : undefined;
  }

  dieAt(section: DwarfSection, offset: number): Die {
    const unit = this.unitAt(section, offset) ?? section.fail('a reference to no unit', offset);
    return unit.dieInUnit(offset - unit.offset);
  }

  typeBySignature(signature: bigint): Die | undefined {
    return this.types.get(signature)?.typeDie;
  }

  /** Type units, those of the `.dwo` files that have been opened too. */
  get typeUnits(): Iterable<Unit> {
    return this.types.values();
  }

  abbreviations(sections: DwarfSections, offset: number, format: UnitFormat): AbbreviationTable {
    return this.abbreviationsOf(sections).table(offset, format);
  }

  /** Whether the entries of units refer to functions of other units (link-time optimization). */
  get crossReferences(): boolean {
    this.hasCrossReferences ??= this.abbreviationsOf(this.sections).mayContain(AT.abstractOrigin, [FORM.refAddr]);
    return this.hasCrossReferences;
  }

  /** Whether any unit is a skeleton. Told without reading their entries. */
  private get hasSplit(): boolean {
    this.hasSkeletons ??=
      this.units.some(({ type }) => type === UNIT_TYPE.skeleton) ||
      this.abbreviationsOf(this.sections).mayContain(AT.gnuDwoName, [FORM.string, FORM.strp]);
    return this.hasSkeletons;
  }

  private abbreviationsOf(sections: DwarfSections): Abbreviations {
    const section = sections.get('abbrev');
    let abbreviations = this.tables.get(section);
    if (!abbreviations) this.tables.set(section, (abbreviations = new Abbreviations(section)));
    return abbreviations;
  }

  /** Reads the unit headers of a file. */
  private register(sections: DwarfSections, skeleton?: Unit): Unit[] {
    const all: Unit[] = [];
    for (const section of [...sections.all('info'), ...sections.all('types')]) {
      const units: Unit[] = [];
      for (let at = 0; at < section.bytes.length;) {
        const header = section.reader(at);
        const { length } = initialLength(header);
        // Zeros between units are padding.
        if (length > 0) {
          const unit = new Unit(this, sections, section, at, skeleton);
          units.push(unit);
          if (unit.signature !== undefined && !this.types.has(unit.signature)) this.types.set(unit.signature, unit);
        }
        at = header.position + length;
      }
      this.bySection.set(section, units);
      all.push(...units);
    }
    return all;
  }

  private findSplit(skeleton: Unit): Unit | undefined {
    const name = skeleton.dwoName;
    if (name === undefined) return undefined;
    const key = `${skeleton.directory}\0${name}`;
    if (this.opened.has(key)) return undefined;
    const sections = this.loadSplit(name, skeleton.directory);
    this.opened.set(key, sections);
    if (!sections) return undefined;
    const units = this.register(sections, skeleton);
    return units.find(
      (unit) => unit.signature === undefined && unit.root.tag === TAG.compileUnit && unit.dwoId === skeleton.dwoId,
    );
  }
}
