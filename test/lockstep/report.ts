/** The reports of both comparisons as lines of text. */
import type { BootReport } from './boot.ts';
import { DEVICE_ACCESS, DIFFERENCES, OUTSIDE_RAM, REPEATED_RECORD } from './differences.ts';
import type { RandomReport } from './random.ts';

function counts(map: ReadonlyMap<string, number>): string {
  const sorted = [...map].sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

/** One line for each listed difference that applied. */
function skipLines(skips: ReadonlyMap<string, number>): string[] {
  const all = [...DIFFERENCES, OUTSIDE_RAM, REPEATED_RECORD, DEVICE_ACCESS];
  const known = all.filter(({ name }) => skips.has(name));
  return known.map(({ name, ...rest }) => {
    const effect = 'effect' in rest && rest.effect === 'adopt' ? 'adjusted' : 'block ended';
    return `${(skips.get(name) ?? 0).toString().padStart(7)}  ${name} (${effect})`;
  });
}

export function randomText(report: RandomReport): string[] {
  return [
    `${report.steps} steps of random code and ${report.setupSteps} of prologues and epilogues compared`,
    `${report.blocks} blocks; ${report.ramComparisons} compared in RAM, ${report.blocksComplete} also in banked, status and system registers`,
    `${report.restarts} crashes of QEMU`,
    `modes: ${counts(report.modes)}`,
    `exceptions: ${counts(report.exceptions)}`,
    `rows of the instruction tables executed: ${report.rows.size}`,
    ...skipLines(report.skips),
    `${report.differences.length} differences`,
  ];
}

export function bootText(report: BootReport): string[] {
  return [
    `${report.instructions} instructions compared, RAM ${report.ramComparisons} times`,
    `${report.deviceAccesses} device accesses; values taken over from QEMU: ${counts(report.adopted)}`,
    ...skipLines(report.skips),
    `${report.differences.length} differences`,
  ];
}
