/**
 * Debug mode "host": the physical CPU as a debugger sees it. It executes the guest in user mode, and the world switch in SVC
 * mode (world-switch/world-switch.S), and a step is one instruction of either. While the run loop has the CPU, the host
 * stands behind the WFI that handed over to it. Guest time goes on as ever: the host's instructions do not count.
 */
import type { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import { RegisterFile } from '../emulator/register-file.ts';
import { REGISTER, type RegisterId } from '../emulator/registers.ts';
import type { Walk } from '../emulator/vm.ts';
import { SYMBOLS } from './world-switch/image.ts';
import type { HostPages } from './world-switch/host-pages.ts';

/** Functions of the shared page. */
const SHARED_FUNCTIONS = [
  'run_loop',
  'enter_guest',
  'undefined_exit',
  'prefetch_abort_exit',
  'data_abort_exit',
  'irq_exit',
  'leave_from_other_mode',
  'host_interrupt',
  'svc_exit',
  'leave_guest',
] as const;

export class HostView {
  private readonly core: Core;
  private readonly hostPages: HostPages;
  private readonly registers: RegisterFile;

  constructor(core: Core, hostPages: HostPages) {
    this.core = core;
    this.hostPages = hostPages;
    this.registers = new RegisterFile(core, L.CPU_PHYS);
  }

  get on(): boolean {
    return this.core.get(L.HOST_VIEW) !== 0;
  }

  set on(on: boolean) {
    this.core.set(L.HOST_VIEW, on ? 1 : 0);
    this.core.exports.dropDecoded();
  }

  /** Whether the physical CPU stands in the host's code, with the host's registers in its own. */
  get inHost(): boolean {
    return this.core.get(L.IN_HOST) !== 0;
  }

  /** Whether the run loop has the CPU: the guest's registers are at hand, and the host's rest. */
  private get atRunLoop(): boolean {
    return !this.inHost && this.core.get(L.IN_GUEST) === 0;
  }

  /** Executes one instruction, of the guest or of the host; returns STOP_*. */
  step(): number {
    const { core } = this;
    const fromGuest = core.get(L.IN_GUEST) !== 0;
    core.set(L.HOST_LIMIT, fromGuest ? 0 : 1);
    const stop = core.exports.enterGuest(fromGuest ? 1 : 0);
    core.set(L.HOST_LIMIT, L.HOST_BUDGET);
    return stop;
  }

  private resting(id: RegisterId): number | undefined {
    if (!this.atRunLoop) return undefined;
    if (id < 16) return L.HOST_CONTEXT + id * 4;
    if (id === REGISTER.cpsr) return L.HOST_CONTEXT + 64;
    if (id === REGISTER.sp_svc) return L.HOST_CONTEXT + 13 * 4;
    return id === REGISTER.lr_svc ? L.HOST_CONTEXT + 14 * 4 : undefined;
  }

  readRegister(id: RegisterId): number {
    const place = this.resting(id);
    return place === undefined ? this.registers.read(id) : this.core.get(place);
  }

  writeRegister(id: RegisterId, value: number): void {
    const place = this.resting(id);
    if (place === undefined) this.registers.write(id, value);
    else this.core.set(place, value);
  }

  /** Translates as the physical CPU does: through the host's tables, or the shadow that is loaded. */
  translate(va: number): Walk {
    return this.core.translate(L.CPU_PHYS, va, false);
  }

  /** The function of the world switch at an address, with the offset in it; undefined elsewhere. */
  functionAt(address: number): { name: string; offset: number } | undefined {
    const { vectorsAddress, sharedAddress } = this.hostPages;
    const at = address >>> 0;
    if (at >= sharedAddress && at < sharedAddress + SYMBOLS.FRAME) {
      let name: (typeof SHARED_FUNCTIONS)[number] = 'run_loop';
      for (const other of SHARED_FUNCTIONS)
        if (sharedAddress + SYMBOLS[other] <= at && SYMBOLS[other] >= SYMBOLS[name]) name = other;
      return { name, offset: at - sharedAddress - SYMBOLS[name] };
    }
    if (at >= vectorsAddress && at < vectorsAddress + SYMBOLS.targets)
      return { name: 'vectors', offset: at - vectorsAddress };
    return undefined;
  }
}
