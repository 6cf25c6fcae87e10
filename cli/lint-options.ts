/** Options that the commands on sources share, and the linter that they make. */
import { dirname, join, resolve } from 'node:path';
import { Linter } from '../language-server/lint.ts';
import { findCompileCommands, NodeSettings } from '../language-server/node-settings.ts';
import { NodeSourceProvider } from '../language-server/node-source-provider.ts';
import { type OptionSpecs, type ParsedArguments, UsageError } from './command.ts';

export const SOURCE_OPTIONS: OptionSpecs = {
  include: { value: 'FOLDERS', short: 'I', help: 'folders for #include, with commas between' },
  define: { value: 'NAMES', short: 'D', help: 'macros, as in NAME or NAME=VALUE, with commas between' },
  config: { value: 'FILE', help: 'the configuration of a kernel (.config); default: that of the tree, if any' },
  build: { value: 'FOLDER', help: 'where the kernel is built (O=), for its generated headers' },
  'compile-commands': { value: 'FILE', help: 'compile_commands.json; default: the one in or above the first path' },
};

const list = (text: string | undefined): string[] => (text ?? '').split(',').filter((word) => word !== '');

/** A linter with its files, as the arguments say. */
export function createLinter(args: ParsedArguments): { linter: Linter; provider: NodeSourceProvider } {
  const defines = new Map(
    list(args.text('define')).map((text): [string, string] => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, '1'] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
  const [first] = args.positionals;
  const provider = new NodeSourceProvider();
  const settings = new NodeSettings({
    includePaths: list(args.text('include')),
    defines,
    config: args.text('config'),
    buildFolder: args.text('build'),
    compileCommands: args.text('compile-commands') ?? findCompileCommands(dirname(join(resolve(first), 'x'))),
  });
  return { linter: new Linter({ provider, settings }), provider };
}

/** The paths to work on; there must be one. */
export function requiredPaths(args: ParsedArguments, command: string): readonly string[] {
  if (args.positionals.length === 0) throw new UsageError(`Name files or folders: trapline ${command} PATH...`);
  return args.positionals;
}
