/**
 * Coverage as text in the format of LCOV's tracefiles (geninfo(1), "Tracefile format"), which most tools read. Execution is
 * not counted: what has been executed has the count 1.
 */
import type { FileCoverage } from './coverage.ts';

/** One file. `path` is where it is on the host. */
export function lcovRecord(path: string, { lines, functions }: FileCoverage): string {
  const hits = (entries: readonly { readonly executed: boolean }[]): number =>
    entries.filter(({ executed }) => executed).length;
  const rows = [
    'TN:',
    `SF:${path}`,
    ...functions.map(({ name, line }) => `FN:${line},${name}`),
    ...functions.map(({ name, executed }) => `FNDA:${Number(executed)},${name}`),
    `FNF:${functions.length}`,
    `FNH:${hits(functions)}`,
    ...lines.map(({ line, executed }) => `DA:${line},${Number(executed)}`),
    `LF:${lines.length}`,
    `LH:${hits(lines)}`,
    'end_of_record',
  ];
  return `${rows.join('\n')}\n`;
}
