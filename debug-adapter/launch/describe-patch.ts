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
    notes.push(`The kernel has words of its own that will be taken for traps, at ${places(patch.ambiguous)}.`);
  }
  if (patch.withoutTrap.length > 0) {
    notes.push(`Left as they are, as they have no trap: UNPREDICTABLE instructions at ${places(patch.withoutTrap)}.`);
  }
  return notes;
}

function places(addresses: readonly number[]): string {
  const shown = addresses.slice(0, 4).map((address) => hex(address));
  return shown.join(', ') + (addresses.length > shown.length ? ' and more' : '');
}
