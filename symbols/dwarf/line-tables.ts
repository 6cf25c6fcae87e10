/** The line tables of all units: read when first asked for, shared by units that share one. */
import { AT } from './constants.ts';
import type { Die } from './die.ts';
import { readLineHeader, readLineRows, type LineHeader, type LineRows } from './line-program.ts';
import type { Unit } from './unit.ts';

/** A place in a source file. */
export interface SourcePlace {
  /** The path as the compiler wrote it, joined with the directory of the compilation. */
  readonly file: string;
  /** From 1; 0 when the code belongs to no line. */
  readonly line: number;
  /** From 1; 0 when not known. */
  readonly column: number;
}

/** Line tables and file numbers by unit. */
export class LineTables {
  private readonly headers = new Map<Unit, LineHeader | undefined>();
  private readonly rows = new Map<string, LineRows>();

  /** The header of a unit's table; undefined when it has none. */
  header(unit: Unit): LineHeader | undefined {
    if (!this.headers.has(unit)) {
      const owner = tableOwner(unit);
      const offset = owner.root.number(AT.stmtList);
      const header = offset === undefined ? undefined : readLineHeader(owner.sections, offset, unit.directory);
      this.headers.set(unit, header);
    }
    return this.headers.get(unit);
  }

  /** The rows of a unit's table; undefined when it has none. */
  rowsOf(unit: Unit): LineRows | undefined {
    const header = this.header(unit);
    if (!header) return undefined;
    const { source } = tableOwner(unit).sections.get('line');
    const key = `${source} ${header.programStart}`;
    let rows = this.rows.get(key);
    if (!rows) this.rows.set(key, (rows = readLineRows(tableOwner(unit).sections.get('line'), header)));
    return rows;
  }

  /** The path of a file number in a unit. */
  file(unit: Unit, number: number): string | undefined {
    return this.header(unit)?.files.path(number);
  }

  /** Where an entry is declared, by its own attributes or those of its origin. */
  declaration(die: Die): SourcePlace | undefined {
    const found = die.withAttribute(AT.declLine);
    const line = found?.number(AT.declLine);
    if (!found || line === undefined) return undefined;
    const number = (die.withAttribute(AT.declFile) ?? found).number(AT.declFile) ?? 0;
    const file = this.file(found.unit, number);
    return file === undefined ? undefined : { file, line, column: found.number(AT.declColumn) ?? 0 };
  }

  /** Where an inlined subroutine was called. */
  callPlace(die: Die): SourcePlace | undefined {
    const file = this.file(die.unit, die.number(AT.callFile) ?? 0);
    if (file === undefined) return undefined;
    return { file, line: die.number(AT.callLine) ?? 0, column: die.number(AT.callColumn) ?? 0 };
  }
}

/** Split compile units use the table of their skeleton; split type units have one of their own. */
function tableOwner(unit: Unit): Unit {
  return unit.skeleton && !unit.root.has(AT.stmtList) ? unit.skeleton : unit;
}
