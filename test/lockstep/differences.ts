/**
 * Every reason for which a step is not compared with QEMU 7.2 as it is: behaviour that the architecture leaves open,
 * and places where QEMU and the manuals disagree. docs/qemu-differences.md tells the same to readers.
 */
import { accessOf, conditionHolds, type Instruction } from './instruction.ts';

/** CPSR bits that ARMv5 defines: N Z C V Q, I F T and the mode. */
export const CPSR_DEFINED = 0xf800_00ff;
const MODE_USR = 0x10;
const MODE_SYS = 0x1f;
const VALID_MODES = new Set([0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f]);
const SCTLR_A = 2;
const PSR_J = 0x0100_0000;
const PSR_IL = 0x0010_0000;

/** A step: the instruction, and the registers (r0 to r15, CPSR) before it. */
export interface Step {
  readonly instruction: Instruction;
  readonly before: Uint32Array;
  readonly sctlr: number;
  /** SPSR of the current mode. */
  readonly spsr: number;
  /** After the step: ours and QEMU's. Equal to `before` in a check made before it. */
  readonly ours: Uint32Array;
  readonly theirs: Uint32Array;
}

/**
 * What a difference does to the comparison. `end`: nothing after it can be compared, the block ends. `adopt`: the step
 * is executed, and QEMU's registers are taken over where they differ (the block ends when the mode or state differs).
 */
export type Effect = 'end' | 'adopt';

export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Where the manual says so. DDI 0100I unless it says otherwise. */
  readonly manual: string;
  /** `before` each step, or only `after` one that came out different. */
  readonly when: 'before' | 'after';
  readonly effect: Effect;
  readonly applies: (step: Step) => boolean;
}

const mode = (cpsr: number): number => cpsr & 0x1f;
const hasSpsr = (cpsr: number): boolean => mode(cpsr) !== MODE_USR && mode(cpsr) !== MODE_SYS;
const executes = ({ instruction, before }: Step): boolean =>
  instruction.thumb || conditionHolds(instruction.word >>> 28, before[16]);

function unaligned(step: Step): boolean {
  const access = accessOf(step.instruction, step.before);
  return access !== undefined && (access.address & (access.alignment - 1)) !== 0;
}

/** Data processing with S and Rd = PC, or LDM with PC and the SPSR. */
function returnsFromException({ instruction: { name, row, fields, thumb } }: Step): boolean {
  if (name === 'LDM3') return true;
  return !thumb && row?.group === 'data' && fields.S === 1 && fields.d === 15;
}

/** The operand of MSR. */
function msrOperand({ instruction: { name, word }, before }: Step): number {
  if (name === 'MSR_reg') return before[word & 15];
  const rotation = (word >>> 7) & 30;
  return ((word & 0xff) >>> rotation) | ((word & 0xff) << (32 - rotation));
}

const coprocessor = ({ instruction: { row, word } }: Step): number =>
  row?.group === 'coprocessor' ? (word >>> 8) & 15 : -1;

/** cp15 registers that both sides define alike: opcode 1 zero, as CRn, CRm, opcode 2. */
const CP15_COMPARED = new Set([
  ...['0,0,0', '0,0,1', '1,0,0', '2,0,0', '3,0,0', '5,0,0', '5,0,1', '6,0,0', '13,0,0', '13,0,1'],
  ...['8,7,0', '8,7,1', '8,5,0', '8,5,1', '8,6,0', '8,6,1', '7,5,0', '7,5,1', '7,10,1', '7,10,4', '7,14,1'],
  ...['7,10,3', '7,14,3'],
]);

function cp15Name(word: number): string {
  if ((word >>> 21) & 7) return 'none';
  return `${(word >>> 16) & 15},${word & 15},${(word >>> 5) & 7}`;
}

/** SCTLR bits that a random write may set: M, A, C, W, S, R, I. Others change endianness, vectors or prediction. */
const SCTLR_COMPARED = 0x0000_1307;
const SCTLR_ONES = 0x0005_0078;
const SCTLR_IMPLEMENTED = 0x0000_f387;

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'UNPREDICTABLE arithmetic',
    reason: 'The manual leaves the result of these operands open.',
    manual: 'A4.1, by instruction',
    when: 'before',
    effect: 'adopt',
    applies: ({ instruction: { unpredictable, row } }) =>
      unpredictable !== undefined && (row?.group === 'data' || row?.group === 'multiply'),
  },
  {
    name: 'UNPREDICTABLE instruction',
    reason: 'The manual leaves the effect of this encoding open.',
    manual: 'A4.1 and A7.1, by instruction',
    when: 'before',
    effect: 'end',
    applies: ({ instruction: { unpredictable } }) => unpredictable !== undefined,
  },
  {
    name: 'SPSR in User or System mode',
    reason: 'These modes have no SPSR; access to it, and returns through it, are UNPREDICTABLE.',
    manual: 'A2.5.6, A4.1.38, A4.1.39',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      const { name, fields } = step.instruction;
      const accesses = (name === 'MRS' || name.startsWith('MSR')) && fields.R === 1;
      return (accesses || returnsFromException(step)) && !hasSpsr(step.before[16]) && executes(step);
    },
  },
  {
    name: 'user registers in User or System mode',
    reason: 'LDM(2) and STM(2) are UNPREDICTABLE in these modes.',
    manual: 'A4.1.21, A4.1.98',
    when: 'before',
    effect: 'end',
    applies: (step) => /^(LDM2|STM2)$/.test(step.instruction.name) && !hasSpsr(step.before[16]) && executes(step),
  },
  {
    name: 'reserved mode',
    reason: 'Writing a reserved mode to the CPSR is UNPREDICTABLE; QEMU keeps the old mode.',
    manual: 'A2.5.7, A4.1.39',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      if (!executes(step)) return false;
      if (returnsFromException(step)) return !VALID_MODES.has(step.spsr & 0x1f);
      const { name, fields } = step.instruction;
      if (!name.startsWith('MSR') || fields.R || !(fields.f & 1) || mode(step.before[16]) === MODE_USR) return false;
      return !VALID_MODES.has(msrOperand(step) & 0x1f);
    },
  },
  {
    name: 'Jazelle state',
    reason: 'A return to an SPSR with J set enters Jazelle state, which is SUBARCHITECTURE DEFINED; QEMU has none.',
    manual: 'A2.10',
    when: 'before',
    effect: 'end',
    applies: (step) => returnsFromException(step) && (step.spsr & PSR_J) !== 0 && executes(step),
  },
  {
    name: 'SPSR bit 20',
    reason: 'QEMU 7.2 keeps the IL bit of ARMv8 in an SPSR and makes the instruction after the return undefined.',
    manual: 'A2.5',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      const { name, fields } = step.instruction;
      return name.startsWith('MSR') && fields.R === 1 && (fields.f & 4) !== 0 && (msrOperand(step) & PSR_IL) !== 0;
    },
  },
  {
    name: 'implementation-defined cp15 registers',
    reason:
      'Cache lockdown, TCM, test registers, waiting and unknown opcodes differ between implementations; QEMU makes ' +
      'some undefined.',
    manual: 'B3.1; ARM DDI 0198E, chapter 2',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      if (coprocessor(step) !== 15 || mode(step.before[16]) === MODE_USR || !executes(step)) return false;
      const { name, word, fields } = step.instruction;
      if ((name !== 'MCR' && name !== 'MRC') || !CP15_COMPARED.has(cp15Name(word))) return true;
      if (name === 'MRC') return false;
      // Random words can turn on what the machine under test does not do alike.
      if (cp15Name(word) === '1,0,0') return ((step.before[fields.d] ^ SCTLR_ONES) & ~SCTLR_COMPARED) !== 0;
      // Bits that should be zero; identification registers.
      if (cp15Name(word) === '2,0,0') return (step.before[fields.d] & 0x3fff) !== 0;
      if (cp15Name(word) === '13,0,0') return (step.before[fields.d] & 0x01ff_ffff) !== 0;
      return cp15Name(word).startsWith('0,');
    },
  },
  {
    name: 'reserved domain access',
    reason: 'A DACR field of 10 is UNPREDICTABLE.',
    manual: 'B4.6.1',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      const { name, word, fields } = step.instruction;
      if (coprocessor(step) !== 15 || name !== 'MCR' || cp15Name(word) !== '3,0,0' || !executes(step)) return false;
      const value = step.before[fields.d];
      return ((value >>> 1) & ~value & 0x5555_5555) !== 0;
    },
  },
  {
    name: 'test and clean in User mode',
    reason:
      'The manual makes every cp15 access undefined in User mode; QEMU 7.2 lets the test-and-clean loops through.',
    manual: 'B3.1; ARM DDI 0198E, 2.3.8',
    when: 'after',
    effect: 'end',
    applies: (step) =>
      coprocessor(step) === 15 &&
      mode(step.before[16]) === MODE_USR &&
      /c?7,1[04],3/.test(cp15Name(step.instruction.word)),
  },
  {
    name: 'VFP and debug coprocessors',
    reason: 'QEMU gives its ARM926 a VFP11 on coprocessors 10 and 11 and debug registers on 14; this machine has none.',
    manual: 'ARM DDI 0198E, 1.1',
    when: 'after',
    effect: 'end',
    applies: (step) => [10, 11, 14].includes(coprocessor(step)),
  },
  {
    name: 'exception return other than MOVS and SUBS',
    reason:
      'Every data-processing instruction with S and Rd = PC restores the CPSR; QEMU 7.2 does it for MOV and SUB only, ' +
      'and sets the flags by the result of others.',
    manual: 'A2.6.2, A4.1.2 to A4.1.40',
    when: 'before',
    effect: 'end',
    applies: (step) =>
      step.instruction.row?.group === 'data' &&
      returnsFromException(step) &&
      !/^(MOV|SUB)_/.test(step.instruction.name) &&
      executes(step),
  },
  {
    name: '16-bit Thumb instructions of ARMv6T2',
    reason: 'CBZ, CBNZ, IT and hints are undefined on ARMv5; QEMU 7.2 executes them on every processor.',
    manual: 'A6.2, A3.16.5',
    when: 'before',
    effect: 'end',
    applies: ({ instruction: { thumb, word } }) => thumb && ((word & 0xf500) === 0xb100 || (word & 0xff00) === 0xbf00),
  },
  {
    name: 'Thumb BLX suffix with bit 0 set',
    reason: 'The manual makes it undefined; QEMU 7.2 executes it.',
    manual: 'A7.1.18',
    when: 'before',
    effect: 'end',
    applies: ({ instruction: { thumb, word } }) =>
      thumb && ((word & 0xf801) === 0xe801 || ((word & 0xf800) === 0xf000 && ((word >>> 16) & 0xf801) === 0xe801)),
  },
  {
    name: 'unaligned store',
    reason: 'Without alignment checks, ARMv5 ignores the low address bits; QEMU 7.2 stores at the address as it is.',
    manual: 'A2.7.3, A4.1.99, A4.1.102',
    when: 'before',
    effect: 'end',
    applies: (step) =>
      !(step.sctlr & SCTLR_A) && /^(T_)?STRT?H?_/.test(step.instruction.name) && unaligned(step) && executes(step),
  },
  {
    name: 'unaligned load multiple, store multiple and swap',
    reason:
      'Without alignment checks, ARMv5 ignores the low address bits (SWP rotates); QEMU 7.2 raises an alignment fault ' +
      'for LDM and STM, and swaps at the address as it is.',
    manual: 'A2.7.3, A4.1.20, A4.1.97, A4.1.108',
    when: 'before',
    effect: 'end',
    applies: (step) =>
      !(step.sctlr & SCTLR_A) &&
      /^(LDM|STM|SWP$|T_PUSH|T_POP|T_LDM|T_STM)/.test(step.instruction.name) &&
      unaligned(step) &&
      executes(step),
  },
  {
    name: 'doubleword at a multiple of 4',
    reason:
      'LDRD and STRD need a multiple of 8: an alignment fault with checks, UNPREDICTABLE without. QEMU 7.2 checks for 4.',
    manual: 'A4.1.26, A4.1.102, B2.4.7',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      if (!/^(LDRD|STRD)/.test(step.instruction.name) || !unaligned(step) || !executes(step)) return false;
      const address = accessOf(step.instruction, step.before)?.address ?? 0;
      return !(step.sctlr & SCTLR_A) || (address & 7) === 4;
    },
  },
  {
    name: 'unaligned load across mappings',
    reason:
      'As an unaligned load, but QEMU 7.2 also accesses the next mapping, whose fault it can report in place of the first.',
    manual: 'A2.7.3',
    when: 'before',
    effect: 'end',
    applies: (step) => {
      if (step.sctlr & SCTLR_A || !/^(T_)?LDR/.test(step.instruction.name) || !unaligned(step)) return false;
      const access = accessOf(step.instruction, step.before);
      return access !== undefined && (access.address & 0x3ff) + access.alignment > 0x400 && executes(step);
    },
  },
  {
    name: 'unaligned load',
    reason:
      'Without alignment checks, ARMv5 rotates the aligned word; LDRH at an odd address is UNPREDICTABLE. QEMU 7.2 ' +
      'loads at the address as it is.',
    manual: 'A2.7.3, A4.1.23, A4.1.28',
    when: 'after',
    effect: 'adopt',
    applies: (step) =>
      !(step.sctlr & SCTLR_A) && /^(T_)?LDR/.test(step.instruction.name) && unaligned(step) && executes(step),
  },
  {
    name: 'PSR bits of later architectures',
    reason: 'QEMU keeps A (bit 8), J and other bits in CPSR and SPSR; on ARMv5 they read as zero.',
    manual: 'A2.5, A4.1.38',
    when: 'after',
    effect: 'adopt',
    applies: ({ instruction: { name, fields }, ours, theirs }) =>
      name === 'MRS' && ((ours[fields.d] ^ theirs[fields.d]) & CPSR_DEFINED) === 0,
  },
  {
    name: 'BL suffix without its prefix',
    reason: 'The halves of a Thumb BL are UNPREDICTABLE apart; QEMU 7.2 changes state by bit 0 of LR.',
    manual: 'A7.1.17',
    when: 'after',
    effect: 'end',
    applies: ({ instruction: { name }, before }) => /^T_BLX?_suffix$/.test(name) && (before[14] & 1) === 1,
  },
  {
    name: 'fault address with a process number',
    reason: 'FAR holds the modified virtual address; QEMU 7.2 leaves the process number out.',
    manual: 'B8.2; ARM DDI 0198E, 2.3.6',
    when: 'after',
    effect: 'adopt',
    applies: ({ instruction: { name, word, fields }, ours, theirs }) =>
      name === 'MRC' &&
      cp15Name(word) === '6,0,0' &&
      ((ours[fields.d] ^ theirs[fields.d]) & 0x01ff_ffff) === 0 &&
      theirs[fields.d] < 0x0200_0000,
  },
  {
    name: 'translation fault in a domain without access',
    reason: 'The second-level descriptor is read before the domain is checked; QEMU 7.2 reports the domain fault.',
    manual: 'B4.6.1; ARM DDI 0198E, 3.7',
    when: 'after',
    effect: 'adopt',
    applies: ({ instruction: { name, word, fields }, ours, theirs }) =>
      name === 'MRC' &&
      /^5,0,[01]$/.test(cp15Name(word)) &&
      [0x7, 0xe].includes(ours[fields.d] & 15) &&
      (theirs[fields.d] & 15) === 0xb &&
      ours[fields.d] >>> 4 === theirs[fields.d] >>> 4,
  },
  {
    name: 'reserved bits of the fault status registers',
    reason: 'Bits 31..8 are not defined and read as zero here; QEMU 7.2 keeps what is written.',
    manual: 'ARM DDI 0198E, 2.3.5',
    when: 'after',
    effect: 'adopt',
    applies: ({ instruction: { name, word, fields }, ours, theirs }) =>
      name === 'MRC' && /^5,0,[01]$/.test(cp15Name(word)) && ((ours[fields.d] ^ theirs[fields.d]) & 0xff) === 0,
  },
  {
    name: 'registers of an aborted multiple load',
    reason: 'After an abort the registers to be loaded are UNPREDICTABLE: unchanged here, loaded in part by QEMU.',
    manual: 'A2.6.5',
    when: 'after',
    effect: 'end',
    applies: ({ instruction: { name }, ours, theirs }) =>
      /^(LDM|LDRD|T_POP|T_LDM)/.test(name) && ours[15] === 0x10 && theirs[15] === 0x10,
  },
  {
    name: 'fixed bits of the control register',
    reason: 'Bits 16 and 18 should be one and read as one; QEMU 7.2 resets to 0x00090078 and keeps what is written.',
    manual: 'ARM DDI 0198E, 2.3.2',
    when: 'after',
    effect: 'adopt',
    applies: ({ instruction: { name, word, fields }, ours, theirs }) =>
      name === 'MRC' && cp15Name(word) === '1,0,0' && ((ours[fields.d] ^ theirs[fields.d]) & SCTLR_IMPLEMENTED) === 0,
  },
  {
    name: 'branch to a halfword in ARM state',
    reason: 'BX, BLX, LDR and LDM to an address with bits 1..0 = 10 are UNPREDICTABLE.',
    manual: 'A4.1.10, A4.1.23',
    when: 'after',
    effect: 'end',
    applies: ({ ours, theirs }) =>
      (!(ours[16] & 0x20) && (ours[15] ^ theirs[15]) >>> 0 === 2) ||
      // An exception before its execution: the link shows it.
      ([0x0c, 0x18, 0x1c].includes(ours[15]) && ours[15] === theirs[15] && (ours[14] ^ theirs[14]) >>> 0 === 2),
  },
];

/** Differences that the follower itself decides on, so that the report names every skip in one way. */
export const OUTSIDE_RAM: Pick<Difference, 'name' | 'reason' | 'manual'> = {
  name: 'execution outside RAM',
  reason: 'A fetch where nothing answers is an external abort; QEMU 7.2 reads zeros on this board and executes them.',
  manual: 'B2.4.5, B4.6',
};
export const REPEATED_RECORD: Pick<Difference, 'name' | 'reason' | 'manual'> = {
  name: 'loop without a visible change',
  reason: 'How often it was executed cannot be told from the registers, and the SPSR may depend on it.',
  manual: '',
};
export const DEVICE_ACCESS: Pick<Difference, 'name' | 'reason' | 'manual'> = {
  name: 'access to a device',
  reason: 'The random campaign compares the processor alone; devices have comparisons of their own.',
  manual: '',
};
