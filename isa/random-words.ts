/** Reproducible random words for tests and comparison scripts. */
export function* randomWords(count: number, seed: number): Generator<number> {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    yield (word ^ (word >>> 16)) >>> 0;
  }
}
