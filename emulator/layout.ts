/**
 * The one layout of the WebAssembly memory that the core, compiled code and TypeScript share. `scripts/generate-layout.ts`
 * writes the same constants for AssemblyScript. All values are byte addresses or byte counts unless a name says otherwise.
 *
 * ```
 * 0x0000_0000  unused (a stray null pointer hits zeros)
 * 0x0000_1000  state: registers, flags, banks, cp15, exits, counters
 * 0x0001_0000  static data of the core (decode tables)
 * 0x0020_0000  maps by RAM page, lists, physical address map
 *              translation tables: 4 regimes x {read, write, fetch}, 4 MB each, one word per 4 KB page
 *              decode slots: pre-decoded instructions
 *   RAM_BASE   guest RAM, then the hypervisor's own RAM
 * ```
 * Untouched parts of the memory cost address space only.
 */

const KB = 1024;
const MB = 1024 * KB;

/** Largest RAM (guest and hypervisor together) that the maps have room for. */
const MAX_RAM = 288 * MB;
const MAX_RAM_PAGES = MAX_RAM / 4096;

const STATE = 0x1000;
const CPU_PHYS = STATE + 0x200;
const CPU_VIRT = STATE + 0x400;

const MAPS = 0x20_0000;
const PAGE_FLAGS = MAPS;
const SLOT_ARM = PAGE_FLAGS + MAX_RAM_PAGES;
const SLOT_THUMB = SLOT_ARM + MAX_RAM_PAGES * 4;
const WALK_COUNT = SLOT_THUMB + MAX_RAM_PAGES * 4;
const TABLE_OWNER = WALK_COUNT + MAX_RAM_PAGES * 2;
const WALKED = TABLE_OWNER + (MAX_RAM / KB) * 2;
const FILLED = WALKED + MAX_RAM / 32;
const FILLED_MAX = 65536;
const MARKED = FILLED + FILLED_MAX * 4;
const MARKED_MAX = 65536;
const BREAK_PAGES = MARKED + MARKED_MAX * 4;
const COVERED = BREAK_PAGES + 0x2_0000;
/** Code of which can be told what has been executed: 16 MB, a bit for each halfword. */
const COVERED_MAX = 16 * MB;
const PHYS_MAP = COVERED + COVERED_MAX / 16;
const TLB = Math.ceil((PHYS_MAP + 4 * MB) / (4 * MB)) * 4 * MB;
/** Translation regimes of the physical CPU, each with tables for reading, writing and fetching. */
const REGIME_COUNT = 4;
const SLOTS = TLB + REGIME_COUNT * 3 * 4 * MB;
const SLOT_SIZE = 16 * KB + 64;
const SLOT_COUNT = 2048;
const RAM_BASE = Math.ceil((SLOTS + SLOT_SIZE * SLOT_COUNT) / (64 * KB)) * 64 * KB;

export const LAYOUT = {
  MAX_RAM,
  /** r0 to r15 of the running mode; r15 is the address of the next instruction. */
  REGS: STATE,
  /** Flags: N and V as bit 31 of a word, Z as "word is zero", C and Q as 0 or 1. */
  FLAG_N: STATE + 0x40,
  FLAG_Z: STATE + 0x44,
  FLAG_C: STATE + 0x48,
  FLAG_V: STATE + 0x4c,
  FLAG_Q: STATE + 0x50,
  /** 1 in Thumb state. */
  THUMB: STATE + 0x54,
  /**
   * Index of the translation regime that loads, stores and fetches use: 0 privileged, 1 user. Under a hypervisor both
   * are user mode on the shadows of the two; 2 is the host's privileged mode, 3 a stub of the hypervisor's in user mode.
   */
  REGIME: STATE + 0x58,
  /** 1 when the A bit of the visible SCTLR checks alignment. */
  ALIGN_CHECK: STATE + 0x5c,
  /** Address of the CPU block whose CPSR decides whether a branch to itself ends the guest. */
  MASK_VIEW: STATE + 0x60,
  /** 1 when no device can raise FIQ as things stand, so that masking IRQ alone shuts everything out. */
  FIQ_DEAD: STATE + 0x78,
  /** Levels of the interrupt inputs: bit 0 IRQ, bit 1 FIQ. */
  LINES: STATE + 0x64,
  /** 1: an exception in user mode stops `run` before it is taken (a hypervisor handles it). */
  TRAP_EXCEPTIONS: STATE + 0x68,
  /** 1: LPV trap words execute as the instruction they encode in privileged modes. */
  TRAP_WORDS: STATE + 0x6c,
  /** Address of the CPU block in use: CPU_PHYS, or CPU_VIRT while a trapped instruction is emulated. */
  ACTIVE: STATE + 0x70,
  /** Architecture level of the decoder (ARCH_v4 ...). */
  ARCH: STATE + 0x74,

  /** Instructions retired plus exception entries: low and high word. */
  RETIRED: STATE + 0x80,
  /** Cache operations, TLB operations executed. */
  CACHE_OPS: STATE + 0x88,
  TLB_OPS: STATE + 0x8c,

  /** Exit of the last `run` or `emulate`. */
  EXIT_ADDRESS: STATE + 0x90,
  EXIT_SIZE: STATE + 0x94,
  EXIT_DATA: STATE + 0x98,
  /** Fault status (FSR bits 7..0), fault address, and 1 for a write. */
  EXIT_FSR: STATE + 0x9c,
  EXIT_FAR: STATE + 0xa0,
  EXIT_WRITE: STATE + 0xa4,
  /** Instruction word of an SVC or undefined exit; A32 word as which an instruction with STORES_DONE goes on. */
  EXIT_WORD: STATE + 0xa8,
  /** What emulated cp15 writes ask the hypervisor to do (CP15_EVENT bits), and the MVA of an entry operation. */
  EVENTS: STATE + 0xac,
  EVENT_MVA: STATE + 0xb0,
  /** Bytes of an SVC or undefined instruction: 2 or 4. */
  EXIT_LENGTH: STATE + 0xb4,

  /** Regime whose rights the faulting access used. */
  EXIT_REGIME: STATE + 0xb8,
  /** Stores that the instruction in progress has completed: they are not done again when it is repeated. */
  STORES_DONE: STATE + 0xbc,

  /** Completed device accesses of the instruction in progress: count, then value and status words. */
  MMIO_COUNT: STATE + 0xc0,
  MMIO_VALUES: STATE + 0xc4,
  MMIO_MAX: 20,

  /**
   * Overrides of one emulated instruction, each for 1 KB, the smallest page: count, then pairs of virtual and physical
   * address / 1024. Bit 31 of the second word lets it store, too.
   */
  OVERRIDE_COUNT: STATE + 0x1d0,
  OVERRIDES: STATE + 0x1d4,
  OVERRIDE_MAX: 4,
  OVERRIDE_WRITE: 0x8000_0000,

  CPU_PHYS,
  CPU_VIRT,
  /** Offsets inside a CPU block. CPSR holds control bits only: flags and T are live state. */
  C_CPSR: 0x00,
  C_R8_USR: 0x04,
  C_R8_FIQ: 0x18,
  /** r13 and r14 of usr, fiq, irq, svc, abt, und; then their SPSRs (the one of usr is unused). */
  C_R13: 0x2c,
  C_SPSR: 0x5c,
  C_MIDR: 0x80,
  C_CTR: 0x84,
  C_SCTLR: 0x88,
  C_TTBR0: 0x8c,
  C_DACR: 0x90,
  C_DFSR: 0x94,
  C_IFSR: 0x98,
  C_FAR: 0x9c,
  C_FCSE: 0xa0,
  C_CONTEXTIDR: 0xa4,
  C_DLOCK: 0xa8,
  C_ILOCK: 0xac,
  C_TLBLOCK: 0xb0,
  C_DTCM: 0xb4,
  C_ITCM: 0xb8,
  /** Test, debug and other implementation registers that read back what was written (c15, c9 variants). */
  C_TEST: 0xbc,
  C_SIZE: 0x100,

  /** Translation regimes: blocks of TTBR0, DACR, control bits (REGIME_*), FCSE process number. */
  REGIMES: STATE + 0x600,
  REGIME_COUNT,
  REGIME_HOST: 2,
  REGIME_STUB: 3,
  REGIME_SIZE: 0x10,

  /** The last walk, as a value. */
  WALK_STATUS: STATE + 0x640,
  WALK_L1_ADDRESS: STATE + 0x644,
  WALK_L1: STATE + 0x648,
  WALK_L2_ADDRESS: STATE + 0x64c,
  WALK_L2: STATE + 0x650,
  WALK_PA: STATE + 0x654,
  WALK_SHIFT: STATE + 0x658,
  WALK_DOMAIN: STATE + 0x65c,
  WALK_AP: STATE + 0x660,
  WALK_CB: STATE + 0x664,
  WALK_DOMAIN_ACCESS: STATE + 0x668,

  /** Breakpoints: count and sorted guest virtual addresses; the address to pass once (bit 0 set when armed). */
  BREAK_COUNT: STATE + 0x680,
  BREAK_SKIP: STATE + 0x684,
  BREAKS: STATE + 0x1000,
  BREAK_MAX: 1024,
  /** Watchpoints: count, then address, length, kind (1 read, 2 write, 3 both). */
  WATCH_COUNT: STATE + 0x688,
  WATCHES: STATE + 0x700,
  WATCH_MAX: 32,

  /**
   * Coverage: count of ranges of code that are looked at; of each its guest virtual address, where it was loaded, its length in
   * bytes, and its first bit in COVERED. A bit is set, by halfword, when an instruction is decoded.
   */
  COVERED_COUNT: STATE + 0x690,
  COVERED_RANGES: STATE + 0xd00,
  COVERED_RANGES_MAX: 16,

  /** Stores to words of guest tables: count and physical addresses, for the hypervisor. */
  TABLE_LOG_COUNT: STATE + 0x68c,
  TABLE_LOG: STATE + 0x900,
  TABLE_LOG_MAX: 64,

  /** Offsets in the frame, and what its cause says: those of hypervisor/world-switch/world-switch.S. */
  FRAME_PSR: 64,
  FRAME_CAUSE: 68,
  FRAME_GUEST_TTBR: 84,
  FRAME_GUEST_DACR: 88,
  CAUSE_UNDEFINED: 1,
  CAUSE_SVC: 2,
  CAUSE_PREFETCH_ABORT: 3,
  CAUSE_DATA_ABORT: 4,
  /**
   * World switch: regime of physical user mode (the shadow that the host's code has loaded); address of the frame in the
   * shared page; registers and CPSR of the host while its run loop is in charge; 1 while the guest is halted where it
   * is, by a debugger, without having been left; STORES_DONE of the guest's instruction while the host runs.
   */
  USER_REGIME: STATE + 0xa00,
  FRAME: STATE + 0xa04,
  IN_GUEST: STATE + 0xa08,
  SAVED_STORES: STATE + 0xa0c,
  HOST_INSTRUCTIONS: STATE + 0xa10,
  WORLD_SWITCHES: STATE + 0xa18,
  HOST_CONTEXT: STATE + 0xa20,
  /** Address of the hypervisor's RAM, behind the guest's. */
  HOST_RAM: STATE + 0xa64,

  /** Levels of the virtual interrupt inputs: bit 0 IRQ, bit 1 FIQ. */
  VIRTUAL_LINES: STATE + 0xa68,
  /** 1 when the core may handle exits by itself; how many it has, by kind. */
  FAST: STATE + 0xa6c,
  FAST_MRS: STATE + 0xa70,
  FAST_MSR: STATE + 0xa74,
  FAST_CACHES: STATE + 0xa78,
  FAST_TLB: STATE + 0xa7c,
  /**
   * Stubs: virtual address of their regions in the host's table, or 0; address of their data in this memory; how
   * many were executed, and how many of those left the guest after all.
   */
  STUB_VA: STATE + 0xa80,
  STUB_DATA: STATE + 0xa84,
  STUBS_RUN: STATE + 0xa88,
  STUBS_LEFT: STATE + 0xa8c,
  STUB_INSTRUCTIONS: STATE + 0xa98,
  /**
   * A region of stubs is a page with STUBS_IN_PAGE of them, from STUB_FIRST on, and the page of their data, which is the same for
   * all: it is within reach of PC-relative loads. Address of the stub pages in this memory.
   */
  STUB_REGIONS: 12,
  STUB_REGION_SIZE: 0x2000,
  STUB_FIRST: 32,
  STUB_SIZE: 96,
  STUBS_IN_PAGE: 42,
  STUB_MEMORY: STATE + 0xaa8,
  /** In STUB_DATA: control bits of the virtual CPSR; masks (I, F) that hold a virtual interrupt back; two registers. */
  STUB_CPSR: 0,
  STUB_PENDING: 4,
  STUB_SPILL: 8,
  /**
   * A debugger looks at the host's code, too (HOST_VIEW): breakpoints are found there, and a stop in it is no error
   * (IN_HOST: the host goes on where it is). HOST_LIMIT: instructions that the host may execute before it has to be back, or
   * is stopped. HOST_STEP: the guest's budget ends without a host interrupt, and leaves the guest where it is.
   */
  HOST_VIEW: STATE + 0xaac,
  IN_HOST: STATE + 0xab0,
  HOST_LIMIT: STATE + 0xab4,
  HOST_STEP: STATE + 0xab8,
  /** Default of HOST_LIMIT: hundreds of times what a world switch takes. */
  HOST_BUDGET: 10_000,
  /** LPV trap words executed natively (TRAP_WORDS), or replaced by a stub: what a hypervisor must have counted. */
  TRAP_WORDS_RUN: STATE + 0xa90,

  /**
   * Device registers whose writes may wait: count, then address and length pairs. Writes that wait: count, then count of
   * instructions retired before it (two words), address, size and value of each.
   */
  QUIET_COUNT: STATE + 0xaa0,
  QUIET: STATE + 0xb00,
  QUIET_MAX: 64,
  COALESCED_COUNT: STATE + 0xaa4,
  COALESCED: STATE + 0x2000,
  COALESCED_SIZE: 20,
  COALESCED_MAX: 128,

  /** By RAM page: flags (PAGE_*), decode slots, count of walked table words; by RAM KB: owning megabyte of an L2 table. */
  PAGE_FLAGS,
  SLOT_ARM,
  SLOT_THUMB,
  WALK_COUNT,
  TABLE_OWNER,
  /** By RAM word, a bit: a cached translation was made from it. */
  WALKED,
  /** Addresses of translation table words in use; addresses of walked words. */
  FILLED,
  FILLED_MAX,
  MARKED,
  MARKED_MAX,
  /** By virtual page, a bit: it has breakpoints. By virtual page: it is watched (see WATCHES). */
  BREAK_PAGES,
  COVERED,
  COVERED_MAX,
  /** By physical page (4 GB): address of the RAM page, or 0. */
  PHYS_MAP,
  TLB,
  TLB_SIZE: 4 * MB,
  SLOTS,
  SLOT_SIZE,
  SLOT_COUNT,
  RAM_BASE,

  /** Bits of PAGE_FLAGS. */
  PAGE_CODE: 1,
  PAGE_TABLE: 2,
  PAGE_GUEST_TABLE: 4,
  PAGE_DIRTY: 8,

  /** Control bits of a regime. */
  REGIME_MMU: 1,
  REGIME_S: 2,
  REGIME_R: 4,
  REGIME_USER: 8,

  /** First physical page of the hypervisor's RAM: never visible to a guest's own walk. */
  HOST_PAGE: 0xf0000,

  /** Bits of EVENTS. */
  EVENT_TLB_ALL: 1,
  EVENT_TLB_ENTRY: 2,
  EVENT_MMU: 4,
  EVENT_CONTROL: 8,
  EVENT_CACHE: 16,
  EVENT_DOMAIN: 32,
  EVENT_CONTEXT: 64,

  /** What `run` and `emulate` return. */
  STOP_BUDGET: 0,
  STOP_MMIO_READ: 1,
  STOP_MMIO_WRITE: 2,
  STOP_WFI: 3,
  STOP_BREAKPOINT: 4,
  STOP_HALTED: 5,
  STOP_WATCH: 6,
  /** Exceptions of user mode under TRAP_EXCEPTIONS, and of emulated instructions. */
  STOP_SVC: 8,
  STOP_UNDEFINED: 9,
  STOP_PREFETCH_ABORT: 10,
  STOP_DATA_ABORT: 11,
  /** The host's own code faulted, or did not come back: an error of the hypervisor. */
  STOP_HOST_FAULT: 12,
} as const;

export type LayoutName = keyof typeof LAYOUT;
