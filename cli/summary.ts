/** What is reported when a run has ended: for people on stderr, for programs as JSON. */
import type { Machine } from '../emulator/machine.ts';
import type { RunEnd } from './guest-run.ts';

/** A run that has ended. */
export interface FinishedRun {
  name: string;
  machine: Machine;
  seconds: number;
  console: string;
  end: RunEnd;
}

const NO_SHADOW = { fills: 0, writeProtectFaults: 0, flushes: 0, tables: 0, entries: 0 };

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
  };
}

/** Digits in groups of three. By hand: the first use of Intl costs as long as a million guest instructions. */
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** The summary for people; ends in a line feed. */
export function summary({ name, machine, seconds, end }: FinishedRun): string {
  const { instructions } = machine.vcpu;
  const mips = seconds > 0 ? instructions / seconds / 1e6 : 0;
  const lines = [
    `trapline: ${end.text}`,
    `${name}, ${machine.vm.mode}: ${grouped(instructions)} instructions in ${seconds.toFixed(2)} s (${mips.toFixed(1)} MIPS), ` +
      `${(machine.now / 1e9).toFixed(2)} s of guest time`,
  ];
  const counted = machine.vm.statistics;
  if (counted) lines.push('', ...exitTable(counted.total, counted.byCause), '', shadowLine(counted));
  return `${lines.join('\n')}\n`;
}

function exitTable(total: number, byCause: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(byCause)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  const width = Math.max(...rows.map(([cause]) => cause.length), 'exits by cause'.length);
  const digits = grouped(total).length;
  const row = (cause: string, count: number): string => {
    const share = total > 0 ? `${((100 * count) / total).toFixed(1).padStart(7)} %` : '';
    return `${cause.padEnd(width)}  ${grouped(count).padStart(digits)}${share}`;
  };
  return ['exits by cause', ...rows.map(([cause, count]) => row(cause, count)), row('total', total)];
}

function shadowLine(counted: NonNullable<Machine['vm']['statistics']>): string {
  const { fills, writeProtectFaults, flushes, tables, entries } = counted.shadow;
  return (
    `shadow: ${grouped(fills)} fills, ${grouped(writeProtectFaults)} write-protect faults, ${grouped(flushes)} flushes, ` +
    `${grouped(tables)} tables, ${grouped(entries)} entries; ${grouped(counted.worldSwitches)} world switches, ` +
    `${grouped(counted.hostInstructions)} host instructions`
  );
}
