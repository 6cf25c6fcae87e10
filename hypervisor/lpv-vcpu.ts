/**
 * Lightweight paravirtualization: guest kernel and guest user both run in physical user mode, on shadow page tables.
 * Each sensitive instruction of the kernel has been replaced by one trapping instruction that encodes it; its trap
 * comes here, and the core executes the original on the virtual CPU's banks. See docs/hypervisor.md.
 */
import { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import { newExit, simpleExit } from '../emulator/native-vm.ts';
import { RegisterFile } from '../emulator/register-file.ts';
import { CPSR, MODE, type RegisterId } from '../emulator/registers.ts';
import { ExitReason, type Vcpu, type Walk, type Watchpoint } from '../emulator/vm.ts';
import { decodeTrap } from '../isa/lpv.ts';
import { CAUSE, causeOfWord, isSystemControl } from './exit-causes.ts';
import { ExitStatistics, MMIO_CAUSE } from './exit-statistics.ts';
import { SAVINGS, type HypervisorOptions } from './options.ts';
import { DEFAULT_MODE_SWITCH } from './shadow/mode-switch.ts';
import { ShadowTables } from './shadow/shadow-tables.ts';
import { VirtualPsr } from './virtual-psr.ts';
import { HostPages } from './world-switch/host-pages.ts';

const SCTLR_M = 1;
/** Trap words whose decoding is remembered; Linux has fewer than 200, a hostile guest makes any number. */
const DECODED_WORDS = 4096;
/** Fault status of a BKPT instruction. */
const FSR_DEBUG = 2;
const FSR_ALIGNMENT = 1;
const FSR_EXTERNAL_SECTION = 8;
const FSR_EXTERNAL_PAGE = 10;
/** CPSR bits that an unpatched MRS in user code sees, and so must be physical there. */
const USER_VISIBLE = 0x3c0;

/** Faults of one instruction that are far beyond what 16 words on two pages can meet: the hypervisor is at fault. */
const FAULTS_WITHOUT_PROGRESS = 1000;

/** What `resolve` made of a fault of the shadow. */
const Resolution = { Retry: 0, Override: 1, GuestFault: 2 } as const;
type Resolution = (typeof Resolution)[keyof typeof Resolution];

export class LpvVcpu implements Vcpu {
  readonly mode = 'lpv';
  readonly exit = newExit();
  readonly statistics = new ExitStatistics();
  writeProtectFaults = 0;
  readonly shadow: ShadowTables;
  readonly hostPages: HostPages;
  /** Virtual interrupts delivered. */
  readonly delivered = { irq: 0, fiq: 0 };
  /** Called after each exit has been handled, at an instruction boundary; for comparisons of modes. */
  onExit: (() => void) | undefined;

  /** Stubs in place of status register accesses, when that saving is on. */
  readonly virtualPsr: VirtualPsr | undefined;

  /** Device writes that were coalesced. */
  coalescedWrites = 0;
  private readonly quietPages = new Set<number>();
  private readonly checkShadow: boolean;
  private readonly coalesces: boolean;
  private readonly fast: number;
  /** Of the exit in progress: PC, virtual mode, count, and the host instructions that it took. */
  private exitPc = 0;
  private exitMode = 0;
  private exitCount = 0;
  private exitHost = 0;
  private hostBefore = 0;
  private readonly core: Core;
  private readonly registers: RegisterFile;
  private lines = 0;
  /** Original word of the trap being emulated while a device access is pending, or 0; or a guest instruction is. */
  private pendingWord = 0;
  private steppingOverride = false;
  /** Count at the last fault, and faults since it has changed. */
  private faultCount = 0;
  private faults = 0;
  /** Address of an access that the shadow never satisfies: an error of the hypervisor. */
  private stuckAt: number | undefined;
  /** PC at which a breakpoint is to be passed, and the count at which that was asked; -1 for none. */
  private skipAddress = -1;
  private skipCount = 0;
  /** The guest's cp15 registers of translation, as the shadow has them. */
  private readonly translation = { ttbr: 0, dacr: 0, sctlr: 0, fcse: 0 };
  /** Cause of the exit that the last `resolve` stands for, when it was not the guest's own fault. */
  private mmioAddress = 0;
  private resolved: number = CAUSE['shadow.fill'];
  /** By trap word: original instruction; by original: cause. Words are signed here: V8 would box larger numbers. */
  private readonly originals = new Map<number, number>();
  private readonly causes = new Map<number, number>();

  constructor(core: Core, options: HypervisorOptions = {}) {
    const { modeSwitch = DEFAULT_MODE_SWITCH, savings = SAVINGS, checkShadow = false } = options;
    this.core = core;
    this.checkShadow = checkShadow;
    this.coalesces = savings.includes('mmio');
    this.virtualPsr = savings.includes('psr') ? new VirtualPsr(core) : undefined;
    this.fast = savings.includes('core') ? L.FAST_CACHE | L.FAST_STATUS : 0;
    this.registers = new RegisterFile(core, L.CPU_VIRT);
    this.shadow = new ShadowTables(core, modeSwitch);
    this.hostPages = new HostPages(core, (pages) => this.shadow.setHostPages(pages));
    this.setUp();
  }

  private setUp(): void {
    const { core } = this;
    core.set(L.TRAP_EXCEPTIONS, 1);
    core.set(L.MASK_VIEW, L.CPU_VIRT);
    this.hostPages.reset();
    this.virtualPsr?.reset();
    // CPSR belongs to the stubs when there are stubs.
    core.set(L.FAST, this.virtualPsr ? this.fast & ~L.FAST_STATUS : this.fast);
    core.set(L.COALESCED_COUNT, 0);
    this.hostBefore = core.get(L.HOST_INSTRUCTIONS);
    this.noteControl();
    this.enterGuestMode();
  }

  get instructions(): number {
    return this.core.retired;
  }

  /** The run loop: one exit after another, until the caller is needed or the budget is used up. */
  run(budget: number): ExitReason {
    const { core } = this;
    const end = core.retired + budget;
    for (;;) {
      const left = end - core.retired;
      if (this.stuckAt !== undefined)
        return this.internalError(`the shadow does not satisfy an access of 0x${this.stuckAt.toString(16)}`);
      if (left <= 0) return (this.exit.reason = ExitReason.Budget);
      if (this.pendingWord) {
        const reason = this.emulate(this.pendingWord);
        if (reason !== undefined) return reason;
        continue;
      }
      if (this.steppingOverride) {
        const reason = this.step();
        if (reason !== undefined) return reason;
        continue;
      }
      if (this.lines && this.deliverInterrupt()) {
        this.onExit?.();
        continue;
      }
      if (this.skipAddress >= 0) this.armSkip();
      core.set(L.VIRTUAL_LINES, this.lines);
      const stop = core.exports.enterGuest(left);
      this.noteExit();
      const reason = this.dispatch(stop);
      if (reason !== undefined) return reason;
      if (this.checkShadow) {
        const problem = this.shadow.check();
        if (problem) return this.internalError(problem);
      }
      this.onExit?.();
    }
  }

  /** Handles a stop of the physical CPU. Undefined: go on. */
  private dispatch(stop: number): ExitReason | undefined {
    const { core } = this;
    switch (stop) {
      case L.STOP_SVC:
        return this.supervisorCall(core.i32[L.EXIT_WORD >>> 2]);
      case L.STOP_UNDEFINED:
        return this.undefinedInstruction(core.i32[L.EXIT_WORD >>> 2]);
      case L.STOP_PREFETCH_ABORT:
        return this.prefetchAbort();
      case L.STOP_DATA_ABORT:
        return this.dataAbort();
      case L.STOP_BUDGET:
        this.count(CAUSE['interrupt.host']);
        // The core may have taken the guest into another mode by itself.
        this.enterGuestMode();
        return undefined;
      default:
        return simpleExit(core, stop, this.exit) ?? this.internalError(`the core stopped with code ${stop}`);
    }
  }

  private internalError(what: string): ExitReason {
    const pc = this.core.get(L.REGS + 60);
    this.exit.message = `Internal error of the hypervisor at guest PC 0x${pc.toString(16)}: ${what}. Please report it.`;
    return (this.exit.reason = ExitReason.InternalError);
  }

  /** Keeps what the statistics say about an exit: handling it changes all of it. */
  private noteExit(): void {
    const { core } = this;
    this.statistics.settle(this.shadow.counters.fills, this.shadow.counters.drops);
    this.exitPc = core.get(L.REGS + 60);
    this.exitMode = this.virtualCpsr & CPSR.MODE;
    this.exitCount = core.retired;
    const host = core.get(L.HOST_INSTRUCTIONS);
    this.exitHost = (host - this.hostBefore) >>> 0;
    this.hostBefore = host;
  }

  /** Counts the exit in progress; returns how often its site has had this cause. */
  private count(cause: number, address = 0): number {
    return this.statistics.record(cause, this.exitPc, this.exitMode, address, this.exitCount, this.exitHost);
  }

  private get virtualCpsr(): number {
    return this.core.get(L.CPU_VIRT + L.C_CPSR);
  }

  private get inVirtualUser(): boolean {
    return (this.virtualCpsr & CPSR.MODE) === MODE.usr;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Traps

  private supervisorCall(word: number): ExitReason | undefined {
    const { core } = this;
    const length = core.get(L.EXIT_LENGTH);
    if (this.inVirtualUser) {
      this.count(CAUSE['guest.svc']);
      this.inject(0x08, MODE.svc, core.get(L.REGS + 60) + length);
      return undefined;
    }
    const original = length === 4 ? this.originalOf(word) : 0;
    if (original) return this.trap(original);
    // The kernel called itself: LPV assumes that kernels do not; it gets its exception all the same.
    this.count(CAUSE['guest.kernel-svc']);
    this.inject(0x08, MODE.svc, core.get(L.REGS + 60) + length);
    return undefined;
  }

  private undefinedInstruction(word: number): ExitReason | undefined {
    const { core } = this;
    const length = core.get(L.EXIT_LENGTH);
    if (!this.inVirtualUser && length === 4) {
      const original = this.originalOf(word);
      if (original) return this.trap(original);
    }
    this.count(CAUSE['guest.undefined']);
    this.inject(0x04, MODE.und, core.get(L.REGS + 60) + length);
    return undefined;
  }

  private originalOf(word: number): number {
    let original = this.originals.get(word);
    if (original === undefined) {
      // MCR and MRC to cp15 trap by themselves, and are their own originals.
      original = (decodeTrap(word >>> 0) ?? (isSystemControl(word >>> 0) ? word : 0)) | 0;
      if (this.originals.size === DECODED_WORDS) {
        this.originals.clear();
        this.causes.clear();
      }
      this.originals.set(word, original);
    }
    return original;
  }

  private trap(original: number): ExitReason | undefined {
    let cause = this.causes.get(original);
    if (cause === undefined) {
      cause = causeOfWord(original >>> 0);
      this.causes.set(original, cause);
    }
    const times = this.count(cause);
    if (this.virtualPsr && (cause === CAUSE['status.mrs'] || cause === CAUSE['status.msr']))
      this.replace(original, times);
    return this.emulate(original);
  }

  /** Gives the status register access at PC a stub, when it is worth one. */
  private replace(original: number, times: number): void {
    const { core } = this;
    const pc = core.get(L.REGS + 60);
    const fault = this.walk(pc, false, 0);
    const address = fault ? undefined : core.ramAddress(core.get(L.WALK_PA), 4);
    if (address !== undefined) this.virtualPsr?.trapped(original, pc, address, times);
  }

  /** Has the core execute a sensitive instruction on the virtual CPU, filling the shadow where its accesses need it. */
  private emulate(word: number): ExitReason | undefined {
    const { core } = this;
    for (;;) {
      core.exports.setActive(L.CPU_VIRT);
      const stop = core.emulate(word);
      core.exports.setActive(L.CPU_PHYS);
      switch (stop) {
        case L.STOP_BUDGET:
        case L.STOP_WATCH:
        case L.STOP_WFI:
          this.finishInstruction();
          this.enterGuestMode();
          if (core.get(L.EVENTS)) this.systemEvents();
          return stop === L.STOP_BUDGET ? undefined : simpleExit(core, stop, this.exit);
        case L.STOP_MMIO_READ:
        case L.STOP_MMIO_WRITE:
          this.pendingWord = word;
          return simpleExit(core, stop, this.exit);
        case L.STOP_UNDEFINED:
          this.inject(0x04, MODE.und, core.get(L.REGS + 60) + 4);
          return undefined;
        case L.STOP_DATA_ABORT:
          if (this.resolveDataAbort() === Resolution.GuestFault) return undefined;
          break;
        default:
          return this.internalError(`emulation of 0x${word.toString(16)} stopped with code ${stop}`);
      }
    }
  }

  /** What emulated cp15 writes changed in the guest's translation. */
  private systemEvents(): void {
    const { core } = this;
    core.set(L.EVENTS, 0);
    // TLB operations need nothing here: shadows always agree with the tables.
    this.noteControl();
  }

  private noteControl(): void {
    const { core, translation } = this;
    const cpu = L.CPU_VIRT;
    translation.ttbr = core.get(cpu + L.C_TTBR0);
    translation.dacr = core.get(cpu + L.C_DACR);
    translation.fcse = core.get(cpu + L.C_FCSE);
    translation.sctlr = core.get(cpu + L.C_SCTLR);
    core.set(L.ALIGN_CHECK, (translation.sctlr >>> 1) & 1);
    this.shadow.activate(translation);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Exceptions of the guest

  /** Makes the physical CPSR what the virtual mode needs. */
  private enterGuestMode(): void {
    const virtual = this.virtualCpsr;
    const visible = (virtual & CPSR.MODE) === MODE.usr ? virtual & USER_VISIBLE : 0;
    const { core } = this;
    core.set(L.CPU_PHYS + L.C_CPSR, MODE.usr | visible);
    const regime = (virtual & CPSR.MODE) === MODE.usr ? 1 : 0;
    this.shadow.setMode(regime);
    core.set(L.USER_REGIME, regime);
    core.set(L.REGIME, regime);
    core.set(L.IN_GUEST, 0);
  }

  /** Enters a guest exception through the guest's own vectors. Counts one. */
  private inject(vector: number, mode: number, link: number, maskFiq = 0): void {
    const { core } = this;
    core.exports.setActive(L.CPU_VIRT);
    core.exports.enterException(vector, mode, link, maskFiq);
    this.injected();
  }

  private injected(): void {
    const { core } = this;
    core.exports.setActive(L.CPU_PHYS);
    core.exports.count(1);
    this.finishInstruction();
    this.enterGuestMode();
  }

  private injectDataAbort(fsr: number, va: number): void {
    const { core } = this;
    core.exports.setActive(L.CPU_VIRT);
    core.exports.enterDataAbort(fsr, core.mva(L.CPU_VIRT, va), core.get(L.REGS + 60));
    this.injected();
  }

  private injectPrefetchAbort(fsr: number): void {
    const { core } = this;
    core.exports.setActive(L.CPU_VIRT);
    core.exports.enterPrefetchAbort(fsr, core.get(L.REGS + 60));
    this.injected();
  }

  /** Delivers a pending virtual interrupt if the guest's masks allow. */
  private deliverInterrupt(): boolean {
    const link = this.core.get(L.REGS + 60) + 4;
    if (this.lines & 2 && !(this.virtualCpsr & CPSR.F)) {
      this.delivered.fiq++;
      this.inject(0x1c, MODE.fiq, link, 1);
      return true;
    }
    if (this.lines & 1 && !(this.virtualCpsr & CPSR.I)) {
      this.delivered.irq++;
      this.inject(0x18, MODE.irq, link);
      return true;
    }
    return false;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Faults

  /** An instruction has completed: page overrides, device answers and the log of table stores end with it. */
  private finishInstruction(): void {
    const { core } = this;
    this.pendingWord = 0;
    this.steppingOverride = false;
    core.set(L.OVERRIDE_COUNT, 0);
    core.set(L.MMIO_COUNT, 0);
    core.set(L.STORES_DONE, 0);
    this.tablesChanged();
  }

  /** Drops what the shadow has from table words that the instruction in progress has changed. */
  private tablesChanged(): void {
    const { core } = this;
    const logged = core.get(L.TABLE_LOG_COUNT);
    if (!logged) return;
    // What is overridden may have been mapped anew.
    core.set(L.OVERRIDE_COUNT, 0);
    core.set(L.TABLE_LOG_COUNT, 0);
    if (logged > L.TABLE_LOG_MAX) {
      this.shadow.flush();
      return;
    }
    for (let i = 0; i < logged; i++) this.shadow.wordChanged(core.get(L.TABLE_LOG + i * 4));
  }

  private prefetchAbort(): ExitReason | undefined {
    const { core } = this;
    const pc = core.get(L.REGS + 60);
    const fsr = core.get(L.EXIT_FSR);
    if (fsr === FSR_DEBUG) {
      this.count(CAUSE['guest.prefetch-abort']);
      this.injectPrefetchAbort(fsr);
      return undefined;
    }
    const resolution = this.resolve(pc, false, core.get(L.REGIME));
    if (resolution === Resolution.Retry) {
      this.count(this.resolved);
      return undefined;
    }
    if (resolution === Resolution.Override && this.resolved !== MMIO_CAUSE) {
      this.count(this.resolved);
      this.steppingOverride = true;
      return this.step();
    }
    this.count(CAUSE['guest.prefetch-abort']);
    this.injectPrefetchAbort(resolution === Resolution.Override ? this.externalStatus() : core.get(L.EXIT_FSR));
    return undefined;
  }

  /** A data abort of an unreplaced instruction. */
  private dataAbort(): ExitReason | undefined {
    const { core } = this;
    switch (this.resolveDataAbort()) {
      case Resolution.Retry:
        this.count(this.resolved);
        return core.get(L.STORES_DONE) ? this.emulate(core.get(L.EXIT_WORD)) : undefined;
      case Resolution.GuestFault:
        this.count(CAUSE['guest.data-abort']);
        return undefined;
      default:
        this.count(this.resolved, core.get(L.EXIT_FAR));
        if (this.resolved === MMIO_CAUSE) this.statistics.access(this.mmioAddress, core.get(L.EXIT_WRITE) !== 0);
        this.steppingOverride = true;
        return this.step();
    }
  }

  /** Runs the one guest instruction that needs page overrides, and what hidden faults it meets on the way. */
  private step(): ExitReason | undefined {
    const { core } = this;
    for (;;) {
      // A breakpoint here has been reported, or passed, before the access faulted.
      core.skipBreakpointOnce();
      const answered = core.get(L.MMIO_COUNT);
      const stop = core.exports.run(1);
      if (stop === L.STOP_MMIO_READ || stop === L.STOP_MMIO_WRITE) {
        if (core.get(L.STORES_DONE)) this.pendingWord = core.get(L.EXIT_WORD);
        return simpleExit(core, stop, this.exit);
      }
      if (stop === L.STOP_DATA_ABORT) {
        // The instruction is not over: what devices have answered must not be asked again.
        core.set(L.MMIO_COUNT, answered);
        if (this.resolveDataAbort() === Resolution.GuestFault) return undefined;
        if (core.get(L.STORES_DONE)) return this.emulate(core.get(L.EXIT_WORD));
        continue;
      }
      this.finishInstruction();
      if (stop === L.STOP_BUDGET) return undefined;
      return this.dispatch(stop);
    }
  }

  /** Resolves the data abort that the core reports. A guest fault has been injected when this returns. */
  private resolveDataAbort(): Resolution {
    const { core } = this;
    this.tablesChanged();
    const fsr = core.get(L.EXIT_FSR);
    const va = core.get(L.EXIT_FAR);
    if ((fsr & 15) === FSR_ALIGNMENT) {
      this.injectDataAbort(FSR_ALIGNMENT, va);
      return Resolution.GuestFault;
    }
    const write = core.get(L.EXIT_WRITE) !== 0;
    const resolution = this.resolve(va, write, core.get(L.EXIT_REGIME));
    if (resolution === Resolution.GuestFault) this.injectDataAbort(core.get(L.EXIT_FSR), va);
    return resolution;
  }

  /**
   * Decides a miss or denial of the shadow by a fresh walk of the guest's tables: makes the entry, or overrides the
   * page for one instruction (a device, or a store to a guarded table), or finds the guest's own fault (in EXIT_FSR).
   */
  private resolve(va: number, write: boolean, user: number): Resolution {
    const { core } = this;
    if (core.retired !== this.faultCount) {
      this.faultCount = core.retired;
      this.faults = 0;
    } else if (++this.faults > FAULTS_WITHOUT_PROGRESS) {
      this.stuckAt = va;
      core.set(L.EXIT_FSR, this.externalStatus());
      return Resolution.GuestFault;
    }
    const fault = this.walk(va, write, user);
    if (fault) {
      core.set(L.EXIT_FSR, fault);
      return Resolution.GuestFault;
    }
    const physical = core.get(L.WALK_PA);
    const page = physical >>> 12;
    if (page >= L.HOST_PAGE && page < L.HOST_PAGE + core.hostRamSize / 4096) {
      core.set(L.EXIT_FSR, this.externalStatus());
      return Resolution.GuestFault;
    }
    this.resolved = CAUSE['shadow.fill'];
    const frame = core.ramAddress(page * 4096, 4096);
    if (frame === undefined) {
      this.mmioAddress = physical;
      // Quiet writes need an entry to reach the device's address by; what is not quiet comes back here.
      if (write && this.quietPages.has(page) && !this.shadow.lookup(va, user).l2 && this.shadow.fillDevice(va, user))
        return Resolution.Retry;
      return this.override(MMIO_CAUSE, va, physical, write);
    }
    if (write && core.u8[L.PAGE_FLAGS + ((frame - L.RAM_BASE) >>> 12)] & L.PAGE_GUEST_TABLE) {
      this.writeProtectFaults++;
      return this.override(CAUSE['shadow.page-table-write'], va, physical, write);
    }
    if (this.shadow.isHostPage(va)) {
      if (!this.hostPages.giveWay(va, this.isFree))
        return this.override(CAUSE['host-page.emulation'], va, physical, write);
      this.resolved = CAUSE['host-page.move'];
      this.walk(va, write, user);
    }
    if (!this.shadow.fill(va, user, write, frame)) return this.override(CAUSE['shadow.emulation'], va, physical, write);
    return Resolution.Retry;
  }

  /** A fresh walk of the guest's tables, left in WALK_*: 0, or the status of the guest's own fault. */
  private walk(va: number, write: boolean, user: number): number {
    const { core } = this;
    const { ttbr, dacr, sctlr } = this.translation;
    const mva = core.mva(L.CPU_VIRT, va);
    if (!(sctlr & SCTLR_M)) {
      core.set(L.WALK_PA, mva);
      return 0;
    }
    const fault =
      core.exports.walk(ttbr, dacr, mva, 1) ||
      core.exports.permission(Core.regimeControl(sctlr, user === 1), write ? 1 : 0);
    return fault && fault | (core.get(L.WALK_DOMAIN) << 4);
  }

  /** Whether the guest's present tables map nothing at an address. Leaves another walk in WALK_*. */
  private readonly isFree = (va: number): boolean => {
    const { core, translation } = this;
    const mva = core.mva(L.CPU_VIRT, va);
    if (!(translation.sctlr & SCTLR_M)) return core.ramAddress(mva, 4) === undefined;
    return core.exports.walk(translation.ttbr, translation.dacr, mva, 1) !== 0;
  };

  /** Status of an external abort on the access that the last guest walk found. */
  private externalStatus(): number {
    const { core } = this;
    if (!(this.translation.sctlr & SCTLR_M)) return FSR_EXTERNAL_SECTION;
    const status = core.get(L.WALK_SHIFT) === 20 ? FSR_EXTERNAL_SECTION : FSR_EXTERNAL_PAGE;
    return status | (core.get(L.WALK_DOMAIN) << 4);
  }

  /** Tells the core where the instruction in progress finds a page, because of `cause`. */
  private override(cause: number, va: number, physical: number, write: boolean): Resolution {
    const { core } = this;
    const count = core.get(L.OVERRIDE_COUNT);
    // One instruction touches at most two pages, to read and then to write; were there more, the oldest gives way.
    const index = count % L.OVERRIDE_MAX;
    core.set(L.OVERRIDES + index * 8, va >>> 10);
    core.set(L.OVERRIDES + index * 8 + 4, (physical >>> 10) | (write ? L.OVERRIDE_WRITE : 0));
    core.set(L.OVERRIDE_COUNT, Math.min(count + 1, L.OVERRIDE_MAX));
    this.resolved = cause;
    return Resolution.Override;
  }

  private armSkip(): void {
    const { core } = this;
    if (core.retired === this.skipCount && core.get(L.REGS + 60) === this.skipAddress) core.skipBreakpointOnce();
    else this.skipAddress = -1;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The seam

  completeMmio(value: number): void {
    this.core.answerMmio(value, false);
  }

  failMmio(): void {
    const { core } = this;
    const va = core.get(L.EXIT_FAR);
    if (this.translation.sctlr & SCTLR_M) this.walk(va, false, 0);
    this.injectDataAbort(this.externalStatus(), va);
  }

  setIrq(level: boolean): void {
    this.lines = level ? this.lines | 1 : this.lines & ~1;
  }

  setFiq(level: boolean): void {
    this.lines = level ? this.lines | 2 : this.lines & ~2;
  }

  setQuietWrites(zones: ReadonlyArray<{ address: number; length: number }>): void {
    if (!this.coalesces) return;
    const { core } = this;
    const count = Math.min(zones.length, L.QUIET_MAX);
    core.set(L.QUIET_COUNT, count);
    this.quietPages.clear();
    for (let i = 0; i < count; i++) {
      core.set(L.QUIET + i * 8, zones[i].address);
      core.set(L.QUIET + i * 8 + 4, zones[i].length);
      this.quietPages.add(zones[i].address >>> 12);
    }
  }

  drainWrites(write: (address: number, size: number, data: number, instructions: number) => void): void {
    const { core } = this;
    const count = core.get(L.COALESCED_COUNT);
    if (!count) return;
    core.set(L.COALESCED_COUNT, 0);
    this.coalescedWrites += count;
    for (let i = 0; i < count; i++) {
      const entry = L.COALESCED + i * L.COALESCED_SIZE;
      const instructions = core.get(entry) + core.get(entry + 4) * 0x1_0000_0000;
      write(core.get(entry + 8), core.get(entry + 12), core.get(entry + 16), instructions);
    }
  }

  setFiqPossible(possible: boolean): void {
    this.core.set(L.FIQ_DEAD, possible ? 0 : 1);
  }

  reset(): void {
    this.core.reset();
    this.lines = 0;
    this.pendingWord = 0;
    this.stuckAt = undefined;
    this.skipAddress = -1;
    this.steppingOverride = false;
    this.core.set(L.TRAP_EXCEPTIONS, 0);
    this.setUp();
    this.shadow.flush();
  }

  readRegister(id: RegisterId): number {
    return this.registers.read(id);
  }

  writeRegister(id: RegisterId, value: number): void {
    if (this.registers.write(id, value)) {
      this.noteControl();
      this.shadow.flush();
    }
    this.enterGuestMode();
  }

  translate(virtualAddress: number): Walk {
    return this.core.translate(L.CPU_VIRT, virtualAddress);
  }

  setBreakpoints(addresses: readonly number[]): void {
    this.core.setBreakpoints(addresses);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.core.setWatchpoints(watchpoints);
  }

  skipBreakpointOnce(): void {
    this.skipAddress = this.core.get(L.REGS + 60);
    this.skipCount = this.core.retired;
  }

  memoryChanged(physicalAddress: number, length: number): void {
    this.core.exports.memoryChanged(physicalAddress, length);
    this.shadow.flush();
  }
}
