/** The code of the world switch for debuggers: its lines and functions, and where it has left the guest. */
import type { Core } from '../../emulator/core.ts';
import type { HostCodeView } from '../../emulator/hypervisor-view.ts';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { MODE, REGISTER } from '../../emulator/registers.ts';
import type { HostView } from '../host-view.ts';
import type { HostPages } from './host-pages.ts';
import { SHARED_LINES, SYMBOLS, VECTORS_LINES } from './image.ts';
import { SOURCE } from './source.ts';

/** From the link register of an exception's mode back to the guest's instruction (ARM DDI 0100I, A2.6). */
const BACK: Readonly<Record<number, number>> = { [MODE.svc]: 4, [MODE.und]: 4, [MODE.abt]: 8, [MODE.irq]: 4 };
const PREFETCH_ABORT_VECTOR = 0x0c;

export class HostCode implements HostCodeView {
  readonly source = SOURCE;
  readonly fileName = 'world-switch.S';
  private readonly core: Core;
  private readonly view: HostView;
  private readonly pages: HostPages;

  constructor(core: Core, view: HostView, pages: HostPages) {
    this.core = core;
    this.view = view;
    this.pages = pages;
  }

  get isShown(): boolean {
    return this.view.on;
  }

  functionAt(address: number): { name: string; offset: number } | undefined {
    return this.view.functionAt(address);
  }

  lineAt(address: number): number | undefined {
    for (const [base, lines] of this.parts) {
      const line = lines[((address >>> 0) - base) >>> 2];
      if (address >>> 0 >= base && line) return line;
    }
    return undefined;
  }

  addressOfLine(line: number): number | undefined {
    for (const [base, lines] of this.parts) {
      const index = lines.indexOf(line);
      if (index >= 0) return (base + index * 4) >>> 0;
    }
    return undefined;
  }

  guestPc(): number {
    const { view, core } = this;
    const saved = core.get(core.get(L.FRAME) + SYMBOLS.PC);
    if (!view.inHost) return saved;
    const pc = view.readRegister(REGISTER.pc) >>> 0;
    const at = this.functionAt(pc);
    const link = view.readRegister(REGISTER.lr) >>> 0;
    const isVector = at?.name === 'vectors';
    if (!isVector && at?.name.endsWith('_exit') !== true) return saved;
    const mode = core.get(L.CPU_PHYS + L.C_CPSR) & 0x1f;
    const isPrefetch = isVector ? at.offset === PREFETCH_ABORT_VECTOR : at.name === 'prefetch_abort_exit';
    const back = isPrefetch ? 4 : (BACK[mode] ?? 0);
    // Handlers of aborts and interrupts take the distance off the link register with their first instruction.
    const isAdjusted = !isVector && at.offset > 0 && mode !== MODE.svc && mode !== MODE.und;
    return (isAdjusted ? link : link - back) >>> 0;
  }

  private get parts(): [base: number, lines: readonly number[]][] {
    return [
      [this.pages.sharedAddress >>> 0, SHARED_LINES],
      [this.pages.vectorsAddress >>> 0, VECTORS_LINES],
    ];
  }
}
