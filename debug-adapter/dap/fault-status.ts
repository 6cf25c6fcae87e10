/** Fault status in words (ARM926EJ-S TRM, DDI 0198E, 3.5.1), and the table walk behind it. */
import type { Walk } from '../../emulator/vm.ts';
import { hex32 } from '../target.ts';

const STATUS: Readonly<Record<number, string>> = {
  0x1: 'alignment fault',
  0x3: 'alignment fault',
  0x5: 'translation fault (section)',
  0x7: 'translation fault (page)',
  0x8: 'external abort (section)',
  0x9: 'domain fault (section)',
  0xa: 'external abort (page)',
  0xb: 'domain fault (page)',
  0xc: 'external abort on a first-level table walk',
  0xd: 'permission fault (section)',
  0xe: 'external abort on a second-level table walk',
  0xf: 'permission fault (page)',
};
/** Faults whose domain field means nothing: none has been looked up. */
const WITHOUT_DOMAIN = new Set([0x1, 0x3, 0x5, 0xc]);

/** A fault status register (DFSR or IFSR) in words. */
export function describeFaultStatus(value: number): string {
  const status = value & 0xf;
  const text = STATUS[status] ?? `fault status 0x${status.toString(16)} (reserved)`;
  return WITHOUT_DOMAIN.has(status) ? text : `${text}, domain ${(value >>> 4) & 0xf}`;
}

const DOMAIN_ACCESS = ['no access', 'client', 'reserved', 'manager'];

/** A translation, one line a step. */
export function describeWalk({ virtualAddress, mmu, steps, physicalAddress, domain, domainAccess, ap }: Walk): string {
  if (!mmu) return `${hex32(virtualAddress)}: the MMU is off, so it is the physical address.`;
  const lines = steps.map(
    ({ level, address, descriptor, type }) =>
      `level ${level}: descriptor ${hex32(descriptor)} at physical ${hex32(address)}: ${type === 'fault' ? 'no entry' : type}`,
  );
  if (physicalAddress === undefined) lines.push(`${hex32(virtualAddress)} is not mapped`);
  else {
    const access = DOMAIN_ACCESS[domainAccess] ?? 'reserved';
    lines.push(
      `${hex32(virtualAddress)} is physical ${hex32(physicalAddress)}, domain ${domain} (${access}), AP ${ap}`,
    );
  }
  return lines.join('\n');
}
