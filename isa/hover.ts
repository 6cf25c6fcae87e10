/** Hover text: what an instruction does, in a line, as pseudo-code, and where the manual (ARM DDI 0100) says so. */
import type { Group, Row } from './row.ts';
import { sensitiveClass, trapsInUserMode, type SensitiveClass } from './sensitivity.ts';

export interface Hover {
  readonly title: string;
  readonly operation: string;
  readonly section: string;
  /** Why the instruction is sensitive, when it is. */
  readonly sensitive?: string;
}

type Entry = readonly [title: string, operation: string];

const DATA: Readonly<Record<string, Entry>> = {
  AND: ['Bitwise AND', 'Rd = Rn AND operand'],
  EOR: ['Bitwise exclusive OR', 'Rd = Rn EOR operand'],
  SUB: ['Subtract', 'Rd = Rn - operand'],
  RSB: ['Reverse subtract', 'Rd = operand - Rn'],
  ADD: ['Add', 'Rd = Rn + operand'],
  ADC: ['Add with carry', 'Rd = Rn + operand + C'],
  SBC: ['Subtract with carry', 'Rd = Rn - operand - NOT C'],
  RSC: ['Reverse subtract with carry', 'Rd = operand - Rn - NOT C'],
  TST: ['Test bits', 'flags of Rn AND operand'],
  TEQ: ['Test equivalence', 'flags of Rn EOR operand'],
  CMP: ['Compare', 'flags of Rn - operand'],
  CMN: ['Compare negative', 'flags of Rn + operand'],
  ORR: ['Bitwise OR', 'Rd = Rn OR operand'],
  MOV: ['Move', 'Rd = operand'],
  BIC: ['Bit clear', 'Rd = Rn AND NOT operand'],
  MVN: ['Move negative', 'Rd = NOT operand'],
};

const OTHERS: Readonly<Record<string, Entry>> = {
  CPS: ['Change processor state', 'CPSR.{A,I,F} = imod; CPSR.mode = mode'],
  MRS: ['Read a status register', 'Rd = CPSR or SPSR'],
  MSR: ['Write fields of a status register', 'CPSR or SPSR fields = operand'],
  RFE: ['Return from exception', 'PC, CPSR = memory[Rn]; Rn updated'],
  SRS: ['Store return state', 'memory[SP of mode] = LR, SPSR; that SP updated'],
  LDM2: ['Load user-bank registers', 'user-mode registers = memory[Rn...]'],
  LDM3: ['Load registers and return from exception', 'registers, PC = memory[Rn...]; CPSR = SPSR'],
  STM2: ['Store user-bank registers', 'memory[Rn...] = user-mode registers'],
  LDM: ['Load several registers', 'registers = memory[Rn...]'],
  STM: ['Store several registers', 'memory[Rn...] = registers'],
  LDRT: ['Load a word with user permission', 'Rd = memory[Rn] as user; Rn += offset'],
  LDRBT: ['Load a byte with user permission', 'Rd = memory byte [Rn] as user; Rn += offset'],
  STRT: ['Store a word with user permission', 'memory[Rn] = Rd as user; Rn += offset'],
  STRBT: ['Store a byte with user permission', 'memory byte [Rn] = Rd as user; Rn += offset'],
  CDP: ['Coprocessor operation', 'coprocessor cp: CRd = op(CRn, CRm)'],
  LDC: ['Load to a coprocessor', 'coprocessor cp: CRd = memory[address]'],
  STC: ['Store from a coprocessor', 'memory[address] = coprocessor cp: CRd'],
  MCR: ['Move to a coprocessor register', 'coprocessor cp: CRn, CRm, op = Rd'],
  MRC: ['Move from a coprocessor register', 'Rd = coprocessor cp: CRn, CRm, op'],
  MCRR: ['Move two registers to a coprocessor', 'coprocessor cp: CRm = Rd, Rn'],
  MRRC: ['Move a coprocessor value to two registers', 'Rd, Rn = coprocessor cp: CRm'],
};

const BY_GROUP: Readonly<Record<Group, string>> = {
  data: 'Data processing',
  multiply: 'Multiply',
  media: 'Media instruction (ARMv6)',
  'load-store': 'Load or store',
  multiple: 'Load or store of several registers',
  exclusive: 'Semaphore or exclusive access',
  branch: 'Branch',
  status: 'Status register access',
  exception: 'Exception',
  coprocessor: 'Coprocessor access',
  hint: 'Hint',
  undefined: 'Undefined',
};

const WHY: Readonly<Record<string, string>> = {
  CPS: 'In user mode it does nothing: the guest would go on with interrupts as they were.',
  MRS: 'In user mode it reads the real CPSR, not the one the guest believes it has.',
  MSR: 'In user mode it writes the flags only; control bits and SPSR are left alone or UNPREDICTABLE.',
  RFE: 'In user mode it is UNPREDICTABLE: there is no privileged state to return from.',
  SRS: 'In user mode it is UNPREDICTABLE: there is no SPSR.',
  LDM2: 'In user mode it is UNPREDICTABLE, as there is no other bank.',
  LDM3: 'In user mode it is UNPREDICTABLE: there is no SPSR to restore.',
  STM2: 'In user mode it is UNPREDICTABLE, as there is no other bank.',
  LDRT: 'In user mode it is an ordinary load: it checks the permissions of the deprivileged guest kernel.',
  LDRBT: 'In user mode it is an ordinary load: it checks the permissions of the deprivileged guest kernel.',
  STRT: 'In user mode it is an ordinary store: it checks the permissions of the deprivileged guest kernel.',
  STRBT: 'In user mode it is an ordinary store: it checks the permissions of the deprivileged guest kernel.',
};

function why(found: SensitiveClass): string {
  if (trapsInUserMode(found)) return 'Traps in user mode by itself: coprocessor access is undefined there.';
  return WHY[found] ?? 'With S and PC it also copies SPSR to CPSR; in user mode that is UNPREDICTABLE.';
}

/** The mnemonic a row is about: its name without operand form and Thumb prefix. */
function baseName(row: Row): string {
  return row.name.replace(/^T_/, '').replace(/_(imm\d?|reg|shi|shr|hi|lit|sp|sp7)$/, '');
}

/** The manual lists instructions by name, in A4.1 (ARM) and A7.1 (Thumb). */
function sectionOf(name: string, thumb: boolean): string {
  const entry = /^(LDM|STM)[23]$/.test(name) ? `${name.slice(0, 3)} (${name[3]})` : name;
  return `ARM DDI 0100, ${thumb ? 'A7.1' : 'A4.1'}, ${entry}`;
}

/** Hover text of an instruction. The word decides whether an A32 instruction is sensitive; Thumb has none that is. */
export function hoverFor(row: Row, word: number): Hover {
  const name = baseName(row);
  const known = DATA[name] ?? OTHERS[name] ?? OTHERS[name.replace(/2$/, '')];
  const [title, operation] = known ?? [BY_GROUP[row.group], ''];
  const section = sectionOf(name, row.bits.length === 16);
  const found = row.bits.length === 32 ? sensitiveClass(word) : 'none';
  if (found === 'none') return { title: `${name}: ${title}`, operation, section };
  const full = DATA[found] ? `${operation}; CPSR = SPSR` : operation;
  return { title: `${name}: ${title}`, operation: full, section, sensitive: why(found) };
}

/** Hover text of a sensitive class, for reports that know the class but have no word at hand. */
export function hoverForClass(found: SensitiveClass): Hover {
  const [title, operation] = DATA[found] ?? OTHERS[found];
  const full = DATA[found] ? `${operation}; CPSR = SPSR` : operation;
  return { title: `${found}: ${title}`, operation: full, section: sectionOf(found, false), sensitive: why(found) };
}
