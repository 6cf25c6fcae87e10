/**
 * The WebAssembly core from TypeScript: instantiation, RAM, and typed access to its state by the names of `LAYOUT`.
 * Everything here is mechanism; what an exit means is decided by the virtual machines built on it.
 */
import { CORE_WASM_BASE64 } from './generated/core-wasm.ts';
import { LAYOUT as L } from './layout.ts';
import type { MemorySlot, Walk, WalkStep, Watchpoint } from './vm.ts';

/** Functions of the core; see emulator/core/index.ts. Numbers are unsigned 32-bit unless they say otherwise. */
export interface CoreExports {
  run(budget: number): number;
  enterGuest(budget: number): number;
  patchSite(address: number, va: number, stub: number): void;
  emulate(word: number, cpu: number): number;
  mapPage(page: number, address: number): void;
  count(instructions: number): void;
  clearDirty(pages: number): void;
  cpsr(): number;
  setCpsr(value: number): void;
  setActive(cpu: number): void;
  dropDecoded(): void;
  enterException(vector: number, mode: number, link: number, maskFiq: number): void;
  enterDataAbort(fsr: number, far: number, pc: number): void;
  enterPrefetchAbort(fsr: number, pc: number): void;
  flushAll(): void;
  flushPage(va: number): void;
  flushRange(va: number, pages: number): void;
  guardPage(page: number, flag: number): void;
  memoryChanged(physical: number, length: number): void;
  codeChanged(physical: number, length: number): void;
  updateRegimes(): void;
  walk(ttbr: number, dacr: number, mva: number, guest: number): number;
  permission(control: number, write: number): number;
}

/** ID registers of the ARM926EJ-S r0p5 on the Versatile PB: main ID and cache type (ARM DDI 0198E, 2.3.2). */
const ARM926_MIDR = 0x4106_9265;
const ARM926_CTR = 0x1dd2_0d2;
const ARCH_V5TEJ = 4;
const RESET_CPSR = 0xd3;
/** SCTLR at reset: the bits that should be one, low vectors (ARM DDI 0198E, 2.3.4). */
const RESET_SCTLR = 0x0005_0078;
const PAGE = 4096;

const L1_TYPES = ['fault', 'coarse', 'section', 'fine'] as const;
const L2_TYPES = ['fault', 'large', 'small', 'tiny'] as const;

let compiled: Promise<WebAssembly.Module> | undefined;

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Compiles the embedded core once for the whole process. */
function coreModule(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(decodeBase64(CORE_WASM_BASE64));
  return compiled;
}

/** Instructions after which the engine has begun to optimise the interpreter; a millisecond or two. */
const WARM_UP_INSTRUCTIONS = 20_000;

/**
 * Compiles the core and makes the engine start optimising it. A program that knows it will need a machine calls this
 * first and goes on reading the guest meanwhile: the optimised code is there when the guest starts.
 */
export async function prepareCore(): Promise<void> {
  const core = await Core.create([{ base: 0, size: PAGE }]);
  // RAM of zeros: a page of instructions, then prefetch aborts to its start.
  core.exports.run(WARM_UP_INSTRUCTIONS);
}

export class Core {
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
  /** The whole memory as signed words (index = address / 4), unsigned words and bytes. */
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u8: Uint8Array;
  readonly slots: readonly MemorySlot[];
  /** Address of the RAM that belongs to the hypervisor, and its size in bytes. */
  readonly hostRam: number;
  readonly hostRamSize: number;
  readonly guestPages: number;
  private readonly slotAddress: number[] = [];

  private constructor(
    instance: WebAssembly.Instance,
    memory: WebAssembly.Memory,
    slots: readonly MemorySlot[],
    hostRamSize: number,
  ) {
    // The exports of the module are those of emulator/core/index.ts, from which it was compiled.
    this.exports = instance.exports as unknown as CoreExports;
    this.memory = memory;
    this.i32 = new Int32Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.u8 = new Uint8Array(memory.buffer);
    this.slots = slots;
    let address: number = L.RAM_BASE;
    for (const { base, size } of slots) {
      this.slotAddress.push(address);
      for (let offset = 0; offset < size; offset += PAGE)
        this.exports.mapPage((base + offset) / PAGE, address + offset);
      address += size;
    }
    this.guestPages = (address - L.RAM_BASE) / PAGE;
    this.hostRam = address;
    this.hostRamSize = hostRamSize;
    this.set(L.HOST_RAM, address);
    for (let offset = 0; offset < hostRamSize; offset += PAGE)
      this.exports.mapPage(L.HOST_PAGE + offset / PAGE, address + offset);
    this.set(L.ARCH, ARCH_V5TEJ);
    this.reset();
  }

  /**
   * Makes a core with RAM at the given slots, and `hostRamSize` bytes (a multiple of 4096) for a hypervisor.
   * Rejects slots that overlap, are not page-aligned, or exceed what the layout has room for.
   */
  static async create(slots: readonly MemorySlot[], hostRamSize = 0): Promise<Core> {
    let total = hostRamSize;
    for (const { base, size } of slots) {
      if (base % PAGE || size % PAGE || size <= 0 || base + size > L.HOST_PAGE * PAGE)
        throw new Error(
          `Memory slot at 0x${base.toString(16)} of ${size} bytes is not a range of 4 KB pages below 0xf0000000.`,
        );
      if (slots.some((other) => other.base !== base && other.base < base + size && base < other.base + other.size))
        throw new Error(`Memory slot at 0x${base.toString(16)} overlaps another one.`);
      total += size;
    }
    if (total > L.MAX_RAM)
      throw new Error(`${total / 2 ** 20} MB of RAM is more than the ${L.MAX_RAM / 2 ** 20} MB this machine can have.`);
    const pages = Math.ceil((L.RAM_BASE + total) / 65536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = await WebAssembly.instantiate(await coreModule(), { env: { memory } });
    return new Core(instance, memory, slots, hostRamSize);
  }

  get(address: number): number {
    return this.u32[address >>> 2];
  }

  set(address: number, value: number): void {
    this.i32[address >>> 2] = value;
  }

  /** State at reset of both CPU blocks and of everything live. */
  reset(): void {
    for (const cpu of [L.CPU_PHYS, L.CPU_VIRT]) {
      this.u8.fill(0, cpu, cpu + L.C_SIZE);
      this.set(cpu + L.C_CPSR, RESET_CPSR);
      this.set(cpu + L.C_MIDR, ARM926_MIDR);
      this.set(cpu + L.C_CTR, ARM926_CTR);
      this.set(cpu + L.C_SCTLR, RESET_SCTLR);
    }
    this.u8.fill(0, L.REGS, L.REGS + 64);
    this.set(L.FLAG_N, 0);
    this.set(L.FLAG_Z, 1);
    this.set(L.FLAG_C, 0);
    this.set(L.FLAG_V, 0);
    this.set(L.FLAG_Q, 0);
    this.set(L.THUMB, 0);
    this.set(L.REGIME, 0);
    this.set(L.ACTIVE, L.CPU_PHYS);
    this.set(L.MASK_VIEW, L.CPU_PHYS);
    this.set(L.LINES, 0);
    this.set(L.RETIRED, 0);
    this.set(L.RETIRED + 4, 0);
    this.set(L.CACHE_OPS, 0);
    this.set(L.TLB_OPS, 0);
    this.set(L.MMIO_COUNT, 0);
    this.set(L.OVERRIDE_COUNT, 0);
    this.set(L.STORES_DONE, 0);
    this.set(L.TABLE_LOG_COUNT, 0);
    this.set(L.EVENTS, 0);
    this.set(L.STUB_VA, 0);
    this.set(L.FAST, 0);
    this.set(L.VIRTUAL_LINES, 0);
    this.set(L.COALESCED_COUNT, 0);
    this.exports.updateRegimes();
    this.exports.dropDecoded();
  }

  /** Cache and TLB operations executed. */
  get operations(): { readonly cache: number; readonly tlb: number } {
    return { cache: this.get(L.CACHE_OPS), tlb: this.get(L.TLB_OPS) };
  }

  /** Instructions retired and exceptions entered. */
  get retired(): number {
    return this.count64(L.RETIRED);
  }

  /** A counter of two words. */
  count64(address: number): number {
    return this.u32[address >>> 2] + this.u32[(address + 4) >>> 2] * 0x1_0000_0000;
  }

  /** Executes an A32 word in the place of the instruction at PC, on a CPU block; returns STOP_*. */
  emulate(word: number, cpu: number): number {
    const thumb = this.get(L.THUMB);
    const stop = this.exports.emulate(word, cpu);
    // A Thumb instruction that stores several words can go on as the A32 form, but is shorter.
    if (thumb && (stop === L.STOP_BUDGET || stop === L.STOP_WATCH)) this.set(L.REGS + 60, this.get(L.REGS + 60) - 2);
    return stop;
  }

  /** Records the answer to a device access. */
  answerMmio(value: number, abort: boolean): void {
    const count = this.get(L.MMIO_COUNT);
    this.set(L.MMIO_VALUES + count * 8, value);
    this.set(L.MMIO_VALUES + count * 8 + 4, abort ? 1 : 0);
    this.set(L.MMIO_COUNT, count + 1);
  }

  /** A live view of guest RAM, or undefined when the range leaves its slot. */
  ram(physical: number, length: number): Uint8Array | undefined {
    const address = this.ramAddress(physical, length);
    return address === undefined ? undefined : this.u8.subarray(address, address + length);
  }

  /** Address in the core's memory of a guest physical range, or undefined when it leaves its slot. */
  ramAddress(physical: number, length: number): number | undefined {
    for (let i = 0; i < this.slots.length; i++) {
      const { base, size } = this.slots[i];
      if (physical >= base && physical + length <= base + size) return this.slotAddress[i] + (physical - base);
    }
    return undefined;
  }

  setBreakpoints(addresses: readonly number[]): void {
    const sorted = [...new Set(addresses.map((address) => (address & ~1) >>> 0))].sort((a, b) => a - b);
    if (sorted.length > L.BREAK_MAX)
      throw new Error(`${sorted.length} breakpoints are more than the ${L.BREAK_MAX} possible.`);
    const oldCount = this.get(L.BREAK_COUNT);
    for (let i = 0; i < oldCount; i++) this.u8[L.BREAK_PAGES + (this.get(L.BREAKS + i * 4) >>> 15)] = 0;
    sorted.forEach((address, i) => {
      this.set(L.BREAKS + i * 4, address);
      this.u8[L.BREAK_PAGES + (address >>> 15)] |= 1 << ((address >>> 12) & 7);
    });
    this.set(L.BREAK_COUNT, sorted.length);
    this.exports.dropDecoded();
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    if (watchpoints.length > L.WATCH_MAX)
      throw new Error(`${watchpoints.length} watchpoints are more than the ${L.WATCH_MAX} possible.`);
    watchpoints.forEach(({ address, length, read, write }, i) => {
      this.set(L.WATCHES + i * 12, address);
      this.set(L.WATCHES + i * 12 + 4, length);
      this.set(L.WATCHES + i * 12 + 8, (read ? 1 : 0) | (write ? 2 : 0));
    });
    this.set(L.WATCH_COUNT, watchpoints.length);
    this.exports.flushAll();
  }

  skipBreakpointOnce(): void {
    this.set(L.BREAK_SKIP, this.get(L.REGS + 60) | 1);
  }

  /** Control bits of a translation regime from an SCTLR value. */
  static regimeControl(sctlr: number, user: boolean): number {
    return (
      (sctlr & 1 ? L.REGIME_MMU : 0) |
      (sctlr & 0x100 ? L.REGIME_S : 0) |
      (sctlr & 0x200 ? L.REGIME_R : 0) |
      (user ? L.REGIME_USER : 0)
    );
  }

  /** The modified virtual address of the fast context switch extension. */
  mva(cpu: number, va: number): number {
    return va < 0x0200_0000 ? (va | (this.get(cpu + L.C_FCSE) & 0xfe00_0000)) >>> 0 : va;
  }

  /**
   * Walks the tables that a CPU block's cp15 registers describe. Those of the virtual CPU are a guest's, which cannot reach
   * the hypervisor's RAM; those of a physical CPU under a hypervisor are the hypervisor's. `table` stands for TTBR0.
   */
  translate(cpu: number, va: number, guest = true, table = this.get(cpu + L.C_TTBR0)): Walk {
    const mva = this.mva(cpu, va);
    const sctlr = this.get(cpu + L.C_SCTLR);
    const none = { privilegedRead: 0, privilegedWrite: 0, userRead: 0, userWrite: 0 };
    if (!(sctlr & 1)) {
      return {
        ...{ virtualAddress: va, mmu: false, steps: [], physicalAddress: mva, pageSize: PAGE, domain: 0 },
        ...{ domainAccess: 3, ap: 3, cacheable: false, bufferable: false, fault: none },
      };
    }
    const status = this.exports.walk(table, this.get(cpu + L.C_DACR), mva, guest ? 1 : 0);
    const steps: WalkStep[] = [];
    const level1 = this.get(L.WALK_L1);
    const level2 = this.get(L.WALK_L2);
    steps.push({ level: 1, address: this.get(L.WALK_L1_ADDRESS), descriptor: level1, type: L1_TYPES[level1 & 3] });
    if (level1 & 1) {
      const type = (level2 & 3) === 3 && (level1 & 3) === 1 ? 'reserved' : L2_TYPES[level2 & 3];
      steps.push({ level: 2, address: this.get(L.WALK_L2_ADDRESS), descriptor: level2, type });
    }
    const permission = (user: boolean, write: boolean): number =>
      status || this.exports.permission(Core.regimeControl(sctlr, user), write ? 1 : 0);
    const ap = this.get(L.WALK_AP);
    const shift = this.get(L.WALK_SHIFT);
    // The permissions of large and small pages are by quarter.
    const quarter = shift === 16 || (shift === 12 && ((level2 >>> 4) & 0xff) !== ap * 0x55) ? shift - 2 : shift;
    const cb = this.get(L.WALK_CB);
    return {
      virtualAddress: va,
      mmu: true,
      steps,
      physicalAddress: status ? undefined : this.get(L.WALK_PA),
      pageSize: 2 ** quarter,
      domain: this.get(L.WALK_DOMAIN),
      domainAccess: this.get(L.WALK_DOMAIN_ACCESS),
      ap,
      cacheable: (cb & 2) !== 0,
      bufferable: (cb & 1) !== 0,
      fault: {
        privilegedRead: permission(false, false),
        privilegedWrite: permission(false, true),
        userRead: permission(true, false),
        userWrite: permission(true, true),
      },
    };
  }
}
