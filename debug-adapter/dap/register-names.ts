/** Registers by the names that people type. */
import { CPSR, type RegisterName } from '../../emulator/registers.ts';
import { isRegisterName } from '../target.ts';

const OTHER_NAMES: Readonly<Record<string, RegisterName>> = {
  r13: 'sp',
  r14: 'lr',
  r15: 'pc',
  sb: 'r9',
  sl: 'r10',
  fp: 'r11',
  ip: 'r12',
};

/** The register of a name as a debugger spells it, e.g. `fp`; undefined for none. */
export function registerOf(name: string): RegisterName | undefined {
  const lower = name.toLowerCase();
  if (isRegisterName(lower)) return lower;
  return Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : undefined;
}

/** One bit of a status register. */
interface StatusBit {
  readonly name: string;
  readonly bit: number;
  readonly meaning: string;
}

export const STATUS_BITS: readonly StatusBit[] = [
  { name: 'N', bit: CPSR.N, meaning: 'negative' },
  { name: 'Z', bit: CPSR.Z, meaning: 'zero' },
  { name: 'C', bit: CPSR.C, meaning: 'carry' },
  { name: 'V', bit: CPSR.V, meaning: 'overflow' },
  { name: 'Q', bit: CPSR.Q, meaning: 'saturation' },
  { name: 'J', bit: CPSR.J, meaning: 'Jazelle' },
  { name: 'I', bit: CPSR.I, meaning: 'IRQ masked' },
  { name: 'F', bit: CPSR.F, meaning: 'FIQ masked' },
  { name: 'T', bit: CPSR.T, meaning: 'Thumb' },
];

/** The value of a named field of a status register value, e.g. `mode`; undefined for no such field. */
export function statusField(value: number, name: string): number | undefined {
  if (name.toLowerCase() === 'mode') return value & CPSR.MODE;
  const field = STATUS_BITS.find((candidate) => candidate.name === name.toUpperCase());
  return field && (value & field.bit ? 1 : 0);
}
