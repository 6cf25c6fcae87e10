/** The instruction at an address as one sentence: its text, and what a trap word stands for. */
import { disassemble } from '../../isa/disassemble.ts';
import { hex32 } from '../target.ts';
import type { Guest } from './guest.ts';
import { trapMeaning } from './trap-meaning.ts';

/** Undefined when it cannot be read, or is a Thumb instruction (`thumb`), whose words the trap encoding does not use. */
export function describeInstruction(guest: Guest, address: number, thumb: boolean): string | undefined {
  const word = thumb ? undefined : guest.readWord(address);
  if (word === undefined) return undefined;
  const symbolize = (target: number): string | undefined => guest.describe(target);
  const meaning = trapMeaning(word, address, symbolize);
  const { text } = disassemble(word, address, { symbolize });
  return `Instruction ${hex32(word)}: ${text}${meaning === undefined ? '' : `, a ${meaning}`}.`;
}
