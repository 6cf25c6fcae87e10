/** The shadow page tables of the present translation, for debuggers. */
import type { Core } from '../emulator/core.ts';
import type { ShadowView, ShadowWalk } from '../emulator/hypervisor-view.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import type { HostPages } from './world-switch/host-pages.ts';
import type { ShadowTables } from './shadow/shadow-tables.ts';

export class Shadow implements ShadowView {
  private readonly core: Core;
  private readonly tables: ShadowTables;
  private readonly pages: HostPages;

  constructor(core: Core, tables: ShadowTables, pages: HostPages) {
    this.core = core;
    this.tables = tables;
    this.pages = pages;
  }

  get strategy(): string {
    return this.tables.strategy;
  }

  walk(virtualAddress: number, user: boolean): ShadowWalk {
    const { core, strategy } = this;
    const mode = user ? 1 : 0;
    const served = strategy === 'roots' || strategy === 'domains' || core.get(L.USER_REGIME) === mode;
    const regime = L.REGIMES + mode * L.REGIME_SIZE;
    const l1Address = (core.get(regime) + (virtualAddress >>> 20) * 4) >>> 0;
    const { l1, l2 } = served ? this.tables.lookup(virtualAddress >>> 0, mode) : { l1: 0, l2: 0 };
    return { served, l1Address, l1, l2, dacr: core.get(regime + 4) };
  }

  hostPages(): { name: string; address: number }[] {
    const { vectorsAddress, sharedAddress } = this.pages;
    return [
      { name: 'host vectors', address: vectorsAddress },
      { name: 'world switch', address: sharedAddress },
    ];
  }
}
