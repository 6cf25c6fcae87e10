/** What can be chosen about the hypervisor. None of it changes what a guest sees. */
import { InputError } from '../formats/input-error.ts';
import { MODE_SWITCHES, type ModeSwitch } from './shadow/mode-switch.ts';

/**
 * Ways to have fewer or cheaper exits (docs/hypervisor.md):
 *
 * - `psr`: MRS and MSR of CPSR become stubs, which keep the control bits of the virtual CPSR in memory. Of no effect with `core`,
 *   which is cheaper.
 * - `mmio`: writes to device registers that change nothing at once wait until the next exit to the devices.
 * - `core`: the core executes status register and cache operations on the virtual CPU by itself.
 */
export const SAVINGS = ['psr', 'mmio', 'core'] as const;
export type Saving = (typeof SAVINGS)[number];

export interface HypervisorOptions {
  /** What a change between privileged and user mode does to the shadow. */
  readonly modeSwitch?: ModeSwitch;
  /** All of them by default. */
  readonly savings?: readonly Saving[];
  /** Compare all shadow entries with the guest's tables at each exit; a difference ends the run as an internal error. */
  readonly checkShadow?: boolean;
  /** Debug mode "host": a debugger sees the physical CPU, and steps through the world switch (host-view.ts). */
  readonly debugHost?: boolean;
}

/** Reads a list of savings: `all`, `none`, or names with commas between them. Throws an `InputError` for another name. */
export function parseSavings(text: string): readonly Saving[] {
  if (text === 'all') return SAVINGS;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const saving = SAVINGS.find((known) => known === name.trim());
    if (!saving)
      throw new InputError(`"${name.trim()}" is not a saving of the hypervisor`, {
        remedy: `Use all, none, or some of ${SAVINGS.join(',')}`,
      });
    return saving;
  });
}

/** Reads the name of a mode switch strategy. Throws an `InputError` for another one. */
export function parseModeSwitch(text: string): ModeSwitch {
  const found = MODE_SWITCHES.find((known) => known === text);
  if (!found)
    throw new InputError(`"${text}" is not a mode switch strategy`, {
      remedy: `Use one of ${MODE_SWITCHES.join(', ')}`,
    });
  return found;
}
