/**
 * `npm run oracle`: the Linux kernel's debug information beside addr2line, readelf and gdb-multiarch, then stops of its
 * boot beside a gdb-multiarch that is attached to the same machine. It fails when anything differs without a rule.
 * Options: --stops N (1000), --lpv-stops N (100), --seed N (1), --static-only, --live-only.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { hasGdb } from './gdb.ts';
import { runCampaign } from './live/campaign.ts';
import { instructionsUntil } from './live/machine.ts';
import * as oracles from './oracles.ts';
import type { Comparison } from './oracles.ts';
import { compareScopes } from './scope-oracle.ts';
import { everyNth, hasVmlinux, namedTypes, VMLINUX } from './vmlinux.ts';

const SHOWN = 10;
/** The boot is over with the prompt of its shell. */
const BOOTED = '/ #';
const LONGEST_BOOT = 1_000_000_000;

const { values } = parseArgs({
  options: {
    stops: { type: 'string', default: '1000' },
    'lpv-stops': { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    'static-only': { type: 'boolean', default: false },
    'live-only': { type: 'boolean', default: false },
  },
});

/** Functions that are nowhere inlined: where an inlined copy begins, gdb does not ask DW_AT_entry_pc. */
const outOfLine = (info: DebugInfo, names: readonly string[]): string[] =>
  names.filter((name) => info.inlinedCopiesOf(name).length === 0);

function compareStatic(file: string): boolean {
  const info = DebugInfo.open(new Uint8Array(readFileSync(file)), { name: file });
  const rows = oracles.rowAddresses(info);
  const types = namedTypes(info);
  const functions = [...info.allFunctions()].map(({ name }) => name);
  const steps: readonly (readonly [string, () => Comparison])[] = [
    ['rows of line tables, beside addr2line', () => oracles.compareLines(info, file, rows)],
    ['bounds of functions, beside readelf', () => oracles.compareFunctions(info, file)],
    ['layouts of types, beside gdb', () => oracles.compareTypes(info, file, types)],
    ['blocks and their variables, beside gdb', () => compareScopes(info, file, everyNth(rows, 12))],
    [
      'breakpoints by name, beside gdb',
      () => oracles.compareBreakpoints(info, file, outOfLine(info, [...new Set(everyNth(functions, 37))])),
    ],
  ];
  return steps
    .map(([what, step]) => {
      const comparison = step();
      const same = show(what, comparison);
      showRules(comparison.explained);
      return same;
    })
    .every(Boolean);
}

/** Prints a comparison. Returns whether nothing differs. */
function show(what: string, { compared, differences }: Omit<Comparison, 'explained'>): boolean {
  console.log(`${what}: ${compared} compared, ${differences.length} differ`);
  for (const difference of differences.slice(0, SHOWN)) console.log(`  ${difference.slice(0, 400)}`);
  return differences.length === 0;
}

function showRules(explained: ReadonlyMap<string, number>): void {
  for (const [rule, count] of explained) console.log(`by rule: ${rule}: ${count}`);
}

/** Stops of the boot; whether nothing differs. A run that has compared nothing fails as well. */
async function compareLive(mode: 'native' | 'lpv', stops: number): Promise<boolean> {
  if (stops === 0) return true;
  const program = dirname(VMLINUX);
  const end = await instructionsUntil(BOOTED, program, mode, LONGEST_BOOT);
  const tally = await runCampaign({ program, file: VMLINUX, mode, stops, seed: Number(values.seed), end });
  console.log(`\n${stops} stops in the ${end} instructions of the boot, ${mode}, beside gdb on the same machine`);
  for (const [kind, count] of tally.counts) show(kind, count);
  showRules(tally.explained);
  return tally.differences === 0 && tally.compared('values of variables') > stops;
}

async function main(): Promise<boolean> {
  let same = values['live-only'] || compareStatic(VMLINUX);
  if (values['static-only']) return same;
  same = (await compareLive('native', Number(values.stops))) && same;
  return (await compareLive('lpv', Number(values['lpv-stops']))) && same;
}

if (!hasVmlinux()) {
  console.error('The kernel with debug information is missing: `npm run guest:linux` makes it.');
  process.exitCode = 1;
} else if (!hasGdb() || !oracles.hasTool('arm-none-eabi-readelf')) {
  console.error(
    'gdb-multiarch with Python, or arm-none-eabi-readelf, is missing: install gdb-multiarch and binutils-arm-none-eabi.',
  );
  process.exitCode = 1;
} else if (!(await main())) process.exitCode = 1;
