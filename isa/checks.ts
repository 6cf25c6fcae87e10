/** Named UNPREDICTABLE conditions of the manual, shared by the rows of the tables. */
import type { Check, Fields } from './row.ts';

const check = (reason: string, fails: (f: Fields) => boolean): Check => ({ reason, fails });
/** Writeback to the base: post-indexed (P = 0) or pre-indexed with W = 1. */
const writesBack = (f: Fields): boolean => f.P === 0 || f.W === 1;

export const dPc = check('Rd is PC', (f) => f.d === 15);
export const hPc = check('RdHi is PC', (f) => f.h === 15);
export const nPc = check('Rn is PC', (f) => f.n === 15);
export const mPc = check('Rm is PC', (f) => f.m === 15);
export const sPc = check('Rs is PC', (f) => f.s === 15);
export const hiLoSame = check('RdHi and RdLo are the same register', (f) => f.h === f.d);
export const condNotAl = check('condition other than AL', (f) => f.c !== 14);
export const dOdd = check('Rd is odd', (f) => (f.d & 1) === 1);
export const dLr = check('Rd is LR', (f) => f.d === 14);
export const mOdd = check('Rm is odd', (f) => (f.m & 1) === 1);
export const mLr = check('Rm is LR', (f) => f.m === 14);
export const dSameN = check('Rd and Rn are the same register', (f) => f.d === f.n);
export const dSameM = check('Rd and Rm are the same register', (f) => f.d === f.m);
export const mSameN = check('Rm and Rn are the same register', (f) => f.m === f.n);
export const baseWbPc = check('writeback to PC', (f) => writesBack(f) && f.n === 15);
export const baseWbSame = check('writeback with Rn = Rd', (f) => writesBack(f) && f.n === f.d);
export const baseWbSameNext = check('writeback with Rn = Rd + 1', (f) => writesBack(f) && f.n === f.d + 1);
export const indexInPair = check('Rm is one of the registers loaded', (f) => f.m === f.d || f.m === f.d + 1);
export const postWithW = check('P = 0 and W = 1', (f) => f.P === 0 && f.W === 1);
export const emptyList = check('empty register list', (f) => f.l === 0);
export const loadListWb = check('base in the list with writeback', (f) => f.W === 1 && ((f.l >>> f.n) & 1) === 1);
export const storeListWb = check(
  'base in the list with writeback, and not the lowest register',
  (f) => f.W === 1 && ((f.l >>> f.n) & 1) === 1 && (f.l & ((1 << f.n) - 1)) !== 0,
);
export const coprocPc = check('writeback to PC', (f) => (f.W === 1 || f.P === 0) && f.n === 15);
export const fieldMaskZero = check('empty field mask', (f) => f.f === 0);
export const cpsImod = check('imod is 01', (f) => f.i === 1);
export const cpsNothing = check('neither imod nor M set', (f) => f.i === 0 && f.M === 0);
export const cpsFlags = check('A, I or F without imod', (f) => f.i < 2 && (f.A === 1 || f.I === 1 || f.F === 1));
export const cpsNoFlags = check('imod without A, I or F', (f) => f.i >= 2 && !(f.A || f.I || f.F));
export const cpsMode = check('mode without M', (f) => f.M === 0 && f.m !== 0);
export const thumbLowLow = check('two low registers before ARMv6', (f) => f.d < 8 && f.m < 8);
export const thumbCmpLowLow = check('two low registers', (f) => f.n < 8 && f.m < 8);
export const thumbCmpPc = check('Rn is PC', (f) => f.n === 15);
export const thumbListEmpty = check('empty register list', (f) => f.l === 0 && !f.R);
export const thumbStmBase = check(
  'base in the list, and not the lowest register',
  (f) => ((f.l >>> f.n) & 1) === 1 && (f.l & ((1 << f.n) - 1)) !== 0,
);
export const thumbBlxPc = check('Rm is PC', (f) => f.m === 15);
export const thumbCpsNone = check('no flag named', (f) => !(f.A || f.I || f.F));
export const pldPc = check('Rm is PC', (f) => f.I === 1 && (f.x & 15) === 15);
