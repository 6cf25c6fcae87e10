/**
 * Decides what a fault of the shadow means, by a fresh walk of the guest's tables: an entry to be made, an access that the
 * hypervisor must help with (a device, a guarded table, a page of the host), or the guest's own fault.
 */
import { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import type { CoalescedWrites } from './coalesced-writes.ts';
import { CAUSE } from './exit-causes.ts';
import { MMIO_CAUSE } from './exit-statistics.ts';
import type { ShadowTables, Translation } from './shadow/shadow-tables.ts';
import type { HostPages } from './world-switch/host-pages.ts';

const SCTLR_M = 1;
const FSR_EXTERNAL_SECTION = 8;
const FSR_EXTERNAL_PAGE = 10;

/** Faults of one instruction that are far beyond what 16 words on two pages can meet: the hypervisor is at fault. */
const FAULTS_WITHOUT_PROGRESS = 1000;

/** What `resolve` made of a fault of the shadow. */
export const Resolution = { Retry: 0, Override: 1, GuestFault: 2 } as const;
export type Resolution = (typeof Resolution)[keyof typeof Resolution];

export class FaultResolver {
  /** Cause of the exit that the last `resolve` stands for, when it was not the guest's own fault. */
  cause: number = CAUSE['shadow.fill'];
  /** Guest physical address of the device access that the last `resolve` found. */
  mmioAddress = 0;
  /** Stores to guarded table pages. */
  writeProtectFaults = 0;
  /** Address of an access that the shadow never satisfies: an error of the hypervisor. */
  stuckAt: number | undefined;
  /** Count at the last fault, and faults since it has changed. */
  private faultCount = 0;
  private faults = 0;

  private readonly core: Core;
  private readonly shadow: ShadowTables;
  private readonly hostPages: HostPages;
  private readonly translation: Translation;
  private readonly coalesced: CoalescedWrites | undefined;

  /** `translation` is kept up to date by its owner. */
  constructor(
    core: Core,
    shadow: ShadowTables,
    hostPages: HostPages,
    translation: Translation,
    coalesced: CoalescedWrites | undefined,
  ) {
    this.core = core;
    this.shadow = shadow;
    this.hostPages = hostPages;
    this.translation = translation;
    this.coalesced = coalesced;
  }

  /** Forgets what it knows of a run: another one begins, perhaps at the same count. */
  reset(): void {
    this.stuckAt = undefined;
    this.faultCount = 0;
    this.faults = 0;
  }

  /**
   * Decides a miss or denial of the shadow by a fresh walk of the guest's tables: makes the entry, or overrides the
   * page for one instruction (a device, or a store to a guarded table), or finds the guest's own fault (in EXIT_FSR).
   */
  resolve(va: number, write: boolean, user: number): Resolution {
    const { core } = this;
    if (core.retired !== this.faultCount) {
      this.faultCount = core.retired;
      this.faults = 0;
    } else if (++this.faults > FAULTS_WITHOUT_PROGRESS) {
      this.stuckAt = va;
      core.set(L.EXIT_FSR, this.externalStatus());
      return Resolution.GuestFault;
    }
    const fault = this.walk(va, write, user);
    if (fault) {
      core.set(L.EXIT_FSR, fault);
      return Resolution.GuestFault;
    }
    const physical = core.get(L.WALK_PA);
    const page = physical >>> 12;
    if (page >= L.HOST_PAGE && page < L.HOST_PAGE + core.hostRamSize / 4096) {
      core.set(L.EXIT_FSR, this.externalStatus());
      return Resolution.GuestFault;
    }
    this.cause = CAUSE['shadow.fill'];
    const frame = core.ramAddress(page * 4096, 4096);
    if (frame === undefined) {
      this.mmioAddress = physical;
      // Quiet writes need an entry to reach the device's address by; what is not quiet comes back here.
      if (write && this.coalesced?.covers(page) && !this.shadow.lookup(va, user).l2 && this.shadow.fillDevice(va, user))
        return Resolution.Retry;
      return this.override(MMIO_CAUSE, va, physical, write);
    }
    const ramPage = (frame - L.RAM_BASE) >>> 12;
    if (write && core.u8[L.PAGE_FLAGS + ramPage] & L.PAGE_GUEST_TABLE) {
      this.writeProtectFaults++;
      if (this.shadow.storesToTable(ramPage))
        return this.override(CAUSE['shadow.page-table-write'], va, physical, write);
    }
    if (this.shadow.isHostPage(va)) {
      if (!this.hostPages.giveWay(va, this.isFree))
        return this.override(CAUSE['host-page.emulation'], va, physical, write);
      this.cause = CAUSE['host-page.move'];
      this.walk(va, write, user);
    }
    if (!this.shadow.fill(va, user, write, frame)) return this.override(CAUSE['shadow.emulation'], va, physical, write);
    return Resolution.Retry;
  }

  /** A fresh walk of the guest's tables, left in WALK_*: 0, or the status of the guest's own fault. */
  walk(va: number, write: boolean, user: number): number {
    const { core } = this;
    const { ttbr, dacr, sctlr } = this.translation;
    const mva = core.mva(L.CPU_VIRT, va);
    if (!(sctlr & SCTLR_M)) {
      core.set(L.WALK_PA, mva);
      return 0;
    }
    const fault =
      core.exports.walk(ttbr, dacr, mva, 1) ||
      core.exports.permission(Core.regimeControl(sctlr, user === 1), write ? 1 : 0);
    return fault && fault | (core.get(L.WALK_DOMAIN) << 4);
  }

  /** Whether the guest's present tables map nothing at an address. Leaves another walk in WALK_*. */
  private readonly isFree = (va: number): boolean => {
    const { core, translation } = this;
    const mva = core.mva(L.CPU_VIRT, va);
    if (!(translation.sctlr & SCTLR_M)) return core.ramAddress(mva, 4) === undefined;
    return core.exports.walk(translation.ttbr, translation.dacr, mva, 1) !== 0;
  };

  /** Status of an external abort on the access that the last guest walk found. */
  externalStatus(): number {
    const { core } = this;
    if (!(this.translation.sctlr & SCTLR_M)) return FSR_EXTERNAL_SECTION;
    const status = core.get(L.WALK_SHIFT) === 20 ? FSR_EXTERNAL_SECTION : FSR_EXTERNAL_PAGE;
    return status | (core.get(L.WALK_DOMAIN) << 4);
  }

  /** Tells the core where the instruction in progress finds a page, because of `cause`. */
  private override(cause: number, va: number, physical: number, write: boolean): Resolution {
    const { core } = this;
    const count = core.get(L.OVERRIDE_COUNT);
    // One instruction touches at most two pages, to read and then to write; were there more, the oldest gives way.
    const index = count % L.OVERRIDE_MAX;
    core.set(L.OVERRIDES + index * 8, va >>> 10);
    core.set(L.OVERRIDES + index * 8 + 4, (physical >>> 10) | (write ? L.OVERRIDE_WRITE : 0));
    core.set(L.OVERRIDE_COUNT, Math.min(count + 1, L.OVERRIDE_MAX));
    this.cause = cause;
    return Resolution.Override;
  }
}
