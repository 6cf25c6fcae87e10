/** Exits as the rest of the product sees them: causes by name, device accesses by device. */
import type { ExitCause, ExitRecord, ExitRegister, ExitSite, ExitsView } from '../emulator/hypervisor-view.ts';
import { CAUSES } from './exit-causes.ts';
import { type ExitStatistics, MMIO_CAUSE } from './exit-statistics.ts';

/** The device accesses of which it is not known where they went: too many different registers. */
const OTHER_DEVICES = 'mmio.other';

export class Exits implements ExitsView {
  /** Names the device at a guest physical address. */
  deviceName: (address: number) => string | undefined = () => undefined;
  readonly knownCauses = CAUSES;
  private readonly statistics: ExitStatistics;
  private readonly stops = new Map<object, readonly string[]>();

  constructor(statistics: ExitStatistics) {
    this.statistics = statistics;
  }

  get total(): number {
    return this.statistics.total;
  }

  get oldest(): number {
    return this.statistics.oldest;
  }

  get onBlock(): (() => void) | undefined {
    return this.statistics.onBlock;
  }

  set onBlock(listener: (() => void) | undefined) {
    this.statistics.onBlock = listener;
  }

  stopAt(owner: object, causes: readonly string[]): void {
    if (causes.length > 0) this.stops.set(owner, causes);
    else this.stops.delete(owner);
    const names = new Set([...this.stops.values()].flat());
    const isWanted = (cause: string): boolean => names.has(cause) || names.has(cause.split('.')[0]);
    this.statistics.stopCauses.fill(0);
    for (const [index, cause] of CAUSES.entries()) if (isWanted(cause)) this.statistics.stopCauses[index] = 1;
    if (names.has('mmio')) this.statistics.stopCauses[MMIO_CAUSE] = 1;
  }

  causes(): ExitCause[] {
    const { statistics } = this;
    const found = new Map<string, ExitCause>();
    const add = (cause: string, count: number, hostInstructions: number): void => {
      const entry = found.get(cause);
      if (!entry) found.set(cause, { cause, count, hostInstructions });
      else {
        entry.count += count;
        entry.hostInstructions += hostInstructions;
      }
    };
    CAUSES.forEach((cause, index) => {
      if (statistics.counts[index]) add(cause, statistics.counts[index], statistics.hostInstructions[index]);
    });
    for (const { address, count, hostInstructions } of statistics.registers())
      add(this.mmioCause(address), count, hostInstructions);
    if (statistics.otherRegisters) add(OTHER_DEVICES, statistics.otherRegisters, statistics.otherRegistersHost);
    return [...found.values()].sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
  }

  sites(): { sites: ExitSite[]; otherExits: number } {
    const sites = this.statistics.sites().map(({ cause, ...site }) => ({ ...site, cause: causeName(cause) }));
    return { sites, otherExits: this.statistics.otherSites };
  }

  registers(): { registers: ExitRegister[]; otherAccesses: number } {
    const registers: ExitRegister[] = [];
    for (const { address, write, count } of this.statistics.registers()) {
      let last = registers.at(-1);
      if (last?.address !== address) {
        last = { address, device: this.deviceName(address), reads: 0, writes: 0 };
        registers.push(last);
      }
      last[write ? 'writes' : 'reads'] += count;
    }
    return { registers, otherAccesses: this.statistics.otherRegisters };
  }

  log(from: number, to: number): ExitRecord[] {
    return this.statistics.log(from, to).map((exit) => ({
      ...exit,
      cause: exit.register ? this.mmioCause(exit.register.address) : causeName(exit.cause),
    }));
  }

  private mmioCause(address: number): string {
    return `mmio.${this.deviceName(address) ?? 'unassigned'}`;
  }
}

function causeName(cause: number): string {
  return cause === MMIO_CAUSE ? 'mmio' : CAUSES[cause];
}
