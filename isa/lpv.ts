/**
 * The LPV trap encoding: every sensitive instruction that does not trap by itself has one trapping word that carries
 * its operands. A form is one line: the original's bit string and the trap's, whose letters are the same fields.
 * Bits of a trap that carry nothing are 0 in its string, so a word with one of them set is not a trap.
 */
import { applyMoves, bitMoves, type BitMove } from './bit-moves.ts';
import { needsTrap } from './sensitivity.ts';

export interface LpvForm {
  readonly name: string;
  /** Group 0 to 15; the LDRT family is group 12, carried by LDC and STC. */
  readonly group: number;
  readonly original: string;
  readonly trap: string;
  /** Invalid originals: (original & mask) === value. */
  readonly invalid: readonly (readonly [mask: number, value: number])[];
  /** Decoded, but never produced, because the original is not sensitive. */
  readonly decodeOnly: boolean;
  /** Where the fields of the original go in the trap, and back. */
  readonly toTrap: readonly BitMove[];
  readonly toOriginal: readonly BitMove[];
  readonly originalMask: number;
  readonly originalValue: number;
  readonly trapMask: number;
  readonly trapValue: number;
}

function bitsOf(bits: string, letters: string): number {
  let word = 0;
  for (const letter of bits) word = word * 2 + (letters.includes(letter) ? 1 : 0);
  return word;
}

function form(
  name: string,
  group: number,
  original: string,
  trap: string,
  invalid: readonly (readonly [number, number])[] = [],
  decodeOnly = false,
): LpvForm {
  return {
    name,
    group,
    original,
    trap,
    invalid,
    decodeOnly,
    toTrap: bitMoves(original, trap),
    toOriginal: bitMoves(trap, original),
    originalMask: bitsOf(original, '01'),
    originalValue: bitsOf(original, '1'),
    trapMask: bitsOf(trap, '01'),
    trapValue: bitsOf(trap, '1'),
  };
}

/** CPS with imod 01, or with neither imod nor M: UNPREDICTABLE, and `svc 0` must not mean one of them. */
const CPS_INVALID = [
  [0x000c0000, 0x00040000],
  [0x000e0000, 0],
] as const;
/** An empty field mask makes an MSR immediate a hint. */
const MSR_INVALID = [[0x000f0000, 0]] as const;
/** TST, TEQ, CMP and CMN write no register. */
const COMPARISON = [0x01800000, 0x01000000] as const;
/** Bits 7 and 4 both set: multiplies and extra loads and stores. */
const NOT_A_SHIFT = [0x00000090, 0x00000090] as const;

// prettier-ignore
export const LPV_FORMS: readonly LpvForm[] = [
  form('CPS',          0, '111100010000iiM00000000AIF0mmmmm', '111011110000iiM00000000AIF0mmmmm', CPS_INVALID),
  form('SETEND',       0, '1111000100000001000000E000000000', '1110111100000000000100000000000E', [], true),
  form('MRS',          0, 'cccc00010R001111dddd000000000000', 'cccc11110000ddddR010000000000000'),
  form('MSR_imm',      0, 'cccc00110R10ffff1111rrrriiiiiiii', 'cccc11110000ffffR011rrrriiiiiiii', MSR_INVALID),
  form('MSR_reg',      0, 'cccc00010R10ffff111100000000mmmm', 'cccc11110000ffffR10000000000mmmm'),
  form('RFE',          1, '1111100PU0W1nnnn0000101000000000', '111011110001nnnn0PUW000000000000'),
  form('SRS',          1, '1111100PU1W0110100000101000mmmmm', '11101111000100001PUW0000000mmmmm'),
  form('LDM2',         2, 'cccc100PU101nnnn0lllllllllllllll', 'cccc1111001PnnnnUlllllllllllllll'),
  form('LDM3',         4, 'cccc100PU1W1nnnn1lllllllllllllll', 'cccc111101PUnnnnWlllllllllllllll'),
  form('STM2',         8, 'cccc100PU100nnnnllllllllllllllll', 'cccc111110PUnnnnllllllllllllllll'),
  form('LDRT_imm_dn', 12, 'cccc01000011nnnnddddPUNWiiiiiiii', 'cccc110PUNW1nnnndddd0001iiiiiiii'),
  form('LDRT_imm_up', 12, 'cccc01001011nnnnddddPUNWiiiiiiii', 'cccc110PUNW1nnnndddd0010iiiiiiii'),
  form('LDRT_reg',    12, 'cccc0110u011nnnnddddPUNWiii0jjjj', 'cccc110PUNW1nnnndddd0011iiiujjjj'),
  form('LDRBT_imm_dn',12, 'cccc01000111nnnnddddPUNWiiiiiiii', 'cccc110PUNW1nnnndddd0100iiiiiiii'),
  form('LDRBT_imm_up',12, 'cccc01001111nnnnddddPUNWiiiiiiii', 'cccc110PUNW1nnnndddd0101iiiiiiii'),
  form('LDRBT_reg',   12, 'cccc0110u111nnnnddddPUNWiii0jjjj', 'cccc110PUNW1nnnndddd0110iiiujjjj'),
  form('STRT_imm_dn', 12, 'cccc01000010nnnnddddPUNWiiiiiiii', 'cccc110PUNW0nnnndddd0001iiiiiiii'),
  form('STRT_imm_up', 12, 'cccc01001010nnnnddddPUNWiiiiiiii', 'cccc110PUNW0nnnndddd0010iiiiiiii'),
  form('STRT_reg',    12, 'cccc0110u010nnnnddddPUNWiii0jjjj', 'cccc110PUNW0nnnndddd0011iiiujjjj'),
  form('STRBT_imm_dn',12, 'cccc01000110nnnnddddPUNWiiiiiiii', 'cccc110PUNW0nnnndddd0100iiiiiiii'),
  form('STRBT_imm_up',12, 'cccc01001110nnnnddddPUNWiiiiiiii', 'cccc110PUNW0nnnndddd0101iiiiiiii'),
  form('STRBT_reg',   12, 'cccc0110u110nnnnddddPUNWiii0jjjj', 'cccc110PUNW0nnnndddd0110iiiujjjj'),
  form('DATA_reg',    14, 'cccc000kkkk1nnnn1111ssssssssssss', 'cccc11111110kkkknnnnssssssssssss', [COMPARISON, NOT_A_SHIFT]),
  form('DATA_imm',    15, 'cccc001kkkk1nnnn1111ssssssssssss', 'cccc11111111kkkknnnnssssssssssss', [COMPARISON]),
];

function originalOf(found: LpvForm, trapWord: number): number {
  return (applyMoves(found.toOriginal, trapWord) | found.originalValue) >>> 0;
}

function validOriginal(candidate: LpvForm, original: number): boolean {
  return candidate.invalid.every(([mask, value]) => (original & mask) >>> 0 !== value);
}

function conditionFits(bits: string, word: number): boolean {
  return !bits.startsWith('c') || word >>> 28 !== 15;
}

function formOfOriginal(word: number): LpvForm | undefined {
  return LPV_FORMS.find(
    (candidate) =>
      !candidate.decodeOnly &&
      (word & candidate.originalMask) >>> 0 === candidate.originalValue &&
      conditionFits(candidate.original, word) &&
      validOriginal(candidate, word),
  );
}

function formOfTrap(word: number): LpvForm | undefined {
  const major = (word >>> 24) & 15;
  if (major !== 15 && major >>> 1 !== 6) return undefined;
  return LPV_FORMS.find(
    (candidate) =>
      (word & candidate.trapMask) >>> 0 === candidate.trapValue &&
      conditionFits(candidate.trap, word) &&
      validOriginal(candidate, originalOf(candidate, word)),
  );
}

/**
 * The trap word of a sensitive instruction. Undefined when the word is not sensitive, traps by itself (coprocessor
 * access), or has no trap: CPS with imod 01, or with neither imod nor M (both UNPREDICTABLE).
 */
export function encodeTrap(word: number): number | undefined {
  if (!needsTrap(word)) return undefined;
  const found = formOfOriginal(word >>> 0);
  return found && (applyMoves(found.toTrap, word) | found.trapValue) >>> 0;
}

/** Where the bits of a sensitive word go in its trap; undefined when it has none. */
export function trapMoves(word: number): readonly BitMove[] | undefined {
  return needsTrap(word) ? formOfOriginal(word >>> 0)?.toTrap : undefined;
}

/** The original of a trap word. Undefined when it is not a trap: another form, or a reserved bit that is set. */
export function decodeTrap(trapWord: number): number | undefined {
  const found = formOfTrap(trapWord >>> 0);
  return found && originalOf(found, trapWord);
}

/** The encoding group of a trap word, 0 to 15; undefined when the word is not a trap. */
export function trapGroup(trapWord: number): number | undefined {
  const found = formOfTrap(trapWord >>> 0);
  if (!found) return undefined;
  return found.group === 12 ? 12 : (trapWord >>> 20) & 15;
}
