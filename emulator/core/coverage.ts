/** Which instructions have been executed. Decoding happens at the first execution, so nothing is counted after it. */
import { COVERED, COVERED_COUNT, COVERED_RANGES, C_SCTLR, MASK_VIEW, REGIME, REGIME_HOST } from './generated/layout';

/** The bit of an address among the ranges, by their first (0) or second (4) address; `none` outside them. */
@inline const none: u32 = 0xffff_ffff;

function bitOf(pc: u32, which: u32): u32 {
  const count = load<u32>(COVERED_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const range: u32 = COVERED_RANGES + (i << 4);
    const offset = pc - load<u32>(range + which);
    if (offset < load<u32>(range, 8)) return load<u32>(range, 12) + (offset >>> 1);
  }
  return none;
}

/** Marks the instruction at `pc`, which is about to be decoded and executed, if it belongs to the code that is looked at. */
export function cover(pc: u32): void {
  const regime = load<u32>(REGIME);
  if (regime >= REGIME_HOST) return;
  const mmu = load<u32>(load<u32>(MASK_VIEW) + C_SCTLR) & 1;
  let index = mmu ? bitOf(pc, 0) : none;
  // A kernel goes on for a few instructions where it was loaded; programs may run at the same address.
  if (index == none && (!mmu || !regime)) index = bitOf(pc, 4);
  if (index == none) return;
  const byte: u32 = COVERED + (index >>> 3);
  const bit = (<u32>1) << (index & 7);
  store<u8>(byte, <u8>((<u32>load<u8>(byte)) | bit));
}
