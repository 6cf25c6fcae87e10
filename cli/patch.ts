/** `trapline patch`: the LPV rewrite of sources or of an ELF file. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { loadFile } from '../debug-adapter/launch/file-system.ts';
import { nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { ElfFile, isElf } from '../formats/elf.ts';
import { findSensitiveSites, patchElf } from '../hypervisor/patch.ts';
import { disassemble } from '../isa/disassemble.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { requiredPaths, SOURCE_OPTIONS } from './lint-options.ts';
import { patchTrees, type PatchSummary } from './patch-sources.ts';
import { replaceFile } from './write-file.ts';

export const command: Command = {
  name: 'patch',
  positional: 'PATH...',
  summary: 'Replaces sensitive instructions by their traps, in sources and folders of sources, or in an ELF file.',
  options: {
    diff: { help: 'print a unified diff and write nothing' },
    output: { value: 'PATH', short: 'o', help: 'write there, and leave the input as it is' },
    restore: { help: 'sources: put the originals back' },
    ...SOURCE_OPTIONS,
  },
  notes:
    'In sources the original stays beside its trap, in a comment. What computed traps need of the assembler is written\n' +
    'as one file, lpv-traps.h, and one line of the arch/arm Makefile. A second run changes nothing.',
  run,
};

function isElfFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return false;
  const magic = new Uint8Array(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, magic);
  } finally {
    closeSync(file);
  }
  return isElf(magic);
}

async function run(args: ParsedArguments): Promise<number> {
  const paths = requiredPaths(args, 'patch');
  const output = args.text('output');
  const diff = args.has('diff');
  if (diff && output !== undefined) throw new UsageError('--diff writes nothing: give it without --output.');
  const binaries = paths.filter(isElfFile);
  if (binaries.length === 0) {
    const restore = args.has('restore');
    const summary = await patchTrees(args, { restore, diff, quiet: false, output });
    process.stderr.write(restore ? `trapline: ${summary.files} files restored\n` : describeSummary(summary, diff));
    return ExitCode.ok;
  }
  if (paths.length > 1) throw new UsageError('Give one ELF file at a time, or sources alone.');
  if (args.has('restore'))
    throw new UsageError('--restore is for sources: keep the original of an ELF file with --output.');
  return patchBinary(paths[0], output, diff);
}

function describeSummary({ files, byClass, unfixed }: PatchSummary, diff: boolean): string {
  const total = [...byClass.values()].reduce((sum, count) => sum + count, 0);
  const classes = [...byClass].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
  const verb = diff ? 'to replace' : 'replaced';
  const lines = [
    `trapline: ${total} instructions ${verb} in ${files} files${classes.length > 0 ? `: ${classes.join(', ')}` : ''}`,
  ];
  for (const { source, start } of unfixed) {
    const { line } = source.position(start);
    lines.push(`trapline: ${relative(process.cwd(), source.path)}:${line} has no automatic fix`);
  }
  return `${lines.join('\n')}\n`;
}

async function patchBinary(path: string, output: string | undefined, diff: boolean): Promise<number> {
  const full = resolve(path);
  const { bytes } = await loadFile(nodeFileSystem, full, 'ELF file');
  const elf = new ElfFile(bytes, path);
  const { sites, byClass } = findSensitiveSites(elf);
  if (diff) {
    process.stdout.write(`--- a/${path}\n+++ b/${path}\n`);
    for (const { address, word, trap } of sites) {
      const line = (value: number): string =>
        `${address.toString(16).padStart(8, '0')}: ${(value >>> 0).toString(16).padStart(8, '0')}  ${disassemble(value, address).text}\n`;
      process.stdout.write(`-${line(word)}+${line(trap)}`);
    }
  } else if (output !== undefined || sites.length > 0) replaceFile(output ?? full, patchElf(elf, sites));
  const counts = new Map(Object.entries(byClass));
  const total = [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  process.stderr.write(
    `trapline: ${sites.length} instructions ${diff ? 'to replace' : 'replaced'}${total === '' ? '' : `: ${total}`}\n`,
  );
  return ExitCode.ok;
}
