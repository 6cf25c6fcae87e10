/** A report of paravirtualization for the user. */
import { hex } from '../../formats/input-error.ts';
import type { SensitiveSites } from '../../hypervisor/patch.ts';

/** What paravirtualization did, and what it left that may matter, one line each. */
export function describePatch(patch: SensitiveSites): string[] {
  const notes = [`Paravirtualized: ${patch.sites.length} sensitive instructions replaced by traps.`];
  if (patch.unmapped.length > 0) {
    notes.push(`Not searched, as mapping symbols are missing: ${patch.unmapped.join(', ')}.`);
  }
  if (patch.thumbBytes > 0) notes.push(`Not searched: ${patch.thumbBytes} bytes of Thumb code.`);
  if (patch.ambiguous.length > 0) {
    const shown = patch.ambiguous.slice(0, 4).map((address) => hex(address));
    const more = patch.ambiguous.length > shown.length ? ' and more' : '';
    notes.push(`The kernel has words of its own that can be taken for traps, at ${shown.join(', ')}${more}.`);
  }
  return notes;
}
