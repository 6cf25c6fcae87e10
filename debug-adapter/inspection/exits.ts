/** Exits as reports: by cause, by site, by function, by device register, and one by one. */
import type { Device } from '../../emulator/bus/device.ts';
import { modeName } from '../../emulator/registers.ts';
import type { ExitRecord, ExitSite } from '../../emulator/hypervisor-view.ts';
import type { Machine } from '../../emulator/machine.ts';
import { CAUSES } from '../../hypervisor/exit-causes.ts';
import type { CauseRow, ExitLogRow, FunctionRow, RegisterRow, SiteRow } from '../protocol.ts';
import { hex32 } from '../target.ts';
import type { CodeNames } from './code-names.ts';

export type ExitOrder = 'count' | 'hostInstructions' | 'address';
export const EXIT_ORDERS: readonly ExitOrder[] = ['count', 'hostInstructions', 'address'];

/** All that is known about a machine's exits; everything is empty in native mode. */
export interface ExitReport {
  total: number;
  byCause: CauseRow[];
  sites: SiteRow[];
  functions: FunctionRow[];
  registers: RegisterRow[];
  /** Exits at sites, and accesses of registers, for which the hypervisor's tables had no room. */
  otherExits: number;
  otherAccesses: number;
}

/** Counts by cause, site, function and register, in the order wanted. Names are looked up where symbols are given. */
export function reportExits(machine: Machine, names?: CodeNames, order: ExitOrder = 'count'): ExitReport {
  const exits = machine.vm.hypervisor?.exits;
  if (!exits)
    return { total: 0, byCause: [], sites: [], functions: [], registers: [], otherExits: 0, otherAccesses: 0 };
  const { sites, otherExits } = exits.sites();
  const { registers, otherAccesses } = exits.registers();
  const sorted = sort(sites, order, (a, b) => a.pc - b.pc);
  return {
    total: exits.total,
    byCause: sort(exits.causes(), order, (a, b) => compare(a.cause, b.cause)),
    sites: sorted.map((site) => siteRow(site, names)),
    functions: sort(byFunction(sites, names), order, (a, b) => compare(a.function ?? '~', b.function ?? '~')),
    registers: registers
      .map(({ address, reads, writes }) => ({ ...registerName(machine, address), reads, writes }))
      .sort((a, b) =>
        order === 'address' ? compare(a.address, b.address) : b.reads + b.writes - (a.reads + a.writes),
      ),
    otherExits,
    otherAccesses,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sort<T extends { count: number; hostInstructions: number }>(
  rows: T[],
  order: ExitOrder,
  byAddress: (a: T, b: T) => number,
): T[] {
  return rows.sort((a, b) => (order === 'address' ? 0 : b[order] - a[order]) || byAddress(a, b));
}

function siteRow({ pc, ...site }: ExitSite, names: CodeNames | undefined): SiteRow {
  const symbol = names?.describe(pc, site.user);
  return { address: hex32(pc), ...(symbol !== undefined && { symbol }), ...site };
}

/** Sites by the function that they are in; those outside every symbol in a row without a name. */
function byFunction(sites: readonly ExitSite[], names: CodeNames | undefined): FunctionRow[] {
  const rows = new Map<string | undefined, FunctionRow>();
  for (const { pc, user, count, hostInstructions } of sites) {
    const name = names?.functionAt(pc, user);
    const row = rows.get(name);
    if (!row) rows.set(name, { ...(name !== undefined && { function: name }), count, hostInstructions, sites: 1 });
    else {
      row.count += count;
      row.hostInstructions += hostInstructions;
      row.sites++;
    }
  }
  return [...rows.values()];
}

/** Names of registers by offset; a device never changes them. */
const registerNames = new WeakMap<Device, ReadonlyMap<number, string>>();

function registersOf(device: Device): ReadonlyMap<number, string> {
  let names = registerNames.get(device);
  if (!names) {
    names = new Map(device.inspect().map(({ offset, name }) => [offset, name]));
    registerNames.set(device, names);
  }
  return names;
}

/** The device and register at a guest physical address, as its device names them. */
export function registerName(
  machine: Machine,
  address: number,
): { address: string; device?: string; register?: string } {
  const device = machine.board.deviceAt(address);
  if (!device) return { address: hex32(address) };
  const base = machine.board.devices.find((entry) => entry.device === device)?.base ?? 0;
  // A byte of a register is named after it.
  const register = registersOf(device).get((address - base) & ~3);
  return { address: hex32(address), device: device.name, ...(register !== undefined && { register }) };
}

/** An exit of the log, with the names of its code and of its device register. */
export function logRow(machine: Machine, exit: ExitRecord, names?: CodeNames): ExitLogRow {
  const { pc, mode, address, register, ...rest } = exit;
  const virtualMode = modeName(mode);
  const symbol = names?.describe(pc, virtualMode === 'usr');
  return {
    ...rest,
    pc: hex32(pc),
    ...(symbol !== undefined && { symbol }),
    mode: virtualMode ?? `0x${mode.toString(16)}`,
    ...(address !== undefined && { address: hex32(address) }),
    ...(register && { register: { ...registerName(machine, register.address), write: register.write } }),
  };
}

/** Selects exits by cause. */
export interface CauseFilter {
  matches(cause: string): boolean;
}

/**
 * Reads causes or groups of them (`mmio`, `shadow`) with commas between. Returns the name that is none in place of a filter when one
 * is wrong.
 */
export function parseCauses(text: string, machine: Machine): CauseFilter | { unknown: string } {
  const names = text.split(',').map((name) => name.trim());
  const known = causeNames(machine);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) return { unknown };
  return { matches: (cause) => names.some((name) => cause === name || cause.startsWith(`${name}.`)) };
}

/** Every cause that can occur on a machine, and every group of causes. */
function causeNames(machine: Machine): Set<string> {
  const devices = machine.board.devices.map(({ device }) => `mmio.${device.name}`);
  const causes = [...CAUSES, ...devices, 'mmio.unassigned'];
  return new Set([...causes, ...causes.filter((cause) => cause.includes('.')).map((cause) => cause.split('.')[0])]);
}
