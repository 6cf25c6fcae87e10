/**
 * Random hostile guests: registers full of interesting addresses (tables, code, devices, the ends of RAM, the
 * hypervisor's RAM), tables full of interesting and of random descriptors, and code that writes them, switches modes
 * and translation, traps and faults. Half of them are mostly about tables (`random-idioms.ts`), a quarter about what the hypervisor's
 * savings touch (`random-machine-idioms.ts`). Every word is paravirtualized, as lpv asks of a kernel.
 */
import type { RegisterName } from '../../emulator/registers.ts';
import { A32_ROWS } from '../../isa/a32.ts';
import { depositFields } from '../../isa/row.ts';
import { DEVICE } from './hostile-board.ts';
import type { HostileGuest } from './hostile-run.ts';
import { Random } from './random.ts';
import { idiom } from './random-idioms.ts';
import { machineIdiom } from './random-machine-idioms.ts';
import * as M from './random-memory.ts';
import { address, l1Descriptor, l2Descriptor } from './random-memory.ts';
import { branch, coarse, instruction, patched, section, small, svc, system } from './words.ts';

const CODE_WORDS = 160;
/** Number of the vector, and jumps to the two pieces of code. */
const PREFETCH_ABORT = 3;
const RESTARTS = [instruction('MOV_imm', { d: 15, i: 1, r: 8 }), instruction('MOV_imm', { d: 15, i: 0x11, r: 10 })];
const MODES = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];

function registerValue(random: Random): number {
  switch (random.below(6)) {
    case 0:
      return l1Descriptor(random);
    case 1:
      return l2Descriptor(random);
    case 2:
      return random.chance(50) ? random.word() : random.below(256);
    default:
      return address(random);
  }
}

function status(random: Random): number {
  const mode = random.chance(96) ? random.pick(MODES) : random.below(32);
  return (random.below(16) << 28) | ((random.below(8) << 5) & (random.chance(10) ? 0xe0 : 0xc0)) | mode;
}

const OFFSETS = [0, 0, 4, 8, 12, 0x40, 0x3fc, 0x400, 0xff8, 0xffc];
const ROWS = A32_ROWS.filter(({ group }) => group !== 'media');

function transfer(random: Random): number {
  const name = random.pick(['LDR', 'STR', 'STR', 'LDRB', 'STRB', 'LDRT', 'STRT', 'LDRBT', 'STRBT']);
  const fields = { c: random.chance(85) ? 14 : random.below(15), d: random.below(13), n: random.below(13) };
  const [P, W, U] = [random.below(2), random.chance(15) ? 1 : 0, random.chance(80) ? 1 : 0];
  return instruction(`${name}_imm`, { ...fields, P, W, U, i: random.pick(OFFSETS) });
}

function otherTransfer(random: Random): number {
  const name = random.pick(['LDRH', 'STRH', 'LDRSB', 'LDRSH', 'LDRD', 'STRD', 'SWP', 'SWPB', 'SWP']);
  const [n, d, m] = [random.below(13), random.below(6) * 2, random.below(13)];
  if (name.startsWith('SWP')) return instruction(name, { d, n, m });
  return instruction(`${name}_imm`, { P: 1, U: 1, d, n, i: random.pick([0, 4, 8, 0xf8]) });
}

function multiple(random: Random): number {
  const name = random.pick(['LDM', 'STM', 'STM', 'LDM2', 'STM2', 'LDM3']);
  const l = random.chance(80) ? random.word() & random.word() & 0x7fff : random.word() & 0xffff;
  const W = name === 'LDM2' || name === 'STM2' || random.chance(60) ? 0 : 1;
  return instruction(name, {
    P: random.below(2),
    U: random.below(2),
    W,
    n: random.below(14),
    l: name === 'LDM2' ? l & 0x7fff : l,
  });
}

function coprocessor(random: Random): number {
  const d = random.below(15);
  switch (random.below(16)) {
    case 0:
      return system(2, random.chance(60) ? 11 : d);
    case 1:
    case 2:
      return system(3, d);
    case 3:
      return system(1, random.chance(70) ? 12 : d);
    case 4:
      return system(13, d);
    case 5:
      return system(8, d, random.pick([5, 6, 7]), random.below(2));
    case 6:
      return system(random.pick([5, 6, 10]), d, 0, random.below(2));
    case 7:
      return random.chance(20) ? system(7, d, 0, 4) : system(7, d, random.below(16), random.below(8));
    default:
      return instruction('MRC', {
        d: random.below(16),
        n: random.below(16),
        p: random.chance(95) ? 15 : random.below(16),
        m: random.below(8),
        Q: random.below(4),
      });
  }
}

function statusAccess(random: Random): number {
  const f = random.pick([1, 8, 9, 15, 1]);
  switch (random.below(5)) {
    case 0:
      return instruction('MRS', { d: random.below(15), R: random.below(2) });
    case 1:
      return instruction('MSR_imm', { f, R: random.below(2), i: status(random) & 0xdf });
    case 2:
      return instruction('MSR_reg', { f, R: 1, m: random.below(15) });
    case 3:
      return instruction('MOV_shi', { S: 1, d: 15, m: 14 });
    default:
      return instruction('SUB_imm', { S: 1, d: 15, n: 14, i: random.pick([0, 4, 8]) });
  }
}

/** One word of hostile code, not yet paravirtualized. */
function word(random: Random): number {
  const kind = random.below(100);
  if (kind < 30) return transfer(random);
  if (kind < 40) return otherTransfer(random);
  if (kind < 50) return multiple(random);
  if (kind < 60) return coprocessor(random);
  if (kind < 68) return statusAccess(random);
  if (kind < 74) return branch(random.below(24) - 8, random.chance(50) ? 14 : random.below(14));
  if (kind < 77) return svc(random.chance(50) ? random.below(256) : random.below(1 << 24));
  if (kind < 86) {
    const name = random.pick(['ADD', 'SUB', 'EOR', 'ORR', 'MOV', 'CMP', 'BIC', 'RSB']);
    const [d, n, i] = [random.below(13), random.below(13), random.below(256)];
    return instruction(`${name}_imm`, {
      S: name === 'CMP' ? 1 : random.below(2),
      d,
      n,
      i,
      r: random.pick([0, 0, 10, 12, 15]),
    });
  }
  if (kind < 89) return instruction('MOV_shi', { d: random.below(15), m: random.below(15) });
  if (kind < 91) return instruction(random.pick(['BX', 'BLX_reg']), { m: random.below(15) });
  if (kind < 96) {
    const row = random.pick(ROWS);
    const fields = Object.fromEntries([...new Set(row.bits)].map((letter) => [letter, random.word() >>> 8]));
    return depositFields(row.bits, { ...fields, c: 14, n: random.below(16) });
  }
  return random.word();
}

function words(count: number, make: () => number): number[] {
  return Array.from({ length: count }, make);
}

/**
 * A page of vectors: exception returns, branches into handlers, or anything. `restart`: a prefetch abort mostly starts the
 * code again, since going on where nothing is mapped would use up the budget.
 */
function vectors(random: Random, restart: boolean): number[] {
  const returns = [
    instruction('MOV_shi', { S: 1, d: 15, m: 14 }),
    instruction('SUB_imm', { S: 1, d: 15, n: 14, i: 4 }),
    instruction('SUB_imm', { S: 1, d: 15, n: 14, i: 8 }),
  ];
  const usual = [0, 0, 0, 1, 1, 0, 1, 1];
  return usual
    .map((which, i) => {
      if (restart && i === PREFETCH_ABORT && random.chance(85)) return random.pick(RESTARTS);
      if (random.chance(60)) return patched(returns[which]);
      if (random.chance(60)) return branch(8 - i + random.below(64));
      return patched(word(random));
    })
    .concat(words(96, () => patched(random.chance(12) ? random.pick(returns) : word(random))));
}

/** A guest from its seed: equal seeds are equal guests. */
export function randomGuest(seed: number): HostileGuest {
  const random = new Random(seed);
  const aboutTables = random.chance(50);
  const aboutSavings = !aboutTables && random.chance(50);
  const regular = aboutTables || aboutSavings;
  const [tableIdioms, machineIdioms] = aboutTables ? [40, 4] : aboutSavings ? [4, 60] : [5, 5];
  const code = (): number[] => {
    const made: number[] = [];
    while (made.length < CODE_WORDS)
      made.push(
        ...(random.chance(tableIdioms)
          ? idiom(random)
          : random.chance(machineIdioms)
            ? machineIdiom(random)
            : [word(random)]
        ).map(patched),
      );
    return made.slice(0, CODE_WORDS);
  };
  const tables = M.ROOTS.map(() => words(4096, () => 0));
  const flat = random.chance(regular ? 97 : 70);
  for (const table of tables) {
    for (let i = 0; i < 48; i++)
      table[random.pick([i & 7, 0xfff - (i & 3), 0x100, 0xc00, 0xf00, 0x200 | (i & 31), random.below(4096)])] =
        l1Descriptor(random);
    if (flat) table[0] = random.chance(50) ? section(0, random.pick([1, 2, 3])) : coarse(M.L2);
    if (random.chance(regular ? 95 : 70))
      table[0xfff] = random.chance(regular ? 95 : 50) ? coarse(M.L2 + 0x400) : section(0);
    if (random.chance(aboutSavings ? 97 : 70)) table[0x100] = section(DEVICE, aboutSavings ? 3 : random.below(4));
    // The low megabytes of processes 1 and 2 (FCSE).
    for (const megabyte of [0x20, 0x40]) if (random.chance(60)) table[megabyte] = table[0];
  }
  // The first coarse table maps low memory to itself, with some exceptions; the rest is random.
  const l2 = words(1024, () => (random.chance(60) ? l2Descriptor(random) : 0));
  for (let page = 0; page < 128; page++)
    if (random.chance(92)) l2[page] = small(page << 12, random.chance(90) ? 0xff : random.below(4) * 0x55);
  if (random.chance(regular ? 97 : 80)) l2[256 + 0xf0] = small(0, random.pick([0xff, 0xff, 0xaa, 0x55]));
  for (const page of [0xf1, 0xf2, 0xf3])
    if (random.chance(60)) l2[256 + page] = small(random.pick([0, M.DATA, M.DATA + 0x1000, M.CODE]), 0xff);
  const fineTable = words(1024, () => (random.chance(70) ? l2Descriptor(random) : 0));
  const control =
    (random.chance(regular ? 97 : 80) ? 1 : 0) |
    (random.chance(20) ? 2 : 0) |
    (random.chance(15) ? 0x100 : 0) |
    (random.chance(15) ? 0x200 : 0) |
    (random.chance(25) ? 0x2000 : 0);
  const registers: (readonly [RegisterName, number])[] = [
    ['ttbr0', M.L1],
    ['dacr', random.pick([0x5555_5555, 0x5555_5555, 0xffff_ffff, 1, random.word() | 1])],
    ['fcseidr', random.chance(10) ? 0x0200_0000 : 0],
    ['sctlr', control],
  ];
  for (const bank of ['usr', 'fiq', 'irq', 'svc', 'abt', 'und'] as const) {
    registers.push([`sp_${bank}`, M.DATA + 0x800], [`lr_${bank}`, random.chance(50) ? M.USER_CODE : address(random)]);
    if (bank !== 'usr') registers.push([`spsr_${bank}`, random.chance(60) ? 0x10 : status(random)]);
  }
  registers.push(['cpsr', random.chance(80) ? 0x13 | (random.below(4) << 6) : 0x10]);
  for (let i = 0; i < 13; i++) registers.push([`r${i}` as RegisterName, registerValue(random)]);
  registers.push(
    ['r11', random.pick([M.L1, M.OTHER_L1, M.OTHER_L1, address(random)])],
    ['r12', control ^ random.pick([1, 2, 0x100, 0x200, 0x2000])],
  );
  registers.push(['sp', M.DATA + 0x800], ['lr', M.USER_CODE], ['pc', M.CODE]);
  return {
    name: `seed ${seed}`,
    memory: new Map([
      [0, vectors(random, regular)],
      ...M.ROOTS.map((root, i) => [root, tables[i]] as const),
      [M.L2, l2],
      [M.FINE, fineTable],
      [M.CODE, code()],
      [M.USER_CODE, code()],
      [M.DATA, words(1536, () => registerValue(random))],
    ]),
    registers,
    budget: 400,
    interruptPeriod: random.chance(40) ? 5 + random.below(60) : 0,
    seed,
    warm: random.chance(60) ? [M.CODE, M.USER_CODE].map((address) => ({ address, words: CODE_WORDS })) : [],
  };
}
