/**
 * Pre-decoded instructions. A record has 8 bytes; a decode slot holds one for each word (ARM) or halfword (Thumb) of a
 * 4 KB page, and one more that leads to the next page:
 *
 * ```
 * byte 0-1  operation (bits 11..0); condition ^ 14 in bits 15..12, so that 0 means "always"
 * byte 2    Rd * 4        byte 3  Rn * 4
 * byte 4-7  immediate, or: byte 4 Rm * 4, byte 5 shift amount or Rs * 4, byte 6 SHIFT_*, byte 7 further register or U
 * ```
 * Operation 0 is "not decoded yet", so a slot of zeros is a fresh page.
 */

export const OP_DECODE: u32 = 0;
/** The record after the last of a page. */
export const OP_PAGE_END: u32 = 1;
/** A breakpoint may be here. */
export const OP_BREAK: u32 = 2;
/** Executed from the instruction word (immediate) by its row (bytes 2-3). */
export const OP_SLOW: u32 = 3;
export const OP_SLOW_THUMB: u32 = 4;
export const OP_SVC: u32 = 5;
export const OP_UNDEFINED: u32 = 6;
/** No effect: PLD, hints, a condition that never holds. */
export const OP_NOP: u32 = 7;

/** Branch inside the page by condition 0 to 14: immediate is the distance in record bytes. */
export const OP_B: u32 = 8;
/** Branch elsewhere: immediate is the distance in guest bytes from the instruction. */
export const OP_B_FAR: u32 = 23;
export const OP_BL: u32 = 24;
export const OP_BL_FAR: u32 = 25;
export const OP_B_SELF: u32 = 26;
export const OP_BX: u32 = 27;
export const OP_BLX: u32 = 28;
/** Rd = PC + ahead + immediate; the aligned form clears the low two bits of PC first. */
export const OP_ADR: u32 = 29;
export const OP_ADR_ALIGNED: u32 = 30;
export const OP_MOV_PC: u32 = 31;
export const OP_T_BL_SUFFIX: u32 = 32;
export const OP_T_BLX_SUFFIX: u32 = 33;

/** A trap word that stands for a stub of the hypervisor: bytes 2-3 its place (patchSite), 4-7 the address that it returns behind. */
export const OP_STUB: u32 = 71;

/** Word at PC + ahead + immediate. */
export const OP_LDR_LITERAL: u32 = 34;
export const OP_STR_LITERAL: u32 = 35;
/** Loads and stores: immediate offset, pre-indexed with write-back, post-indexed, register offset. */
export const OP_LDR: u32 = 36;
export const OP_STR: u32 = 40;
export const OP_LDRB: u32 = 44;
export const OP_STRB: u32 = 48;
export const OP_LDRH: u32 = 52;
export const OP_STRH: u32 = 56;
export const OP_LDRSB: u32 = 60;
export const OP_LDRSH: u32 = 64;
export const FORM_OFFSET: u32 = 0;
export const FORM_PRE: u32 = 1;
export const FORM_POST: u32 = 2;
export const FORM_REGISTER: u32 = 3;
export const OP_LDM: u32 = 68;
export const OP_STM: u32 = 69;
export const OP_LDR_PC: u32 = 70;

export const OP_MUL: u32 = 72;
export const OP_MULS: u32 = 73;
export const OP_MLA: u32 = 74;
export const OP_UMULL: u32 = 75;
export const OP_SMULL: u32 = 76;
export const OP_UMLAL: u32 = 77;
export const OP_SMLAL: u32 = 78;
export const OP_CLZ: u32 = 79;
export const OP_MOV_LSR: u32 = 80;
export const OP_MOV_ASR: u32 = 81;
export const OP_SMULXY: u32 = 82;
export const OP_SMLAXY: u32 = 83;

/** Data processing: OP_DP + opcode * 8 + (S ? 4 : 0) + form. */
export const OP_DP: u32 = 96;
export const DP_IMMEDIATE: u32 = 0;
export const DP_REGISTER: u32 = 1;
export const DP_LSL: u32 = 2;
export const DP_SHIFTED: u32 = 3;

/** Data processing opcodes, instruction bits 24..21. */
export const AND: u32 = 0;
export const EOR: u32 = 1;
export const SUB: u32 = 2;
export const RSB: u32 = 3;
export const ADD: u32 = 4;
export const ADC: u32 = 5;
export const SBC: u32 = 6;
export const RSC: u32 = 7;
export const TST: u32 = 8;
export const TEQ: u32 = 9;
export const CMP: u32 = 10;
export const CMN: u32 = 11;
export const ORR: u32 = 12;
export const MOV: u32 = 13;
export const BIC: u32 = 14;
export const MVN: u32 = 15;

/** Shift kinds; the amount of an immediate kind is 1 to 32, ROR 1 to 31. */
export const SHIFT_LSL: u32 = 0;
export const SHIFT_LSR: u32 = 1;
export const SHIFT_ASR: u32 = 2;
export const SHIFT_ROR: u32 = 3;
export const SHIFT_RRX: u32 = 4;
/** Plus the kind: the amount is in a register. */
export const SHIFT_BY_REGISTER: u32 = 8;

/** What an out-of-line instruction tells the main loop. */
export const NEXT: u32 = 0;
/** Completed; fetch the following instruction anew. */
export const REFETCH: u32 = 1;
/** Data abort: EXIT_FSR and EXIT_FAR say why. Nothing of the instruction but earlier stores is visible. */
export const ABORT: u32 = 2;
/** A device access must be answered before the instruction can complete. */
export const DEVICE: u32 = 3;
/** Completed with a new PC in r15, and possibly a new mode. */
export const JUMP: u32 = 4;
/** Completed; the mode or the interrupt masks may have changed. */
export const MASKS: u32 = 5;
export const WAIT: u32 = 6;
export const UNDEFINED: u32 = 7;
export const SUPERVISOR_CALL: u32 = 8;
export const PREFETCH_ABORT: u32 = 9;
export const HALTED: u32 = 10;
export const BREAKPOINT: u32 = 11;
export const STUB: u32 = 12;
