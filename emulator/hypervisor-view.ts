/**
 * What a hypervisor shows of itself to debuggers and reports: exits by cause, by site and by device register, the log of the
 * last ones, its page tables, and the physical CPU under the virtual one. All of it is read-only, and reading it
 * changes nothing that the guest could see.
 */
import type { RegisterId } from './registers.ts';

/** Exits of one cause. */
export interface ExitCause {
  /** Flat, as in `byCause`: `status.mrs`, `mmio.pl011-0`. */
  cause: string;
  count: number;
  /** Instructions of the host that they took: from leaving the guest until it was entered again. */
  hostInstructions: number;
}

/** Exits of one cause at one guest instruction. Device accesses have the cause `mmio` here, whatever the device. */
export interface ExitSite {
  /** Guest virtual address of the instruction. */
  pc: number;
  /** Whether the guest was in user mode. */
  user: boolean;
  cause: string;
  count: number;
  hostInstructions: number;
}

/** Accesses of one device register that left the guest. */
export interface ExitRegister {
  /** Guest physical address. */
  address: number;
  device: string | undefined;
  reads: number;
  writes: number;
}

/** One exit, as the log has it. */
export interface ExitRecord {
  /** Number of the exit, from 0. */
  index: number;
  /** Guest instructions retired before it. */
  instructions: number;
  cause: string;
  /** Guest virtual address of the instruction. */
  pc: number;
  /** Mode bits of the virtual CPSR. */
  mode: number;
  /** Guest virtual address of the access, for faults and device accesses. */
  address: number | undefined;
  /** The device register of a device access: its guest physical address, and the direction. */
  register: { address: number; write: boolean } | undefined;
  hostInstructions: number;
}

export interface ExitsView {
  /** Exits so far: the sum of all causes, and the number of the next exit. */
  readonly total: number;
  /** Number of the oldest exit that the log still has. */
  readonly oldest: number;
  /**
   * Called when the log is about to lose exits that have not been reported: all before `total` are complete, and have been in
   * the log since the last call. Called inside `run`; it must not touch the machine.
   */
  onBlock: (() => void) | undefined;
  /** Every cause that has occurred, the most frequent first. */
  causes(): ExitCause[];
  /** Every site known, the busiest first; `otherExits` happened at sites for which the table had no room. */
  sites(): { sites: ExitSite[]; otherExits: number };
  /** Every device register that was accessed, by address; `otherAccesses` found no room. */
  registers(): { registers: ExitRegister[]; otherAccesses: number };
  /**
   * Has the guest stop after exits of some causes, or of groups of them (`mmio` for all devices, `cp15`), once they have been handled: before
   * its next instruction, or at the vector of the exception that it got. Each `owner` has causes of its own.
   */
  stopAt(owner: object, causes: readonly string[]): void;
  /** Every fixed cause; devices are `mmio.<device>`. */
  readonly knownCauses: readonly string[];
  /** The exits from number `from` to before `to` that the log still has, in order. */
  log(from: number, to: number): ExitRecord[];
}

/** What the shadow has for an address in one virtual mode. */
export interface ShadowWalk {
  /** False when the one table that there is holds the rights of the other mode now: it would be changed first. */
  served: boolean;
  /** Physical address of the level 1 word, and the words; 0 for an entry that has not been filled. */
  l1Address: number;
  l1: number;
  l2: number;
  /** Domain access control register with which the hardware reads them. */
  dacr: number;
}

export interface ShadowView {
  /** Name of the mode switch strategy. */
  readonly strategy: string;
  /** Walks the shadow of the guest's present translation. No side effect: nothing is filled. */
  walk(virtualAddress: number, user: boolean): ShadowWalk;
  /** Pages of the host that are mapped at addresses of the guest, for the host alone. */
  hostPages(): { name: string; address: number }[];
}

/** The host's code that executes on the emulated CPU: the world switch. */
export interface HostCodeView {
  /** Whether a debugger looks at it (debug mode "host"). */
  readonly isShown: boolean;
  /** Its source, with lines from 1. */
  readonly source: string;
  readonly fileName: string;
  /** The function at an address, with the offset in it; undefined outside of the host's code. */
  functionAt(address: number): { name: string; offset: number } | undefined;
  /** The source line of an address. */
  lineAt(address: number): number | undefined;
  /** By line: its first address now, and undefined for lines without code. */
  addressOfLine(line: number): number | undefined;
  /** While the host's code has the CPU: the address at which the guest was left, or will be entered. */
  guestPc(): number;
}

export interface HypervisorView {
  readonly host: HostCodeView;
  readonly exits: ExitsView;
  readonly shadow: ShadowView;
  /** A register of the physical CPU. r0 to r15 and the flags are the guest's while it is not being handled. */
  readPhysicalRegister(id: RegisterId): number;
}
