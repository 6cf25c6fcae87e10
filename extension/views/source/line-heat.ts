/** How hot a line is, and what is said about it. No editor is needed to decide that. */
import type { LineExitsRow } from '../../../debug-adapter/protocol.ts';

export const LEVELS = 4;

/** From 1 to `LEVELS`: how a count compares with the largest, by orders of magnitude. */
export function heatLevel(count: number, most: number): number {
  if (count <= 0) return 0;
  if (most <= 1) return LEVELS;
  const part = Math.log(count) / Math.log(most);
  return Math.max(1, Math.min(LEVELS, Math.ceil(part * LEVELS)));
}

/** The causes of a line, the most frequent first. */
export function causesOf({ causes }: LineExitsRow): [cause: string, count: number][] {
  return Object.entries(causes).sort((a, b) => b[1] - a[1]);
}

/** The title of a code lens: `302 exits: mmio`, `131 exits: shadow.page-table-write 86 %, shadow.fill`. */
export function lensTitle(row: LineExitsRow): string {
  const causes = causesOf(row);
  const [[first, count]] = causes;
  const exits = `${row.count.toLocaleString('en-US')} ${row.count === 1 ? 'exit' : 'exits'}`;
  if (causes.length === 1) return `${exits}: ${first}`;
  const share = Math.round((count / row.count) * 100);
  const others = causes.length === 2 ? causes[1][0] : `${causes.length - 1} more causes`;
  return `${exits}: ${first} ${share} %, ${others}`;
}

/** The hover text of a line, Markdown. */
export function hoverText(row: LineExitsRow, total: number): string {
  const lines = causesOf(row).map(([cause, count]) => `| ${cause} | ${count.toLocaleString('en-US')} |`);
  const share = total === 0 ? '' : `, ${((row.count / total) * 100).toFixed(1)} % of all`;
  const each = (row.hostInstructions / row.count).toFixed(1);
  return [
    `**${row.count.toLocaleString('en-US')} exits** here${share}, ${each} host instructions each`,
    '',
    '| cause | exits |',
    '|---|---:|',
    ...lines,
  ].join('\n');
}

/** What is said of a line that the linter flags, at which no exit happened. */
export const QUIET_SITE =
  'The linter flags this instruction, but it caused no exit in this run: it was not reached, or its trap was handled without one, ' +
  'by a stub or in the core (`fastExits` and `stubs` of the statistics).';

/** Whether a diagnostic is about an instruction that needs a trap. */
export function isFlaggedSite(source: string | undefined, code: unknown): boolean {
  return source === 'trapline' && typeof code === 'string' && code.startsWith('lpv-');
}
