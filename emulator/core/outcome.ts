/**
 * How an instruction outside the main loop ends: completed, failed, or with a jump; and its register operands.
 * The statuses are NEXT to BREAKPOINT of ops.ts.
 */
import { EXIT_FAR, EXIT_FSR, EXIT_WORD, REGIME, THUMB } from './generated/layout';
import {
  access,
  ACCESS_ABORT,
  clearAccess,
  clearFetchChanged,
  endStores,
  fetchChanged,
  interruptStores,
  watchHit,
} from './memory';
import { reg, setReg } from './state';
import * as O from './ops';

/** Status of a completed instruction: NEXT, unless the code being executed may have been remapped or a watch was hit. */
export function done(): u32 {
  if (fetchChanged || watchHit) {
    clearFetchChanged();
    return O.REFETCH;
  }
  return O.NEXT;
}

/** Status of an instruction whose slow access did not succeed. */
export function failed(): u32 {
  const status = access == ACCESS_ABORT ? O.ABORT : O.DEVICE;
  clearAccess();
  return status;
}

/** Status of an instruction of several accesses that has completed. */
export function doneStores(): u32 {
  endStores();
  return done();
}

/**
 * As `failed`, for such an instruction: what it has stored is not stored again. It goes on as `word`, without another
 * fetch, since it may have changed itself or where it is mapped.
 */
export function failedStores(word: u32): u32 {
  interruptStores();
  store<u32>(EXIT_WORD, word);
  return failed();
}

// @ts-ignore: decorator
@inline export function regime(): u32 {
  return load<u32>(REGIME);
}

/** A register as an operand of the A32 instruction at `pc`: r15 reads as pc + 8. */
// @ts-ignore: decorator
@inline export function operand(index: u32, pc: u32): u32 {
  return index == 15 ? pc + 8 : reg(index);
}

/** Jump by a value loaded into PC on ARMv5: bit 0 selects Thumb. */
export function jumpInterworking(value: u32): u32 {
  store<u32>(THUMB, value & 1);
  setReg(15, value & (value & 1 ? ~1 : ~3));
  return O.JUMP;
}

/** Jump that keeps the instruction set state. */
export function jump(value: u32): u32 {
  setReg(15, value & (load<u32>(THUMB) ? ~1 : ~3));
  return O.JUMP;
}

/** BKPT: a prefetch abort without a fetch fault (ARM DDI 0100I, A4.1.7); the status is a debug event's. */
export function breakpointInstruction(pc: u32): u32 {
  store<u32>(EXIT_FSR, 2);
  store<u32>(EXIT_FAR, pc);
  return O.PREFETCH_ABORT;
}
