/** Blocks of code and the variables in them, beside gdb's. */
import type { DebugInfo, FrameVariables } from '../../symbols/debug-info.ts';
import { AT } from '../../symbols/dwarf/constants.ts';
import type { DebugVariable } from '../../symbols/dwarf/variables.ts';
import { runGdb } from './gdb.ts';
import { compare, hex, json, type Comparison } from './oracles.ts';

const GDB_BLOCKS = `
import gdb, json
for pc in PCS:
    block = gdb.block_for_pc(pc)
    rows = []
    while block and not block.is_static and not block.is_global:
        names = sorted(s.name for s in block
                       if (s.is_variable or s.is_argument) and str(s.type) != '__CORE_ADDR'
                       and (ALL or s.addr_class != gdb.SYMBOL_LOC_OPTIMIZED_OUT))
        if names: rows.append(names)
        if block.function:
            rows.append('=' + block.function.name)
        block = block.superblock
    print(json.dumps(rows))
`;

/**
 * The variables of the frame, by block at addresses, and the functions around, beside gdb's blocks; with those that were
 * optimized away, unless `locatedOnly`: where blocks do not say what they are instances of, as Clang's do not, gdb lists
 * the variables of inner blocks a second time.
 */
export function compareScopes(
  info: DebugInfo,
  file: string,
  addresses: readonly number[],
  locatedOnly = false,
): Comparison {
  const script = GDB_BLOCKS.replace('PCS', JSON.stringify(addresses)).replace('ALL', locatedOnly ? 'False' : 'True');
  const theirs = runGdb(file, script)
    .trim()
    .split('\n')
    .map((line) => json(JSON.parse(line)));
  const ours = (address: number): string => json(rowsOf(info.variablesAt(address), locatedOnly));
  const explain = (address: number, text: string): string | undefined => {
    const rows = rowsOf(info.variablesAt(address), locatedOnly);
    if (text === json(withNameOf(JSON.parse(text) as Row[], rows, address, info))) return SEVERAL_NAMES;
    const reached = rowsOf(withoutEmptied(info.variablesAt(address)), locatedOnly);
    return text === json(reached) ? EMPTIED : undefined;
  };
  return compare(addresses, ours, theirs, hex, explain);
}

const SEVERAL_NAMES = 'functions that are described once for each of their names: gdb takes another one';

const EMPTIED =
  'blocks whose list of ranges begins with an empty one at the start of the unit, which ends the list: gdb drops what is in them';

/** The names of the variables of a block, or a function after `=`. */
type Row = string | readonly string[];

function rowsOf(frames: readonly FrameVariables[], locatedOnly: boolean): Row[] {
  return frames.flatMap(({ name, scopes }) => [
    ...scopes
      .map(({ variables }) =>
        variables
          .filter((variable) => isNoConstant(variable) && (!locatedOnly || hasPlace(variable)))
          .map((variable) => variable.name)
          .sort(),
      )
      .filter((names) => names.length > 0),
    `=${name}`,
  ]);
}

/** Our rows, with gdb's name of the function around everything where it is a function at the same address. */
function withNameOf(theirs: readonly Row[], ours: readonly Row[], address: number, info: DebugInfo): readonly Row[] {
  const last = theirs.at(-1);
  const entry = info.functionAt(address)?.entry;
  if (typeof last !== 'string' || !info.functionsNamed(last.slice(1)).some((fn) => fn.entry === entry)) return ours;
  return [...ours.slice(0, -1), last];
}

/** What gdb reaches: nothing in a block that has a list of ranges without any. */
function withoutEmptied(frames: readonly FrameVariables[]): FrameVariables[] {
  const path = frames.flatMap(({ scopes }) => scopes.map(({ scope }) => scope));
  const emptied = path.map(({ die, ranges }) => die.has(AT.ranges) && ranges.length === 0).lastIndexOf(true);
  const reached = new Set(path.slice(emptied + 1));
  return frames
    .map((frame) => ({ ...frame, scopes: frame.scopes.filter(({ scope }) => reached.has(scope)) }))
    .filter(({ scopes }) => scopes.length > 0);
}

const hasPlace = ({ die }: DebugVariable): boolean =>
  die.withAttribute(AT.location) !== undefined || die.withAttribute(AT.constValue) !== undefined;

/** gdb tells constants, which have no place, from variables. */
const isNoConstant = ({ die, isArgument }: DebugVariable): boolean =>
  isArgument || die.withAttribute(AT.location) !== undefined || die.withAttribute(AT.constValue) === undefined;
