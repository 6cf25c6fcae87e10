/** The modes of breakpoints: by virtual address, by physical address, or in one address space only. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ConditionProgram } from '../../emulator/condition-program.ts';
import { LAYOUT } from '../../emulator/layout.ts';
import type { RegisterName } from '../../emulator/registers.ts';
import { hex32 } from '../target.ts';
import type { RequestArguments } from './arguments.ts';
import { badArgument } from './errors.ts';
import type { Guest } from './guest.ts';

export const BREAKPOINT_MODES = [
  {
    mode: 'virtual',
    label: 'Guest virtual address',
    description:
      'Wherever the guest runs at this virtual address; in a kernel also where it was loaded, until its MMU is on.',
    appliesTo: ['source', 'instruction', 'data'],
  },
  {
    mode: 'physical',
    label: 'Guest physical address',
    description: 'This place in RAM, at whatever virtual address it is mapped, and before the MMU is on.',
    appliesTo: ['source', 'instruction', 'data'],
  },
  {
    mode: 'space',
    label: 'This address space',
    description: 'Only with the translation table and process number (TTBR0, FCSE) that are in use when it is set.',
    appliesTo: ['source', 'instruction', 'data'],
  },
  {
    mode: 'changed',
    label: 'Changes of the value',
    description: 'Only writes that leave another value than was there.',
    appliesTo: ['data'],
  },
] as const satisfies readonly DebugProtocol.BreakpointMode[];

/** Modes of breakpoints at data. */
export type DataMode = (typeof BREAKPOINT_MODES)[number]['mode'];

/** Modes of breakpoints at code. */
export type BreakpointMode = Exclude<DataMode, 'changed'>;

/** The mode of a breakpoint at code in a request. */
export function modeOf(item: RequestArguments): BreakpointMode {
  const mode = dataModeOf(item);
  if (mode === 'changed') throw badArgument(item.command, 'mode', 'virtual, physical or space');
  return mode;
}

/** The mode of a breakpoint at data in a request. */
export function dataModeOf(item: RequestArguments): DataMode {
  const text = item.optionalString('mode') ?? 'virtual';
  const known = BREAKPOINT_MODES.find(({ mode }) => mode === text);
  if (!known) throw badArgument(item.command, 'mode', BREAKPOINT_MODES.map(({ mode }) => mode).join(', '));
  return known.mode;
}

/** What makes an address space: the ARM926EJ-S has no ASIDs, but the process number of FCSE (ARM DDI 0198E, 2.3.13). */
const REGISTERS = [
  // The bits below the table's address say how it is cached.
  { name: 'ttbr0', offset: LAYOUT.C_TTBR0, mask: 0xffff_c000 },
  { name: 'fcseidr', offset: LAYOUT.C_FCSE, mask: 0xfe00_0000 },
] as const satisfies readonly { name: RegisterName; offset: number; mask: number }[];

export class AddressSpace {
  private readonly values: readonly number[];

  private constructor(values: readonly number[]) {
    this.values = values;
  }

  /** The one in use. */
  static of(guest: Guest): AddressSpace {
    return new AddressSpace(REGISTERS.map(({ name, mask }) => (guest.read(name) & mask) >>> 0));
  }

  isCurrent(guest: Guest): boolean {
    return REGISTERS.every(({ name, mask }, i) => (guest.read(name) & mask) >>> 0 === this.values[i]);
  }

  /** The same for the machine: each emits a truth value. */
  terms(): ((program: ConditionProgram) => void)[] {
    return REGISTERS.map(({ offset, mask }, i) => (program) => {
      program.system(offset);
      program.constant(mask);
      program.operate('and');
      program.constant(this.values[i]);
      program.operate('equal');
    });
  }

  toString(): string {
    return `TTBR0 ${hex32(this.values[0])}`;
  }
}
