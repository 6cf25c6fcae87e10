/** The virtual machine of lightweight paravirtualization: RAM, one virtual CPU (lpv-vcpu.ts) and its statistics. */
import { Core } from '../emulator/core.ts';
import { type CodeRange, recordCoverage } from '../emulator/coverage.ts';
import type { HypervisorView } from '../emulator/hypervisor-view.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import { RegisterFile } from '../emulator/register-file.ts';
import type { MemorySlot, VirtualizationStatistics, VirtualMachine } from '../emulator/vm.ts';
import { CAUSES } from './exit-causes.ts';
import { Exits } from './exits.ts';
import type { HypervisorOptions } from './options.ts';
import { SYMBOLS } from './world-switch/image.ts';
import { LpvVcpu } from './lpv-vcpu.ts';
import { Shadow } from './shadow-view.ts';
import { HOST_BASE } from './shadow/host-ram.ts';
import { ShadowTables } from './shadow/shadow-tables.ts';

export class LpvMachine implements VirtualMachine {
  readonly mode = 'lpv';
  readonly core: Core;
  readonly vcpu: LpvVcpu;
  readonly hypervisor: HypervisorView;
  private readonly exits: Exits;

  private constructor(core: Core, options: HypervisorOptions) {
    this.core = core;
    this.vcpu = new LpvVcpu(core, options);
    const { statistics, shadow, hostPages } = this.vcpu;
    statistics.faultAddress = () => core.get(L.EXIT_FAR);
    this.exits = new Exits(statistics);
    const physical = new RegisterFile(core, L.CPU_PHYS);
    this.hypervisor = {
      exits: this.exits,
      shadow: new Shadow(core, shadow, hostPages),
      readPhysicalRegister: (id) => physical.read(id),
    };
  }

  static async create(slots: readonly MemorySlot[], options: HypervisorOptions = {}): Promise<LpvMachine> {
    return new LpvMachine(await Core.create(slots, ShadowTables.RAM_SIZE), options);
  }

  get operations(): { readonly cache: number; readonly tlb: number } {
    return this.core.operations;
  }

  /** Guest RAM; in debug mode "host" the hypervisor's own RAM, too. */
  get slots(): readonly MemorySlot[] {
    const { core, vcpu } = this;
    return vcpu.hostView.on ? [...core.slots, { base: HOST_BASE, size: core.hostRamSize }] : core.slots;
  }

  ram(physicalAddress: number, length: number): Uint8Array | undefined {
    const { core, vcpu } = this;
    const offset = physicalAddress - HOST_BASE;
    if (vcpu.hostView.on && offset >= 0 && offset + length <= core.hostRamSize)
      return core.u8.subarray(core.hostRam + offset, core.hostRam + offset + length);
    return core.ram(physicalAddress, length);
  }

  recordCoverage(ranges: readonly CodeRange[]): Uint8Array[] {
    return recordCoverage(this.core, ranges);
  }

  nameDevices(name: (address: number) => string | undefined): void {
    this.exits.deviceName = name;
  }

  get statistics(): VirtualizationStatistics {
    const { vcpu, core } = this;
    const { shadow, statistics, hostPages } = vcpu;
    const { counters } = shadow;
    const causes = this.hypervisor.exits.causes();
    const fast = {
      'status.mrs': core.get(L.FAST_MRS),
      'status.msr': core.get(L.FAST_MSR),
      'cp15.cache': core.get(L.FAST_CACHES),
      'cp15.tlb': core.get(L.FAST_TLB),
    };
    return {
      total: statistics.total,
      byCause: Object.fromEntries(causes.map(({ cause, count }) => [cause, count])),
      hostInstructionsByCause: Object.fromEntries(causes.map((entry) => [entry.cause, entry.hostInstructions])),
      shadowByCause: Object.fromEntries(
        [...CAUSES, 'mmio', 'none']
          .map((cause, i) => [cause, statistics.shadowEvents(i, counters.fills, counters.drops)] as const)
          .filter(([, { fills, drops }]) => fills + drops > 0),
      ),
      shadow: {
        fills: counters.fills,
        writeProtectFaults: vcpu.faults.writeProtectFaults,
        flushes: counters.flushes,
        tables: shadow.tables,
        entries: shadow.entries,
        spaces: shadow.kept,
        switches: counters.switches,
        hits: counters.hits,
        evictions: counters.evictions,
        drops: counters.drops,
        falseWriteFaults: counters.falseWriteFaults,
        teardowns: counters.teardowns,
        rewrites: counters.rewrites,
      },
      worldSwitches: core.count64(L.WORLD_SWITCHES),
      hostInstructions: core.count64(L.HOST_INSTRUCTIONS),
      hostInterrupts: core.get(hostPages.frame + SYMBOLS.HOST_IRQS),
      fastExits: fast,
      stubs: {
        sites: vcpu.virtualPsr?.sites ?? 0,
        executed: core.get(L.STUBS_RUN),
        left: core.get(L.STUBS_LEFT),
        instructions: core.count64(L.STUB_INSTRUCTIONS),
      },
      coalescedWrites: vcpu.coalesced?.count ?? 0,
      delivered: { ...vcpu.delivered },
      hostPages: { vectorMoves: hostPages.vectorMoves, sharedMoves: hostPages.sharedMoves },
    };
  }
}
