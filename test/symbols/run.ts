/**
 * `npm run oracle:symbols`: all of the Linux kernel's debug information beside addr2line, readelf and gdb-multiarch.
 * Options: --types N (number of types, 2000), --file ELF.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DebugInfo } from '../../symbols/debug-info.ts';
import * as oracles from './oracles.ts';
import type { Comparison } from './oracles.ts';
import { everyNth, hasVmlinux, namedTypes, VMLINUX } from './vmlinux.ts';

const SHOWN = 10;

const { values } = parseArgs({
  options: { types: { type: 'string', default: '2000' }, file: { type: 'string', default: VMLINUX } },
});

/** Functions that are nowhere inlined: where an inlined copy begins, gdb does not ask DW_AT_entry_pc. */
const outOfLine = (info: DebugInfo, names: readonly string[]): string[] =>
  names.filter((name) => info.inlinedCopiesOf(name).length === 0);

function main(file: string, typeCount: number): boolean {
  const info = DebugInfo.open(new Uint8Array(readFileSync(file)), { name: file });
  const rows = oracles.rowAddresses(info);
  const types = namedTypes(info);
  const functions = [...info.allFunctions()].map(({ name }) => name);
  const steps: readonly (readonly [string, () => Comparison])[] = [
    ['rows of line tables, beside addr2line', () => oracles.compareLines(info, file, rows)],
    ['bounds of functions, beside readelf', () => oracles.compareFunctions(info, file)],
    [
      'layouts of types, beside gdb',
      () => oracles.compareTypes(info, file, everyNth(types, Math.max(1, Math.floor(types.length / typeCount)))),
    ],
    ['blocks and their variables, beside gdb', () => oracles.compareScopes(info, file, everyNth(rows, 120))],
    [
      'breakpoints by name, beside gdb',
      () => oracles.compareBreakpoints(info, file, outOfLine(info, [...new Set(everyNth(functions, 37))])),
    ],
  ];
  let same = true;
  for (const [what, step] of steps) {
    const { compared, differences } = step();
    console.log(`${what}: ${compared} compared, ${differences.length} differ`);
    for (const difference of differences.slice(0, SHOWN)) console.log(`  ${difference.slice(0, 400)}`);
    same &&= differences.length === 0;
  }
  return same;
}

if (values.file === VMLINUX && !hasVmlinux()) {
  console.error('The kernel with debug information is missing: `npm run guest:linux` makes it.');
  process.exitCode = 1;
} else if (!main(values.file, Number(values.types))) process.exitCode = 1;
