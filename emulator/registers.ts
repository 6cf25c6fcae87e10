/** Names and numbers of every architected register that a debugger can read: core, banked, status, system control. */

/** Index into `REGISTER_NAMES`. */
export type RegisterId = number;

/**
 * r0..r12, sp, lr, pc, cpsr are those of the current mode; then each bank by its own name, whatever the mode; then the
 * system control registers (cp15) of an ARM926EJ-S.
 */
export const REGISTER_NAMES = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12', 'sp', 'lr', 'pc', 'cpsr'],
  'spsr',
  ...['r8_usr', 'r9_usr', 'r10_usr', 'r11_usr', 'r12_usr', 'sp_usr', 'lr_usr'],
  ...['r8_fiq', 'r9_fiq', 'r10_fiq', 'r11_fiq', 'r12_fiq', 'sp_fiq', 'lr_fiq', 'spsr_fiq'],
  ...['sp_irq', 'lr_irq', 'spsr_irq'],
  ...['sp_svc', 'lr_svc', 'spsr_svc'],
  ...['sp_abt', 'lr_abt', 'spsr_abt'],
  ...['sp_und', 'lr_und', 'spsr_und'],
  ...['midr', 'ctr', 'sctlr', 'ttbr0', 'dacr', 'dfsr', 'ifsr', 'far', 'fcseidr', 'contextidr'],
  ...['dcache_lockdown', 'icache_lockdown', 'tlb_lockdown', 'dtcm_region', 'itcm_region'],
] as const;

export type RegisterName = (typeof REGISTER_NAMES)[number];

/** Register number by name, e.g. `REGISTER.cpsr`. */
export const REGISTER = Object.fromEntries(REGISTER_NAMES.map((name, id) => [name, id])) as Readonly<
  Record<RegisterName, RegisterId>
>;

/** CPSR bits and fields (ARM DDI 0100I, A2.5). */
export const CPSR = {
  N: 0x8000_0000 | 0,
  Z: 0x4000_0000,
  C: 0x2000_0000,
  V: 0x1000_0000,
  Q: 0x0800_0000,
  J: 0x0100_0000,
  I: 0x80,
  F: 0x40,
  T: 0x20,
  MODE: 0x1f,
} as const;

/** Processor modes, CPSR bits 4..0 (ARM DDI 0100I, A2.2). */
export const MODE = { usr: 0x10, fiq: 0x11, irq: 0x12, svc: 0x13, abt: 0x17, und: 0x1b, sys: 0x1f } as const;

/** Name of a mode number, or `undefined` for a reserved one. */
export function modeName(mode: number): keyof typeof MODE | undefined {
  for (const [name, value] of Object.entries(MODE)) if (value === mode) return name as keyof typeof MODE;
  return undefined;
}
