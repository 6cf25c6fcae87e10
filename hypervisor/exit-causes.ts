/**
 * Causes of exits from the guest to the hypervisor, and the cause of each trapped instruction. Every exit has exactly
 * one, so that the counters sum to the total.
 */
import { decodeA32 } from '../isa/decode.ts';

/** Fixed causes, in the order of their counters. MMIO is counted by device beside them (`mmio.<device>`). */
export const CAUSES = [
  'status.mrs',
  'status.msr',
  'status.cps',
  'return.data-processing',
  'return.ldm',
  'return.rfe',
  'status.srs',
  'user-bank.ldm',
  'user-bank.stm',
  'user-access.load',
  'user-access.store',
  'cp15.id',
  'cp15.control',
  'cp15.translation-table',
  'cp15.domain-access',
  'cp15.fault-status',
  'cp15.fault-address',
  'cp15.cache',
  'cp15.tlb',
  'cp15.lockdown',
  'cp15.process-id',
  'cp15.test',
  'coprocessor',
  'guest.svc',
  'guest.kernel-svc',
  'guest.undefined',
  'guest.prefetch-abort',
  'guest.data-abort',
  'shadow.fill',
  'shadow.page-table-write',
  'shadow.emulation',
  'host-page.move',
  'host-page.emulation',
  'interrupt.host',
  'wfi',
] as const;

export type Cause = (typeof CAUSES)[number];

/** Index of a cause among the counters. */
export const CAUSE = Object.fromEntries(CAUSES.map((name, index) => [name, index])) as Readonly<Record<Cause, number>>;

const CP15: readonly Cause[] = [
  'cp15.id',
  'cp15.control',
  'cp15.translation-table',
  'cp15.domain-access',
  'coprocessor',
  'cp15.fault-status',
  'cp15.fault-address',
  'cp15.cache',
  'cp15.tlb',
  'cp15.lockdown',
  'cp15.lockdown',
  'coprocessor',
  'coprocessor',
  'cp15.process-id',
  'coprocessor',
  'cp15.test',
];

/** Whether a word is an MCR or MRC to the system control coprocessor. */
export function isSystemControl(word: number): boolean {
  const { row, fields } = decodeA32(word, 'v5TEJ');
  return (row?.name === 'MCR' || row?.name === 'MRC') && fields.p === 15;
}

/** Cause of a cp15 or other coprocessor instruction. */
function coprocessorCause(word: number): Cause {
  if (((word >>> 8) & 15) !== 15) return 'coprocessor';
  const crn = (word >>> 16) & 15;
  const crm = word & 15;
  const opcode2 = (word >>> 5) & 7;
  if (crn === 7 && ((crm === 0 && opcode2 === 4) || (crm === 8 && opcode2 === 2))) return 'wfi';
  return CP15[crn];
}

/** The cause that an emulated instruction counts under; `word` is the original instruction. */
export function causeOfWord(word: number): number {
  const name = decodeA32(word, 'v6K').row?.name ?? '';
  const opcode = name.split('_')[0];
  switch (opcode) {
    case 'MRS':
      return CAUSE['status.mrs'];
    case 'MSR':
      return CAUSE['status.msr'];
    case 'CPS':
      return CAUSE['status.cps'];
    case 'SRS':
      return CAUSE['status.srs'];
    case 'RFE':
      return CAUSE['return.rfe'];
    case 'LDM2':
      return CAUSE['user-bank.ldm'];
    case 'LDM3':
      return CAUSE['return.ldm'];
    case 'STM2':
      return CAUSE['user-bank.stm'];
    case 'LDRT':
    case 'LDRBT':
      return CAUSE['user-access.load'];
    case 'STRT':
    case 'STRBT':
      return CAUSE['user-access.store'];
    case 'MCR':
    case 'MRC':
      return CAUSE[coprocessorCause(word)];
    case 'CDP':
    case 'LDC':
    case 'STC':
    case 'MCRR':
    case 'MRRC':
      return CAUSE.coprocessor;
    default:
      return CAUSE['return.data-processing'];
  }
}
