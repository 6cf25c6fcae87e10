/** The ways in which the hypervisor can work, for tests that must hold in all of them. */
import { SAVINGS, type HypervisorOptions } from '../../hypervisor/options.ts';
import { DEFAULT_MODE_SWITCH, MODE_SWITCHES } from '../../hypervisor/shadow/mode-switch.ts';

/** No saving, each one alone, all of them. */
export const SAVING_SETS = [[], ...SAVINGS.map((saving) => [saving] as const), SAVINGS] as const;

/** Every mode switch strategy with every set of savings. */
export const COMBINATIONS: readonly HypervisorOptions[] = MODE_SWITCHES.flatMap((modeSwitch) =>
  SAVING_SETS.map((savings) => ({ modeSwitch, savings })),
);

/** Every strategy with no saving and with all, and each saving alone with the default strategy. */
export const MAIN_COMBINATIONS: readonly HypervisorOptions[] = COMBINATIONS.filter(
  ({ modeSwitch, savings = [] }) => savings.length !== 1 || modeSwitch === DEFAULT_MODE_SWITCH,
);

/** As one would type them: `domains, psr`. */
export function combinationName({ modeSwitch = DEFAULT_MODE_SWITCH, savings = SAVINGS }: HypervisorOptions): string {
  const chosen = savings.length === 0 ? 'none' : savings.length === SAVINGS.length ? 'all' : savings.join(',');
  return `${modeSwitch}, ${chosen}`;
}
