/**
 * Where the consoles of the memory guests differ, line by line: between this machine and QEMU 7.2, and between a kernel
 * and its paravirtualized image. docs/qemu-differences.md tells the same to readers.
 */
import type { ProgramName } from './programs.ts';

export interface LineDifference {
  readonly name: string;
  readonly program: ProgramName;
  /** Lines of ours that differ. */
  readonly ours: RegExp;
  /** What the other one prints in their place; the line itself when only what it says is open. */
  readonly theirs: (ours: string) => RegExp;
  readonly why: string;
}

const exactly = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);

/** FSR bits 3..0: 0111 page translation, 1110 external abort on the second level, 1011 page domain. */
const domainFirst = (ours: string): RegExp => exactly(ours.replace(/FSR=(.)[7e] /, 'FSR=$1b '));

export const QEMU_DIFFERENCES: readonly LineDifference[] = [
  {
    name: 'page translation fault in a domain without access',
    program: 'rights',
    ours: /where no (tiny )?page is: .*DFSR=.7 /,
    theirs: domainFirst,
    why: 'The domain is checked after the second-level descriptor is found valid (DDI 0198E, 3.5); QEMU checks it before.',
  },
  {
    name: 'external abort on a second-level descriptor in a domain without access',
    program: 'tables',
    ours: /^external, table of a domain without access: .*DFSR=.e /,
    theirs: domainFirst,
    why: 'The same order: the descriptor comes before the domain.',
  },
  {
    name: 'external abort of an access',
    program: 'tables',
    ours: /^external, (page|section): data abort/,
    theirs: (ours) => new RegExp(`^${ours.split(':')[0]}: (ok 00000000|svc .*r0=00000000)$`),
    why: 'A read that nothing answers aborts (B2.4.5); on this board QEMU reads zero.',
  },
  {
    name: 'fault address with a process number',
    program: 'tables',
    ours: /^(process [1-3]:|changed in process 2:|in process 2, )/,
    theirs: (ours) =>
      exactly(
        ours.replace(/(D\w+@)(\w{8})/g, (_, status: string, far: string) => {
          const address = (parseInt(far, 16) & 0x01ff_ffff).toString(16).padStart(8, '0');
          return status + address;
        }),
      ),
    why: 'FAR holds the modified virtual address (B8.2); QEMU gives the address before modification.',
  },
  {
    name: 'stale translations',
    program: 'tables',
    ours: /^unflushed, /,
    theirs: (ours) => new RegExp(`^${ours.split(':')[0]}: kr=.* kw=.* ur=.* uw=.*$`),
    why: 'Until the TLB is told, either translation may be found (DDI 0100I, chapter B4): here always the new one, in QEMU the old one while it is cached.',
  },
];

export const PARAVIRTUALIZATION_DIFFERENCES: readonly LineDifference[] = [
  {
    name: 'alignment fault of LDRT and STRT',
    program: 'rights',
    ours: /^ {2}kernel (LDRT|STRT) without right: .*DFSR=1 /,
    theirs: (ours) =>
      new RegExp(`^${ours.split(':')[0]}: data abort \\(kernel\\) by vectors 1, DFSR=[9b][bf] FAR=\\w{7}2$`),
    why: 'The handler of a kernel cannot decode a trap word, so the access is done byte by byte (docs/hypervisor.md).',
  },
];

export interface LineComparison {
  /** Lines that differ and are not listed. */
  readonly problems: string[];
  /** Names of the differences that were met. */
  readonly met: Set<string>;
}

/** Compares two consoles of a program line by line. */
export function compareConsoles(
  program: ProgramName,
  ours: string,
  theirs: string,
  differences: readonly LineDifference[],
): LineComparison {
  const a = ours.split('\n');
  const b = theirs.split('\n');
  const problems: string[] = [];
  const met = new Set<string>();
  if (a.length !== b.length) problems.push(`${a.length} lines, and ${b.length}`);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    const found = differences.find(
      (difference) =>
        difference.program === program && difference.ours.test(a[i]) && difference.theirs(a[i]).test(b[i]),
    );
    if (found) met.add(found.name);
    else problems.push(`line ${i + 1}:\n  ${a[i]}\n  ${b[i]}`);
  }
  return { problems, met };
}
