/** A32 words from the rows of the instruction table. */
import { A32_ROWS } from './a32.ts';
import { depositFields, type Fields } from './row.ts';

const BITS = new Map(A32_ROWS.map(({ name, bits }) => [name, bits]));

/**
 * The word of a row with fields by letter; the condition is "always" unless `c` is given. Throws when there is no such
 * row.
 */
export function encodeA32(name: string, fields: Fields): number {
  const bits = BITS.get(name);
  if (bits === undefined) throw new Error(`The instruction table has no row ${name}.`);
  return depositFields(bits, { c: 14, ...fields });
}
