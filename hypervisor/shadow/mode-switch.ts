/**
 * What a change between the guest's privileged modes and its user mode does to the shadow: four strategies, from the
 * dearest to the cheapest (docs/hypervisor.md has them measured). Both run in physical user mode, so the shadow must grant
 * different rights to the same mode.
 */
export const MODE_SWITCHES = ['flush', 'rewrite', 'roots', 'domains'] as const;

/**
 * - `flush`: one table, emptied at each change and filled again with the rights of the new mode.
 * - `rewrite`: one table; the access bits of every entry are rewritten at each change.
 * - `roots`: two tables for each of the guest's, one for each mode; a change is another TTBR.
 * - `domains`: one table; megabytes with pages that only the kernel may touch are in a domain which user mode has no access
 *   to, so that a change is another DACR. A page that user mode may only read stays read-only in both modes.
 */
export type ModeSwitch = (typeof MODE_SWITCHES)[number];

export const DEFAULT_MODE_SWITCH: ModeSwitch = 'roots';

/** Domains of shadow entries: usable in both modes, and in privileged modes only. */
export const DOMAIN_BOTH = 0;
export const DOMAIN_KERNEL = 1;

/** DACR of privileged and user mode under `domains`; under the others everything is a client of domain 0. */
export const DACR_KERNEL = 0b0101;
export const DACR_USER = 0b0001;
