/**
 * Sensitive instructions: those whose effect depends on the processor mode, or on state that a guest kernel in user
 * mode does not own. Seven of the classes access coprocessors and trap in user mode already; the others run silently
 * with another result, and are what a paravirtualizing hypervisor must replace.
 */
import { bucketA32, UNCONDITIONAL_BUCKET } from './decode-table.ts';
import { candidatesA32, lookupA32 } from './decode.ts';
import type { Row } from './row.ts';

/** The 31 classes. LDM2, LDM3 and STM2 are the user-bank and exception-return forms, LDM(2), LDM(3) and STM(2). */
export const SENSITIVE_CLASSES = [
  ...(['CPS', 'MRS', 'MSR', 'RFE', 'SRS'] as const),
  ...(['LDM2', 'LDM3', 'STM2', 'LDRT', 'LDRBT', 'STRT', 'STRBT'] as const),
  ...(['CDP', 'LDC', 'MCR', 'MCRR', 'MRC', 'MRRC', 'STC'] as const),
  ...(['ADC', 'ADD', 'AND', 'BIC', 'EOR', 'MOV', 'MVN', 'ORR', 'RSB', 'RSC', 'SBC', 'SUB'] as const),
] as const;

export type SensitiveClass = (typeof SENSITIVE_CLASSES)[number];

const COPROCESSOR_CLASSES: ReadonlySet<string> = new Set(['CDP', 'LDC', 'MCR', 'MCRR', 'MRC', 'MRRC', 'STC']);
const DATA_CLASSES: ReadonlySet<string> = new Set(SENSITIVE_CLASSES.slice(-12));
const EXACT_CLASSES: ReadonlySet<string> = new Set(SENSITIVE_CLASSES.slice(0, 12));

/** The class a row can belong to: its name without the operand form. */
export function classOfRow(row: Row): SensitiveClass | undefined {
  const name = row.name.replace(/_(imm|reg|shi|shr)$/, '');
  return (SENSITIVE_CLASSES as readonly string[]).includes(name) ? (name as SensitiveClass) : undefined;
}

const classCache = new Map<Row, SensitiveClass | undefined>();

/** By bucket of the decode table: whether any instruction there has a class (1), none has (2), not known yet (0). */
const bucketClasses = new Uint8Array(UNCONDITIONAL_BUCKET + 1);

function mayBeSensitive(word: number): boolean {
  const bucket = word >>> 28 === 15 ? UNCONDITIONAL_BUCKET : bucketA32(word);
  if (bucketClasses[bucket] === 0) {
    bucketClasses[bucket] = candidatesA32(bucket).some((row) => classOfRow(row) !== undefined) ? 1 : 2;
  }
  return bucketClasses[bucket] === 1;
}

/** The sensitive class of an A32 word, or 'none'. */
export function sensitiveClass(word: number): SensitiveClass | 'none' {
  if (!mayBeSensitive(word)) return 'none';
  const row = lookupA32(word >>> 0, 'v6');
  if (!row) return 'none';
  let found = classCache.get(row);
  if (found === undefined && !classCache.has(row)) classCache.set(row, (found = classOfRow(row)));
  if (found === undefined) return 'none';
  if (DATA_CLASSES.has(found)) {
    const exceptionReturn = (word & 0x0010f000) === 0x0010f000;
    return exceptionReturn ? found : 'none';
  }
  if (EXACT_CLASSES.has(found) && (word & row.shouldMask) >>> 0 !== row.shouldValue) return 'none';
  if (row.name === 'MSR_imm' && (word & 0x000f0000) === 0) return 'none';
  return found;
}

/** Whether a class is data processing that is sensitive only with S and Rd = PC. */
export function isDataClass(sensitive: SensitiveClass): boolean {
  return DATA_CLASSES.has(sensitive);
}

/** Whether instructions of a class trap in user mode without being replaced (coprocessor access). */
export function trapsInUserMode(sensitive: SensitiveClass): boolean {
  return COPROCESSOR_CLASSES.has(sensitive);
}

export interface Sensitivity {
  readonly class: SensitiveClass | 'none';
  readonly trapsInUserMode: boolean;
}

/** Class of a word, and whether it already traps in user mode. */
export function sensitivity(word: number): Sensitivity {
  const found = sensitiveClass(word);
  return { class: found, trapsInUserMode: found !== 'none' && trapsInUserMode(found) };
}

/** Whether a word belongs to one of the 31 classes. */
export function isSensitive(word: number): boolean {
  return sensitiveClass(word) !== 'none';
}

/** Whether a word is sensitive and does not trap in user mode by itself: what is left to replace. */
export function needsTrap(word: number): boolean {
  const found = sensitiveClass(word);
  return found !== 'none' && !trapsInUserMode(found);
}
