/** A report of paravirtualization for the user. */
import { hex } from '../../formats/input-error.ts';
import type { SensitiveSites } from '../../hypervisor/patch.ts';

/** Said of a kernel that is not examined. */
export const LOADED_AS_IT_IS = 'Loaded as it is, with the traps that it was built with.';

/**
 * What is known of the sensitive instructions of a kernel, one line each. `replaced` tells whether they have been
 * replaced by traps, or left as they are.
 */
export function describePatch(patch: SensitiveSites, replaced: boolean): string[] {
  const notes: string[] = [];
  const { sites, ambiguous } = patch;
  if (sites.length > 0) {
    const what = instructions(sites.length);
    notes.push(
      replaced
        ? `Paravirtualized: ${what} replaced by traps.`
        : `Not replaced: ${what}, which under the hypervisor do what they do in user mode.`,
    );
    if (ambiguous.length > 0)
      notes.push(`The kernel has words of its own that will be taken for traps, at ${places(ambiguous)}.`);
  } else if (ambiguous.length > 0)
    notes.push(`Already paravirtualized: 0 instructions replaced, traps found: ${ambiguous.length}.`);
  else notes.push('Nothing to paravirtualize: neither sensitive instructions nor traps found.');
  if (patch.unmapped.length > 0) {
    notes.push(`Not searched, as mapping symbols are missing: ${patch.unmapped.join(', ')}.`);
  }
  if (patch.thumbBytes > 0) notes.push(`Not searched: ${patch.thumbBytes} bytes of Thumb code.`);
  if (patch.withoutTrap.length > 0) {
    notes.push(`Left as they are, as they have no trap: UNPREDICTABLE instructions at ${places(patch.withoutTrap)}.`);
  }
  return notes;
}

function instructions(count: number): string {
  return `${count} sensitive ${count === 1 ? 'instruction' : 'instructions'}`;
}

function places(addresses: readonly number[]): string {
  const shown = addresses.slice(0, 4).map((address) => hex(address));
  return shown.join(', ') + (addresses.length > shown.length ? ' and more' : '');
}
