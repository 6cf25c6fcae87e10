/**
 * All instructions by the names that people write: every row of the tables, with condition and suffixes, in the order of
 * the unified language and of the older one. For editors; the assembler of sensitive instructions has a narrower table.
 */
import { A32_ROWS } from './a32.ts';
import { CONDITION_NAMES, conditional, operandsOf, spellings } from './mnemonics.ts';
import { ARCH_LEVELS, archLevel, type Arch, type Row } from './row.ts';
import { THUMB_ROWS } from './thumb.ts';

/** One meaning of a name. */
export interface NamedInstruction {
  /** The name without its condition, in the unified language. */
  readonly base: string;
  /** Condition field; undefined when the instruction has none. */
  readonly condition: number | undefined;
  readonly row: Row;
  /** Operands with {placeholders}, as in the tables. */
  readonly operands: string;
}

/** Older or shorter names of instructions in the tables. */
const SYNONYMS: Readonly<Record<string, string>> = { svc: 'swi' };
/** Names that the assembler makes of other instructions, or of one with fixed operands. */
const MADE: ReadonlyArray<readonly [name: string, row: string, operands: string]> = [
  ['nop', 'MOV_shi', ''],
  ['push', 'STM', '{list}'],
  ['pop', 'LDM', '{list}'],
  ['neg', 'RSB_imm', '{d}, {m}'],
  ['adr', 'ADD_imm', '{d}, {branch}'],
  ['adrl', 'ADD_imm', '{d}, {branch}'],
];
/** Halves of a Thumb BL pair: nobody writes them. */
const IS_SUFFIX = /_suffix$/;

interface Tables {
  readonly names: ReadonlyMap<string, readonly NamedInstruction[]>;
  readonly bases: ReadonlyMap<string, readonly NamedInstruction[]>;
}

function buildTables(): Tables {
  const names = new Map<string, NamedInstruction[]>();
  const bases = new Map<string, NamedInstruction[]>();
  const note = (table: Map<string, NamedInstruction[]>, name: string, found: NamedInstruction): void => {
    const known = table.get(name);
    if (!known) table.set(name, [found]);
    else if (!known.some(({ row, condition }) => row === found.row && condition === found.condition)) known.push(found);
  };
  const add = (base: string, row: Row, operands: string): void => {
    const isConditional = row.bits.startsWith('c') || row.bits.length === 16;
    note(bases, base, { base, condition: undefined, row, operands });
    if (!isConditional) {
      note(names, base, { base, condition: undefined, row, operands });
      return;
    }
    for (const [suffix, condition] of CONDITION_NAMES) {
      for (const full of conditional(base, suffix)) note(names, full, { base, condition, row, operands });
    }
  };
  for (const row of [...A32_ROWS, ...THUMB_ROWS]) {
    if (row.group === 'undefined' || IS_SUFFIX.test(row.name) || row.name === 'T_CPS') continue;
    const space = row.syntax.indexOf(' ');
    const template = space < 0 ? row.syntax : row.syntax.slice(0, space);
    const rest = space < 0 ? '' : row.syntax.slice(space + 1);
    if (template === 'setend') {
      add('setend', row, rest);
      continue;
    }
    for (const [name] of spellings(template)) {
      const operands = row.bits.length === 32 ? operandsOf(row, name, rest) : rest;
      add(name, row, operands);
      if (SYNONYMS[name] !== undefined) add(SYNONYMS[name], row, operands);
    }
  }
  for (const [name, rowName, operands] of MADE) {
    add(
      name,
      A32_ROWS.find((row) => row.name === rowName)!,
      operands,
    );
  }
  return { names, bases };
}

let tables: Tables | undefined;

/** What a name can mean, in lower case and without a width suffix; ARM before Thumb. Undefined when it is no instruction. */
export function instructionsNamed(name: string): readonly NamedInstruction[] | undefined {
  tables ??= buildTables();
  return tables.names.get(name);
}

/** All names without condition, with what they can mean. */
export function instructionBases(): ReadonlyMap<string, readonly NamedInstruction[]> {
  tables ??= buildTables();
  return tables.bases;
}

/** The oldest architecture that has one of the rows. */
export function earliestArch(found: readonly NamedInstruction[]): Arch {
  return ARCH_LEVELS[Math.min(...found.map(({ row }) => archLevel(row.arch)))];
}
