/** Options that the commands on sources share, and the linting that they ask for. */
import { dirname, join, resolve } from 'node:path';
import type { Linter } from '../language-server/lint.ts';
import { findCompileCommands } from '../language-server/node-settings.ts';
import type { SettingsOptions } from '../language-server/tree-settings.ts';
import { type OptionSpecs, type ParsedArguments, UsageError } from './command.ts';
import { lintFiles, MAX_JOBS } from './lint-jobs.ts';

/** Files between two messages of progress. */
const PROGRESS_STEP = 50;

export const SOURCE_OPTIONS: OptionSpecs = {
  include: { value: 'FOLDERS', short: 'I', help: 'folders for #include, with commas between' },
  define: { value: 'NAMES', short: 'D', help: 'macros, as in NAME or NAME=VALUE, with commas between' },
  config: { value: 'FILE', help: 'the configuration of a kernel (.config); default: that of the tree, if any' },
  build: { value: 'FOLDER', help: 'where the kernel is built (O=), for its generated headers' },
  jobs: { value: 'N', short: 'j', help: 'threads that read files (one for each processor; fewer for few files)' },
  'compile-commands': { value: 'FILE', help: 'compile_commands.json; default: the one in or above the first path' },
};

const list = (text: string | undefined): string[] => (text ?? '').split(',').filter((word) => word !== '');

/** How sources are compiled, as the arguments say. */
function settingsOptions(args: ParsedArguments): SettingsOptions {
  const defines = new Map(
    list(args.text('define')).map((text): [string, string] => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, '1'] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
  const [first] = args.positionals;
  return {
    includePaths: list(args.text('include')),
    defines,
    config: args.text('config'),
    buildFolder: args.text('build'),
    compileCommands: args.text('compile-commands') ?? findCompileCommands(dirname(join(resolve(first), 'x'))),
  };
}

/** Lints files as the arguments say. With `shows`, a terminal sees how far it is. */
export async function lintAs(args: ParsedArguments, files: readonly string[], shows: boolean): Promise<Linter> {
  const onTerminal = shows && process.stderr.isTTY;
  let shown = 0;
  const progress = (done: number): void => {
    if (!onTerminal || (done - shown < PROGRESS_STEP && done < files.length)) return;
    shown = done;
    process.stderr.write(`\r${done} of ${files.length} files`);
  };
  try {
    return await lintFiles(files, settingsOptions(args), args.integer('jobs', 1, MAX_JOBS), progress);
  } finally {
    if (onTerminal) process.stderr.write('\r\x1b[K');
  }
}

/** The paths to work on; there must be one. */
export function requiredPaths(args: ParsedArguments, command: string): readonly string[] {
  if (args.positionals.length === 0) throw new UsageError(`Name files or folders: trapline ${command} PATH...`);
  return args.positionals;
}
