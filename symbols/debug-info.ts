/**
 * What a file's debug information says: lines, functions, variables and types. Everything is read when it is asked for;
 * docs/symbols.md tells how. Damage throws an `InputError` that names the section and the offset.
 */
import { ELF_TYPE, ElfFile } from '../formats/elf.ts';
import { SECTION_FLAG, type ElfSection } from '../formats/elf-types.ts';
import { AddressMap } from './dwarf/address-map.ts';
import { AT } from './dwarf/constants.ts';
import type { Die } from './dwarf/die.ts';
import type { Location } from './dwarf/expression.ts';
import { functionsOf, scopesAt, type DebugFunction, type Scope } from './dwarf/functions.ts';
import { ROW, rowAt, type LineRows } from './dwarf/line-program.ts';
import { LineTables, type SourcePlace } from './dwarf/line-tables.ts';
import { isLocationList } from './dwarf/location-list.ts';
import { NameSearch } from './dwarf/name-search.ts';
import { contains } from './dwarf/ranges.ts';
import { sectionLayout, type SectionLayout } from './dwarf/relocation.ts';
import { DwarfSections } from './dwarf/sections.ts';
import { inlinedCopies, SourceIndex, type LineAddress } from './dwarf/source-index.ts';
import { TypeReader } from './dwarf/type-reader.ts';
import { resolved, type DebugType, type EnumType, type FunctionType, type StructType } from './dwarf/types.ts';
import type { Unit } from './dwarf/unit.ts';
import { UnitList } from './dwarf/unit-list.ts';
import { KIND } from './dwarf/unit-names.ts';
import { locateVariable, type FrameState } from './dwarf/variable-location.ts';
import { DebugVariable, variablesIn } from './dwarf/variables.ts';

/** What the host adds to the bytes of a file. */
export interface DebugInfoOptions {
  /** File name for messages. */
  readonly name?: string;
  /** Gives a `.dwo` file of split DWARF by the name and directory that the compiler wrote; undefined when it is not there. */
  readonly loadSplit?: (name: string, directory: string) => Uint8Array | undefined;
  /** Where sections of an object or a kernel module have been loaded, by name. */
  readonly sectionAddresses?: ReadonlyMap<string, number>;
}

/** The line of an address. */
export interface LineInfo extends SourcePlace {
  readonly address: number;
  /** Whether a statement begins at `address`, which is then a recommended place for a breakpoint. */
  readonly isStatement: boolean;
}

/** One of the functions that an address belongs to: inlined copies innermost first, the function itself last. */
export interface CodeFrame {
  readonly name: string;
  readonly isInlined: boolean;
  /** Where execution is in this function: the line of the address, or of the call that was inlined. */
  readonly place: SourcePlace | undefined;
  readonly scope: Scope;
}

/** The variables of one frame at an address. */
export interface FrameVariables extends CodeFrame {
  /** Innermost scope first; each with the variables that it declares. */
  readonly scopes: readonly { readonly scope: Scope; readonly variables: readonly DebugVariable[] }[];
}

/** A named type as C spells it: by tag, or by a name of its own. */
export type TypeNamespace = 'struct' | 'union' | 'enum' | 'typedef' | 'base';

const NAMESPACE_KIND: Readonly<Record<TypeNamespace, number>> = {
  struct: KIND.struct,
  union: KIND.union,
  enum: KIND.enumeration,
  typedef: KIND.typedef,
  base: KIND.base,
};

/** The debug information of one ELF file. */
export class DebugInfo {
  readonly elf: ElfFile;
  readonly units: UnitList;
  private readonly layout: SectionLayout;
  private readonly codeSections: readonly { start: number; end: number }[];
  private readonly lines = new LineTables();
  private readonly names: NameSearch;
  private readonly types = new TypeReader();
  private readonly functions = new Map<Unit, readonly DebugFunction[]>();
  private readonly definitions = new Map<string, DebugType | undefined>();
  private map: AddressMap | undefined;
  private sources: SourceIndex | undefined;

  private constructor(elf: ElfFile, options: DebugInfoOptions) {
    this.elf = elf;
    this.layout = sectionLayout(elf, options.sectionAddresses);
    this.codeSections = elf.sections
      .filter(({ flags, size }) => flags & SECTION_FLAG.alloc && flags & SECTION_FLAG.execute && size > 0)
      .map(({ index, size }) => ({ start: this.layout(index), end: this.layout(index) + size }));
    this.units = new UnitList(new DwarfSections(elf, this.layout), (name, directory) => {
      const bytes = options.loadSplit?.(name, directory);
      if (!bytes) return undefined;
      const split = new ElfFile(bytes, name);
      return new DwarfSections(split, sectionLayout(split), true);
    });
    this.names = new NameSearch(this.units);
  }

  /** Opens an ELF file. Throws an `InputError` when it is none, or when the headers of its units are damaged. */
  static open(file: ElfFile | Uint8Array, options: DebugInfoOptions = {}): DebugInfo {
    return new DebugInfo(file instanceof Uint8Array ? new ElfFile(file, options.name) : file, options);
  }

  /** Whether the file has debug information at all. */
  get isPresent(): boolean {
    return this.units.units.length > 0;
  }

  /** Where a section lies; of a relocatable file as it was placed. */
  sectionAddress(section: ElfSection): number {
    return this.layout(section.index);
  }

  /** The line of an address; undefined when no line table covers it. */
  lineOf(address: number): LineInfo | undefined {
    for (const unit of this.addressMap.at(address)) {
      const rows = this.lines.rowsOf(unit);
      const row = rows ? rowAt(rows, address) : -1;
      if (!rows || row < 0) continue;
      return { ...lineInfo(rows, row), isStatement: beginsStatement(rows, row) };
    }
    return undefined;
  }

  /** The rows of the line table for the code of a function, in the order of the table. */
  *linesIn(fn: DebugFunction): Generator<LineInfo> {
    const rows = this.lines.rowsOf(fn.unit.skeleton ?? fn.unit);
    for (let row = 0; rows && row < rows.count; row++) {
      if (!(rows.flags[row] & ROW.endSequence) && contains(fn.ranges, rows.addresses[row])) yield lineInfo(rows, row);
    }
  }

  /** Where to stop for a line; see `SourceIndex.addressesOf`. */
  addressesOf(file: string, line: number): LineAddress[] {
    return this.sourceIndex.addressesOf(file, line);
  }

  /** The lines of a file that have code, ascending. */
  linesWithCode(file: string): number[] {
    return this.sourceIndex.linesWithCode(file);
  }

  /** All source files, sorted. */
  sourceFiles(): string[] {
    return this.sourceIndex.files;
  }

  /** The function whose code contains an address. */
  functionAt(address: number): DebugFunction | undefined {
    for (const unit of this.addressMap.at(address)) {
      const functions = this.functionsOf(this.units.full(unit));
      const found =
        functions.find(({ ranges }) => contains(ranges, address)) ??
        functions.flatMap(({ nested }) => nested).find(({ ranges }) => contains(ranges, address));
      if (found) return found;
    }
    return undefined;
  }

  /** The functions of a name that have code of their own; several where files have static functions of one name. */
  functionsNamed(name: string): DebugFunction[] {
    return this.unitsDefining(name).flatMap((unit) =>
      this.functionsOf(unit).filter((fn) => fn.name === name && this.isCode(fn.ranges[0].start)),
    );
  }

  /** The inlined copies of a function, with the function that each is in. */
  inlinedCopiesOf(name: string): { readonly scope: Scope; readonly within: DebugFunction }[] {
    return this.unitsDefining(name).flatMap((unit) =>
      this.functionsOf(unit).flatMap((within) => inlinedCopies(within, name).map((scope) => ({ scope, within }))),
    );
  }

  /** All functions that have code, unit by unit. Reads every unit. */
  *allFunctions(): Generator<DebugFunction> {
    for (const unit of this.units.units) yield* this.functionsOf(this.units.full(unit));
  }

  /**
   * Where to stop for a function: after its prologue, when its variables are in places that only hold from there on.
   * Code of GCC whose variables have location lists can be stopped at its first instruction.
   */
  breakpointAddress(fn: DebugFunction): number {
    const { entry } = fn;
    if (fn.isAssembly || (isFromGcc(fn) && this.hasLocationLists(fn))) return entry;
    const rows = this.lines.rowsOf(fn.unit.skeleton ?? fn.unit);
    const first = rows ? rowAt(rows, entry) : -1;
    if (!rows || first < 0) return entry;
    const end = fn.ranges.find((range) => entry >= range.start && entry < range.end)?.end ?? entry;
    for (let row = first + 1; row < rows.count && rows.addresses[row] < end; row++) {
      const flags = rows.flags[row];
      if (flags & ROW.endSequence) break;
      // Compilers begin a second row for the line of the opening brace where the body begins.
      if (rows.addresses[row] > entry && flags & ROW.isStatement && rows.lines[row] !== 0) return rows.addresses[row];
    }
    return entry;
  }

  /** Where to stop for a function name: in each function of that name, and in each copy that was inlined. Ascending. */
  breakpointsFor(name: string): number[] {
    const addresses = new Set(this.functionsNamed(name).map((fn) => this.breakpointAddress(fn)));
    for (const { scope } of this.inlinedCopiesOf(name)) {
      const start = scope.die.address(AT.entryPc) ?? scope.die.address(AT.lowPc) ?? scope.ranges[0]?.start;
      if (start !== undefined && this.isCode(start)) addresses.add(start);
    }
    return [...addresses].sort((a, b) => a - b);
  }

  /** The functions that an address belongs to, innermost first. */
  framesAt(address: number): CodeFrame[] {
    const fn = this.functionAt(address);
    if (!fn) return [];
    const frames: CodeFrame[] = [];
    let place: SourcePlace | undefined = this.lineOf(address);
    for (const scope of scopesAt(fn.scope, address).reverse()) {
      if (scope.kind === 'block') continue;
      const isInlined = scope.kind === 'inlined';
      frames.push({ name: scope.die.fullName ?? '', isInlined, place, scope });
      if (isInlined) place = this.lines.callPlace(scope.die);
    }
    return frames;
  }

  /** The variables that are visible at an address, by frame and scope, innermost first. */
  variablesAt(address: number): FrameVariables[] {
    const fn = this.functionAt(address);
    if (!fn) return [];
    const path = scopesAt(fn.scope, address).reverse();
    let from = 0;
    return this.framesAt(address).map((frame) => {
      const until = path.indexOf(frame.scope) + 1;
      const scopes = path.slice(from, until).map((scope) => ({
        scope,
        variables: variablesIn(scope, this.types, this.lines),
      }));
      from = until;
      return { ...frame, scopes };
    });
  }

  /**
   * Global and file-static variables of a name: definitions, those of the unit at `near` first. When there is none, a
   * declaration whose symbol the file defines.
   */
  globalsNamed(name: string, near?: number): DebugVariable[] {
    const home = near === undefined ? undefined : this.addressMap.at(near).map((unit) => this.units.full(unit))[0];
    const found: DebugVariable[] = [];
    let declared: DebugVariable | undefined;
    const add = (die: Die): void => {
      const variable = new DebugVariable(die, this.types, this.lines);
      if (die.has(AT.location) || die.has(AT.constValue)) found.push(variable);
      else declared ??= variable;
    };
    for (const { unit, offset, kind } of this.names.entries(name)) {
      if (kind === KIND.variable) add(unit.dieInUnit(offset - unit.offset));
    }
    // A definition that completes a declaration has no name of its own; it may be in another unit.
    for (const unit of declared ? this.unitsDefining(name, KIND.variable) : []) {
      for (const die of this.names.namelessVariables(unit)) if (die.fullName === name) add(die);
    }
    // What a linker script or assembly defines is only declared; its address is that of the symbol.
    if (found.length === 0 && declared && this.elf.symbols.find(name)) return [declared];
    return found.sort((a, b) => Number(b.die.unit === home) - Number(a.die.unit === home));
  }

  /** The global and file-static variables that the unit of an address defines, in the order of the source. */
  globalsAt(address: number): DebugVariable[] {
    const [skeleton] = this.addressMap.at(address);
    if (!skeleton) return [];
    const unit = this.units.full(skeleton);
    const dies = [...this.names.namelessVariables(unit)];
    for (const { kind, die } of this.declaredIn(skeleton)) if (kind === KIND.variable) dies.push(die);
    return dies
      .filter((die) => die.has(AT.location) || die.has(AT.constValue))
      .sort((a, b) => a.offset - b.offset)
      .map((die) => new DebugVariable(die, this.types, this.lines))
      .filter(({ name }) => name !== '');
  }

  /** A type by its tag or name; a definition when there is one. The first unit that has it decides. */
  typeNamed(namespace: TypeNamespace, name: string): DebugType | undefined {
    const key = `${namespace} ${name}`;
    if (!this.definitions.has(key)) this.definitions.set(key, this.findType(NAMESPACE_KIND[namespace], name));
    return this.definitions.get(key);
  }

  /** The definition of a structure, union or enumeration that is only declared where it was found. */
  complete<T extends DebugType>(type: T): T {
    if ((type.kind !== 'struct' && type.kind !== 'enum') || !type.isDeclaration || type.name === undefined) return type;
    const namespace = type.kind === 'enum' ? 'enum' : type.keyword === 'union' ? 'union' : 'struct';
    const found = this.typeNamed(namespace, type.name);
    return found?.kind === type.kind ? (found as T) : type;
  }

  /** The value of an enumeration constant, with its type; undefined when no enumeration has it. */
  enumeratorNamed(name: string): { readonly value: bigint; readonly type: EnumType } | undefined {
    for (const unit of this.names.unitsWith(name)) {
      const names = this.names.namesOf(unit);
      for (let i = 0; i < names.count; i++) {
        if (names.kinds[i] !== KIND.enumeration) continue;
        const type = this.types.read(unit.dieInUnit(names.dies[i] - unit.offset));
        if (type.kind !== 'enum') continue;
        const found = type.enumerators.find((enumerator) => enumerator.name === name);
        if (found) return { value: found.value, type };
      }
    }
    return undefined;
  }

  /** The type of a function. */
  functionType(die: Die): FunctionType {
    return this.types.functionType(die);
  }

  /** The members of a structure or union behind typedefs and qualifiers, completed; none of other types. */
  membersOf(type: DebugType): StructType['members'] {
    const inner = this.complete(resolved(type));
    return inner.kind === 'struct' ? inner.members : [];
  }

  /** Where a function or variable is declared. */
  declarationOf(die: Die): SourcePlace | undefined {
    return this.lines.declaration(die);
  }

  /** Where a variable is in a frame; without a frame, where it always is. */
  locate(variable: DebugVariable, frame?: FrameState): Location {
    return locateVariable(variable.die, frame, {
      littleEndian: this.elf.littleEndian,
      functionAt: (address) => this.functionAt(address),
      symbolAddress: (name) => this.elf.symbols.find(name)?.address,
    });
  }

  /** Whether an address is in code that was linked, and not where the linker leaves what it drops. */
  isCode(address: number): boolean {
    return this.codeSections.some(({ start, end }) => address >= start && address < end);
  }

  /** The top-level entries of a unit: for tests and tools. */
  *declaredIn(unit: Unit): Generator<{ readonly kind: number; readonly die: Die; readonly isDeclaration: boolean }> {
    const full = this.units.full(unit);
    const { count, dies, kinds, declarations } = this.names.namesOf(full);
    for (let i = 0; i < count; i++) {
      yield { kind: kinds[i], die: full.dieInUnit(dies[i] - full.offset), isDeclaration: declarations[i] !== 0 };
    }
  }

  /** The type that an entry describes. */
  typeOfEntry(die: Die): DebugType {
    return this.types.read(die);
  }

  /** How many units have been read for their names. */
  get unitsRead(): number {
    return this.names.unitsRead;
  }

  /** Rows of every line table: for tests and tools. */
  *allRows(): Generator<{ readonly unit: Unit; readonly rows: NonNullable<ReturnType<LineTables['rowsOf']>> }> {
    const seen = new Set<unknown>();
    for (const unit of this.units.units) {
      const rows = this.lines.rowsOf(unit);
      if (rows && !seen.has(rows)) yield { unit, rows };
      seen.add(rows);
    }
  }

  private get addressMap(): AddressMap {
    const relocatable = this.elf.type === ELF_TYPE.relocatable;
    this.map ??= new AddressMap(this.units, (address) => relocatable || this.isCode(address));
    return this.map;
  }

  private get sourceIndex(): SourceIndex {
    this.sources ??= new SourceIndex(this.units.units, this.lines, this);
    return this.sources;
  }

  private functionsOf(unit: Unit): readonly DebugFunction[] {
    let functions = this.functions.get(unit);
    if (!functions) this.functions.set(unit, (functions = functionsOf(unit, this.names.namesOf(unit))));
    return functions;
  }

  /** The units that declare a function or variable of a name; all units, where link-time optimization tells apart name and code. */
  private unitsDefining(name: string, wanted: number = KIND.function): Unit[] {
    const units = new Set<Unit>();
    for (const { unit, kind } of this.names.entries(name)) if (kind === wanted) units.add(unit);
    if (units.size > 0 && this.units.crossReferences) {
      for (const unit of this.units.units) units.add(this.units.full(unit));
    }
    return [...units];
  }

  private hasLocationLists(fn: DebugFunction): boolean {
    const inScope = (scope: Scope): boolean =>
      variablesIn(scope, this.types, this.lines).some(({ die }) => isLocationList(die, AT.location)) ||
      scope.children.some(inScope);
    return this.functionsOf(fn.unit).some(({ scope }) => inScope(scope));
  }

  private findType(kind: number, name: string): DebugType | undefined {
    let declared: DebugType | undefined;
    for (const entry of this.names.entries(name)) {
      if (entry.kind !== kind) continue;
      const type = this.types.read(entry.unit.dieInUnit(entry.offset - entry.unit.offset));
      if (!('isDeclaration' in type && type.isDeclaration)) return type;
      declared ??= type;
    }
    return declared;
  }
}

/** Whether GCC has compiled a function; its location lists hold in prologues, too. */
const isFromGcc = ({ unit }: DebugFunction): boolean => /^GNU /.test(unit.root.text(AT.producer) ?? 'GNU ');

/** Whether any of the rows at the address of a row, which is the last there, begins a statement. GCC often adds one that does not. */
function beginsStatement({ addresses, lines, flags }: LineRows, last: number): boolean {
  for (let row = last; row >= 0 && addresses[row] === addresses[last] && !(flags[row] & ROW.endSequence); row--)
    if (flags[row] & ROW.isStatement && lines[row] !== 0) return true;
  return false;
}

function lineInfo(rows: LineRows, row: number): LineInfo {
  return {
    address: rows.addresses[row],
    file: rows.header.files.path(rows.files[row]) ?? '',
    line: rows.lines[row],
    column: rows.columns[row],
    isStatement: (rows.flags[row] & ROW.isStatement) !== 0,
  };
}
