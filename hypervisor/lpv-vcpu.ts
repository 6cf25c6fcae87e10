/**
 * Lightweight paravirtualization: guest kernel and guest user both run in physical user mode, on shadow page tables.
 * Each sensitive instruction of the kernel has been replaced by one trapping instruction that encodes it; its trap
 * comes here, and the core executes the original on the virtual CPU's banks. See docs/hypervisor.md.
 */
import { type Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import { newExit, simpleExit } from '../emulator/native-vm.ts';
import { RegisterFile } from '../emulator/register-file.ts';
import { CPSR, MODE, type RegisterId } from '../emulator/registers.ts';
import { ExitReason, type Vcpu, type Walk, type Watchpoint } from '../emulator/vm.ts';
import { decodeTrap } from '../isa/lpv.ts';
import { CoalescedWrites, type LateWrite } from './coalesced-writes.ts';
import { CAUSE, causeOfWord, isSystemControl } from './exit-causes.ts';
import { ExitStatistics, MMIO_CAUSE } from './exit-statistics.ts';
import { FaultResolver, Resolution } from './fault-resolver.ts';
import { HostView } from './host-view.ts';
import { SAVINGS, type HypervisorOptions } from './options.ts';
import { DEFAULT_MODE_SWITCH } from './shadow/mode-switch.ts';
import { ShadowTables } from './shadow/shadow-tables.ts';
import { VirtualPsr } from './virtual-psr.ts';
import { HostPages } from './world-switch/host-pages.ts';

/** Trap words whose decoding is remembered; Linux has fewer than 200, a hostile guest makes any number. */
const DECODED_WORDS = 4096;
/** Fault status of a BKPT instruction. */
const FSR_DEBUG = 2;
const FSR_ALIGNMENT = 1;
/** CPSR bits that an unpatched MRS in user code sees, and so must be physical there. */
const USER_VISIBLE = 0x3c0;

export class LpvVcpu implements Vcpu {
  readonly mode = 'lpv';
  readonly exit = newExit();
  readonly statistics = new ExitStatistics();
  readonly shadow: ShadowTables;
  readonly hostPages: HostPages;
  /** Debug mode "host". */
  readonly hostView: HostView;
  /** Virtual interrupts delivered. */
  readonly delivered = { irq: 0, fiq: 0 };
  /** Called after each exit has been handled, at an instruction boundary; for comparisons of modes. */
  onExit: (() => void) | undefined;

  /** Stubs in place of status register accesses, when that saving is on. */
  readonly virtualPsr: VirtualPsr | undefined;

  /** Device writes that wait, when that saving is on. */
  readonly coalesced: CoalescedWrites | undefined;
  readonly faults: FaultResolver;
  private readonly checkShadow: boolean;
  private readonly fast: boolean;
  /** Of the exit in progress: PC, virtual mode, count, and the host instructions that it took. */
  private exitPc = 0;
  private exitMode = 0;
  private exitCount = 0;
  private exitHost = 0;
  /** The exit in progress has not been counted yet: it is once, whatever is met while it is handled. */
  private exitOpen = false;
  private hostBefore = 0;
  private readonly core: Core;
  private readonly registers: RegisterFile;
  private lines = 0;
  /** Original word of the trap being emulated while a device access is pending, or 0; or a guest instruction is. */
  private pendingWord = 0;
  private steppingOverride = false;
  /** PC at which a breakpoint is to be passed, and the count at which that was asked; -1 for none. */
  private skipAddress = -1;
  private skipCount = 0;
  /** The guest's cp15 registers of translation, as the shadow has them. */
  private readonly translation = { ttbr: 0, dacr: 0, sctlr: 0, fcse: 0 };
  /** By trap word: original instruction; by original: cause. Words are signed here: V8 would box larger numbers. */
  private readonly originals = new Map<number, number>();
  private readonly causes = new Map<number, number>();

  constructor(core: Core, options: HypervisorOptions = {}) {
    const { modeSwitch = DEFAULT_MODE_SWITCH, savings = SAVINGS, checkShadow = false, debugHost = false } = options;
    this.core = core;
    this.checkShadow = checkShadow;
    this.coalesced = savings.includes('mmio') ? new CoalescedWrites(core) : undefined;
    this.fast = savings.includes('core');
    // What the core does by itself is cheaper than any stub.
    this.virtualPsr = savings.includes('psr') && !this.fast ? new VirtualPsr(core) : undefined;
    this.registers = new RegisterFile(core, L.CPU_VIRT);
    this.shadow = new ShadowTables(core, modeSwitch);
    this.hostPages = new HostPages(core, (pages) => this.shadow.setHostPages(pages));
    this.hostView = new HostView(core, this.hostPages);
    this.faults = new FaultResolver(core, this.shadow, this.hostPages, this.translation, this.coalesced);
    this.setUp();
    if (debugHost) this.hostView.on = true;
  }

  private setUp(): void {
    const { core } = this;
    core.set(L.TRAP_EXCEPTIONS, 1);
    core.set(L.MASK_VIEW, L.CPU_VIRT);
    this.hostPages.reset();
    this.virtualPsr?.reset();
    core.set(L.FAST, this.fast ? 1 : 0);
    this.coalesced?.reset();
    // A time slice that ends leaves the guest where it is: only what has to be done for it brings it out.
    core.set(L.HOST_STEP, 1);
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
      if (this.faults.stuckAt !== undefined)
        return this.internalError(`the shadow does not satisfy an access of 0x${this.faults.stuckAt.toString(16)}`);
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
      if (this.hostView.on && budget === 1) return this.stepHost();
      if (this.lines && !this.hostView.inHost && this.interruptDue()) {
        if (core.get(L.IN_GUEST)) this.interruptGuest();
        this.deliverInterrupt();
        this.onExit?.();
        continue;
      }
      if (this.skipAddress >= 0) this.armSkip();
      core.set(L.VIRTUAL_LINES, this.lines);
      const stop = core.exports.enterGuest(left);
      if (this.hostView.inHost) return this.stopInHost(stop);
      // The end of a time slice finds the guest halted where it is.
      if (stop === L.STOP_BUDGET && core.get(L.IN_GUEST)) continue;
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

  /** Debug mode "host": one instruction, of the guest or of the host; an exit that reaches the run loop is handled. */
  private stepHost(): ExitReason {
    const { core, hostView } = this;
    if (this.lines && !hostView.inHost && this.interruptDue()) {
      // The guest must not go on for even one instruction: it is brought out in one go.
      if (core.get(L.IN_GUEST)) this.interruptGuest();
      this.deliverInterrupt();
      this.onExit?.();
      return (this.exit.reason = ExitReason.Stepped);
    }
    core.set(L.VIRTUAL_LINES, this.lines);
    core.skipBreakpointOnce();
    const stop = hostView.step();
    if (stop === L.STOP_HOST_FAULT) return this.internalError('the world switch has faulted');
    if (!hostView.inHost && !core.get(L.IN_GUEST)) {
      this.noteExit();
      const reason = this.dispatch(stop);
      this.onExit?.();
      if (reason !== undefined) return reason;
    } else if (stop !== L.STOP_BUDGET) {
      const reason = simpleExit(core, stop, this.exit);
      if (reason !== undefined) return reason;
    }
    return (this.exit.reason = ExitReason.Stepped);
  }

  /** A breakpoint in the host's code, or code that does not come back. */
  private stopInHost(stop: number): ExitReason {
    const reason = stop === L.STOP_BREAKPOINT ? simpleExit(this.core, stop, this.exit) : undefined;
    return reason ?? this.internalError(`the world switch stopped with code ${stop}`);
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
    this.exitOpen = true;
    this.statistics.settle(this.shadow.counters.fills, this.shadow.counters.drops);
    this.exitPc = core.get(L.REGS + 60);
    this.exitMode = this.virtualCpsr & CPSR.MODE;
    this.exitCount = core.retired;
    const host = core.get(L.HOST_INSTRUCTIONS);
    this.exitHost = (host - this.hostBefore) >>> 0;
    this.hostBefore = host;
  }

  /** Counts the exit in progress, if it has not been; returns how often its site has had this cause. */
  private count(cause: number, address = 0): number {
    if (!this.exitOpen) return 0;
    this.exitOpen = false;
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
    if (this.virtualPsr?.mayReplace(original)) this.replace(original, times);
    if (cause === CAUSE['user-access.load'] || cause === CAUSE['user-access.store']) this.shadow.beforeUserAccess();
    return this.emulate(original);
  }

  /** Gives the status register access at PC a stub, when it is worth one. */
  private replace(original: number, times: number): void {
    const { core } = this;
    const pc = core.get(L.REGS + 60);
    const fault = this.faults.walk(pc, false, 0);
    const address = fault ? undefined : core.ramAddress(core.get(L.WALK_PA), 4);
    if (address !== undefined) this.virtualPsr?.trapped(original, pc, address, times);
  }

  /** Has the core execute a sensitive instruction on the virtual CPU, filling the shadow where its accesses need it. */
  private emulate(word: number): ExitReason | undefined {
    const { core } = this;
    for (;;) {
      const stop = core.emulate(word, L.CPU_VIRT);
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

  /** Makes the physical CPSR, and the shadow that user mode runs on, what the virtual mode needs. */
  private enterGuestMode(): void {
    const { core } = this;
    const virtual = this.virtualCpsr;
    const user = (virtual & CPSR.MODE) === MODE.usr;
    core.set(L.CPU_PHYS + L.C_CPSR, user ? MODE.usr | (virtual & USER_VISIBLE) : MODE.usr);
    const regime = user ? 1 : 0;
    // A debugger has changed a guest that was halted where it was: it is entered anew.
    if (core.get(L.IN_GUEST)) this.hostPages.takeBack();
    core.set(L.REGIME, regime);
    if (core.get(L.USER_REGIME) === regime) return;
    core.set(L.USER_REGIME, regime);
    this.shadow.setMode(regime);
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

  /** Whether a virtual interrupt is pending that the guest does not mask. */
  private interruptDue(): boolean {
    const masks = this.virtualCpsr;
    return ((this.lines & 2) !== 0 && !(masks & CPSR.F)) || ((this.lines & 1) !== 0 && !(masks & CPSR.I));
  }

  /** A host interrupt brings the guest, halted where it is, out of its world: there is something to do for it. */
  private interruptGuest(): void {
    const { core } = this;
    core.set(L.HOST_STEP, 0);
    const stop = core.exports.enterGuest(0);
    core.set(L.HOST_STEP, 1);
    this.noteExit();
    this.dispatch(stop);
  }

  /** Delivers the virtual interrupt that is due. */
  private deliverInterrupt(): void {
    const link = this.core.get(L.REGS + 60) + 4;
    if (this.lines & 2 && !(this.virtualCpsr & CPSR.F)) {
      this.delivered.fiq++;
      this.inject(0x1c, MODE.fiq, link, 1);
    } else {
      this.delivered.irq++;
      this.inject(0x18, MODE.irq, link);
    }
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
    const resolution = this.faults.resolve(pc, false, core.get(L.REGIME));
    if (resolution === Resolution.Retry) {
      this.count(this.faults.cause);
      return undefined;
    }
    if (resolution === Resolution.Override && this.faults.cause !== MMIO_CAUSE) {
      const { cause } = this.faults;
      this.steppingOverride = true;
      const reason = this.step();
      // The instruction may have been a trap: then the exit is counted as that.
      this.count(cause);
      return reason;
    }
    this.count(CAUSE['guest.prefetch-abort']);
    this.injectPrefetchAbort(resolution === Resolution.Override ? this.faults.externalStatus() : core.get(L.EXIT_FSR));
    return undefined;
  }

  /** A data abort of an unreplaced instruction. */
  private dataAbort(): ExitReason | undefined {
    const { core } = this;
    switch (this.resolveDataAbort()) {
      case Resolution.Retry:
        this.count(this.faults.cause);
        return core.get(L.STORES_DONE) ? this.emulate(core.get(L.EXIT_WORD)) : undefined;
      case Resolution.GuestFault:
        this.count(CAUSE['guest.data-abort']);
        return undefined;
      default:
        this.count(this.faults.cause, core.get(L.EXIT_FAR));
        if (this.faults.cause === MMIO_CAUSE)
          this.statistics.access(this.faults.mmioAddress, core.get(L.EXIT_WRITE) !== 0);
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
      if (stop === L.STOP_PREFETCH_ABORT && this.fetchAgain()) continue;
      this.finishInstruction();
      if (stop === L.STOP_BUDGET) return undefined;
      return this.dispatch(stop);
    }
  }

  /** The fetch of an instruction that is being stepped over has missed the shadow: whether it can be repeated. */
  private fetchAgain(): boolean {
    const { core } = this;
    if (core.get(L.EXIT_FSR) === FSR_DEBUG) return false;
    return this.faults.resolve(core.get(L.REGS + 60), false, core.get(L.REGIME)) === Resolution.Retry;
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
    const resolution = this.faults.resolve(va, write, core.get(L.EXIT_REGIME));
    if (resolution === Resolution.GuestFault) this.injectDataAbort(core.get(L.EXIT_FSR), va);
    return resolution;
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
    this.faults.walk(va, false, 0);
    this.injectDataAbort(this.faults.externalStatus(), va);
  }

  setIrq(level: boolean): void {
    this.lines = level ? this.lines | 1 : this.lines & ~1;
  }

  setFiq(level: boolean): void {
    this.lines = level ? this.lines | 2 : this.lines & ~2;
  }

  setQuietWrites(zones: ReadonlyArray<{ address: number; length: number }>): void {
    this.coalesced?.setZones(zones);
  }

  drainWrites(write: LateWrite): void {
    this.coalesced?.drain(write);
  }

  setFiqPossible(possible: boolean): void {
    this.core.set(L.FIQ_DEAD, possible ? 0 : 1);
  }

  reset(): void {
    this.core.reset();
    this.lines = 0;
    this.pendingWord = 0;
    this.faults.reset();
    this.skipAddress = -1;
    this.steppingOverride = false;
    this.core.set(L.TRAP_EXCEPTIONS, 0);
    this.setUp();
    this.shadow.flush();
  }

  readRegister(id: RegisterId): number {
    return this.hostView.on ? this.hostView.readRegister(id) : this.registers.read(id);
  }

  writeRegister(id: RegisterId, value: number): void {
    if (this.hostView.on) {
      this.hostView.writeRegister(id, value);
      return;
    }
    if (this.registers.write(id, value)) {
      this.noteControl();
      this.shadow.flush();
    }
    this.enterGuestMode();
  }

  translate(virtualAddress: number, table?: number): Walk {
    if (this.hostView.on) return this.hostView.translate(virtualAddress);
    return this.core.translate(L.CPU_VIRT, virtualAddress, true, table);
  }

  setBreakpoints(addresses: readonly number[]): void {
    this.core.setBreakpoints(addresses);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.core.setWatchpoints(watchpoints);
  }

  skipBreakpointOnce(): void {
    this.skipAddress = this.core.get(L.REGS + 60);
    if (this.hostView.inHost) this.core.skipBreakpointOnce();
    this.skipCount = this.core.retired;
  }

  memoryChanged(physicalAddress: number, length: number): void {
    this.core.exports.memoryChanged(physicalAddress, length);
    this.shadow.flush();
  }
}
