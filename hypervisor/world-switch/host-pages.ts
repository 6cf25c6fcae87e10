/**
 * The host's pages of the world switch: what is in them, where they are mapped, and how they get out of the guest's way.
 *
 * The vectors must be at 0xffff0000 or at 0; the shared page may be anywhere. Both are mapped in every shadow, for the
 * host's privileged mode only. When the guest uses one of their addresses, they move, if there is a place that the guest's tables
 * leave free; otherwise the guest's access is emulated.
 */
import type { Core } from '../../emulator/core.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';
import {
  AP_NONE,
  AP_WRITE,
  HOST_BASE,
  HOST_RAM,
  L1_SIZE,
  L2_SIZE,
  l1Descriptor,
  smallPage,
} from '../shadow/host-ram.ts';
import type { HostPage } from '../shadow/shadow-tables.ts';
import { SHARED_WORDS, SYMBOLS, VECTORS_WORDS } from './image.ts';

const PAGE = 4096;
const HIGH_VECTORS = 0xffff_0000;
const LOW_VECTORS = 0;
const SCTLR_V = 0x2000;
const ALL_CLIENTS = 0x5555_5555;
/** Where the host's stack is, in the host's table alone. */
const STACK_VA = 0xc000_0000;
/** Where the stubs of virtual-psr.ts are, in the host's table alone. */
export const STUBS_VA = 0xc000_4000;
/** Where the shared page may be: the address of the paper first. Kernels leave the end of the address space to hardware. */
const SHARED_PLACES = [
  0xffff_1000, 0xffff_2000, 0xffff_8000, 0xfffe_f000, 0xfffd_f000, 0xff00_0000, 0xfeff_f000, 0x0000_1000,
];
/** Banks whose sp finds the frame in an exception: irq, svc, abt, und (in the order of C_R13). */
const EXCEPTION_BANKS = [2, 3, 4, 5];
const HOST_SCTLR = 0x0005_0079;

export class HostPages {
  /** Moves of the vectors and of the shared page. */
  vectorMoves = 0;
  sharedMoves = 0;
  private readonly core: Core;
  private readonly onMove: (pages: readonly HostPage[]) => void;
  private vectors = HIGH_VECTORS;
  private shared = SHARED_PLACES[0];

  /** `onMove` maps the pages in the shadows. */
  constructor(core: Core, onMove: (pages: readonly HostPage[]) => void) {
    this.core = core;
    this.onMove = onMove;
  }

  /** Address of the shared page, in the host and in every shadow. */
  get sharedAddress(): number {
    return this.shared;
  }

  get vectorsAddress(): number {
    return this.vectors;
  }

  /** Address in the core's memory of the frame. */
  get frame(): number {
    return this.core.hostRam + HOST_RAM.SHARED + SYMBOLS.FRAME;
  }

  /** Fills the pages, and puts the host into its run loop, where it waits for an entry. */
  reset(): void {
    const { core } = this;
    this.vectors = HIGH_VECTORS;
    this.shared = SHARED_PLACES[0];
    core.u8.fill(0, core.hostRam, core.hostRam + HOST_RAM.STUB_DATA);
    this.put(HOST_RAM.VECTORS, VECTORS_WORDS);
    this.put(HOST_RAM.SHARED, SHARED_WORDS);
    core.set(L.FRAME, this.frame);
    core.set(this.frame + SYMBOLS.HOST_TTBR, HOST_BASE + HOST_RAM.HOST_L1);
    core.set(this.frame + SYMBOLS.HOST_DACR, ALL_CLIENTS);
    this.takeBack();
    core.u8.fill(0, L.HOST_CONTEXT, L.HOST_CONTEXT + 64);
    core.set(L.HOST_CONTEXT + 13 * 4, STACK_VA + PAGE);
    core.set(L.HOST_CONTEXT + 64, SYMBOLS.SVC_OPEN);
    core.set(L.IN_HOST, 0);
    core.set(L.HOST_LIMIT, L.HOST_BUDGET);
    this.place();
  }

  /** The run loop has the CPU: it runs on the host's tables. */
  takeBack(): void {
    const { core } = this;
    core.set(L.IN_GUEST, 0);
    core.set(L.CPU_PHYS + L.C_TTBR0, HOST_BASE + HOST_RAM.HOST_L1);
    core.set(L.CPU_PHYS + L.C_DACR, ALL_CLIENTS);
    const regime = L.REGIMES + L.REGIME_HOST * L.REGIME_SIZE;
    core.set(regime, HOST_BASE + HOST_RAM.HOST_L1);
    core.set(regime + 4, ALL_CLIENTS);
    core.set(regime + 8, L.REGIME_MMU);
    core.set(regime + 12, 0);
  }

  private put(offset: number, words: readonly number[]): void {
    words.forEach((word, i) => this.core.set(this.core.hostRam + offset + i * 4, word));
  }

  /** Writes everything that depends on where the pages are. */
  private place(): void {
    const { core, vectors, shared } = this;
    const handlers: Array<[number, number]> = [
      [SYMBOLS.CAUSE_UNDEFINED, SYMBOLS.undefined_exit],
      [SYMBOLS.CAUSE_SVC, SYMBOLS.svc_exit],
      [SYMBOLS.CAUSE_PREFETCH_ABORT, SYMBOLS.prefetch_abort_exit],
      [SYMBOLS.CAUSE_DATA_ABORT, SYMBOLS.data_abort_exit],
      [SYMBOLS.CAUSE_IRQ, SYMBOLS.irq_exit],
    ];
    for (const [vector, handler] of handlers)
      core.set(core.hostRam + HOST_RAM.VECTORS + SYMBOLS.targets + vector * 4, shared + handler);
    core.set(L.HOST_CONTEXT, shared + SYMBOLS.FRAME);
    // The WFI of the run loop has just been executed.
    core.set(L.HOST_CONTEXT + 15 * 4, shared + SYMBOLS.run_loop + 4);
    for (const bank of EXCEPTION_BANKS) core.set(L.CPU_PHYS + L.C_R13 + bank * 8, shared + SYMBOLS.FRAME);
    core.set(L.CPU_PHYS + L.C_SCTLR, HOST_SCTLR | (vectors === HIGH_VECTORS ? SCTLR_V : 0));
    const tables = core.hostRam + HOST_RAM.HOST_L2;
    const l1 = core.hostRam + HOST_RAM.HOST_L1;
    core.u8.fill(0, tables, tables + PAGE);
    core.u8.fill(0, l1, l1 + L1_SIZE);
    const pages = this.pages.map((page) => ({ ...page, ap: AP_NONE }));
    pages.push({ va: STACK_VA, physical: HOST_BASE + HOST_RAM.STACK, ap: AP_NONE });
    // Stubs are the one thing of the host's that user mode executes.
    for (let region = 0; region < L.STUB_REGIONS; region++) {
      const va = STUBS_VA + region * L.STUB_REGION_SIZE;
      pages.push({ va, physical: HOST_BASE + HOST_RAM.STUBS + region * PAGE, ap: AP_WRITE });
      pages.push({ va: va + PAGE, physical: HOST_BASE + HOST_RAM.STUB_DATA, ap: AP_WRITE });
    }
    pages.forEach(({ va, physical, ap }, i) => {
      const entry = l1 + (va >>> 20) * 4;
      // Pages of one megabyte share its table.
      if (!core.get(entry))
        core.set(entry, l1Descriptor(HOST_BASE + HOST_RAM.HOST_L2 + Math.min(i, 3) * L2_SIZE, false, 0));
      const table = ((core.get(entry) & 0xffff_fc00) >>> 0) - HOST_BASE + core.hostRam;
      core.set(table + ((va >>> 12) & 0xff) * 4, smallPage(physical, ap));
    });
    this.onMove(this.pages);
  }

  /** The pages that every shadow maps. */
  get pages(): HostPage[] {
    return [
      { va: this.vectors, physical: HOST_BASE + HOST_RAM.VECTORS },
      { va: this.shared, physical: HOST_BASE + HOST_RAM.SHARED },
    ];
  }

  /**
   * The guest uses the page of `va`, on which a page of the host is. Moves that page to a place which `isFree` says
   * the guest does not use; returns false, with nothing changed, when there is none.
   */
  giveWay(va: number, isFree: (address: number) => boolean): boolean {
    const page = (va & 0xffff_f000) >>> 0;
    if (page === this.vectors) {
      const other = this.vectors === HIGH_VECTORS ? LOW_VECTORS : HIGH_VECTORS;
      if (other === this.shared || !isFree(other)) return false;
      this.vectors = other;
      this.vectorMoves++;
    } else {
      const place = SHARED_PLACES.find(
        (address) => address !== this.shared && address !== this.vectors && isFree(address),
      );
      if (place === undefined) return false;
      this.shared = place;
      this.sharedMoves++;
    }
    this.place();
    return true;
  }
}
