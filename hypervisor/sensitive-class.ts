/** Names of the sensitive instructions, as in the LPV tables. */
import { lookupA32 } from '../isa/decode.ts';

const NAMES: Readonly<Record<string, string>> = { LDM2: 'LDM(2)', LDM3: 'LDM(3)', STM2: 'STM(2)' };

/** The name of a sensitive word: `MRS`, `LDM(3)`, `LDRT`; `MOVS PC` and the like for data processing with Rd = PC. */
export function sensitiveClass(word: number): string {
  const row = lookupA32(word, 'v6K');
  if (!row) return 'undefined';
  const mnemonic = row.name.split('_')[0];
  return row.group === 'data' ? `${mnemonic}S PC` : (NAMES[mnemonic] ?? mnemonic);
}
