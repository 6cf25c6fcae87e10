/**
 * Loads and stores that miss the fast path or have no fast form (ARM DDI 0100I, A5). Nothing of an instruction is
 * visible before its accesses have succeeded, but for words that a multiple store has already stored.
 */
import { registerOffset, shiftByImmediate } from './arithmetic';
import { REGS, STORES_DONE, THUMB } from './generated/layout';
import {
  access,
  aligned,
  beginStores,
  cached,
  endStores,
  loadAligned,
  loadHalf,
  loadWord,
  storeAligned,
  storeHalf,
  storeWord,
} from './memory';
import { done, doneStores, failed, failedStores, jump, jumpInterworking, operand, regime } from './outcome';
import { mode, reg, setCpsr, setReg, setUserReg, spsr, spsrAddress, userReg } from './state';
import * as O from './ops';
import * as R from './generated/rows';

/** Loads of `kind` bytes: 4 word, 1 byte, 2 half, -1 signed byte, -2 signed half. */
function loadKind(va: u32, kind: i32, rights: u32): u32 {
  if (kind == 4) return loadWord(va, rights);
  if (kind == 1) return loadAligned(va, 1, rights);
  if (kind == 2) return loadHalf(va, rights);
  if (kind == -1) return <u32>((<i32>(loadAligned(va, 1, rights) << 24)) >> 24);
  return <u32>((<i32>(loadHalf(va, rights) << 16)) >> 16);
}

function storeKind(va: u32, kind: i32, value: u32, rights: u32): void {
  if (kind == 4) storeWord(va, value, rights);
  else if (kind == 1) storeAligned(va, 1, value, rights);
  else storeHalf(va, value, rights);
}

/** The access of a load or store record whose fast path missed: OP_LDR to OP_LDRSH in each form, and the literal ones. */
export function slowAccess(rec: u32, pc: u32): u32 {
  const op = (<u32>load<u16>(rec)) & 0xfff;
  const rd = REGS + <u32>load<u8>(rec, 2);
  if (op == O.OP_LDR_LITERAL) {
    const base = (pc + (load<u32>(THUMB) ? 4 : 8)) & ~3;
    const value = loadWord(base + load<u32>(rec, 4), regime());
    if (access) return failed();
    store<u32>(rd, value);
    return done();
  }
  if (op == O.OP_STR_LITERAL) {
    storeWord(pc + 8 + load<u32>(rec, 4), load<u32>(rd), regime());
    return access ? failed() : done();
  }
  const rn = REGS + <u32>load<u8>(rec, 3);
  const form = op & 3;
  const base = load<u32>(rn);
  const offset = form == O.FORM_REGISTER ? registerOffset(rec) : load<u32>(rec, 4);
  const va = form == O.FORM_POST ? base : base + offset;
  const family = op & ~3;
  if (family == O.OP_STR) storeKind(va, 4, load<u32>(rd), regime());
  else if (family == O.OP_STRB) storeKind(va, 1, load<u32>(rd), regime());
  else if (family == O.OP_STRH) storeKind(va, 2, load<u32>(rd), regime());
  else {
    const kind: i32 =
      family == O.OP_LDR ? 4 : family == O.OP_LDRB ? 1 : family == O.OP_LDRH ? 2 : family == O.OP_LDRSB ? -1 : -2;
    const value = loadKind(va, kind, regime());
    if (access) return failed();
    if (form == O.FORM_PRE || form == O.FORM_POST) store<u32>(rn, base + offset);
    store<u32>(rd, value);
    return done();
  }
  if (access) return failed();
  if (form == O.FORM_PRE || form == O.FORM_POST) store<u32>(rn, base + offset);
  return done();
}

/** Offset of addressing mode 2 or 3 in an A32 word, without sign. */
function rawOffset(word: u32, pc: u32, mode3: bool): u32 {
  if (mode3) return word & 0x0040_0000 ? ((word >>> 4) & 0xf0) | (word & 15) : operand(word & 15, pc);
  if (!(word & 0x0200_0000)) return word & 0xfff;
  const kind = (word >>> 5) & 3;
  const amount = (word >>> 7) & 31;
  const value = operand(word & 15, pc);
  if (amount || kind == 0) return shiftByImmediate(value, kind, amount);
  return kind == 3 ? shiftByImmediate(value, O.SHIFT_RRX, 1) : shiftByImmediate(value, kind, 32);
}

/**
 * A single load or store in full generality. `kind` as in loadKind. `rights` is the regime to use (the user regime
 * for LDRT and its family). Base write-back after the access; a load into the base wins.
 */
export function singleTransfer(word: u32, pc: u32, kind: i32, loads: bool, mode3: bool, rights: u32): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const offset = rawOffset(word, pc, mode3);
  const base = operand(rn, pc);
  const moved = word & 0x0080_0000 ? base + offset : base - offset;
  const pre = (word & 0x0100_0000) != 0;
  const writeback = !pre || (word & 0x0020_0000) != 0;
  const va = pre ? moved : base;
  if (!loads) {
    storeKind(va, kind, operand(rd, pc), rights);
    if (access) return failed();
    if (writeback && rn != 15) setReg(rn, moved);
    return done();
  }
  const value = loadKind(va, kind, rights);
  if (access) return failed();
  if (writeback && rn != 15) setReg(rn, moved);
  if (rd != 15) {
    setReg(rd, value);
    return done();
  }
  return kind == 4 ? jumpInterworking(value) : jump(value);
}

/** LDRD and STRD: two words; address 8-byte aligned when alignment is checked, else words are aligned down. */
export function doubleTransfer(word: u32, pc: u32, loads: bool): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 14;
  const offset = rawOffset(word, pc, true);
  const base = operand(rn, pc);
  const moved = word & 0x0080_0000 ? base + offset : base - offset;
  const pre = (word & 0x0100_0000) != 0;
  const writeback = !pre || (word & 0x0020_0000) != 0;
  const va = pre ? moved : base;
  if (!aligned(va, 7, !loads)) return failed();
  const rights = regime();
  if (!loads) {
    beginStores();
    storeAligned(va & ~3, 4, reg(rd), rights);
    if (access) return failedStores(word);
    storeAligned((va & ~3) + 4, 4, operand(rd + 1, pc), rights);
    if (access) return failedStores(word);
    if (writeback && rn != 15) setReg(rn, moved);
    return doneStores();
  }
  const low = loadAligned(va & ~3, 4, rights);
  if (access) return failed();
  const high = loadAligned((va & ~3) + 4, 4, rights);
  if (access) return failed();
  if (writeback && rn != 15) setReg(rn, moved);
  setReg(rd, low);
  if (rd == 14) return jump(high);
  setReg(rd + 1, high);
  return done();
}

/** SWP and SWPB: a load and a store that nothing comes between. */
export function swap(word: u32, pc: u32, byte: bool): u32 {
  const va = operand((word >>> 16) & 15, pc);
  const source = operand(word & 15, pc);
  const rd = (word >>> 12) & 15;
  const rights = regime();
  // The store's rights are needed too: a page that may only be read faults as a write before anything changes.
  const value = byte ? loadAligned(va, 1, rights) : loadWord(va, rights);
  if (access) return failed();
  if (byte) storeAligned(va, 1, source, rights);
  else storeWord(va, source, rights);
  if (access) return failed();
  if (rd == 15) return jump(value);
  setReg(rd, value);
  return done();
}

/** Values of a multiple load, until all have arrived. */
const BUFFER: u32 = <u32>memory.data(64);

/** First address of a multiple transfer by P and U (ARM DDI 0100I, A5.4). `bytes` is four times the register count. */
function multipleStart(base: u32, up: bool, pre: bool, bytes: u32): u32 {
  if (up) return pre ? base + 4 : base;
  return pre ? base - bytes : base - bytes + 4;
}

/** Loads the words of `list` into BUFFER, lowest register first. False after a failed access. */
function loadList(start: u32, list: u32, rights: u32): bool {
  if (!aligned(start, 3, false)) return false;
  let va = start & ~3;
  let at = list ? cached(va, popcnt<u32>(list) << 2, rights, false) : 0;
  if (at) {
    for (let left = list; left; left &= left - 1) {
      store<u32>(BUFFER + (ctz<u32>(left) << 2), load<u32>(at));
      at += 4;
    }
    return true;
  }
  for (let i: u32 = 0; i < 16; i++) {
    if (!((list >>> i) & 1)) continue;
    store<u32>(BUFFER + (i << 2), loadAligned(va, 4, rights));
    if (access) return false;
    va += 4;
  }
  return true;
}

/** Plain LDM: `mode` holds P, U, S, W in bits 3 to 0. A loaded base wins over write-back. */
export function loadMultiple(list: u32, rn: u32, mode: u32): u32 {
  const base = reg(rn);
  // An empty list is UNPREDICTABLE: nothing is loaded and the base moves by 64, as ARM cores do.
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (mode & 4) != 0;
  if (!loadList(multipleStart(base, up, (mode & 8) != 0, bytes), list, regime())) return failed();
  if (mode & 1) setReg(rn, up ? base + bytes : base - bytes);
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  return list & 0x8000 ? jumpInterworking(load<u32>(BUFFER + 60)) : done();
}

/** What STM stores for a register: of the user bank with `user`. */
function storedValue(index: u32, pc: u32, user: bool): u32 {
  if (index == 15) return pc + (load<u32>(THUMB) ? 4 : 8);
  return user && index >= 8 ? userReg(index) : reg(index);
}

/** Plain STM, or STM(2) with `user`: a base in the list is stored with its old value. */
export function storeMultiple(list: u32, rn: u32, mode: u32, pc: u32, user: bool): u32 {
  const base = operand(rn, pc);
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (mode & 4) != 0;
  const start = multipleStart(base, up, (mode & 8) != 0, bytes);
  if (!aligned(start, 3, true)) return failed();
  let va = start & ~3;
  const rights = regime();
  let at = list && !load<u32>(STORES_DONE) ? cached(va, bytes, rights, true) : 0;
  if (at) {
    let left = list;
    // The low registers are the same in every bank but FIQ's.
    const low: u32 = user ? 0xff : 0x7fff;
    for (; left & low; left &= left - 1) {
      store<u32>(at, load<u32>(REGS + (ctz<u32>(left) << 2)));
      at += 4;
    }
    for (; left; left &= left - 1) {
      store<u32>(at, storedValue(ctz<u32>(left), pc, user));
      at += 4;
    }
    if (mode & 1 && rn != 15) setReg(rn, up ? base + bytes : base - bytes);
    return done();
  }
  beginStores();
  for (let i: u32 = 0; i < 16; i++) {
    if (!((list >>> i) & 1)) continue;
    const value = storedValue(i, pc, user);
    storeAligned(va, 4, value, rights);
    if (access) return failedStores(0xe800_0000 | (mode << 21) | (rn << 16) | list);
    va += 4;
  }
  if (mode & 1 && rn != 15) setReg(rn, up ? base + bytes : base - bytes);
  return doneStores();
}

/** LDM(2): user-bank registers, no PC. LDM(3): registers and CPSR from SPSR. */
export function loadMultipleSystem(word: u32, pc: u32): u32 {
  const rn = (word >>> 16) & 15;
  const list = word & 0xffff;
  const base = operand(rn, pc);
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const up = (word & 0x0080_0000) != 0;
  if (!loadList(multipleStart(base, up, (word & 0x0100_0000) != 0, bytes), list, regime())) return failed();
  const writeback = (word & 0x0020_0000) != 0 && rn != 15;
  const moved = up ? base + bytes : base - bytes;
  if (!(list & 0x8000)) {
    // Write-back with user registers is UNPREDICTABLE; the base of the current mode is written here.
    if (writeback) setReg(rn, moved);
    for (let i: u32 = 0; i < 8; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
    for (let i: u32 = 8; i < 15; i++) if ((list >>> i) & 1) setUserReg(i, load<u32>(BUFFER + (i << 2)));
    return done();
  }
  if (writeback) setReg(rn, moved);
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  if (spsrAddress()) setCpsr(spsr());
  return jump(load<u32>(BUFFER + 60));
}

/** Rows of the LDRT family: the kind of access, or 0. */
export function translationKind(row: u32): i32 {
  switch (row) {
    case R.ROW_LDRT_imm:
    case R.ROW_LDRT_reg:
    case R.ROW_STRT_imm:
    case R.ROW_STRT_reg:
      return 4;
    case R.ROW_LDRBT_imm:
    case R.ROW_LDRBT_reg:
    case R.ROW_STRBT_imm:
    case R.ROW_STRBT_reg:
      return 1;
    default:
      return 0;
  }
}

/**
 * A word access of an LDRT or STRT that was replaced by a trap word, at an unaligned address while alignment is
 * checked: the guest's fix-up code could not decode the trap, so the access is done here, byte by byte.
 */
export function unalignedTransfer(word: u32, pc: u32, loads: bool): u32 {
  const rn = (word >>> 16) & 15;
  const rd = (word >>> 12) & 15;
  const va = operand(rn, pc);
  const offset = rawOffset(word, pc, false);
  let value: u32 = loads ? 0 : operand(rd, pc);
  beginStores();
  for (let i: u32 = 0; i < 4; i++) {
    if (loads) value |= loadAligned(va + i, 1, 1) << (i << 3);
    else storeAligned(va + i, 1, value >>> (i << 3), 1);
    if (access) return failedStores(word);
  }
  endStores();
  if (rn != 15) setReg(rn, word & 0x0080_0000 ? va + offset : va - offset);
  if (!loads) return done();
  if (rd == 15) return jumpInterworking(value);
  setReg(rd, value);
  return done();
}

/** LDM with PC as base is UNPREDICTABLE; PC + 8 is used, and write-back is left out. */
export function loadMultiplePc(word: u32, pc: u32): u32 {
  const list = word & 0xffff;
  const bytes: u32 = list ? popcnt<u32>(list) << 2 : 64;
  const start = multipleStart(pc + 8, (word & 0x0080_0000) != 0, (word & 0x0100_0000) != 0, bytes);
  if (!loadList(start, list, regime())) return failed();
  for (let i: u32 = 0; i < 15; i++) if ((list >>> i) & 1) setReg(i, load<u32>(BUFFER + (i << 2)));
  return list & 0x8000 ? jumpInterworking(load<u32>(BUFFER + 60)) : done();
}
