/** `trapline lsp`: the language server on stdio. */
import { type Command, type ParsedArguments, UsageError } from './command.ts';

export const command: Command = {
  name: 'lsp',
  positional: '',
  summary: 'Serves the Language Server Protocol for ARM assembly on stdin and stdout.',
  options: { stdio: { help: 'the default, which some clients name' } },
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  if (args.positionals.length > 0)
    throw new UsageError('"trapline lsp" takes no arguments: the client names the files.');
  const { startLspStdio } = await import('../language-server/node-lsp-server.ts');
  startLspStdio();
  // The server ends the process, when its client says so or is gone.
  return new Promise(() => undefined);
}
