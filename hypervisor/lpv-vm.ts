/** The virtual machine of lightweight paravirtualization: RAM, one virtual CPU (lpv-vcpu.ts) and its statistics. */
import { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import type { MemorySlot, VirtualizationStatistics, VirtualMachine } from '../emulator/vm.ts';
import { CAUSES } from './exit-causes.ts';
import { LpvVcpu } from './lpv-vcpu.ts';
import { ShadowTables } from './shadow/shadow-tables.ts';

export class LpvMachine implements VirtualMachine {
  readonly mode = 'lpv';
  readonly core: Core;
  readonly vcpu: LpvVcpu;
  private deviceName: ((address: number) => string | undefined) | undefined;

  private constructor(core: Core) {
    this.core = core;
    this.vcpu = new LpvVcpu(core);
  }

  static async create(slots: readonly MemorySlot[]): Promise<LpvMachine> {
    return new LpvMachine(await Core.create(slots, ShadowTables.RAM_SIZE));
  }

  get operations(): { readonly cache: number; readonly tlb: number } {
    return this.core.operations;
  }

  get slots(): readonly MemorySlot[] {
    return this.core.slots;
  }

  ram(physicalAddress: number, length: number): Uint8Array | undefined {
    return this.core.ram(physicalAddress, length);
  }

  nameDevices(name: (address: number) => string | undefined): void {
    this.deviceName = name;
  }

  get statistics(): VirtualizationStatistics {
    const { vcpu } = this;
    const { shadow } = vcpu;
    const byCause: Record<string, number> = {};
    CAUSES.forEach((cause, index) => {
      if (vcpu.counters[index]) byCause[cause] = vcpu.counters[index];
    });
    for (const [page, count] of vcpu.mmio) {
      const cause = `mmio.${this.deviceName?.(page * 4096) ?? 'unassigned'}`;
      byCause[cause] = (byCause[cause] ?? 0) + count;
    }
    return {
      total: vcpu.total,
      byCause,
      shadow: {
        fills: shadow.counters.fills,
        writeProtectFaults: vcpu.writeProtectFaults,
        flushes: shadow.counters.flushes,
        tables: shadow.tables,
        entries: shadow.entries,
      },
      worldSwitches: this.core.u32[L.WORLD_SWITCHES >>> 2],
      hostInstructions: this.core.u32[L.HOST_INSTRUCTIONS >>> 2],
    };
  }
}
