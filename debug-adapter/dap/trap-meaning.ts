/** What an LPV trap word stands for. */
import { disassemble } from '../../isa/disassemble.ts';
import { decodeTrap } from '../../isa/lpv.ts';

/**
 * What a trap word does in a paravirtualized kernel: the instruction that it replaces, as text. Undefined for any other
 * word. User code may contain such words too, as system calls; nothing in the word tells them apart.
 */
export function trapMeaning(
  word: number,
  address: number,
  symbolize: (address: number) => string | undefined,
): string | undefined {
  const original = decodeTrap(word);
  return original === undefined ? undefined : `trap for ${disassemble(original, address, { symbolize }).text}`;
}
