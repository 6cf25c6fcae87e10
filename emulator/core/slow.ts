/**
 * Instructions out of the main loop, by their rows: rare forms and system instructions. Each returns what the main loop has to do (NEXT to BREAKPOINT in ops.ts).
 *
 * These routines work on the active CPU, so that a sensitive instruction which trapped is executed by the very code
 * that native mode uses, on the virtual banks.
 */
import { addWithFlags, dataProcessing, longMultiply, saturating, setNz, signedMultiply } from './arithmetic';
import { coprocessorRead, coprocessorWrite } from './coprocessor';
import { lookupA32 } from './generated/decode-tables';
import { ALIGN_CHECK, ARCH, FIQ_DEAD, FLAG_Q, MASK_VIEW, THUMB, TRAP_WORDS, TRAP_WORDS_RUN } from './generated/layout';
import { decodeTrapWord } from './generated/lpv-tables';
import { clearAccess } from './memory';
import { breakpointInstruction, jump, jumpInterworking, operand, regime } from './outcome';
import { cpsr, CPSR_F, CPSR_I, privileged, reg, setControl, setNzcv, setReg, spsr, spsrAddress } from './state';
import {
  doubleTransfer,
  loadMultiple,
  loadMultiplePc,
  loadMultipleSystem,
  singleTransfer,
  storeMultiple,
  swap,
  translationKind,
  unalignedTransfer,
} from './transfers';
import * as O from './ops';
import * as R from './generated/rows';

// ---------------------------------------------------------------------------------------------------------------------
// Status registers

/** Whether an MRS or MSR is about SPSR, not CPSR. */
function namesSpsr(word: u32): bool {
  return (word & 0x0040_0000) != 0;
}

/** MSR: writes the bytes of the field mask (ARM DDI 0100I, A4.1.39). User mode changes flags only. */
function writeStatus(word: u32, value: u32): u32 {
  const fields = (word >>> 16) & 15;
  let mask: u32 = 0;
  if (fields & 1) mask |= 0xff;
  if (fields & 2) mask |= 0xff00;
  if (fields & 4) mask |= 0xff_0000;
  if (fields & 8) mask |= 0xff00_0000;
  if (namesSpsr(word)) {
    const address = spsrAddress();
    // Bits that ARMv5TEJ does not define read as zero.
    if (address) store<u32>(address, ((load<u32>(address) & ~mask) | (value & mask)) & 0xf900_00ff);
    return O.NEXT;
  }
  mask &= privileged() ? 0xf800_00df : 0xf800_0000;
  const old = cpsr();
  const merged = (old & ~mask) | (value & mask);
  if (mask & 0xff00_0000) {
    setNzcv(merged >>> 28);
    store<u32>(FLAG_Q, (merged >>> 27) & 1);
  }
  if (!(mask & 0xff)) return O.NEXT;
  setControl(merged);
  return O.MASKS;
}

// ---------------------------------------------------------------------------------------------------------------------
// Dispatch

/** Executes an A32 word by its row, condition already checked. The word's address is `pc`. */
export function executeA32(row: u32, word: u32, pc: u32): u32 {
  clearAccess();
  if (row >= R.ROW_AND_imm && row <= R.ROW_MVN_shr) return dataProcessing(word, pc);
  const rd = (word >>> 12) & 15;
  switch (row) {
    case R.ROW_MRS:
      if (namesSpsr(word)) setReg(rd, spsr());
      else setReg(rd, cpsr() & 0xf8ff_ffdf);
      return O.NEXT;
    case R.ROW_MSR_imm:
      return writeStatus(word, rotr<u32>(word & 0xff, (word >>> 7) & 30));
    case R.ROW_MSR_reg:
      return writeStatus(word, operand(word & 15, pc));
    case R.ROW_LDR_imm:
    case R.ROW_LDR_reg:
      return singleTransfer(word, pc, 4, true, false, regime());
    case R.ROW_LDRB_imm:
    case R.ROW_LDRB_reg:
      return singleTransfer(word, pc, 1, true, false, regime());
    case R.ROW_STR_imm:
    case R.ROW_STR_reg:
      return singleTransfer(word, pc, 4, false, false, regime());
    case R.ROW_STRB_imm:
    case R.ROW_STRB_reg:
      return singleTransfer(word, pc, 1, false, false, regime());
    case R.ROW_LDRT_imm:
    case R.ROW_LDRT_reg:
    case R.ROW_LDRBT_imm:
    case R.ROW_LDRBT_reg:
      return singleTransfer(word, pc, translationKind(row), true, false, 1);
    case R.ROW_STRT_imm:
    case R.ROW_STRT_reg:
    case R.ROW_STRBT_imm:
    case R.ROW_STRBT_reg:
      return singleTransfer(word, pc, translationKind(row), false, false, 1);
    case R.ROW_LDRH_imm:
    case R.ROW_LDRH_reg:
      return singleTransfer(word, pc, 2, true, true, regime());
    case R.ROW_STRH_imm:
    case R.ROW_STRH_reg:
      return singleTransfer(word, pc, 2, false, true, regime());
    case R.ROW_LDRSB_imm:
    case R.ROW_LDRSB_reg:
      return singleTransfer(word, pc, -1, true, true, regime());
    case R.ROW_LDRSH_imm:
    case R.ROW_LDRSH_reg:
      return singleTransfer(word, pc, -2, true, true, regime());
    case R.ROW_LDRD_imm:
    case R.ROW_LDRD_reg:
      return doubleTransfer(word, pc, true);
    case R.ROW_STRD_imm:
    case R.ROW_STRD_reg:
      return doubleTransfer(word, pc, false);
    case R.ROW_SWP:
      return swap(word, pc, false);
    case R.ROW_SWPB:
      return swap(word, pc, true);
    case R.ROW_LDM:
      if (((word >>> 16) & 15) == 15) return loadMultiplePc(word, pc);
      return loadMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15);
    case R.ROW_STM:
      return storeMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15, pc, false);
    case R.ROW_STM2:
      return storeMultiple(word & 0xffff, (word >>> 16) & 15, (word >>> 21) & 15, pc, privileged());
    case R.ROW_LDM2:
    case R.ROW_LDM3:
      return loadMultipleSystem(word, pc);
    case R.ROW_MUL:
    case R.ROW_MLA: {
      let result = operand(word & 15, pc) * operand((word >>> 8) & 15, pc);
      if (row == R.ROW_MLA) result += operand(rd, pc);
      setReg((word >>> 16) & 15, result);
      if (word & 0x0010_0000) setNz(result);
      return O.NEXT;
    }
    case R.ROW_UMULL:
    case R.ROW_UMLAL:
    case R.ROW_SMULL:
    case R.ROW_SMLAL:
      return longMultiply(word, pc);
    case R.ROW_SMULxy:
    case R.ROW_SMLAxy:
    case R.ROW_SMULWy:
    case R.ROW_SMLAWy:
    case R.ROW_SMLALxy:
      return signedMultiply(row, word, pc);
    case R.ROW_QADD:
    case R.ROW_QSUB:
    case R.ROW_QDADD:
    case R.ROW_QDSUB:
      return saturating(row, word, pc);
    case R.ROW_CLZ:
      setReg(rd, clz<u32>(operand(word & 15, pc)));
      return O.NEXT;
    case R.ROW_B:
      return jump(pc + 8 + ((<i32>(word << 8)) >> 6));
    case R.ROW_BL:
      setReg(14, pc + 4);
      return jump(pc + 8 + ((<i32>(word << 8)) >> 6));
    case R.ROW_BLX_imm:
      setReg(14, pc + 4);
      return jumpInterworking((pc + 8 + ((<i32>(word << 8)) >> 6) + ((word >>> 23) & 2)) | 1);
    case R.ROW_BX:
    // Without Jazelle state in use BXJ behaves as BX.
    case R.ROW_BXJ:
      return jumpInterworking(operand(word & 15, pc));
    case R.ROW_BLX_reg: {
      const target = operand(word & 15, pc);
      setReg(14, pc + 4);
      return jumpInterworking(target);
    }
    case R.ROW_BKPT:
      return breakpointInstruction(pc);
    case R.ROW_SVC:
      return O.SUPERVISOR_CALL;
    case R.ROW_MCR:
      return coprocessorWrite(word, operand(rd, pc));
    case R.ROW_MRC:
      return coprocessorRead(word);
    default:
      return O.UNDEFINED;
  }
}

/** Executes the instruction that an LPV trap word stands for. `word` is the original. */
export function executeTrapped(word: u32, pc: u32): u32 {
  const row = lookupA32(word, load<u32>(ARCH));
  if (translationKind(row) == 4 && load<u32>(ALIGN_CHECK) && reg((word >>> 16) & 15) & 3) {
    clearAccess();
    return unalignedTransfer(word, pc, (word & 0x0010_0000) != 0);
  }
  return executeA32(row, word, pc);
}

/** The instruction that a word traps for in native mode with TRAP_WORDS on, or 0. */
export function trappedWord(word: u32): u32 {
  if (!load<u32>(TRAP_WORDS) || load<u32>(THUMB) || !privileged()) return 0;
  const original = decodeTrapWord(word);
  if (original) store<u32>(TRAP_WORDS_RUN, load<u32>(TRAP_WORDS_RUN) + 1);
  return original;
}

/** Executes a Thumb halfword that has no fast operation. */
export function executeThumb(row: u32, h: u32, pc: u32): u32 {
  clearAccess();
  const rm = (h >>> 3) & 15;
  const rd = (h & 7) | ((h >>> 4) & 8);
  const b = rm == 15 ? pc + 4 : reg(rm);
  const a = rd == 15 ? pc + 4 : reg(rd);
  switch (row) {
    case R.ROW_T_ADD_hi:
      if (rd == 15) return jump(a + b);
      setReg(rd, a + b);
      return O.NEXT;
    case R.ROW_T_CMP_hi:
      addWithFlags(a, ~b, 1);
      return O.NEXT;
    case R.ROW_T_MOV_hi:
      return jump(b);
    case R.ROW_T_BX:
      return jumpInterworking(b);
    case R.ROW_T_BLX_reg:
      setReg(14, (pc + 2) | 1);
      return jumpInterworking(b);
    case R.ROW_T_BKPT:
      return breakpointInstruction(pc);
    case R.ROW_T_PUSH:
      return storeMultiple(0, 13, 9, pc, false);
    case R.ROW_T_POP:
      return loadMultiple(0, 13, 5);
    case R.ROW_T_STMIA:
      return storeMultiple(0, (h >>> 8) & 7, 5, pc, false);
    case R.ROW_T_LDMIA:
      return loadMultiple(0, (h >>> 8) & 7, 5);
    default:
      return O.UNDEFINED;
  }
}

/** Whether no interrupt can take the visible CPU out of a branch to itself. */
export function interruptsMasked(): bool {
  const masks = load<u32>(FIQ_DEAD) ? CPSR_I : CPSR_I | CPSR_F;
  return (load<u32>(load<u32>(MASK_VIEW)) & masks) == masks;
}
