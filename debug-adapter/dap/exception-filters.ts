/**
 * `setExceptionBreakpoints` and `exceptionInfo`: stops where the guest takes an exception, at its vector, before the first
 * instruction of the handler; and at a kernel's `panic`. Stopping at vectors costs nothing until one is reached.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { CPSR, MODE, modeName, type RegisterName } from '../../emulator/registers.ts';
import { formatPsr, hex32 } from '../target.ts';
import type { RequestArguments } from './arguments.ts';
import { actionText, BreakpointAction } from './breakpoint-action.ts';
import { bindFunction } from './breakpoint-binding.ts';
import type { Hit, StopSource } from './breakpoints.ts';
import { badArgument, noException } from './errors.ts';
import {
  bindExitFilter,
  causesOf,
  describeExit,
  EXIT_FILTERS,
  isExitFilter,
  lastExit,
  stopsAfter,
  type ExitFilter,
} from './exit-filters.ts';
import { describeFaultStatus, describeWalk } from './fault-status.ts';
import type { Guest } from './guest.ts';
import { describeInstruction } from './instruction-text.ts';

/** A vector (ARM DDI 0100I, A2.6). */
interface Vector {
  readonly filter: string;
  readonly label: string;
  readonly offset: number;
  readonly mode: number;
  /** From the return address to the instruction that was interrupted; in Thumb state where that differs. */
  readonly back: number;
  readonly backThumb: number;
  readonly fault?: { readonly status: RegisterName; readonly address: RegisterName | 'pc' };
}

const VECTORS: readonly Vector[] = [
  { filter: 'undefined', label: 'Undefined instruction', offset: 0x04, mode: MODE.und, back: 4, backThumb: 2 },
  { filter: 'svc', label: 'Supervisor call', offset: 0x08, mode: MODE.svc, back: 4, backThumb: 2 },
  {
    ...{ filter: 'prefetchAbort', label: 'Prefetch abort', offset: 0x0c, mode: MODE.abt, back: 4, backThumb: 4 },
    fault: { status: 'ifsr', address: 'pc' },
  },
  {
    ...{ filter: 'dataAbort', label: 'Data abort', offset: 0x10, mode: MODE.abt, back: 8, backThumb: 8 },
    fault: { status: 'dfsr', address: 'far' },
  },
  { filter: 'irq', label: 'IRQ', offset: 0x18, mode: MODE.irq, back: 4, backThumb: 4 },
  { filter: 'fiq', label: 'FIQ', offset: 0x1c, mode: MODE.fiq, back: 4, backThumb: 4 },
];
const PANIC = 'panic';
const HIGH_VECTORS = 0xffff_0000;
const SCTLR_V = 1 << 13;
const CONDITION = 'An expression at the vector, e.g. $spsr.mode == 16 for exceptions of user programs, or $far < 4096.';

/** The filters for the capabilities of the adapter. */
export const EXCEPTION_FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = [
  ...VECTORS.map(({ filter, label }) => ({
    filter,
    label,
    description: `Stops when the guest takes it, at ${article(label)} vector.`,
    default: false,
    supportsCondition: true,
    conditionDescription: CONDITION,
  })),
  {
    filter: PANIC,
    label: 'Kernel panic',
    description: 'Stops when the kernel calls its function panic.',
    default: true,
    supportsCondition: true,
    conditionDescription: 'An expression in panic.',
  },
  ...EXIT_FILTERS,
];

function article(label: string): string {
  return `the ${label.toLowerCase()}`;
}

/** A filter that is on. */
interface Active {
  readonly id: number;
  readonly filter: string;
  readonly condition: string | undefined;
  readonly addresses: readonly number[];
  readonly action: BreakpointAction | undefined;
  /** For a filter of exits to the hypervisor. */
  readonly exit: ExitFilter | undefined;
  readonly message: string | undefined;
}

/** The last exception that stopped the guest. */
interface Taken {
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  readonly details: readonly string[];
}

export class ExceptionFilters implements StopSource {
  /** Told of messages that have come from conditions. */
  onMessage: ((text: string) => void) | undefined;
  private guest: Guest | undefined;
  private active: Active[] = [];
  private taken: Taken | undefined;

  /** Binds the filters to a guest; its panic may be elsewhere. */
  bind(guest: Guest): void {
    this.guest = guest;
    this.taken = undefined;
    this.active = this.active.map(({ id, filter, condition }) => this.activate(id, filter, condition));
    this.applyExits();
  }

  /** `setExceptionBreakpoints`: replaces all. */
  set(args: RequestArguments): DebugProtocol.Breakpoint[] {
    const plain = args.raw['filters'] ?? [];
    if (!Array.isArray(plain) || !plain.every((name) => typeof name === 'string')) {
      throw badArgument(args.command, 'filters', 'a list of strings');
    }
    const options = args.list('filterOptions').map((item) => ({
      filter: item.string('filterId'),
      condition: actionText(item).condition,
    }));
    const wanted = [...plain.map((filter) => ({ filter, condition: undefined })), ...options];
    for (const { filter } of wanted) {
      if (EXCEPTION_FILTERS.some((known) => known.filter === filter)) continue;
      const names = EXCEPTION_FILTERS.map((known) => known.filter).join(', ');
      throw badArgument(args.command, 'filters', `some of ${names}, not ${filter.slice(0, 40)}`);
    }
    this.active = wanted.map(({ filter, condition }, i) => this.activate(2_000_000 + i, filter, condition));
    this.applyExits();
    return this.active.map(({ id, message }) => ({
      id,
      verified: message === undefined,
      ...(message !== undefined && { message, reason: 'failed' as const }),
    }));
  }

  addresses(guest: Guest): readonly number[] {
    return this.active.flatMap(({ addresses, message }) => {
      if (message !== undefined) return [];
      return addresses.flatMap((address) => {
        const alias = guest.loadedAt(address);
        return alias === undefined ? [address] : [address, alias];
      });
    });
  }

  reached(guest: Guest, address: number): Hit | undefined {
    for (const { id, filter, addresses, action, message } of this.active) {
      const linked = addresses.includes(address) ? address : guest.linked(address);
      if (message !== undefined || !addresses.includes(linked)) continue;
      const vector = VECTORS.find((candidate) => candidate.filter === filter);
      if (vector && !isTaken(guest, vector, address)) continue;
      const verdict = action?.reached(linked) ?? { stops: true };
      if (verdict.message !== undefined) this.onMessage?.(verdict.message);
      if (!verdict.stops) continue;
      this.taken = vector ? describeVector(guest, vector) : describePanic(guest);
      return { ids: [id], reason: 'exception', description: this.taken.description };
    }
    return undefined;
  }

  exited(guest: Guest): Hit | undefined {
    const exit = lastExit(guest);
    if (!exit) return undefined;
    const ids = this.active.flatMap(({ id, exit: filter }) => {
      const stops = filter ? stopsAfter(filter, exit) : false;
      if (typeof stops === 'string') this.onMessage?.(stops);
      return stops === false ? [] : [id];
    });
    if (ids.length === 0) return undefined;
    this.taken = { filter: 'exit', label: `Exit ${exit.cause}`, ...describeExit(guest, exit) };
    return { ids, reason: 'exception', description: this.taken.description };
  }

  /** The filter of an id; undefined when there is none. */
  explain(id: number): { verified: boolean; addresses: readonly number[]; message: string | undefined } | undefined {
    const filter = this.active.find((candidate) => candidate.id === id);
    return filter && { verified: filter.message === undefined, addresses: filter.addresses, message: filter.message };
  }

  /** The guest goes on: the exception is history. */
  forget(): void {
    this.taken = undefined;
  }

  /** `exceptionInfo`. */
  info(): DebugProtocol.ExceptionInfoResponse['body'] {
    const { taken } = this;
    if (!taken) throw noException();
    return {
      exceptionId: taken.filter,
      description: taken.description,
      breakMode: 'always',
      details: { message: taken.details.join('\n'), typeName: taken.label },
    };
  }

  private activate(id: number, filter: string, condition: string | undefined): Active {
    const { guest } = this;
    const vector = VECTORS.find((candidate) => candidate.filter === filter);
    const none = { id, filter, condition, addresses: [], action: undefined, exit: undefined };
    if (!guest) return { ...none, message: 'No guest is loaded yet.' };
    if (isExitFilter(filter)) {
      const exit = bindExitFilter(guest, filter, condition);
      return typeof exit === 'string' ? { ...none, message: exit } : { ...none, exit, message: undefined };
    }
    const binding = vector ? undefined : bindFunction(guest, PANIC);
    const addresses = vector ? [vector.offset, HIGH_VECTORS + vector.offset] : (binding?.addresses ?? []);
    if (addresses.length === 0) return { ...none, message: binding?.message ?? 'This kernel has no function panic.' };
    if (condition === undefined) return { ...none, addresses, message: undefined };
    const text = { condition, hitCondition: undefined, logMessage: undefined };
    const action = new BreakpointAction(guest, text, addresses);
    return { ...none, addresses, action, message: action.problem };
  }

  private applyExits(): void {
    const filters = this.active.flatMap(({ exit }) => (exit ? [exit] : []));
    this.guest?.machine.vm.hypervisor?.exits.stopAt(this, causesOf(filters));
  }
}

/** Whether the guest stands at a vector because it has taken the exception, and not because a program has code there. */
function isTaken(guest: Guest, { offset, mode }: Vector, address: number): boolean {
  const base = guest.read('sctlr') & SCTLR_V ? HIGH_VECTORS : 0;
  return address === base + offset && (guest.read('cpsr') & CPSR.MODE) === mode;
}

function describeVector(guest: Guest, vector: Vector): Taken {
  const { filter, label, back, backThumb, fault } = vector;
  const spsr = guest.read('spsr');
  const from = (guest.read('lr') - (spsr & CPSR.T ? backThumb : back)) >>> 0;
  const name = guest.describe(from);
  const at = `${hex32(from)}${name === undefined ? '' : ` <${name}>`}`;
  const mode = modeName(spsr & CPSR.MODE) ?? 'an unknown';
  const details = [`Interrupted at ${at} in ${mode} mode (SPSR ${hex32(spsr)} ${formatPsr(spsr)}).`];
  const instruction =
    vector.back === 8 || filter === 'undefined' || filter === 'svc'
      ? describeInstruction(guest, from, (spsr & CPSR.T) !== 0)
      : undefined;
  if (instruction !== undefined) details.push(instruction);
  if (!fault) return { filter, label, description: `${label} at ${at}`, details };
  const address = fault.address === 'pc' ? from : guest.read(fault.address);
  const status = guest.read(fault.status);
  const why = describeFaultStatus(status);
  const registers = fault.address === 'pc' ? '' : `, ${fault.address.toUpperCase()} ${hex32(address)}`;
  details.push(`${fault.status.toUpperCase()} ${hex32(status)}: ${why}${registers}.`);
  details.push(describeWalk(guest.machine.vcpu.translate(address)));
  const what = fault.address === 'pc' ? '' : ` for ${hex32(address)}`;
  return { filter, label, description: `${label} at ${at}: ${why}${what}`, details };
}

function describePanic(guest: Guest): Taken {
  const from = (guest.read('lr') - 4) >>> 0;
  const name = guest.describe(from);
  const description = `Kernel panic, called from ${name ?? hex32(from)}`;
  return { filter: PANIC, label: 'Kernel panic', description, details: [description] };
}
