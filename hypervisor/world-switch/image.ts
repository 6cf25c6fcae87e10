// Made by scripts/assemble-world-switch.ts from world-switch.S. Do not edit.

/** Words of section .vectors. */
// prettier-ignore
export const VECTORS_WORDS: readonly number[] = [
  0xeafffffe, 0xe59ff018, 0xe59ff018, 0xe59ff018, 0xe59ff018, 0xeafffffe, 0xe59ff018, 0xeafffffe,
  0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
];

/** The source line of each of them; of a macro the line that uses it, of data 0. */
// prettier-ignore
export const VECTORS_LINES: readonly number[] = [
  43, 44, 45, 46, 47, 48, 49, 50, 50, 50, 50, 50, 50, 50, 50, 50,
];

/** Words of section .shared. */
// prettier-ignore
export const SHARED_WORDS: readonly number[] = [
  0xee070f90, 0xeb000000, 0xeafffffc, 0xe321f0d3, 0xe92d4ff0, 0xe580d048, 0xe5902058, 0xe5903054,
  0xee032f10, 0xee023f10, 0xe1a0d000, 0xe59d1040, 0xe16ff001, 0xe59de03c, 0xe8dd7fff, 0xe1a00000,
  0xe1b0f00e, 0xe8cd7fff, 0xe14f1000, 0xe58de03c, 0xe3a00001, 0xea000015, 0xe24ee004, 0xe8cd7fff,
  0xe14f1000, 0xe58de03c, 0xe3a00003, 0xea00000f, 0xe24ee008, 0xe8cd7fff, 0xe14f1000, 0xe58de03c,
  0xe3a00004, 0xea000009, 0xe24ee004, 0xe50d0004, 0xe14f0000, 0xe310000f, 0x1a000006, 0xe51d0004,
  0xe8cd7fff, 0xe14f1000, 0xe58de03c, 0xe3a00006, 0xe321f0d3, 0xea000009, 0xe59d005c, 0xe2800001,
  0xe58d005c, 0xee070f90, 0xe51d0004, 0xe1b0f00e, 0xe8cd7fff, 0xe14f1000, 0xe58de03c, 0xe3a00002,
  0xe58d1040, 0xe58d0044, 0xe59d204c, 0xe59d3050, 0xee022f10, 0xee033f10, 0xe1a0000d, 0xe590d048,
  0xe8bd4ff0, 0xe321f053, 0xe1a0f00e,
];

/** The source line of each of them; of a macro the line that uses it, of data 0. */
// prettier-ignore
export const SHARED_LINES: readonly number[] = [
  62, 63, 64, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 99, 99, 99, 99, 100, 102, 102, 102, 102, 102, 103, 105, 105, 105, 105, 105, 106, 110, 111, 112, 113, 114, 115, 116, 116, 116, 116, 118, 119, 123, 124, 125, 126, 127, 128, 131, 131, 131, 131, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,
];

/** Offsets of labels in their sections, and the constants of the source. */
export const SYMBOLS = {
  CAUSE: 0x44,
  CAUSE_DATA_ABORT: 0x4,
  CAUSE_IRQ: 0x6,
  CAUSE_PREFETCH_ABORT: 0x3,
  CAUSE_SVC: 0x2,
  CAUSE_UNDEFINED: 0x1,
  DATA_END: 0x60,
  FRAME: 0x800,
  GUEST_DACR: 0x58,
  GUEST_TTBR: 0x54,
  HOST_DACR: 0x50,
  HOST_IRQS: 0x5c,
  HOST_SP: 0x48,
  HOST_TTBR: 0x4c,
  PC: 0x3c,
  PSR: 0x40,
  SVC_MASKED: 0xd3,
  SVC_OPEN: 0x53,
  data_abort_exit: 0x70,
  enter_guest: 0xc,
  host_interrupt: 0xb8,
  irq_exit: 0x88,
  leave_from_other_mode: 0xb0,
  leave_guest: 0xe0,
  prefetch_abort_exit: 0x58,
  run_loop: 0x0,
  svc_exit: 0xd0,
  targets: 0x20,
  undefined_exit: 0x44,
  vectors: 0x0,
} as const;
