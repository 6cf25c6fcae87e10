/**
 * What is counted about exits: by cause, by site (the guest's PC), by device register; with the host's instructions that they
 * cost; and a log of the last ones. All in arrays of fixed size: recording an exit allocates nothing, and a hostile
 * guest cannot make them grow (what does not fit is counted together).
 */
import { MODE } from '../emulator/registers.ts';
import { CAUSE, CAUSES } from './exit-causes.ts';

/** Stands behind the causes: a device access, which is counted by register. */
export const MMIO_CAUSE = CAUSES.length;

/** Stands behind that: what happens outside of any exit, such as a debugger's store. */
export const NO_EXIT = CAUSES.length + 1;

const SITE_SLOTS = 1 << 14;
const REGISTER_SLOTS = 1 << 11;
const LOG_ENTRIES = 1 << 12;
/** The log is offered to its reader each time that so many exits have been added. */
const LOG_BLOCK = LOG_ENTRIES / 2;
/** Marks the cause of a site in user mode; causes are far fewer. */
const USER_SITE = 0x80;
/** Causes that are about a fault, whose address the core still holds when they are recorded. */
const FAULTS: ReadonlySet<number> = new Set([
  CAUSE['guest.prefetch-abort'],
  CAUSE['guest.data-abort'],
  CAUSE['shadow.fill'],
  CAUSE['shadow.page-table-write'],
  CAUSE['shadow.emulation'],
  CAUSE['host-page.move'],
  CAUSE['host-page.emulation'],
]);
/** Slots of a hash table that are looked at before an entry is given up. */
const PROBES = 16;
/** FAULTS by cause: looked at in each exit. */
const IS_FAULT = Uint8Array.from({ length: MMIO_CAUSE + 1 }, (_, cause) => (FAULTS.has(cause) ? 1 : 0));

export interface SiteCount {
  /** Guest virtual address of the instruction that left the guest. */
  pc: number;
  /** Whether the guest was in user mode. */
  user: boolean;
  /** Index among the causes, or MMIO_CAUSE. */
  cause: number;
  count: number;
  hostInstructions: number;
}

export interface RegisterCount {
  /** Guest physical address of the register. */
  address: number;
  write: boolean;
  count: number;
  hostInstructions: number;
}

export interface LoggedExit {
  /** Number of the exit, from 0. */
  index: number;
  /** Guest instructions retired before it. */
  instructions: number;
  cause: number;
  pc: number;
  /** Virtual CPSR mode bits at the exit. */
  mode: number;
  /** Virtual address of the access that the exit is about, for faults and device accesses. */
  address: number | undefined;
  /** Device access: physical address of the register, and the direction. */
  register: { address: number; write: boolean } | undefined;
  /** Host instructions from the last exit to this one: into the guest, and out of it. */
  hostInstructions: number;
}

export class ExitStatistics {
  total = 0;
  /** By cause, MMIO last: exits, and host instructions. */
  readonly counts = new Float64Array(CAUSES.length + 1);
  readonly hostInstructions = new Float64Array(CAUSES.length + 1);
  /** Exits at sites, and accesses of registers, that found no place in the tables. */
  otherSites = 0;
  otherRegisters = 0;
  /** Host instructions of those accesses. */
  otherRegistersHost = 0;
  /** By cause, MMIO and then no exit at all last: shadow entries made and dropped while an exit was handled. */
  readonly fills = new Float64Array(CAUSES.length + 2);
  readonly drops = new Float64Array(CAUSES.length + 2);
  /** By cause, MMIO last: 1 when the guest stops after it. */
  readonly stopCauses = new Uint8Array(CAUSES.length + 1);
  private lastCause = NO_EXIT;
  private settledFills = 0;
  private settledDrops = 0;
  /** Gives the address of the fault in progress. */
  faultAddress: () => number = () => 0;
  /** Called before the log loses what was added since the last call; all exits before `total` are then complete. */
  onBlock: (() => void) | undefined;

  private readonly sitePc = new Int32Array(SITE_SLOTS);
  /** Cause + 1, and USER_SITE; 0 for a free slot. */
  private readonly siteCause = new Uint8Array(SITE_SLOTS);
  private readonly siteCount = new Float64Array(SITE_SLOTS);
  private readonly siteHost = new Float64Array(SITE_SLOTS);

  private readonly registerKey = new Int32Array(REGISTER_SLOTS);
  /** 1 read, 2 write; 0 for a free slot. */
  private readonly registerKind = new Uint8Array(REGISTER_SLOTS);
  private readonly registerCount = new Float64Array(REGISTER_SLOTS);
  private readonly registerHost = new Float64Array(REGISTER_SLOTS);

  private readonly logInstructions = new Float64Array(LOG_ENTRIES);
  private readonly logPc = new Uint32Array(LOG_ENTRIES);
  private readonly logAddress = new Uint32Array(LOG_ENTRIES);
  private readonly logHost = new Uint32Array(LOG_ENTRIES);
  private readonly logRegister = new Uint32Array(LOG_ENTRIES);
  /** As registerKind. */
  private readonly logKind = new Uint8Array(LOG_ENTRIES);
  private readonly logCause = new Uint8Array(LOG_ENTRIES);
  private readonly logMode = new Uint8Array(LOG_ENTRIES);

  /**
   * Records one exit; `address` is the virtual address of a device access. Returns how often its site has left the guest for
   * this cause, 0 when that is not known.
   */
  record(
    cause: number,
    pc: number,
    mode: number,
    address: number,
    instructions: number,
    hostInstructions: number,
  ): number {
    if ((this.total & (LOG_BLOCK - 1)) === 0 && this.total) this.onBlock?.();
    const entry = this.total++ & (LOG_ENTRIES - 1);
    this.lastCause = cause;
    this.counts[cause]++;
    this.hostInstructions[cause] += hostInstructions;
    this.logInstructions[entry] = instructions;
    this.logPc[entry] = pc;
    this.logAddress[entry] = IS_FAULT[cause] ? this.faultAddress() : address;
    this.logHost[entry] = hostInstructions;
    this.logCause[entry] = cause;
    this.logMode[entry] = mode;
    this.logKind[entry] = 0;
    const slot = this.siteSlot(pc | 0, (cause + 1) | (mode === MODE.usr ? USER_SITE : 0));
    if (slot < 0) {
      this.otherSites++;
      return 0;
    }
    this.siteHost[slot] += hostInstructions;
    return ++this.siteCount[slot];
  }

  /**
   * An exit begins: what the shadow has done since the last one began belongs to the cause that was recorded in between.
   * `fills` and `drops` are the shadow's counters.
   */
  settle(fills: number, drops: number): void {
    const { lastCause } = this;
    this.lastCause = NO_EXIT;
    if (fills === this.settledFills && drops === this.settledDrops) return;
    this.fills[lastCause] += fills - this.settledFills;
    this.drops[lastCause] += drops - this.settledDrops;
    this.settledFills = fills;
    this.settledDrops = drops;
  }

  /** Entries made and dropped in exits of a cause, with those of an exit that is still being handled. */
  shadowEvents(cause: number, fills: number, drops: number): { fills: number; drops: number } {
    const current = cause === this.lastCause;
    return {
      fills: this.fills[cause] + (current ? fills - this.settledFills : 0),
      drops: this.drops[cause] + (current ? drops - this.settledDrops : 0),
    };
  }

  private siteSlot(pc: number, key: number): number {
    let slot = Math.imul(pc ^ Math.imul(key, 0x85eb_ca6b), 0x9e37_79b1) >>> 18;
    for (let probe = 0; probe < PROBES; probe++) {
      if (this.siteCause[slot] === 0) {
        this.siteCause[slot] = key;
        this.sitePc[slot] = pc;
        return slot;
      }
      if (this.sitePc[slot] === pc && this.siteCause[slot] === key) return slot;
      slot = (slot + 1) & (SITE_SLOTS - 1);
    }
    return -1;
  }

  /** Says which device register the exit that was recorded last has accessed. */
  access(address: number, write: boolean): void {
    const kind = write ? 2 : 1;
    const entry = (this.total - 1) & (LOG_ENTRIES - 1);
    this.logRegister[entry] = address;
    this.logKind[entry] = kind;
    let slot = Math.imul(address ^ kind, 0x9e37_79b1) >>> 21;
    for (let probe = 0; probe < PROBES; probe++) {
      if (this.registerKind[slot] === 0) {
        this.registerKind[slot] = kind;
        this.registerKey[slot] = address;
      }
      if (this.registerKey[slot] === (address | 0) && this.registerKind[slot] === kind) {
        this.registerCount[slot]++;
        this.registerHost[slot] += this.logHost[entry];
        return;
      }
      slot = (slot + 1) & (REGISTER_SLOTS - 1);
    }
    this.otherRegisters++;
    this.otherRegistersHost += this.logHost[entry];
  }

  /** All sites, the busiest first. */
  sites(): SiteCount[] {
    const sites: SiteCount[] = [];
    for (let slot = 0; slot < SITE_SLOTS; slot++) {
      if (!this.siteCause[slot]) continue;
      sites.push({
        pc: this.sitePc[slot] >>> 0,
        user: (this.siteCause[slot] & USER_SITE) !== 0,
        cause: (this.siteCause[slot] & ~USER_SITE) - 1,
        count: this.siteCount[slot],
        hostInstructions: this.siteHost[slot],
      });
    }
    return sites.sort((a, b) => b.count - a.count || a.pc - b.pc);
  }

  /** All device registers that were accessed, by address. */
  registers(): RegisterCount[] {
    const registers: RegisterCount[] = [];
    for (let slot = 0; slot < REGISTER_SLOTS; slot++) {
      const kind = this.registerKind[slot];
      if (!kind) continue;
      registers.push({
        address: this.registerKey[slot] >>> 0,
        write: kind === 2,
        count: this.registerCount[slot],
        hostInstructions: this.registerHost[slot],
      });
    }
    return registers.sort((a, b) => a.address - b.address || Number(a.write) - Number(b.write));
  }

  /** Number of the oldest exit that the log still has. */
  get oldest(): number {
    return Math.max(0, this.total - LOG_ENTRIES);
  }

  /** The logged exits with numbers from `from` (at least `oldest`) to before `to` (at most `total`), in order. */
  log(from: number, to: number): LoggedExit[] {
    const exits: LoggedExit[] = [];
    for (let index = Math.max(from, this.oldest); index < Math.min(to, this.total); index++) {
      const entry = index & (LOG_ENTRIES - 1);
      const cause = this.logCause[entry];
      const kind = this.logKind[entry];
      exits.push({
        index,
        instructions: this.logInstructions[entry],
        cause,
        pc: this.logPc[entry],
        mode: this.logMode[entry],
        address: FAULTS.has(cause) || kind ? this.logAddress[entry] : undefined,
        register: kind ? { address: this.logRegister[entry], write: kind === 2 } : undefined,
        hostInstructions: this.logHost[entry],
      });
    }
    return exits;
  }

  /** Forgets everything. */
  reset(): void {
    this.total = 0;
    this.otherSites = 0;
    this.otherRegisters = 0;
    this.otherRegistersHost = 0;
    for (const array of [this.counts, this.hostInstructions, this.siteCount, this.siteHost]) array.fill(0);
    for (const array of [this.registerCount, this.registerHost, this.fills, this.drops]) array.fill(0);
    this.lastCause = NO_EXIT;
    this.siteCause.fill(0);
    this.registerKind.fill(0);
  }
}
