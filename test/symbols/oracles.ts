/** Compares what the symbol reader says of an ELF file with addr2line, readelf and gdb-multiarch. */
import { spawnSync } from 'node:child_process';
import { normalize } from 'node:path';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { typeName } from '../../symbols/dwarf/type-name.ts';
import type { DebugType } from '../../symbols/dwarf/types.ts';
import { ROW } from '../../symbols/dwarf/line-program.ts';
import { runGdb } from './gdb.ts';

/** How many things were compared, and those that differ, ours first. */
export interface Comparison {
  compared: number;
  differences: string[];
  /** How many differ by a rule that holds for the case, by rule. */
  explained: ReadonlyMap<string, number>;
}

export const hex = (value: number): string => (value >>> 0).toString(16);

function run(command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input, maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}

/** Whether a tool can be started. */
export const hasTool = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** Compares item by item. `explain` gives the rule by which an answer of theirs differs from ours, if there is one. */
export function compare<T>(
  items: readonly T[],
  ours: (item: T) => string,
  theirs: readonly string[],
  label: (item: T) => string,
  explain: (item: T, theirs: string) => string | undefined = () => undefined,
): Comparison {
  const differences: string[] = [];
  const explained = new Map<string, number>();
  items.forEach((item, i) => {
    const mine = ours(item);
    if (mine === theirs[i]) return;
    const rule = explain(item, theirs[i]);
    if (rule === undefined) differences.push(`${label(item)}: ${mine} | ${theirs[i]}`);
    else explained.set(rule, (explained.get(rule) ?? 0) + 1);
  });
  return { compared: items.length, differences, explained };
}

/** The addresses of all rows of all line tables, each once. */
export function rowAddresses(info: DebugInfo): number[] {
  const addresses = new Set<number>();
  for (const { rows } of info.allRows()) {
    for (let i = 0; i < rows.count; i++) {
      if (!(rows.flags[i] & ROW.endSequence) && info.isCode(rows.addresses[i])) addresses.add(rows.addresses[i]);
    }
  }
  return [...addresses];
}

/** File and line of each address beside addr2line's. */
export function compareLines(info: DebugInfo, file: string, addresses: readonly number[]): Comparison {
  const output = run('arm-none-eabi-addr2line', ['-e', file], addresses.map((a) => `${hex(a)}\n`).join(''));
  const theirs = output.split('\n').map((line) => {
    const [, path, number] = /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/.exec(line) ?? [];
    // Without a line, addr2line guesses the file from the symbol table.
    return number === undefined || number === '?' || number === '0' ? 'none' : `${normalize(path)}:${number}`;
  });
  const ours = (address: number): string => {
    const line = info.lineOf(address);
    return line && line.line !== 0 ? `${line.file}:${line.line}` : 'none';
  };
  return compare(addresses, ours, theirs, hex);
}

/** Functions and inlined copies at addresses, with their places, beside `addr2line -i -f`. */
export function compareFrames(info: DebugInfo, file: string, addresses: readonly number[]): Comparison {
  const output = run(
    'arm-none-eabi-addr2line',
    ['-a', '-i', '-f', '-e', file],
    addresses.map((a) => `${hex(a)}\n`).join(''),
  );
  const theirs = output
    .split(/^0x[0-9a-f]+\n/m)
    .slice(1)
    .map((block) => {
      const lines = block.trim().split('\n');
      return lines
        .map((line) => (/^(.*?):[\d?]+(?: \(disc.*)?$/.test(line) ? normalize(line.replace(/ \(disc.*$/, '')) : line))
        .join(' ');
    });
  const ours = (address: number): string =>
    info
      .framesAt(address)
      .map(({ name, place }) => `${name} ${place?.file ?? '??'}:${place?.line ?? '?'}`)
      .join(' ');
  return compare(addresses, ours, theirs, hex);
}

/** Bounds of every function with one range, beside readelf's list of DW_TAG_subprogram entries. */
export function compareFunctions(info: DebugInfo, file: string): Comparison {
  const dump = run('arm-none-eabi-readelf', ['--debug-dump=info', '--dwarf-depth=2', '-W', file]);
  const theirs = new Map<number, string>();
  let entry: { offset: number; low?: number; high?: number } | undefined;
  for (const line of dump.split('\n')) {
    const start = /^ *<[0-9a-f]+><([0-9a-f]+)>: Abbrev Number: \d+ \((\w+)\)/.exec(line);
    if (start) entry = start[2] === 'DW_TAG_subprogram' ? { offset: parseInt(start[1], 16) } : undefined;
    const value = /DW_AT_(low|high)_pc\s*: (?:\((\w+)\) )?(?:\(index: \w+\): )?(\w+)$/.exec(line.trim());
    if (!entry || !value) continue;
    const number = Number(value[3]);
    if (value[1] === 'low') entry.low = number;
    else entry.high = value[2]?.startsWith('addr') ? number : (entry.low ?? 0) + number;
    const { low, high } = entry;
    if (low !== undefined && high !== undefined && high > low) theirs.set(entry.offset, `${hex(low)}-${hex(high)}`);
  }
  const ours = new Map<number, string>();
  for (const { die, ranges } of info.allFunctions()) {
    if (ranges.length === 1) ours.set(die.offset, `${hex(ranges[0].start)}-${hex(ranges[0].end)}`);
  }
  const differences: string[] = [];
  for (const [offset, bounds] of theirs) {
    if (ours.get(offset) !== bounds) differences.push(`<${hex(offset)}>: ${ours.get(offset) ?? 'none'} | ${bounds}`);
  }
  return { compared: theirs.size, differences, explained: new Map() };
}

/** A type that C can name: `struct x`, `union y`, `enum z`, or the name of a typedef. */
export interface NamedType {
  readonly namespace: 'struct' | 'union' | 'enum' | 'typedef';
  readonly name: string;
  /** An address in a unit that defines it. */
  readonly near?: number | undefined;
}

const GDB_LAYOUT = `
import gdb, json
def spelled(t):
    text = str(t)
    return '?' if '{' in text else text
def describe(t):
    t = t.strip_typedefs()
    if t.code == gdb.TYPE_CODE_ENUM:
        return [t.sizeof, [[f.name, f.enumval] for f in t.fields()]]
    if t.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return [spelled(t), t.sizeof]
    rows = []
    for f in t.fields():
        if hasattr(f, 'bitpos'):
            rows.append([f.name or '', f.bitpos, f.bitsize, f.type.sizeof, spelled(f.type)])
    return [t.sizeof, rows]
def defined_near(pc, declared):
    return next(s.type for s in gdb.block_for_pc(pc).static_block if s.name == declared.tag and s.type.code == declared.code)
for name, pc in TYPES:
    try:
        t = gdb.lookup_type(name)
        # Of a name that some units only declare, gdb may find the declaration: then a unit that defines it is asked.
        if pc and t.code == gdb.TYPE_CODE_ENUM and not t.fields(): t = defined_near(pc, t)
        print(json.dumps(describe(t)))
    except gdb.error as e: print(json.dumps(str(e)))
`;

/** The layout of types beside gdb's: sizes, offsets, widths of bit fields, spelled types, enumerators. */
export function compareTypes(info: DebugInfo, file: string, types: readonly NamedType[]): Comparison {
  const asked = types.map(({ namespace, name, near = 0 }) => [
    namespace === 'typedef' ? name : `${namespace} ${name}`,
    near,
  ]);
  const script = GDB_LAYOUT.replace('TYPES', JSON.stringify(asked));
  const theirs = runGdb(file, script)
    .trim()
    .split('\n')
    .map((line) => json(JSON.parse(line)));
  const ours = ({ namespace, name }: NamedType): string => {
    const type = info.typeNamed(namespace, name);
    return type ? json(describe(info, type)) : 'none';
  };
  return compare(types, ours, theirs, ({ namespace, name }) => `${namespace} ${name}`);
}

/** JSON in which integers of any size are numbers. */
export const json = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));

function describe(info: DebugInfo, named: DebugType): unknown {
  let type = named;
  while (type.kind === 'typedef') type = type.target;
  type = info.complete(type);
  if (type.kind === 'enum') return [type.size, type.enumerators.map(({ name, value }) => [name, value])];
  if (type.kind !== 'struct') return [spelled(type), sizeInGdb(info, type)];
  return [
    type.size ?? 0,
    type.members.map(({ name, type: memberType, offset, bits }) => [
      name ?? '',
      bits ? bits.offset : offset * 8,
      bits ? bits.size : 0,
      sizeInGdb(info, memberType),
      spelled(memberType),
    ]),
  ];
}

/** gdb says 1 for the size of a function or void, 0 for what is not complete. */
function sizeInGdb(info: DebugInfo, type: DebugType): number {
  let inner = type;
  while (inner.kind === 'typedef' || inner.kind === 'qualified') inner = inner.target;
  inner = info.complete(inner);
  return inner.size ?? (inner.kind === 'function' || inner.kind === 'void' ? 1 : 0);
}

/** gdb shortens the names that GCC gives to integer types. */
const SHORTENED: readonly (readonly [RegExp, string])[] = [
  [/\b(long long|long|short) unsigned int\b/g, 'unsigned $1'],
  [/\b(long long|long|short) int\b/g, '$1'],
];

function spelled(type: DebugType): string {
  const text = SHORTENED.reduce((name, [long, short]) => name.replace(long, short), typeName(type));
  return text.includes('{') ? '?' : text;
}

const GDB_GLOBALS = `
import gdb, re
for name in NAMES:
    match = re.search(r'at address (0x[0-9a-f]+)', gdb.execute('info address ' + name, to_string=True))
    print(match.group(1) if match else 'none')
`;

/** Addresses of global variables beside gdb's `info address`. */
export function compareGlobals(info: DebugInfo, file: string, names: readonly string[]): Comparison {
  const theirs = runGdb(file, GDB_GLOBALS.replace('NAMES', JSON.stringify(names)))
    .trim()
    .split('\n');
  const ours = (name: string): string => {
    const variable = info.globalsNamed(name)[0];
    const place = variable && info.locate(variable);
    return place?.kind === 'memory' ? `0x${hex(place.address)}` : 'none';
  };
  return compare(names, ours, theirs, (name) => name);
}

const GDB_BREAKPOINTS = `
import gdb
for name in NAMES:
    gdb.execute('delete')
    text = gdb.execute('break ' + name, to_string=True)
    print(' '.join(sorted(hex(l.address) for b in gdb.breakpoints() for l in b.locations)) if hasattr(gdb, 'BreakpointLocation') else text.split(' at ')[1].split(':')[0])
`;

/** Where a breakpoint by function name is set, beside gdb's. */
export function compareBreakpoints(info: DebugInfo, file: string, names: readonly string[]): Comparison {
  const theirs = runGdb(file, GDB_BREAKPOINTS.replace('NAMES', JSON.stringify(names)))
    .trim()
    .split('\n');
  const ours = (name: string): string =>
    info
      .breakpointsFor(name)
      .map((address) => `0x${hex(address)}`)
      .sort()
      .join(' ');
  return compare(names, ours, theirs, (name) => name);
}
