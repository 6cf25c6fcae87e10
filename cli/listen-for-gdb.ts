/** Starts a GDB server for a command, with its errors and its message for the user. */
import { type GdbServer, type GdbServerOptions, startGdbServer } from '../debug-adapter/node-gdb-server.ts';
import type { Runner } from '../emulator/runner.ts';
import { UsageError } from './command.ts';

/** Listens on a port of the loopback interface, and says so on stderr. A port in use is a `UsageError`. */
export async function listenForGdb(
  runner: Runner,
  port: number,
  options: Omit<GdbServerOptions, 'port'>,
): Promise<GdbServer> {
  try {
    const server = await startGdbServer(runner, { ...options, port });
    process.stderr.write(`trapline: gdb: listening on 127.0.0.1:${server.port}\n`);
    return server;
  } catch (error) {
    throw portError(port, error);
  }
}

/** A `UsageError` for a port that cannot be listened on. */
export function portError(port: number, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason =
    code === 'EADDRINUSE'
      ? 'it is in use; give another one, or 0 for any'
      : code === 'EACCES'
        ? 'it is reserved; give one above 1023'
        : String(error);
  return new UsageError(`Cannot listen on port ${port}: ${reason}.`);
}
