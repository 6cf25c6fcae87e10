/**
 * Unwinding by call frame information (DWARF 2 to 5, section 6.4) in `.debug_frame`, or in `.eh_frame` (LSB, chapter 10).
 * Exact at every instruction.
 */
import type { ElfFile } from '../formats/elf.ts';
import { InputError } from '../formats/input-error.ts';
import { type ByteReader } from './byte-reader.ts';
import { locateValue, type ExpressionHost } from './dwarf/expression.ts';
import { DwarfSection } from './dwarf/sections.ts';
import { caller, END, LR, PC, preserved, SP, UNKNOWN, type FrameRegisters, type ReadWord } from './frame.ts';
import type { UnwindResult } from './frame.ts';

/** Opcodes in the low six bits (7.24). */
const CFA = {
  nop: 0x00,
  setLoc: 0x01,
  advance1: 0x02,
  advance2: 0x03,
  advance4: 0x04,
  offsetExtended: 0x05,
  restoreExtended: 0x06,
  undefined: 0x07,
  sameValue: 0x08,
  register: 0x09,
  rememberState: 0x0a,
  restoreState: 0x0b,
  defCfa: 0x0c,
  defCfaRegister: 0x0d,
  defCfaOffset: 0x0e,
  defCfaExpression: 0x0f,
  expression: 0x10,
  offsetExtendedSf: 0x11,
  defCfaSf: 0x12,
  defCfaOffsetSf: 0x13,
  valOffset: 0x14,
  valOffsetSf: 0x15,
  valExpression: 0x16,
} as const;

const CIE_ID = 0xffff_ffff;

/** How a register of the caller is found. */
type Rule =
  | { kind: 'undefined' | 'same' }
  | { kind: 'expression' | 'valueExpression'; start: number; end: number }
  | { kind: 'at' | 'value'; offset: number }
  | { kind: 'register'; register: number };

interface Row {
  /** The canonical frame address: a register and an offset, or bounds of an expression. */
  cfa: { register: number; offset: number } | { start: number; end: number } | undefined;
  rules: Map<number, Rule>;
}

interface Cie {
  /** Describes frames of exceptions or signals: augmentation `S`, a GNU extension. */
  interrupted: boolean;
  codeAlign: number;
  dataAlign: number;
  returnRegister: number;
  /** How addresses are encoded in `.eh_frame` (DW_EH_PE); 0, as they are, in `.debug_frame`. */
  encoding: number;
  /** Whether entries carry data of their own before their instructions. */
  hasAugmentation: boolean;
  /** Bounds of the initial instructions. */
  start: number;
  end: number;
}

interface Fde {
  cie: number;
  address: number;
  length: number;
  start: number;
  end: number;
}

const copy = (row: Row): Row => ({ cfa: row.cfa && { ...row.cfa }, rules: new Map(row.rules) });

/** Bits of DW_EH_PE that tell what an address is relative to. */
const RELATIVE = { mask: 0x70, none: 0, place: 0x10 } as const;

/** The call frame information of one file. */
export class DebugFrame {
  private readonly section: DwarfSection;
  /** Address of an `.eh_frame` section; undefined for `.debug_frame`. */
  private readonly ehAddress: number | undefined;
  private readonly cies = new Map<number, Cie | undefined>();
  private entries: Fde[] | undefined;

  constructor(section: DwarfSection, ehAddress?: number) {
    this.section = section;
    this.ehAddress = ehAddress;
  }

  /** The call frame information of a file; undefined when it has none. */
  static of(elf: ElfFile): DebugFrame | undefined {
    const section = elf.section('.debug_frame') ?? elf.section('.zdebug_frame') ?? elf.section('.eh_frame');
    if (!section || section.size === 0) return undefined;
    const content = new DwarfSection(elf.sectionContent(section), elf.littleEndian, `${elf.name}: ${section.name}`);
    return new DebugFrame(content, section.name === '.eh_frame' ? section.address : undefined);
  }

  /** One step to the caller of the frame that is executing at `address`. */
  unwind(registers: FrameRegisters, address: number, read: ReadWord): UnwindResult {
    return (
      this.atRow(address, (row, cie) => {
        const result = this.apply(row, cie.returnRegister, registers, read);
        return cie.interrupted && result.kind === 'caller' ? { ...result, interrupted: true } : result;
      }) ?? UNKNOWN
    );
  }

  /** The canonical frame address of the frame that is executing at `address`: its stack pointer before the call. */
  cfa(registers: FrameRegisters, address: number, read: ReadWord): number | undefined {
    return this.atRow(address, (row) => this.cfaOf(row, registers, read));
  }

  /** What the table says of an address. Undefined where it says nothing, or is damaged: other methods may know. */
  private atRow<T>(address: number, use: (row: Row, cie: Cie) => T | undefined): T | undefined {
    try {
      const fde = this.find(address);
      const cie = fde && this.cie(fde.cie);
      const row = fde && cie && this.rowAt(cie, fde, address);
      return row && use(row, cie);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
  }

  private find(address: number): Fde | undefined {
    this.entries ??= this.index();
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    const fde = this.entries[low - 1];
    return fde && address - fde.address < fde.length ? fde : undefined;
  }

  private index(): Fde[] {
    const entries: Fde[] = [];
    const reader = this.section.reader(0);
    const isEh = this.ehAddress !== undefined;
    while (!reader.done) {
      const length = reader.u32();
      if (length >= 0xffff_fff0) break; // 64-bit DWARF, which no 32-bit toolchain writes
      if (length === 0 && isEh) break; // the terminator
      const place = reader.position;
      const end = place + length;
      const id = length >= 4 ? reader.u32() : isEh ? 0 : CIE_ID;
      if (id !== (isEh ? 0 : CIE_ID)) {
        const cieOffset = isEh ? place - id : id;
        const cie = isEh ? this.cie(cieOffset) : undefined;
        const address = this.encoded(reader, cie?.encoding ?? 0);
        const size = this.encoded(reader, (cie?.encoding ?? 0) & ~RELATIVE.mask);
        if (cie?.hasAugmentation) reader.skip(reader.uleb());
        if (size > 0) entries.push({ cie: cieOffset, address, length: size, start: reader.position, end });
      }
      reader.position = end;
    }
    return entries.sort((a, b) => a.address - b.address);
  }

  /** An address or size by a DW_EH_PE encoding; those that are relative to anything but their place are not used. */
  private encoded(reader: ByteReader, encoding: number): number {
    const place = (this.ehAddress ?? 0) + reader.position;
    const value = ((): number => {
      switch (encoding & 15) {
        case 0:
        case 3:
          return reader.u32();
        case 2:
          return reader.u16();
        case 10:
          return reader.i16();
        case 11:
          return reader.i32();
        default:
          return reader.fail(`addresses of encoding 0x${encoding.toString(16)}`);
      }
    })();
    switch (encoding & RELATIVE.mask) {
      case RELATIVE.none:
        return value >>> 0;
      case RELATIVE.place:
        return (place + value) >>> 0;
      default:
        return reader.fail(`addresses of encoding 0x${encoding.toString(16)}`);
    }
  }

  private cie(offset: number): Cie | undefined {
    if (!this.cies.has(offset)) this.cies.set(offset, this.readCie(offset));
    return this.cies.get(offset);
  }

  private readCie(offset: number): Cie | undefined {
    const reader = this.section.reader(offset);
    const length = reader.u32();
    const end = reader.position + length;
    if (reader.u32() !== (this.ehAddress === undefined ? CIE_ID : 0)) return undefined;
    const version = reader.u8();
    const augmentation = reader.string();
    if (augmentation !== '' && augmentation !== 'S' && !augmentation.startsWith('z')) return undefined;
    const interrupted = augmentation.includes('S');
    if (version >= 4) reader.skip(2);
    const codeAlign = reader.uleb();
    const dataAlign = reader.sleb();
    const returnRegister = version === 1 ? reader.u8() : reader.uleb();
    let encoding = 0;
    const hasAugmentation = augmentation.startsWith('z');
    if (hasAugmentation) {
      const data = reader.uleb();
      const next = reader.position + data;
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') encoding = reader.u8();
        else if (letter === 'L') reader.skip(1);
        else if (letter === 'P') this.encoded(reader, reader.u8());
        else if (letter !== 'S') break;
      }
      reader.position = next;
    }
    return {
      interrupted,
      codeAlign,
      dataAlign,
      returnRegister,
      encoding,
      hasAugmentation,
      start: reader.position,
      end,
    };
  }

  private rowAt(cie: Cie, fde: Fde, address: number): Row | undefined {
    const row: Row = { cfa: undefined, rules: new Map() };
    if (!this.execute(cie, row, undefined, this.section.reader(cie.start, cie.end), 0, Infinity)) return undefined;
    const initial = copy(row);
    const program = this.section.reader(fde.start, fde.end);
    return this.execute(cie, row, initial, program, fde.address, address) ? row : undefined;
  }

  /** Runs the instructions that apply at `target`. Returns false when one of them is unknown. */
  private execute(cie: Cie, row: Row, initial: Row | undefined, r: ByteReader, from: number, target: number): boolean {
    const saved: Row[] = [];
    let location = from;
    const at = (register: number, offset: number): unknown => row.rules.set(register, { kind: 'at', offset });
    const restore = (register: number): void => {
      const rule = initial?.rules.get(register);
      if (rule) row.rules.set(register, rule);
      else row.rules.delete(register);
    };
    while (!r.done) {
      const byte = r.u8();
      const low = byte & 0x3f;
      if (byte >= 0xc0) restore(low);
      else if (byte >= 0x80) at(low, r.uleb() * cie.dataAlign);
      else if (byte >= 0x40) location += low * cie.codeAlign;
      else {
        switch (low) {
          case CFA.nop:
            break;
          case CFA.setLoc:
            location = r.u32();
            break;
          case CFA.advance1:
            location += r.u8() * cie.codeAlign;
            break;
          case CFA.advance2:
            location += r.u16() * cie.codeAlign;
            break;
          case CFA.advance4:
            location += r.u32() * cie.codeAlign;
            break;
          case CFA.offsetExtended:
            at(r.uleb(), r.uleb() * cie.dataAlign);
            break;
          case CFA.offsetExtendedSf:
            at(r.uleb(), r.sleb() * cie.dataAlign);
            break;
          case CFA.restoreExtended:
            restore(r.uleb());
            break;
          case CFA.undefined:
            row.rules.set(r.uleb(), { kind: 'undefined' });
            break;
          case CFA.sameValue:
            row.rules.set(r.uleb(), { kind: 'same' });
            break;
          case CFA.register:
            row.rules.set(r.uleb(), { kind: 'register', register: r.uleb() });
            break;
          case CFA.rememberState:
            saved.push(copy(row));
            break;
          case CFA.restoreState: {
            const state = saved.pop();
            if (!state) return false;
            row.cfa = state.cfa;
            row.rules = state.rules;
            break;
          }
          case CFA.defCfa:
            row.cfa = { register: r.uleb(), offset: r.uleb() };
            break;
          case CFA.defCfaSf:
            row.cfa = { register: r.uleb(), offset: r.sleb() * cie.dataAlign };
            break;
          case CFA.defCfaRegister:
            row.cfa = { register: r.uleb(), offset: offsetOf(row) };
            break;
          case CFA.defCfaOffset:
            row.cfa = { register: registerOf(row), offset: r.uleb() };
            break;
          case CFA.defCfaOffsetSf:
            row.cfa = { register: registerOf(row), offset: r.sleb() * cie.dataAlign };
            break;
          case CFA.defCfaExpression:
            row.cfa = block(r);
            break;
          case CFA.expression:
            row.rules.set(r.uleb(), { kind: 'expression', ...block(r) });
            break;
          case CFA.valExpression:
            row.rules.set(r.uleb(), { kind: 'valueExpression', ...block(r) });
            break;
          case CFA.valOffset:
            row.rules.set(r.uleb(), { kind: 'value', offset: r.uleb() * cie.dataAlign });
            break;
          case CFA.valOffsetSf:
            row.rules.set(r.uleb(), { kind: 'value', offset: r.sleb() * cie.dataAlign });
            break;
          default:
            return false;
        }
      }
      if (location > target) return true;
    }
    return true;
  }

  private cfaOf(row: Row, registers: FrameRegisters, read: ReadWord): number | undefined {
    const { cfa } = row;
    if (!cfa) return undefined;
    if ('start' in cfa) return this.evaluate(cfa, registers, read, []);
    const base = registers[cfa.register];
    return base === undefined ? undefined : (base + cfa.offset) >>> 0;
  }

  private evaluate(
    bounds: { start: number; end: number },
    registers: FrameRegisters,
    read: ReadWord,
    initial: readonly bigint[],
  ): number | undefined {
    const { littleEndian } = this.section;
    const host: ExpressionHost = {
      littleEndian,
      register: (number) => registers[number],
      memory: (address, size) => wordBytes(address, size, read, littleEndian),
      cfa: () => undefined,
      frameBase: () => undefined,
      entryValue: () => undefined,
      parameter: () => undefined,
    };
    const value = locateValue({ section: this.section, ...bounds }, host, initial);
    return value === undefined ? undefined : Number(BigInt.asUintN(32, value));
  }

  private apply(row: Row, returnRegister: number, registers: FrameRegisters, read: ReadWord): UnwindResult {
    const cfa = this.cfaOf(row, registers, read);
    if (cfa === undefined) return UNKNOWN;
    if (row.rules.get(returnRegister)?.kind === 'undefined') return END;
    const result = preserved(registers);
    result[SP] = cfa;
    const value = (id: number, rule: Rule): number | undefined => {
      switch (rule.kind) {
        case 'same':
          return registers[id];
        case 'at':
          return read((cfa + rule.offset) >>> 0);
        case 'value':
          return cfa + rule.offset;
        case 'register':
          return registers[rule.register];
        case 'expression': {
          const address = this.evaluate(rule, registers, read, [BigInt(cfa)]);
          return address === undefined ? undefined : read(address);
        }
        case 'valueExpression':
          return this.evaluate(rule, registers, read, [BigInt(cfa)]);
        default:
          return undefined;
      }
    };
    for (const [id, rule] of row.rules) if (id < PC) result[id] = value(id, rule);
    const returnRule = row.rules.get(returnRegister);
    result[PC] = returnRule ? value(returnRegister, returnRule) : registers[LR];
    return caller(result);
  }
}

/** Bounds of the expression that follows its length. */
function block(reader: ByteReader): { start: number; end: number } {
  const length = reader.uleb();
  const start = reader.position;
  reader.skip(length);
  return { start, end: reader.position };
}

const offsetOf = ({ cfa }: Row): number => (cfa && 'offset' in cfa ? cfa.offset : 0);
const registerOf = ({ cfa }: Row): number => (cfa && 'register' in cfa ? cfa.register : SP);

/** Bytes of memory that can be read by aligned words. */
function wordBytes(address: number, size: number, read: ReadWord, littleEndian: boolean): Uint8Array | undefined {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const word = read(((address + i) & ~3) >>> 0);
    if (word === undefined) return undefined;
    const lane = (address + i) & 3;
    bytes[i] = word >>> (8 * (littleEndian ? lane : 3 - lane));
  }
  return bytes;
}
