/**
 * Coalesced device writes, after KVM's coalesced MMIO: the core puts a write to a quiet register into a ring, with the count of
 * instructions retired before it, and the guest goes on. The ring is handed over before anything else is done with the devices.
 */
import type { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';

/** A write that has waited: physical address, bytes, value, and instructions retired before it. */
export type LateWrite = (address: number, size: number, data: number, instructions: number) => void;

export class CoalescedWrites {
  /** Writes that have waited, since the machine was made. */
  count = 0;
  private readonly core: Core;
  private readonly pages = new Set<number>();

  constructor(core: Core) {
    this.core = core;
  }

  reset(): void {
    this.core.set(L.COALESCED_COUNT, 0);
  }

  /** The registers whose writes may wait, by physical address; as many as the core has room for. */
  setZones(zones: ReadonlyArray<{ address: number; length: number }>): void {
    const { core } = this;
    const count = Math.min(zones.length, L.QUIET_MAX);
    core.set(L.QUIET_COUNT, count);
    this.pages.clear();
    for (let i = 0; i < count; i++) {
      core.set(L.QUIET + i * 8, zones[i].address);
      core.set(L.QUIET + i * 8 + 4, zones[i].length);
      this.pages.add(zones[i].address >>> 12);
    }
  }

  /** Whether a physical page has such registers. */
  covers(page: number): boolean {
    return this.pages.has(page);
  }

  /** Hands the writes over, in order, and forgets them. */
  drain(write: LateWrite): void {
    const { core } = this;
    const count = core.get(L.COALESCED_COUNT);
    if (!count) return;
    core.set(L.COALESCED_COUNT, 0);
    this.count += count;
    for (let i = 0; i < count; i++) {
      const entry = L.COALESCED + i * L.COALESCED_SIZE;
      write(core.get(entry + 8), core.get(entry + 12), core.get(entry + 16), core.count64(entry));
    }
  }
}
