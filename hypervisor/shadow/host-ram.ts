/**
 * The hypervisor's own RAM: its layout, in bytes from its start. The guest cannot reach it: its physical addresses (from
 * 0xf0000000) are refused in every walk of the guest's tables.
 */
import { LAYOUT as L } from '../../emulator/layout.ts';

const KB = 1024;
const PAGE = 4096;

/** Size of a level 1 table, and of a coarse level 2 table. */
export const L1_SIZE = 16 * KB;
export const L2_SIZE = KB;

/** Address spaces whose shadows are kept, each with two roots. */
export const SPACES = 16;
/** Level 2 tables of 1 KB, and of 4 KB (for guests with tiny pages). */
export const COARSE_TABLES = 1024;
export const FINE_TABLES = 32;

const ROOTS = 0x1_c000;
const TABLES = ROOTS + SPACES * 2 * L1_SIZE;

export const HOST_RAM = {
  /** The pages of the world switch: vectors, shared page, and the host's stack. */
  VECTORS: 0,
  SHARED: PAGE,
  STACK: 2 * PAGE,
  /** Level 2 tables of the host, four of them; its level 1 table. */
  HOST_L2: 3 * PAGE,
  HOST_L1: L1_SIZE,
  /** Stubs that stand for patched instructions (virtual-psr.ts): the page of their data, and theirs. */
  STUB_DATA: 2 * L1_SIZE,
  STUBS: 2 * L1_SIZE + PAGE,
  /** A level 1 table without entries. */
  EMPTY_L1: 0x1_8000,
  /** Roots: two for each address space. */
  ROOTS,
  /** Level 2 tables: the coarse ones, then the fine ones. */
  TABLES,
  SIZE: TABLES + COARSE_TABLES * L2_SIZE + FINE_TABLES * 4 * L2_SIZE,
} as const;

/** Physical address of the hypervisor's RAM. */
export const HOST_BASE = L.HOST_PAGE * PAGE;

/** Bit 4 of a level 1 descriptor that points to a table should be one on the ARM926EJ-S (ARM DDI 0198E, 3.2.3). */
const L1_ONE = 0x10;

/** Level 1 descriptor of a level 2 table at a physical address, in a domain. */
export function l1Descriptor(table: number, fine: boolean, domain: number): number {
  return (table | (domain << 5) | L1_ONE | (fine ? 3 : 1)) >>> 0;
}

/** Small page descriptor with one AP field for all of the page. */
export function smallPage(physical: number, ap: number): number {
  return ((physical & 0xffff_f000) | (ap * 0x550) | 2) >>> 0;
}

/** AP fields, as physical user mode sees them: none (the host's only), read-only, read-write. */
export const AP_NONE = 1;
export const AP_READ = 2;
export const AP_WRITE = 3;
