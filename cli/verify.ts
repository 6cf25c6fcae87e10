/** `trapline verify`: sensitive instructions that are left in a binary, and whether it is what the ELF way makes. */
import { loadFile } from '../debug-adapter/launch/file-system.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { ElfFile, ELF_TYPE } from '../formats/elf.ts';
import { comparePatched, type PatchComparison } from '../hypervisor/compare-patched.ts';
import { findSensitiveSites } from '../hypervisor/patch.ts';
import { disassemble } from '../isa/disassemble.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';

export const command: Command = {
  name: 'verify',
  positional: 'ELF',
  summary: 'Lists the sensitive instructions that are left in a program, an object or a module.',
  options: {
    against: { value: 'ELF', help: 'the same from sources that are not patched: compares sections, words and traps' },
    format: { value: 'FORMAT', help: 'text (default) or json' },
  },
  notes:
    'Exit code: 0 when none is left, 1 when some are, or when --against finds a difference.\n' +
    'Coprocessor instructions trap already, and are counted only. Code that the kernel lends to user mode (kuser\n' +
    'helpers, signal return) is left alone, and counted only.',
  run,
};

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

async function readElf(path: string): Promise<ElfFile> {
  const { unpack } = await import('../emulator/boot/plan.ts');
  const { bytes } = await loadFile(nodeFileSystem, nodeFileSystem.resolve(process.cwd(), path), 'ELF file');
  return new ElfFile(unpack(bytes, path), path);
}

async function run(args: ParsedArguments): Promise<number> {
  const path = args.onePositional('ELF file');
  if (path === undefined) throw new UsageError('Name the ELF file: trapline verify ELF.');
  const format = args.choice('format', ['text', 'json']) ?? 'text';
  const elf = await readElf(path);
  const found = findSensitiveSites(elf);
  const relocatable = elf.type === ELF_TYPE.relocatable;
  const left = found.sites.map(({ address, word, section }) => ({
    address: hex(address),
    word: hex(word),
    symbol: elf.symbols.describe(address, relocatable ? section : undefined) ?? '',
    text: disassemble(word, address).text,
    ...(relocatable && { section: elf.sections[section].name }),
  }));
  const against = args.text('against');
  const comparison = against === undefined ? undefined : comparePatched(await readElf(against), elf);
  if (format === 'json') {
    const report = {
      sites: left.length,
      byClass: { ...found.byClass, alreadyTraps: found.alreadyTraps },
      left,
      userMode: found.userMode.length,
      withoutTrap: found.withoutTrap.map(hex),
      unmapped: found.unmapped,
      thumbBytes: found.thumbBytes,
      ...(comparison && { comparison }),
    };
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    for (const { address, word, symbol, text } of left)
      process.stdout.write(`${address}  ${word.slice(2)}  ${symbol}: ${text}\n`);
    process.stdout.write(summary(path, found, left.length));
    if (comparison) process.stdout.write(describeComparison(comparison));
  }
  return left.length > 0 || comparison?.equal === false ? ExitCode.guestFailed : ExitCode.ok;
}

function summary(path: string, found: ReturnType<typeof findSensitiveSites>, left: number): string {
  const classes = Object.entries(found.byClass).map(([name, count]) => `${name} ${count}`);
  const lines = [
    `${path}: ${left} sensitive ${left === 1 ? 'instruction' : 'instructions'} left${classes.length > 0 ? ` (${classes.join(', ')})` : ''}`,
    `  ${found.alreadyTraps} coprocessor instructions trap already; ${found.userMode.length} are in code for user mode`,
  ];
  if (found.withoutTrap.length > 0) lines.push(`  ${found.withoutTrap.length} UNPREDICTABLE forms of CPS have no trap`);
  if (found.unmapped.length > 0)
    lines.push(`  not looked at, as mapping symbols are missing: ${found.unmapped.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/** The sections side by side: sizes in bytes, traps that are equal, other words that are not. */
function describeComparison({ sections, sites, traps, equal }: PatchComparison): string {
  const rows = [
    ['section', 'unpatched', 'patched', 'equal traps', 'other differences'],
    ...sections.map(({ name, plainSize, patchedSize, traps: same, differences, firstDifference }) => [
      name,
      String(plainSize ?? '-'),
      String(patchedSize ?? '-'),
      same === 0 ? '' : String(same),
      firstDifference === undefined ? '' : `${differences} words, the first at ${hex(firstDifference)}`,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const text = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  const verdict = equal
    ? `equal: the traps are those of the unpatched file patched as ELF, and so is everything else in memory`
    : `DIFFERENT from the unpatched file patched as ELF`;
  return `${rows.map(text).join('\n')}\n${traps} of ${sites} traps are equal; ${verdict}\n`;
}
