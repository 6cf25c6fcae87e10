/** `trapline dap`: the debug adapter on stdio, or on a port. */
import { type Command, type ParsedArguments, UsageError } from './command.ts';
import { portError } from './listen-for-gdb.ts';

export const command: Command = {
  name: 'dap',
  positional: '',
  summary: 'Serves the Debug Adapter Protocol on stdin and stdout, or on a port of 127.0.0.1, a session a connection.',
  options: { port: { value: 'PORT', help: 'TCP port, 0 for any' } },
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  if (args.positionals.length > 0)
    throw new UsageError('"trapline dap" takes no arguments: the client names the guest.');
  const port = args.integer('port', 0, 65535);
  const { startDapServer, startDapStdio } = await import('../debug-adapter/node-dap-server.ts');
  if (port === undefined) {
    startDapStdio();
  } else {
    try {
      const server = await startDapServer({ port });
      process.stderr.write(`trapline: dap: listening on 127.0.0.1:${server.port}\n`);
    } catch (error) {
      throw portError(port, error);
    }
  }
  // The server ends the process: with its client on stdio, by a signal on a port.
  return new Promise(() => undefined);
}
