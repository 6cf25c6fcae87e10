/**
 * The seam between the part that executes a guest and the part that owns its devices, shaped like KVM's:
 * memory slots go in, `run()` comes back with an exit and its reason, interrupt lines go in by level.
 * Native execution and every virtualized mode implement the same interface, so nothing above it knows the mode.
 */
import type { CodeRange } from './coverage.ts';
import type { HypervisorView } from './hypervisor-view.ts';
import type { RegisterId } from './registers.ts';

/** How a guest is executed. `native`: privileged on the emulated CPU. `lpv`: in user mode under the hypervisor. */
export type ExecutionMode = 'native' | 'lpv';

/** Why `run()` came back. */
export const ExitReason = {
  /** The instruction budget is used up. */
  Budget: 0,
  /** The guest reads a physical address outside every memory slot; answer with `completeMmio` or `failMmio`. */
  MmioRead: 1,
  /** The guest writes a physical address outside every memory slot; answer with `completeMmio` or `failMmio`. */
  MmioWrite: 2,
  /** Wait for interrupt, with no interrupt pending. The instruction has retired. */
  Wfi: 3,
  /** A breakpoint before its instruction, or a watchpoint after its access; see `debugCause`. */
  Debug: 4,
  /** The guest cannot go on by itself: it branches to itself with IRQ masked, and FIQ masked or impossible. */
  Halted: 5,
  /** The hypervisor or the core met a state it does not support; `message` says which. */
  InternalError: 6,
  /** A debugger that looks at the host's code, too, has stepped over one instruction of the guest or of the host. */
  Stepped: 7,
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];

/** The last exit of a virtual CPU. One object per virtual CPU, rewritten by each `run()`. */
export interface VcpuExit {
  reason: ExitReason;
  /** MMIO: guest physical address. Debug: guest virtual address of the breakpoint or of the watched access. */
  address: number;
  /** MMIO: access size in bytes, 1, 2 or 4. */
  size: 1 | 2 | 4;
  /** MMIO write: the value, zero-extended to 32 bits. */
  data: number;
  /** Debug: what stopped the guest. */
  debugCause: 'breakpoint' | 'write' | 'read';
  /** InternalError: what happened, where, and what to do. */
  message: string;
}

/** A range of guest physical addresses backed by RAM. */
export interface MemorySlot {
  /** Guest physical base, a multiple of 4096. */
  base: number;
  /** Bytes, a multiple of 4096. */
  size: number;
}

/** One descriptor met by a table walk. */
export interface WalkStep {
  level: 1 | 2;
  /** Guest physical address of the descriptor. */
  address: number;
  descriptor: number;
  type: 'fault' | 'section' | 'coarse' | 'fine' | 'large' | 'small' | 'tiny' | 'reserved';
}

/** A whole translation as a value: what was read, what came out, and who may do what. */
export interface Walk {
  virtualAddress: number;
  /** Whether the MMU is on; when off, the translation is flat and `steps` is empty. */
  mmu: boolean;
  steps: WalkStep[];
  /** Guest physical address, when a mapping was found (whatever the permissions). */
  physicalAddress: number | undefined;
  /** Size of the mapping in bytes (1 MB, 64 KB, 16 KB or 1 KB sub-page, 4 KB, 1 KB). */
  pageSize: number;
  domain: number;
  /** The domain's DACR field: 0 no access, 1 client, 2 reserved, 3 manager. */
  domainAccess: number;
  /** Access permission bits AP of the (sub-)page. */
  ap: number;
  cacheable: boolean;
  bufferable: boolean;
  /** Fault status (FSR bits 3..0) that a privileged / user read / write would get; 0 for none. */
  fault: { privilegedRead: number; privilegedWrite: number; userRead: number; userWrite: number };
}

/** A watched range of guest virtual addresses. */
export interface Watchpoint {
  address: number;
  /** Bytes, at least 1. */
  length: number;
  read: boolean;
  write: boolean;
}

/**
 * A virtual CPU: runs guest instructions and shows the state the guest itself would see
 * (virtual CPSR and banks under a hypervisor), whatever the mode.
 */
export interface Vcpu {
  readonly mode: ExecutionMode;
  readonly exit: VcpuExit;
  /**
   * Guest instructions retired since reset, plus one for each exception entry. The guest's only clock (besides
   * what waiting in WFI skips), equal in every mode at equal guest states.
   */
  readonly instructions: number;
  /**
   * Runs until `instructions` has grown by `budget` (1 to 2^31-1) or something needs the caller.
   * Stops exactly at the budget. After an MMIO exit, the caller answers it before it calls `run` again.
   */
  run(budget: number): ExitReason;
  /** Answers an MMIO exit: the value read (ignored for a write). */
  completeMmio(value: number): void;
  /** Answers an MMIO exit by an external abort. */
  failMmio(): void;
  /** The level of the IRQ input. Takes effect at the next `run`. */
  setIrq(level: boolean): void;
  /** The level of the FIQ input. Takes effect at the next `run`. */
  setFiq(level: boolean): void;
  /** Tells that no device can raise FIQ before the guest acts again: a branch to itself with IRQ masked is then the end. */
  setFiqPossible(possible: boolean): void;
  /**
   * Names device registers whose writes have no effect that the guest could see before it does anything else to the
   * device: no read, no interrupt line, no event. A virtual CPU may let such writes wait; see `drainWrites`.
   */
  setQuietWrites(zones: ReadonlyArray<{ address: number; length: number }>): void;
  /**
   * Hands over the writes that have waited, in order, each with the instructions retired before it. The caller does this
   * after each `run`, before anything else.
   */
  drainWrites(write: (address: number, size: number, data: number, instructions: number) => void): void;
  /** Back to the state at reset: SVC mode, IRQ and FIQ masked, MMU off, PC at the reset vector. RAM is kept. */
  reset(): void;

  readRegister(id: RegisterId): number;
  /** Writes a register; CPSR writes switch banks as MSR in a privileged mode would. PC bit 0 does not change state. */
  writeRegister(id: RegisterId, value: number): void;
  /**
   * Translates with the guest's own tables; those at the physical address `table` instead of TTBR0's, when it is given.
   * No side effect: nothing is filled, no fault is recorded.
   */
  translate(virtualAddress: number, table?: number): Walk;
  /** Replaces all breakpoints (guest virtual addresses of instructions). */
  setBreakpoints(addresses: readonly number[]): void;
  /** Replaces all watchpoints. */
  setWatchpoints(watchpoints: readonly Watchpoint[]): void;
  /** Lets the next `run` pass a breakpoint at the current PC (used to go on from it). */
  skipBreakpointOnce(): void;
  /** Must follow any change of guest RAM from outside: drops decoded instructions and cached translations. */
  memoryChanged(physicalAddress: number, length: number): void;
}

/** A virtual machine: guest RAM and one virtual CPU. */
export interface VirtualMachine {
  readonly mode: ExecutionMode;
  readonly slots: readonly MemorySlot[];
  readonly vcpu: Vcpu;
  /**
   * Guest RAM of the slot at `physicalAddress`, as a live view of `length` bytes; undefined when the range is not
   * wholly inside one slot.
   */
  ram(physicalAddress: number, length: number): Uint8Array | undefined;
  /**
   * From now on keeps which instructions of ranges of code have been executed: a bit for each halfword, as live
   * views. Replaces what was kept before; the guest sees nothing of it.
   */
  recordCoverage(ranges: readonly CodeRange[]): Uint8Array[];
  /** Cache and TLB operations that the guest has executed; caches are not modelled, so the former have no effect. */
  readonly operations: { readonly cache: number; readonly tlb: number };
  /** Gives statistics the names of devices by guest physical address. */
  nameDevices(name: (address: number) => string | undefined): void;
  /** Statistics of a virtualized mode; undefined in native mode. */
  readonly statistics: VirtualizationStatistics | undefined;
  /** What the hypervisor of a virtualized mode shows of itself; undefined in native mode. */
  readonly hypervisor: HypervisorView | undefined;
}

/** What a hypervisor counts. The counters of `byCause` sum to `total`. */
export interface VirtualizationStatistics {
  total: number;
  byCause: Record<string, number>;
  /** By the same causes; what led to no exit (a stop at a breakpoint) is in the total of `hostInstructions` alone. */
  hostInstructionsByCause: Record<string, number>;
  /** Shadow entries made and dropped in the exits of each cause; all devices as `mmio`, what no exit caused as `none`. */
  shadowByCause: Record<string, { fills: number; drops: number }>;
  shadow: {
    /** Entries made; stores to guarded table pages; times that everything was dropped; tables and entries in use. */
    fills: number;
    writeProtectFaults: number;
    flushes: number;
    tables: number;
    entries: number;
    /** Shadows kept; changes to another, those that found theirs, and shadows given up. */
    spaces: number;
    switches: number;
    hits: number;
    evictions: number;
    /** Entries dropped because their descriptor changed; stores to table pages that no shadow depended on. */
    drops: number;
    falseWriteFaults: number;
    /** Pages found to be data again; entries rewritten by changes of mode. */
    teardowns: number;
    rewrites: number;
  };
  /** Times that the guest was left through the world switch, and instructions of the host executed in all. */
  worldSwitches: number;
  hostInstructions: number;
  /** Interrupts that the host has taken. */
  hostInterrupts: number;
  /** Exits that the core handled by itself, by cause; not in `total`. */
  fastExits: Record<string, number>;
  /** Stubs in place of status register accesses: how many, how often executed and left to the hypervisor; their instructions. */
  stubs: { sites: number; executed: number; left: number; instructions: number };
  /** Device writes that waited for another exit. */
  coalescedWrites: number;
  /** Virtual interrupts delivered. */
  delivered: { irq: number; fiq: number };
  /** Times that pages of the host got out of the guest's way. */
  hostPages: { vectorMoves: number; sharedMoves: number };
}
