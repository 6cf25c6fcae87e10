/** Serves the GDB remote protocol over TCP, on the loopback interface only, to one client at a time. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Runner } from '../emulator/runner.ts';
import { encodeGdbPacket } from '../formats/gdb-packet.ts';
import type { Awareness } from './awareness/awareness.ts';
import { GdbSession } from './gdb/stub.ts';

export interface GdbServerOptions {
  /** 0 for any free port. */
  port: number;
  /** Puts the guest back to its start (`monitor reset`). */
  reset?: () => void;
  /** What is known of the guest's tasks; see `GdbSessionOptions`. */
  tasks?: () => Awareness | undefined;
  /** Called when a client comes and when it has gone. */
  onClient?: (connected: boolean) => void;
}

export interface GdbServer {
  readonly port: number;
  /** Whether a client is connected. */
  readonly connected: boolean;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Starts to listen. Rejects with the error of the socket when the port cannot be used. */
export function startGdbServer(runner: Runner, options: GdbServerOptions): Promise<GdbServer> {
  let current: Socket | undefined;

  const serve = (socket: Socket): void => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    if (current) {
      refuse(socket);
      return;
    }
    current = socket;
    options.onClient?.(true);
    const session = new GdbSession(
      runner,
      (bytes) => {
        if (socket.writable) socket.write(bytes);
      },
      {
        ...(options.reset && { reset: options.reset }),
        ...(options.tasks && { tasks: options.tasks }),
        hangUp: () => socket.end(() => socket.destroy()),
        schedule: setImmediate,
      },
    );
    socket.on('data', (bytes) => session.receive(bytes));
    socket.on('close', () => {
      session.close();
      current = undefined;
      options.onClient?.(false);
    });
  };

  const server = createServer(serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, HOST, () => {
      server.off('error', reject);
      resolve(handle(server, () => current));
    });
  });
}

/** Answers the first request of a second client with an error that GDB shows, and closes. */
function refuse(socket: Socket): void {
  socket.once('data', () => {
    socket.write('+');
    socket.end(encodeGdbPacket('E.another debugger is connected'));
  });
  socket.setTimeout(5000, () => socket.destroy());
}

function handle(server: Server, client: () => Socket | undefined): GdbServer {
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get connected() {
      return client() !== undefined;
    },
    close: () =>
      new Promise((resolve) => {
        client()?.destroy();
        server.close(() => resolve());
      }),
  };
}
