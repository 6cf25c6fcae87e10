/** A debug adapter on a socket with a DAP client connected to it, for tests. */
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { startDapServer } from '../node-dap-server.ts';
import type { AdapterHost } from './guest.ts';

/** The members of event bodies that tests look at. */
export interface EventBody {
  reason?: string;
  text?: string;
  hitBreakpointIds?: number[];
  exitCode?: number;
  category?: string;
  progressId?: string;
  output?: string;
  instructions?: number;
  total?: number;
  running?: boolean;
  name?: string;
  passed?: boolean;
  message?: string;
  seconds?: number;
}

export interface Connection {
  client: DebugClient;
  port: number;
  /** Every event that has arrived, in order. */
  events: DebugProtocol.Event[];
  /** The guest's console so far. */
  console(): string;
  /** The body of the next event of a name, or of one that has arrived since the last call for that name. */
  next(name: string, timeout?: number): Promise<EventBody>;
  /** The body of the response to a request that must succeed. */
  request<T>(command: string, args?: object): Promise<T>;
  /** The error response to a request that must fail. */
  fails(command: string, args?: object): Promise<DebugProtocol.ErrorResponse>;
  /** Ends the session by a disconnect request, and the connection. */
  disconnect(args?: DebugProtocol.DisconnectArguments): Promise<void>;
  /** Ends the connection without a word. */
  drop(): void;
  close(): Promise<void>;
}

const EVENTS = [
  'initialized',
  'stopped',
  'continued',
  'output',
  'exited',
  'terminated',
  'invalidated',
  'memory',
  'progressStart',
  'progressEnd',
  'capabilities',
  'module',
  'loadedSource',
];

const OWN_EVENTS = ['console', 'statsChanged', 'runEnded', 'testFinished'].map((name) => `trapline/${name}`);

/** Starts an adapter on a free port and connects to it; closing the connection ends both. */
export async function connect(adapter?: AdapterHost): Promise<Connection> {
  const server = await startDapServer({ port: 0, ...(adapter && { adapter }) });
  const connection = await connectTo(server);
  const close = async (): Promise<void> => {
    await connection.close();
    await server.close();
  };
  return { ...connection, close };
}

/** Connects a further client to an adapter. */
export async function connectTo(server: { readonly port: number }): Promise<Connection> {
  const client = new DebugClient('node', '', 'trapline');
  await client.start(server.port);
  let isOpen = true;
  const events: DebugProtocol.Event[] = [];
  const seen = new Map<string, number>();
  const waiting = new Set<() => void>();
  for (const name of [...EVENTS, ...OWN_EVENTS]) {
    client.on(name, (event: DebugProtocol.Event) => {
      events.push(event);
      for (const check of [...waiting]) check();
    });
  }
  const next = (name: string, timeout = 5000): Promise<EventBody> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`no ${name} event within ${timeout} ms`));
      }, timeout);
      const check = (): void => {
        const from = seen.get(name) ?? 0;
        const at = events.findIndex((event, i) => i >= from && event.event === name);
        if (at < 0) return;
        seen.set(name, at + 1);
        clearTimeout(timer);
        waiting.delete(check);
        resolve((events[at].body ?? {}) as EventBody);
      };
      waiting.add(check);
      check();
    });
  const send = client as unknown as {
    stopAdapter(): void;
    doSend(command: string, args: object, done: (response: DebugProtocol.ErrorResponse) => void): void;
  };
  return {
    client,
    port: server.port,
    events,
    next,
    request: async <T>(command: string, args: object = {}) => (await client.customRequest(command, args)).body as T,
    console: () =>
      events
        .filter((event) => event.event === 'trapline/console')
        .map((event) => (event.body as { text: string }).text)
        .join(''),
    fails: (command, args = {}) =>
      new Promise((resolve, reject) => {
        send.doSend(command, args, (response) => {
          if (response.success) reject(new Error(`${command} succeeded`));
          else resolve(response);
        });
      }),
    disconnect: async (args = {}) => {
      isOpen = false;
      await client.disconnectRequest(args);
      send.stopAdapter();
    },
    drop: () => {
      isOpen = false;
      send.stopAdapter();
    },
    close: async () => {
      // A server that has gone already would never answer.
      if (isOpen) client.disconnectRequest().catch(() => undefined);
      isOpen = false;
      send.stopAdapter();
      await Promise.resolve();
    },
  };
}
