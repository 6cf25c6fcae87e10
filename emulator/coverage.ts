/** What code has been executed, in the core's memory. */
import type { Core } from './core.ts';
import { LAYOUT as L } from './layout.ts';

/** Code that is looked at. */
export interface CodeRange {
  /** Guest virtual address, a multiple of 4, and the address at which the code was loaded, where it runs while the MMU is off. */
  readonly start: number;
  readonly loaded: number;
  /** Bytes. */
  readonly length: number;
}

/** How many ranges, and bytes in all of them, can be looked at. */
export const COVERAGE_LIMITS = { ranges: L.COVERED_RANGES_MAX, bytes: L.COVERED_MAX } as const;

/**
 * From now on keeps a bit for each halfword of the ranges: whether an instruction that begins there has been executed.
 * Returns them as live views, one for each range, the first halfword in bit 0 of byte 0. Replaces what was kept before.
 * The guest sees nothing of it. Throws a `RangeError` beyond `COVERAGE_LIMITS`.
 */
export function recordCoverage(core: Core, ranges: readonly CodeRange[]): Uint8Array[] {
  const views: Uint8Array[] = [];
  let used = 0;
  for (const [i, { start, loaded, length }] of ranges.entries()) {
    const bytes = Math.ceil(length / 16);
    if (i >= L.COVERED_RANGES_MAX || (used + bytes) * 16 > L.COVERED_MAX)
      throw new RangeError(`Coverage has room for ${L.COVERED_RANGES_MAX} ranges of ${L.COVERED_MAX} bytes in all.`);
    views.push(core.u8.subarray(L.COVERED + used, L.COVERED + used + bytes));
    [start, loaded, length, used * 8].forEach((value, word) => core.set(L.COVERED_RANGES + i * 16 + word * 4, value));
    used += bytes;
  }
  for (const view of views) view.fill(0);
  core.set(L.COVERED_COUNT, ranges.length);
  core.exports.dropDecoded();
  return views;
}
