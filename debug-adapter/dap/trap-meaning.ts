/** What an LPV trap word stands for. */

/** The instruction that a trap word replaces, as text; undefined for any other word. */
export function trapMeaning(
  _word: number,
  _address: number,
  _symbolize: (address: number) => string | undefined,
): string | undefined {
  return undefined;
}
