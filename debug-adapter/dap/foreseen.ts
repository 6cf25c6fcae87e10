/**
 * What registers will hold along straight A32 code, as far as moves, sums and loads tell before they are executed: enough
 * to know where `ops->read(...)` is about to go. Memory is read as it is now.
 */
import { decodeA32 } from '../../isa/decode.ts';
import { LR, PC } from '../../symbols/frame.ts';

/** Registers that a call may change (AAPCS, 6.1.1). */
const CALL_CLOBBERED = [0, 1, 2, 3, 12, LR];
const ALWAYS = 14;
const LSL = 0;

export class Foreseen {
  private readonly registers: (number | undefined)[];
  private readonly readWord: (address: number) => number | undefined;

  /** `registers`: r0 to r14 before the first instruction that `step` is given. */
  constructor(registers: readonly (number | undefined)[], readWord: (address: number) => number | undefined) {
    this.registers = registers.slice(0, PC);
    this.readWord = readWord;
  }

  /** The address that a call at an address goes to; undefined for what is no call, and for one that cannot be foreseen. */
  callTarget(word: number, address: number): number | undefined {
    const { row, fields } = decodeA32(word, 'v5TEJ');
    // The offset counts words, from the address of the second instruction after this one (ARM DDI 0100I, A4.1.5).
    if (row?.name === 'BL') return (address + 8 + ((fields['i'] << 8) >> 6)) >>> 0;
    return row?.name === 'BLX_reg' ? this.read(fields['m'], address) : undefined;
  }

  /** Goes over an instruction as if it were executed and came back from what it calls. */
  step(word: number, address: number): void {
    const { row, fields } = decodeA32(word, 'v5TEJ');
    const value = fields['c'] === ALWAYS ? this.result(row?.name, fields, address) : undefined;
    switch (row?.group) {
      case 'data':
        if ('d' in fields) this.write(fields['d'], value);
        return;
      case 'load-store': {
        const isStore = row.name.startsWith('STR');
        if (fields['W'] === 1 || fields['P'] === 0) this.write(fields['n'], undefined);
        if (!isStore) this.write(fields['d'], value);
        if (row.name.startsWith('LDRD')) this.write(fields['d'] + 1, undefined);
        return;
      }
      case 'branch':
        if (row.name === 'BL' || row.name === 'BLX_reg') {
          for (const register of CALL_CLOBBERED) this.write(register, undefined);
        } else if (fields['c'] === ALWAYS) this.registers.fill(undefined);
        return;
      default:
        this.registers.fill(undefined);
    }
  }

  private result(name: string | undefined, fields: Readonly<Record<string, number>>, pc: number): number | undefined {
    switch (name) {
      case 'MOV_imm':
        return immediate(fields);
      case 'MOV_shi':
        return this.shifted(fields, pc);
      case 'ADD_imm':
        return sum(this.read(fields['n'], pc), immediate(fields));
      case 'SUB_imm':
        return sum(this.read(fields['n'], pc), -immediate(fields));
      case 'ADD_shi':
        return sum(this.read(fields['n'], pc), this.shifted(fields, pc));
      case 'LDR_imm':
        return this.load(fields, fields['i'], pc);
      case 'LDR_reg':
        return this.load(fields, this.shifted(fields, pc), pc);
      default:
        return undefined;
    }
  }

  private load(fields: Readonly<Record<string, number>>, offset: number | undefined, pc: number): number | undefined {
    const base = this.read(fields['n'], pc);
    if (offset === undefined) return undefined;
    const address = fields['P'] === 0 ? base : sum(base, fields['U'] === 1 ? offset : -offset);
    return address === undefined ? undefined : this.readWord(address);
  }

  /** A register shifted to the left by a constant; other shifts are not followed. */
  private shifted(fields: Readonly<Record<string, number>>, pc: number): number | undefined {
    const value = this.read(fields['m'], pc);
    return fields['t'] === LSL && value !== undefined ? (value << fields['i']) >>> 0 : undefined;
  }

  private read(register: number, pc: number): number | undefined {
    return register === PC ? (pc + 8) >>> 0 : this.registers[register];
  }

  private write(register: number, value: number | undefined): void {
    if (register < PC) this.registers[register] = value;
  }
}

/** Eight bits, rotated to the right by twice the other four. */
function immediate(fields: Readonly<Record<string, number>>): number {
  const shift = fields['r'] * 2;
  const value = fields['i'];
  return ((value >>> shift) | (value << (32 - shift))) >>> 0;
}

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : (a + b) >>> 0;
