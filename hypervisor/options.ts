/** What can be chosen about the hypervisor. None of it changes what a guest sees. */
import type { ModeSwitch } from './shadow/mode-switch.ts';

/**
 * Ways to have fewer or cheaper exits (docs/hypervisor.md):
 *
 * - `psr`: MRS and MSR of CPSR become stubs, which keep the control bits of the virtual CPSR in memory.
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
}
