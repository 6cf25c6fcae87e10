/** Moving the lettered fields of one bit string to the places they have in another. */

/** Bits that keep their distance: those of `mask` (in the source) go `shift` places down, up when negative. */
export interface BitMove {
  readonly mask: number;
  readonly shift: number;
}

/** Positions of each letter, most significant first. */
function positions(bits: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  [...bits].forEach((letter, i) => {
    if (letter !== '0' && letter !== '1') found.set(letter, [...(found.get(letter) ?? []), bits.length - 1 - i]);
  });
  return found;
}

/** The moves that take every field of `from` to its place in `to`; both must have the same letters. */
export function bitMoves(from: string, to: string): readonly BitMove[] {
  const masks = new Map<number, number>();
  const targets = positions(to);
  for (const [letter, sources] of positions(from)) {
    sources.forEach((source, i) => {
      const shift = source - targets.get(letter)![i];
      masks.set(shift, ((masks.get(shift) ?? 0) | (1 << source)) >>> 0);
    });
  }
  return [...masks].map(([shift, mask]) => ({ mask, shift }));
}

/** Applies moves to a word; the bits that no move fills are 0. */
export function applyMoves(moves: readonly BitMove[], word: number): number {
  let result = 0;
  for (const { mask, shift } of moves) {
    const bits = word & mask;
    result |= shift >= 0 ? bits >>> shift : bits << -shift;
  }
  return result >>> 0;
}
