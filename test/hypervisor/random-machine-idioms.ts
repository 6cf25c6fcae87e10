/**
 * Idioms about what the hypervisor makes cheaper: accesses of status registers that are executed often enough at one place
 * to be replaced, and rewritten, and met at a second address; runs of device writes of which some may wait; cache and TLB
 * operations in every mode. They use r0 to r3.
 */
import type { Fields } from '../../isa/row.ts';
import { DEVICE, LINES_REGISTER, QUIET_REGISTER, REFUSED } from './hostile-board.ts';
import type { Random } from './random.ts';
import { ADDRESS, constant, OTHER, storeWord, VALUE } from './random-idioms.ts';
import * as M from './random-memory.ts';
import { branch, instruction, load, patched, store, system } from './words.ts';

const COUNTER = 3;
/** More rounds than it takes for a stub. */
const ROUNDS = 18;
const CODE_WORDS = 160;
const NE = 1;
const PC = 15;
const PRIVILEGED = [0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];

/** Control bits that mostly stay in a privileged mode, and open and close the masks. */
function control(random: Random): number {
  const mode = random.chance(85) ? random.pick([0x13, 0x13, random.pick(PRIVILEGED)]) : 0x10;
  return (random.below(4) << 6) | mode;
}

function condition(random: Random): number {
  return random.chance(70) ? 14 : random.below(14);
}

/** An MRS or MSR, of CPSR mostly. */
function statusWord(random: Random): number {
  const R = random.chance(92) ? 0 : 1;
  const c = condition(random);
  const f = random.pick([1, 1, 9, 8, 15, 3]);
  switch (random.below(5)) {
    case 0:
    case 1:
      return instruction('MRS', { c, R, d: random.chance(40) ? random.below(15) : random.below(3) });
    case 2:
      return instruction('MSR_reg', { c, R, f, m: random.chance(40) ? random.below(15) : random.below(3) });
    case 3:
      return instruction('MSR_imm', { c, R, f, i: control(random), r: random.chance(90) ? 0 : random.below(16) });
    default:
      return instruction('MSR_imm', { c, R, f: 1, i: 0x13 | (random.below(4) << 6) });
  }
}

/** Reads CPSR, changes its masks or its mode, and writes it, as kernels do. */
function changeStatus(random: Random): number[] {
  const c = condition(random);
  const change = random.pick<Fields>([{ i: 0x80 }, { i: 0x40 }, { i: 0xc0 }, { i: 3 }, { i: 0x1f }, { i: 8, r: 2 }]);
  return [
    instruction('MRS', { d: VALUE }),
    instruction(random.pick(['BIC_imm', 'ORR_imm', 'EOR_imm']), { d: OTHER, n: VALUE, ...change }),
    instruction('MSR_reg', { c, f: random.pick([1, 9, 15]), m: OTHER }),
    ...(random.chance(60) ? [statusWord(random)] : []),
    ...(random.chance(70) ? [instruction('MSR_reg', { f: random.pick([1, 9]), m: VALUE })] : []),
  ];
}

/** The same words some rounds long: `body` must leave r3 alone. */
function loop(body: readonly number[]): number[] {
  return [
    ...constant(COUNTER, ROUNDS),
    ...body,
    instruction('SUB_imm', { S: 1, d: COUNTER, n: COUNTER, i: 1 }),
    branch(-1 - body.length, NE),
  ];
}

/** A device access of any size and kind: mostly writes, to registers that are quiet and others. */
function deviceAccess(random: Random): number {
  const offset = random.pick([0, 4, 0x3c, 0x40, 0x44, 0x48, 0x7c, 0x80, random.below(0x100)]);
  const d = random.below(4);
  switch (random.below(8)) {
    case 0:
    case 1:
      return store(d, ADDRESS, offset & ~3);
    case 2:
      return instruction('STRB_imm', { P: 1, U: 1, d, n: ADDRESS, i: offset });
    case 3:
      return instruction('STRH_imm', { P: 1, U: 1, d, n: ADDRESS, i: offset & ~1 });
    case 4:
      return instruction('STM', { n: ADDRESS, U: 1, W: random.below(2), l: random.pick([0x0e, 0xfe, 2, 6]) });
    case 5:
      return instruction('STR_imm', { d: VALUE, n: ADDRESS, U: 1, i: 4 });
    case 6:
      return random.chance(50)
        ? instruction('STRD_imm', { P: 1, U: 1, d: 2, n: ADDRESS, i: offset & ~7 })
        : instruction('STRT_imm', { d: VALUE, n: ADDRESS, U: 1, i: 4 });
    default:
      return load(VALUE, ADDRESS, offset & ~3);
  }
}

function deviceRun(random: Random): number[] {
  const start = DEVICE + random.pick([0, 0, 0x38, 0x40, 0x200, 0x3e8, REFUSED - 8, random.below(REFUSED) & ~3]);
  const body = Array.from({ length: 2 + random.below(8) }, () => deviceAccess(random));
  if (random.chance(25)) body.push(...storeWord(DEVICE + QUIET_REGISTER, random.below(4)));
  if (random.chance(25)) body.push(...storeWord(DEVICE + LINES_REGISTER, random.below(4)));
  return [...constant(ADDRESS, start), ...body];
}

/** Cache and TLB operations, in whichever mode this is. */
function maintenance(random: Random): number[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const [crn, crm, op2] = [random.pick([7, 7, 8]), random.pick([5, 6, 7, 10, 14]), random.below(4)];
    if (random.chance(20)) return instruction('MRC', { d: random.pick([PC, VALUE]), n: crn, p: 15, m: crm, Q: op2 });
    return system(crn, random.below(4), crm, op2);
  });
}

/** Writes another status access over one that may have a stub. */
function rewriteCode(random: Random): number[] {
  const at = random.pick([M.CODE, M.USER_CODE]) + 4 * random.below(CODE_WORDS);
  return storeWord(at, patched(statusWord(random)));
}

/** Goes on in the same physical page at its other address, 32 or 64 MB from here. */
function otherAddress(random: Random): number[] {
  const i = random.pick([2, 2, 4]);
  return [instruction(random.chance(60) ? 'ADD_imm' : 'SUB_imm', { d: PC, n: PC, i, r: 4 }), instruction('MRS', {})];
}

/** A few words that do one such thing; not yet paravirtualized. */
export function machineIdiom(random: Random): number[] {
  const kind = random.below(100);
  if (kind < 14) return loop(random.chance(50) ? [statusWord(random)] : changeStatus(random));
  if (kind < 18) return loop(deviceRun(random).slice(0, 10));
  if (kind < 38) return changeStatus(random);
  if (kind < 52) return [statusWord(random)];
  if (kind < 74) return deviceRun(random);
  if (kind < 84) return maintenance(random);
  if (kind < 92) return rewriteCode(random);
  return otherAddress(random);
}
