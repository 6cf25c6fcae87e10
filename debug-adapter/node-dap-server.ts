/** Serves the Debug Adapter Protocol on stdin and stdout, or on a TCP port with one debug session a connection. */
import { createServer, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { AdapterHost } from './dap/guest.ts';
import { TraplineSession } from './dap/session.ts';
import { encodeMessage, MessageReader } from './dap/transport.ts';
import { nodeAdapterHost } from './node-adapter-host.ts';

export interface DapServerOptions {
  /** 0 for any free port. */
  port: number;
  /** The loopback interface by default. */
  host?: string;
  /** Where guests come from; the file system by default. */
  adapter?: AdapterHost;
}

export interface DapServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves one session on stdin and stdout; the process ends with it. */
export function startDapStdio(): void {
  const end = (): void => {
    // What has been written must leave the process first.
    process.stdout.write('', () => process.exit(0));
  };
  serve(nodeAdapterHost(), process.stdin, process.stdout, end);
}

/** Listens for clients. Rejects with the error of the socket when the port cannot be used. */
export function startDapServer(options: DapServerOptions): Promise<DapServer> {
  const { port, host = '127.0.0.1', adapter = nodeAdapterHost() } = options;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(adapter, socket, socket, () => socket.end());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : port,
        close: () =>
          new Promise((closed) => {
            // What has been written to them still gets there.
            for (const socket of sockets) socket.destroySoon();
            server.close(() => closed());
          }),
      });
    });
  });
}

/** Runs a session over a pair of streams until the client disconnects or goes away. */
function serve(adapter: AdapterHost, input: Readable, output: Writable, onEnd: () => void): void {
  const session = new TraplineSession(adapter);
  const reader = new MessageReader();
  session.onDisconnect = onEnd;
  session.onDidSendMessage((message) => {
    if (output.writable) output.write(encodeMessage(message));
  });
  input.on('data', (chunk: Uint8Array) => {
    for (const received of reader.push(chunk)) {
      if ('error' in received) session.reportBadMessage(received.error);
      else session.handleMessage(received.message);
    }
  });
  for (const event of ['end', 'close', 'error']) input.on(event, () => session.close());
  output.on('error', () => session.close());
}
