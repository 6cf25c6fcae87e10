/**
 * Assembler mnemonics of the sensitive instructions, spelled out from the syntax templates of the table: every condition,
 * every addressing mode, in the order of the unified language (`ldmdbeq`, `subseq`, `ldrbteq`) and in that of the older
 * divided one (`ldmeqdb`, `subeqs`, `ldreqbt`; ARM DDI 0100, A4.1).
 */
import { A32_ROWS } from './a32.ts';
import { conditionSuffix } from './format.ts';
import type { Row } from './row.ts';
import { classOfRow, isDataClass, type SensitiveClass } from './sensitivity.ts';

/** What a mnemonic fixes: a row of the table and the fields that are in the name. */
export interface Mnemonic {
  readonly row: Row;
  readonly class: SensitiveClass;
  /** Fields of the row that the name decides, by letter: condition, S, addressing mode. */
  readonly fields: Readonly<Record<string, number>>;
  /** Syntax of the operands, with {placeholders}. */
  readonly operands: string;
}

/** A spelling and the fields it means. */
type Spelling = readonly [text: string, fields: Readonly<Record<string, number>>];

const AL = 14;

/** Condition names with their numbers; the empty one and `al` are always. */
export const CONDITION_NAMES: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: AL }, (_, cond): [string, number] => [conditionSuffix(cond), cond]),
  ['hs', 2],
  ['lo', 3],
  ['ul', 3],
  ['al', AL],
  ['', AL],
]);

const addressing = (base: string, names: Readonly<Record<string, string>>): Spelling[] =>
  Object.entries(names).map(([suffix, mode]) => [
    base + suffix,
    { P: mode[1] === 'b' ? 1 : 0, U: mode[0] === 'i' ? 1 : 0 },
  ]);
/** Addressing mode 4: increment or decrement, after or before; the stack names mean different ones for loads and stores. */
const MODES = { '': 'ia', ia: 'ia', ib: 'ib', da: 'da', db: 'db' };
const LOAD_MODES = { ...MODES, fd: 'ia', ed: 'ib', fa: 'da', ea: 'db' };
const STORE_MODES = { ...MODES, fd: 'db', ed: 'da', fa: 'ib', ea: 'ia' };
const SHIFT_NAMES: readonly Spelling[] = [
  ['lsl', { t: 0 }],
  ['asl', { t: 0 }],
  ['lsr', { t: 1 }],
  ['asr', { t: 2 }],
  ['ror', { t: 3 }],
];

/** Spellings of the placeholders that occur in mnemonics. */
const NAME_PARTS: Readonly<Record<string, readonly Spelling[]>> = {
  S: [
    ['', { S: 0 }],
    ['s', { S: 1 }],
  ],
  N: [
    ['', { N: 0 }],
    ['l', { N: 1 }],
  ],
  c: [['', {}]],
  ldm: addressing('ldm', LOAD_MODES),
  stm: addressing('stm', STORE_MODES),
  rfe: addressing('rfe', LOAD_MODES),
  srs: addressing('srs', STORE_MODES),
  cps: [
    ['cps', { i: 0 }],
    ['cpsie', { i: 2 }],
    ['cpsid', { i: 3 }],
  ],
  shiftop: [['mov', {}], ...SHIFT_NAMES, ['rrx', { t: 3, i: 0 }]],
};

function spellings(template: string): Spelling[] {
  let found: Spelling[] = [['', {}]];
  for (const [, placeholder, literal] of template.matchAll(/\{(\w+)\}|([^{]+)/g)) {
    const parts: readonly Spelling[] = placeholder === undefined ? [[literal, {}]] : NAME_PARTS[placeholder];
    found = found.flatMap(([text, fields]) =>
      parts.map(([more, its]): Spelling => [text + more, { ...fields, ...its }]),
    );
  }
  return found;
}

/** Operands of MOV with a shifted register, where the name is MOV itself. */
const MOV_OPERANDS: Readonly<Record<string, string>> = { MOV_shi: '{d}, {shi}', MOV_shr: '{d}, {shr}' };
/** CPS has its operands inside the placeholder of its name. */
const CPS_OPERANDS = { change: '{flags}{withmode}', mode: '{mode}' };

function operandsOf(row: Row, name: string, template: string): string {
  if (row.name === 'CPS') return name === 'cps' ? CPS_OPERANDS.mode : CPS_OPERANDS.change;
  if (name.startsWith('mov') && MOV_OPERANDS[row.name]) return MOV_OPERANDS[row.name];
  if (name.startsWith('rrx')) return '{d}, {m}';
  return template;
}

/** The older language has the condition behind the three letters of the operation. */
function conditional(name: string, condition: string): readonly string[] {
  return name.length === 3 || /^m(cr|rr)[rc]$/.test(name)
    ? [name + condition]
    : [name + condition, name.slice(0, 3) + condition + name.slice(3)];
}

function buildMnemonics(): Map<string, Mnemonic[]> {
  const table = new Map<string, Mnemonic[]>();
  const add = (name: string, mnemonic: Mnemonic): void => {
    const known = table.get(name);
    if (!known) table.set(name, [mnemonic]);
    else if (!known.some(({ row, fields }) => row === mnemonic.row && fields.c === mnemonic.fields.c))
      known.push(mnemonic);
  };
  for (const row of A32_ROWS) {
    const found = classOfRow(row);
    if (!found) continue;
    const [nameTemplate, ...rest] = row.syntax.split(' ');
    const hasCondition = row.bits.startsWith('c');
    for (const [name, fields] of spellings(nameTemplate)) {
      if (isDataClass(found) && fields.S !== 1) continue;
      if (name.startsWith('rrx') && row.name !== 'MOV_shi') continue;
      const operands = operandsOf(row, name, rest.join(' '));
      if (!hasCondition) {
        add(name, { row, class: found, fields, operands });
        continue;
      }
      for (const [condition, c] of CONDITION_NAMES) {
        for (const full of conditional(name, condition))
          add(full, { row, class: found, fields: { ...fields, c }, operands });
      }
    }
  }
  return table;
}

let mnemonics: Map<string, Mnemonic[]> | undefined;

/**
 * The rows that a mnemonic can stand for; undefined when no sensitive instruction has this name. `text` is in lower
 * case; the width suffixes of the unified language (`.w`, `.n`) are not part of it.
 */
export function lookupMnemonic(text: string): readonly Mnemonic[] | undefined {
  mnemonics ??= buildMnemonics();
  return mnemonics.get(text);
}
