/** What a debug session needs of its surroundings, in Node: guests from the file system, ports, the event loop. */
import type { AdapterHost } from './dap/guest.ts';
import { isFile, nodeFileSystem } from './launch/node-file-system.ts';
import { startGdbServer } from './node-gdb-server.ts';

/** The surroundings of a session in a Node process. */
export function nodeAdapterHost(): AdapterHost {
  return {
    schedule: setImmediate,
    load: async (args) => {
      const { loadGuest } = await import('./dap/load-guest.ts');
      return loadGuest(args, nodeFileSystem, process.cwd(), isFile);
    },
    serveGdb: async (guest, port) => {
      const server = await startGdbServer(guest.runner, { port, tasks: () => guest.awareness });
      return { port: server.port, close: () => void server.close() };
    },
  };
}
