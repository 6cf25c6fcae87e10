/** What is reported when a run has ended: for people on stderr, for programs as JSON. */
import type { CodeNames } from '../debug-adapter/inspection/code-names.ts';
import { type ExitReport, reportExits } from '../debug-adapter/inspection/exits.ts';
import type { Machine } from '../emulator/machine.ts';
import type { VirtualizationStatistics } from '../emulator/vm.ts';
import type { RunEnd } from './guest-run.ts';

/** A run that has ended. */
export interface FinishedRun {
  name: string;
  /** What paravirtualization did to the kernel. */
  notes: readonly string[];
  machine: Machine;
  codeNames: CodeNames;
  seconds: number;
  console: string;
  end: RunEnd;
}

const NO_SHADOW = { fills: 0, writeProtectFaults: 0, flushes: 0, tables: 0, entries: 0 };
/** Sites in the JSON; functions in the summary. */
const MOST_SITES = 100;
const MOST_FUNCTIONS = 10;
/** Causes in the summary: Linux probes thirty devices once. */
const MOST_CAUSES = 24;

/** The JSON of `--stats` and of `--format json`. */
export function statistics(run: FinishedRun): Record<string, unknown> {
  const { machine, seconds, end } = run;
  const { instructions } = machine.vcpu;
  const counted = machine.vm.statistics;
  return {
    guest: run.name,
    mode: machine.vm.mode,
    instructions,
    seconds,
    mips: seconds > 0 ? instructions / seconds / 1e6 : 0,
    guestSeconds: machine.now / 1e9,
    end: end.reason,
    exitCode: end.exitCode,
    console: run.console,
    exits: { total: counted?.total ?? 0, byCause: { ...counted?.byCause } },
    shadow: { ...(counted?.shadow ?? NO_SHADOW) },
    cacheOperations: machine.vm.operations.cache,
    tlbOperations: machine.vm.operations.tlb,
    worldSwitches: counted?.worldSwitches ?? 0,
    hostInstructions: counted?.hostInstructions ?? 0,
    ...(counted && virtualized(run, counted)),
  };
}

/** The keys that only a virtualized mode has. */
function virtualized({ machine, codeNames }: FinishedRun, counted: VirtualizationStatistics): Record<string, unknown> {
  // What every mode has stands in the stable keys.
  const {
    total: _total,
    byCause: _byCause,
    shadow: _shadow,
    worldSwitches: _switches,
    hostInstructions: _host,
    ...more
  } = counted;
  const { sites, functions, registers, otherExits, otherAccesses } = reportExits(machine, codeNames);
  return {
    modeSwitch: machine.vm.hypervisor?.shadow.strategy,
    ...more,
    sites: sites.slice(0, MOST_SITES),
    otherSites: otherExits + sites.slice(MOST_SITES).reduce((sum, { count }) => sum + count, 0),
    functions,
    otherExits,
    registers,
    otherAccesses,
  };
}

/** Digits in groups of three. By hand: the first use of Intl costs as long as a million guest instructions. */
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** The summary for people; ends in a line feed. */
export function summary({ name, notes, machine, codeNames, seconds, end }: FinishedRun): string {
  const { instructions } = machine.vcpu;
  const mips = seconds > 0 ? instructions / seconds / 1e6 : 0;
  const lines = [
    `trapline: ${end.text}`,
    `${name}, ${machine.vm.mode}: ${grouped(instructions)} instructions in ${seconds.toFixed(2)} s (${mips.toFixed(1)} MIPS), ` +
      `${(machine.now / 1e9).toFixed(2)} s of guest time`,
    ...notes,
  ];
  const counted = machine.vm.statistics;
  if (counted) {
    const report = reportExits(machine, codeNames);
    lines.push(
      '',
      ...exitTable(report),
      '',
      ...functionTable(report),
      '',
      ...savingLines(counted),
      shadowLine(counted),
    );
  }
  return `${lines.join('\n')}\n`;
}

function exitTable({ total, byCause }: ExitReport): string[] {
  const rows = byCause.slice(0, MOST_CAUSES).map(({ cause, count }): [string, number] => [cause, count]);
  const others = byCause.slice(MOST_CAUSES);
  if (others.length > 0)
    rows.push([`${others.length} other causes`, others.reduce((sum, { count }) => sum + count, 0)]);
  return countTable('exits by cause', [...rows, ['total', total]], total);
}

function functionTable({ total, functions, otherExits }: ExitReport): string[] {
  const rows = functions
    .slice(0, MOST_FUNCTIONS)
    .map((row): [string, number] => [row.function ?? '(no symbol)', row.count]);
  const rest = otherExits + functions.slice(MOST_FUNCTIONS).reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) rows.push(['elsewhere', rest]);
  return countTable('exits by function', rows, total);
}

function countTable(title: string, rows: readonly [string, number][], total: number): string[] {
  const width = Math.max(...rows.map(([name]) => name.length), title.length);
  const digits = grouped(total).length;
  return [
    title,
    ...rows.map(([name, count]) => {
      const share = total > 0 ? `${((100 * count) / total).toFixed(1).padStart(7)} %` : '';
      return `${name.padEnd(width)}  ${grouped(count).padStart(digits)}${share}`;
    }),
  ];
}

/** What the savings did, where there is something to tell; and what a world switch costs. */
function savingLines({
  fastExits,
  stubs,
  coalescedWrites,
  worldSwitches,
  hostInstructions,
}: VirtualizationStatistics): string[] {
  const fast = Object.entries(fastExits).filter(([, count]) => count > 0);
  const saved: string[] = [];
  if (stubs.executed > 0) saved.push(`${grouped(stubs.executed - stubs.left)} exits by ${grouped(stubs.sites)} stubs`);
  if (coalescedWrites > 0) saved.push(`${grouped(coalescedWrites)} device writes that waited`);
  if (fast.length > 0)
    saved.push(`in the core ${fast.map(([cause, count]) => `${grouped(count)} ${cause}`).join(', ')}`);
  const each = worldSwitches > 0 ? ` (${(hostInstructions / worldSwitches).toFixed(1)} each)` : '';
  return [
    ...(saved.length > 0 ? [`saved: ${saved.join('; ')}`] : []),
    `${grouped(worldSwitches)} world switches, ${grouped(hostInstructions)} host instructions${each}`,
  ];
}

function shadowLine({ shadow }: VirtualizationStatistics): string {
  const { fills, writeProtectFaults, flushes, tables, entries } = shadow;
  return (
    `shadow: ${grouped(fills)} fills, ${grouped(writeProtectFaults)} write-protect faults, ${grouped(flushes)} flushes, ` +
    `${grouped(tables)} tables, ${grouped(entries)} entries`
  );
}
