/**
 * Exception filters for exits to the hypervisor: one for all causes, and one for each group of them. The guest stops when the
 * exit has been handled, before its next instruction; or, when the exit became an exception of the guest, at its vector.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ExitRecord } from '../../emulator/hypervisor-view.ts';
import { modeName } from '../../emulator/registers.ts';
import { hex32 } from '../target.ts';
import { bindExpression, problemOf, type BoundExpression } from './expressions.ts';
import type { Guest } from './guest.ts';
import { describeInstruction } from './instruction-text.ts';

/** Groups of causes: the part of their names before the dot (docs/statistics.md). */
const GROUPS: readonly (readonly [name: string, what: string])[] = [
  ['status', 'accesses to status registers'],
  ['return', 'exception returns'],
  ['user-bank', 'accesses to the registers of user mode'],
  ['user-access', 'loads and stores with the rights of user mode'],
  ['cp15', 'system control registers'],
  ['coprocessor', 'other coprocessors'],
  ['guest', 'exceptions that the guest gets'],
  ['shadow', 'work on the shadow page tables'],
  ['host-page', "pages in the hypervisor's place"],
  ['interrupt', 'interrupts of the host'],
  ['wfi', 'waiting for an interrupt'],
  ['mmio', 'accesses to devices'],
];
const ALL = 'exit';
const CONDITION =
  'Causes or groups, with commas, and an expression after &&, e.g. cp15.control, mmio.pl011-0 && $cpsr.mode == 19.';

export const EXIT_FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = [
  { filter: ALL, label: 'Exit: any cause', what: 'every exit to the hypervisor; the condition names causes' },
  ...GROUPS.map(([name, what]) => ({ filter: `${ALL}.${name}`, label: `Exit: ${name}`, what: `exits for ${what}` })),
].map(({ filter, label, what }) => ({
  filter,
  label,
  description: `Stops after ${what}, once the hypervisor has handled them (mode lpv).`,
  default: false,
  supportsCondition: true,
  conditionDescription: CONDITION,
}));

/** What one filter stops at. */
export interface ExitFilter {
  /** Causes and groups; empty for all. */
  readonly names: readonly string[];
  readonly expression: BoundExpression | undefined;
}

/** Whether a filter is one of those. */
export function isExitFilter(filter: string): boolean {
  return filter === ALL || filter.startsWith(`${ALL}.`);
}

/** Reads a filter with its condition for a guest. A text is why it cannot be set. */
export function bindExitFilter(guest: Guest, filter: string, condition: string | undefined): ExitFilter | string {
  const { hypervisor } = guest.machine.vm;
  if (!hypervisor) return 'The guest runs in native mode: there is no hypervisor that it could leave for.';
  const group = filter === ALL ? undefined : filter.slice(ALL.length + 1);
  const own = group === undefined ? [] : [group];
  if (condition === undefined) return { names: own, expression: undefined };
  const [first, ...rest] = condition.split('&&');
  const names = first
    .replace(/^\s*cause\s*==?/, '')
    .split(',')
    .map((name) => name.trim());
  const areCauses = names.every((name) => isCause(name, hypervisor.exits.knownCauses));
  const text = (areCauses ? rest.join('&&') : condition).trim();
  const outside = areCauses ? names.find((name) => group !== undefined && name.split('.')[0] !== group) : undefined;
  if (outside !== undefined)
    return `${outside} is not one of the causes ${group ?? ''}; set the filter "Exit: any cause".`;
  try {
    const expression = text === '' ? undefined : bindExpression(guest, text, 0);
    return { names: areCauses ? names : own, expression };
  } catch (error) {
    return `Condition: ${problemOf(error)}. It is neither a list of causes nor an expression.`;
  }
}

function isCause(name: string, known: readonly string[]): boolean {
  return /^mmio(\.[\w-]+)?$/.test(name) || known.some((cause) => cause === name || cause.split('.')[0] === name);
}

/** The causes at which the machine has to stop for some filters. */
export function causesOf(filters: readonly ExitFilter[]): string[] {
  const names = filters.flatMap((filter) => (filter.names.length > 0 ? filter.names : GROUPS.map(([name]) => name)));
  // The machine tells devices apart only by name, and that later.
  return [...new Set(names.map((name) => (name.startsWith('mmio.') ? 'mmio' : name)))];
}

/** The exit that has been handled last. */
export function lastExit(guest: Guest): ExitRecord | undefined {
  const exits = guest.machine.vm.hypervisor?.exits;
  return exits?.log(exits.total - 1, exits.total)[0];
}

/** Whether a filter stops after an exit; a text is why its expression could not be evaluated, and stops, too. */
export function stopsAfter({ names, expression }: ExitFilter, { cause }: ExitRecord): boolean | string {
  if (names.length > 0 && !names.includes(cause) && !names.includes(cause.split('.')[0])) return false;
  try {
    return expression?.isTrue() ?? true;
  } catch (error) {
    return `The condition could not be evaluated: ${problemOf(error)}.`;
  }
}

/** An exit in words: in one line, and in several. */
export function describeExit(guest: Guest, exit: ExitRecord): { description: string; details: string[] } {
  const { pc, cause, mode, address, register, hostInstructions } = exit;
  const name = guest.describe(pc);
  const description = `Exit ${cause} at ${hex32(pc)}${name === undefined ? '' : ` <${name}>`}`;
  const details = [
    `The guest left at ${hex32(pc)} in ${modeName(mode) ?? 'an unknown'} mode; the exit has been handled.`,
  ];
  const instruction = describeInstruction(guest, pc, false);
  if (instruction !== undefined) details.push(instruction);
  if (register)
    details.push(
      `${register.write ? 'Write to' : 'Read of'} the device register at physical ${hex32(register.address)}.`,
    );
  else if (address !== undefined) details.push(`The access was to ${hex32(address)}.`);
  details.push(`Host instructions: ${hostInstructions}.`);
  return { description, details };
}
