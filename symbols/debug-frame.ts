/** Unwinding by call frame information (DWARF 2 to 5, section 6.4) in `.debug_frame`. Exact at every instruction. */
import type { ElfFile } from '../formats/elf.ts';
import { ByteReader } from './byte-reader.ts';
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
  | { kind: 'undefined' | 'same' | 'expression' }
  | { kind: 'at' | 'value'; offset: number }
  | { kind: 'register'; register: number };

interface Row {
  /** Register and offset of the canonical frame address; undefined when an expression computes it. */
  cfa: { register: number; offset: number } | undefined;
  rules: Map<number, Rule>;
}

interface Cie {
  /** Describes frames of exceptions or signals: augmentation `S`, a GNU extension. */
  interrupted: boolean;
  codeAlign: number;
  dataAlign: number;
  returnRegister: number;
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

/** The `.debug_frame` of one file. */
export class DebugFrame {
  private readonly bytes: Uint8Array;
  private readonly cies = new Map<number, Cie | undefined>();
  private entries: Fde[] | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The call frame information of a file; undefined when it has none. */
  static of(elf: ElfFile): DebugFrame | undefined {
    const section = elf.section('.debug_frame');
    return section && new DebugFrame(elf.sectionContent(section));
  }

  /** One step to the caller of the frame that is executing at `address`. */
  unwind(registers: FrameRegisters, address: number, read: ReadWord): UnwindResult {
    const fde = this.find(address);
    const cie = fde && this.cie(fde.cie);
    if (!fde || !cie) return UNKNOWN;
    try {
      const row = this.rowAt(cie, fde, address);
      const result = row ? apply(row, cie.returnRegister, registers, read) : UNKNOWN;
      return cie.interrupted && result.kind === 'caller' ? { ...result, interrupted: true } : result;
    } catch (error) {
      if (error instanceof RangeError) return UNKNOWN;
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
    const reader = new ByteReader(this.bytes);
    try {
      while (!reader.done) {
        const length = reader.u32();
        if (length >= 0xffff_fff0) break; // 64-bit DWARF, which no 32-bit toolchain writes
        const end = reader.position + length;
        const id = length >= 4 ? reader.u32() : CIE_ID;
        if (id !== CIE_ID) {
          const address = reader.u32();
          const size = reader.u32();
          if (size > 0) entries.push({ cie: id, address, length: size, start: reader.position, end });
        }
        reader.position = end;
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return entries.sort((a, b) => a.address - b.address);
  }

  private cie(offset: number): Cie | undefined {
    if (!this.cies.has(offset)) this.cies.set(offset, this.readCie(offset));
    return this.cies.get(offset);
  }

  private readCie(offset: number): Cie | undefined {
    try {
      const reader = new ByteReader(this.bytes, offset);
      const length = reader.u32();
      const end = reader.position + length;
      if (reader.u32() !== CIE_ID) return undefined;
      const version = reader.u8();
      const augmentation = reader.string();
      if (augmentation !== '' && augmentation !== 'S') return undefined;
      if (version >= 4) reader.skip(2);
      const codeAlign = reader.uleb();
      const dataAlign = reader.sleb();
      const returnRegister = version === 1 ? reader.u8() : reader.uleb();
      const interrupted = augmentation === 'S';
      return { interrupted, codeAlign, dataAlign, returnRegister, start: reader.position, end };
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private rowAt(cie: Cie, fde: Fde, address: number): Row | undefined {
    const row: Row = { cfa: undefined, rules: new Map() };
    if (!this.execute(cie, row, undefined, new ByteReader(this.bytes, cie.start, cie.end), 0, Infinity))
      return undefined;
    const initial = copy(row);
    const program = new ByteReader(this.bytes, fde.start, fde.end);
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
            row.cfa = { register: r.uleb(), offset: row.cfa?.offset ?? 0 };
            break;
          case CFA.defCfaOffset:
            row.cfa = { register: row.cfa?.register ?? SP, offset: r.uleb() };
            break;
          case CFA.defCfaOffsetSf:
            row.cfa = { register: row.cfa?.register ?? SP, offset: r.sleb() * cie.dataAlign };
            break;
          case CFA.defCfaExpression:
            r.skip(r.uleb());
            row.cfa = undefined;
            break;
          case CFA.expression:
          case CFA.valExpression: {
            row.rules.set(r.uleb(), { kind: 'expression' });
            r.skip(r.uleb());
            break;
          }
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
}

function apply(row: Row, returnRegister: number, registers: FrameRegisters, read: ReadWord): UnwindResult {
  const base = row.cfa && registers[row.cfa.register];
  if (!row.cfa || base === undefined) return UNKNOWN;
  const cfa = (base + row.cfa.offset) >>> 0;
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
      default:
        return undefined;
    }
  };
  for (const [id, rule] of row.rules) if (id < PC) result[id] = value(id, rule);
  const returnRule = row.rules.get(returnRegister);
  result[PC] = returnRule ? value(returnRegister, returnRule) : registers[LR];
  return caller(result);
}
