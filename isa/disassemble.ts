/** The disassembler: text of one instruction, from the syntax templates of the table. */
import { decodeA32, decodeThumb, type Decoded } from './decode.ts';
import { PLACEHOLDERS, type FormatContext } from './format.ts';
import type { Arch } from './row.ts';

export interface DisassembleOptions {
  readonly thumb?: boolean;
  /** Default: v6K, the newest level of the tables. */
  readonly arch?: Arch;
  /** Text for an address, such as "main+0x10". */
  readonly symbolize?: (address: number) => string | undefined;
  /** Thumb: the halfword after this one, which completes BL and BLX. */
  readonly next?: number;
}

export interface Disassembly {
  readonly decoded: Decoded;
  /** "undefined" for a word that is undefined at this level. */
  readonly mnemonic: string;
  readonly operands: readonly string[];
  /** Constants in hexadecimal, PC-relative targets, and "<UNPREDICTABLE>". */
  readonly remarks: readonly string[];
  /** Mnemonic, operands and remarks: `ldr r0, [pc, #16] @ 0x8018`. */
  readonly text: string;
}

/** Words with a spelling of their own, which objdump and assemblers prefer. */
interface Alias {
  readonly row: string;
  readonly mask: number;
  readonly value: number;
  readonly syntax: string;
}

const ALIASES: readonly Alias[] = [
  { row: 'MOV_shi', mask: 0xffffffff, value: 0xe1a00000, syntax: 'nop' },
  { row: 'STR_imm', mask: 0x0fff0fff, value: 0x052d0004, syntax: 'push{c} {pushone}' },
  { row: 'LDR_imm', mask: 0x0fff0fff, value: 0x049d0004, syntax: 'pop{c} {pushone}' },
  { row: 'STM', mask: 0x0fff0000, value: 0x092d0000, syntax: '{pushmany}' },
  { row: 'LDM', mask: 0x0fff0000, value: 0x08bd0000, syntax: '{popmany}' },
  { row: 'T_LSL_imm', mask: 0xffc0, value: 0x0000, syntax: 'movs {d}, {m}' },
  { row: 'T_ADD_imm3', mask: 0xffc0, value: 0x1c00, syntax: 'adds {d}, {n}, {dec}' },
  { row: 'T_MOV_hi', mask: 0xffff, value: 0x46c0, syntax: 'nop' },
];

const aliasesByRow = new Map<string, Alias[]>();
for (const alias of ALIASES) aliasesByRow.set(alias.row, [...(aliasesByRow.get(alias.row) ?? []), alias]);

function syntaxOf(decoded: Decoded): string {
  const row = decoded.row!;
  const alias = aliasesByRow.get(row.name)?.find(({ mask, value }) => (decoded.word & mask) >>> 0 === value);
  const syntax = alias ? alias.syntax : row.syntax;
  return decoded.suffix?.row.name === 'T_BLX_suffix' ? syntax.replace(/^bl /, 'blx ') : syntax;
}

function expand(template: string, ctx: FormatContext): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => PLACEHOLDERS[name](ctx));
}

/** Splits operands at commas outside brackets and braces. */
function splitOperands(text: string): string[] {
  return text === '' ? [] : text.split(/, (?![^[{]*[\]}])/);
}

function undefinedText(word: number, thumb: boolean): { mnemonic: string; operands: string[] } {
  if (!thumb && (word & 0xfff000f0) >>> 0 === 0xe7f000f0) {
    return { mnemonic: 'udf', operands: [`#${((word >>> 4) & 0xfff0) | (word & 15)}`] };
  }
  if (thumb && word >>> 8 === 0xde) return { mnemonic: 'udf', operands: [`#${word & 0xff}`] };
  return { mnemonic: 'undefined', operands: [] };
}

/** Disassembles one A32 word, or one Thumb instruction (a BL or BLX pair when `next` completes it). */
export function disassemble(word: number, address: number, options: DisassembleOptions = {}): Disassembly {
  const thumb = options.thumb === true;
  const arch = options.arch ?? 'v6K';
  const decoded = thumb ? decodeThumb(word, options.next, arch) : decodeA32(word, arch);
  const remarks: string[] = [];
  if (!decoded.row) {
    const { mnemonic, operands } = undefinedText(decoded.word, thumb);
    return { decoded, mnemonic, operands, remarks, text: [mnemonic, ...operands].join(' ') };
  }
  const ctx: FormatContext = {
    f: decoded.fields,
    word: decoded.word,
    address,
    symbolize: options.symbolize,
    suffix: decoded.suffix,
    remark: (text) => remarks.push(text),
  };
  const line = expand(syntaxOf(decoded), ctx);
  if (decoded.unpredictable !== undefined) remarks.push('<UNPREDICTABLE>');
  const space = line.indexOf(' ');
  const mnemonic = space < 0 ? line : line.slice(0, space);
  const operands = space < 0 ? [] : splitOperands(line.slice(space + 1));
  const text = remarks.length === 0 ? line : `${line} @ ${remarks.join(' ')}`;
  return { decoded, mnemonic, operands, remarks, text };
}
