/**
 * `npm run oracle:lint [-- FOLDER...]`: the linter against the assembler on whole trees. Every .S file below a folder is assembled
 * for several architectures; where it assembles, each sensitive word of the object must be one that the linter claims, at its
 * line, and the other way round. A file that assembles must have no syntax problem either. Without folders: the sources of the
 * Linux guest, and the torture files.
 * Options: --include FOLDERS (with commas between), --arch LEVELS (default 4t,5te,6k,7-a).
 * Exit code: 1 when something is missed, claimed wrongly or a false problem.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Linter } from '../../language-server/lint.ts';
import { linuxRoot } from '../../language-server/node-settings.ts';
import { NodeSourceProvider } from '../../language-server/node-source-provider.ts';
import type { CompileSettings } from '../../language-server/parse/preprocessor/preprocess.ts';
import { settingsFromArguments } from '../../language-server/tree-settings.ts';
import { claimedWords, compareWords, sensitiveWordsOf } from './assembler-truth.testing.ts';

const GCC = 'arm-none-eabi-gcc';
const GUEST = fileURLToPath(new URL('../../guests/linux/build/', import.meta.url));
const TORTURE = fileURLToPath(new URL('torture/', import.meta.url));

interface Totals {
  files: number;
  assembled: number;
  words: number;
  claimed: number;
  agreed: number;
  readonly wrong: string[];
}

function* assemblyFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* assemblyFiles(path);
    else if (/\.[sS]$/.test(entry.name)) yield path;
  }
}

/** The compiler's own macros for an architecture. */
function builtinMacros(args: readonly string[]): string[] {
  const text = execFileSync(GCC, [...args, '-dM', '-E', '-x', 'assembler-with-cpp', '/dev/null'], { encoding: 'utf8' });
  return [...text.matchAll(/^#define (\w+) (.*)$/gm)].map(([, name, value]) => `-D${name}=${value}`);
}

/** Arguments with which the files of a folder are compiled, besides the architecture. */
function treeArguments(folder: string, level: string, includes: readonly string[]): string[] {
  const own = includes.map((path) => `-I${resolve(path)}`);
  const root = linuxRoot(folder);
  if (root === undefined) return [...own, `-I${folder}`, '-D__ASSEMBLY__'];
  const arm = 'arch/arm/include';
  const build = join(GUEST, 'build');
  const paths = [arm, `${arm}/uapi`, 'include', 'include/uapi'].map((path) => join(root, path));
  const generated = [`${arm}/generated`, 'include', `${arm}/generated/uapi`, 'include/generated/uapi'];
  paths.push(...generated.map((path) => join(build, path)));
  const forced = [join(root, 'include/linux/kconfig.h'), join(root, arm, 'asm/unified.h')];
  const defines = ['-D__KERNEL__', '-D__ASSEMBLY__', `-D__LINUX_ARM_ARCH__=${level}`, '-DTEXT_OFFSET=0x8000'];
  return [...own, ...paths.map((path) => `-I${path}`), ...forced.flatMap((path) => ['-include', path]), ...defines];
}

function lint(path: string, settings: CompileSettings, provider: NodeSourceProvider): ReturnType<Linter['result']> {
  const linter = new Linter({ provider, settings: { assembly: () => settings, c: () => settings } });
  linter.add(provider.get(path)!);
  return linter.result();
}

/** Compares the files of a folder, each for every architecture. */
function compareFolder(folder: string, architectures: readonly string[], includes: readonly string[]): Totals {
  const totals: Totals = { files: 0, assembled: 0, words: 0, claimed: 0, agreed: 0, wrong: [] };
  const provider = new NodeSourceProvider();
  const scratch = mkdtempSync(join(tmpdir(), 'trapline-oracle-'));
  const object = join(scratch, 'a.o');
  const files = [...assemblyFiles(folder)].sort();
  totals.files = files.length;
  try {
    for (const arch of architectures) {
      const machine = [`-march=armv${arch}`, '-marm', '-mfloat-abi=softfp', `-mfpu=${arch === '7-a' ? 'neon' : 'vfp'}`];
      const builtin = builtinMacros(machine);
      const tree = treeArguments(folder, arch[0], includes);
      for (const file of files) {
        const args = [...tree, `-I${dirname(file)}`];
        const { status } = spawnSync(GCC, ['-c', '-g', ...machine, ...args, '-o', object, file], { timeout: 20_000 });
        if (status !== 0) continue;
        totals.assembled++;
        const found = settingsFromArguments([...builtin, ...args], folder);
        const settings = { ...found, defines: new Map([...found.defines, ['__ASSEMBLER__', '1'] as const]) };
        const { findings, problems } = lint(file, settings, provider);
        const { truth, claimed, agreed, missed, wrong } = compareWords(
          sensitiveWordsOf(object),
          claimedWords(findings),
        );
        totals.words += truth;
        totals.claimed += claimed;
        totals.agreed += agreed;
        const name = `armv${arch} ${relative(folder, file)}`;
        totals.wrong.push(
          ...missed.map((word) => `${name}: missed ${word}`),
          ...wrong.map((word) => `${name}: claimed ${word}`),
          ...problems.map(({ source, start, message }) => `${name}:${source.position(start).line}: ${message}`),
        );
      }
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return totals;
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((part / whole) * 100).toFixed(2)} %`);

const { values, positionals } = parseArgs({
  options: { include: { type: 'string', default: '' }, arch: { type: 'string', default: '4t,5te,6k,7-a' } },
  allowPositionals: true,
});
const linux = join(GUEST, 'linux-source-6.1/arch/arm');
const folders = positionals.length > 0 ? positionals : [TORTURE, ...(existsSync(linux) ? [linux] : [])];
for (const given of folders) {
  const folder = resolve(given);
  const includes = values.include.split(',').filter((path) => path !== '');
  const { files, assembled, words, claimed, agreed, wrong } = compareFolder(folder, values.arch.split(','), includes);
  process.stdout.write(
    `${given}: ${files} files, ${assembled} objects, ${words} sensitive words; ` +
      `precision ${percent(agreed, claimed)}, recall ${percent(agreed, words)}, ${wrong.length} differences\n`,
  );
  for (const line of wrong) process.stdout.write(`  ${line}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}
