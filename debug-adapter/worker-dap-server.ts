/** The debug adapter in a browser worker: one session, whose files its host reads for it. */
import { TraplineSession } from './dap/session.ts';
import type { FileSystem } from './launch/file-system.ts';
import { parentUri, resolveUri } from './launch/uri-paths.ts';
import type { FromAdapterWorker, ToAdapterWorker } from './protocol-worker.ts';

/** The worker's side of the channel to its host. */
interface Port {
  postMessage(message: FromAdapterWorker): void;
  onmessage: ((event: { data: ToAdapterWorker }) => void) | null;
  close(): void;
}

type Answer = Extract<ToAdapterWorker, { kind: 'answer' }>;

/** What the host could not read; `code` as `loadFile` knows it. */
class HostError extends Error {
  readonly code: string;

  constructor(code: string, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Questions to the host, by number. */
class HostFiles implements FileSystem {
  readonly resolve = resolveUri;
  readonly dirname = parentUri;
  private readonly port: Port;
  private readonly open = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  private next = 1;

  constructor(port: Port) {
    this.port = port;
  }

  async readFile(path: string): Promise<Uint8Array> {
    const { bytes } = await this.ask('read', path);
    if (!bytes) throw new HostError('Unknown', 'the host sent no contents');
    return bytes;
  }

  async isDirectory(path: string): Promise<boolean> {
    return (await this.ask('isDirectory', path)).isDirectory === true;
  }

  take(message: Extract<ToAdapterWorker, { id: number }>): void {
    const question = this.open.get(message.id);
    this.open.delete(message.id);
    if (message.kind === 'answer') question?.resolve(message);
    else question?.reject(new HostError(message.code, message.reason));
  }

  private ask(ask: 'read' | 'isDirectory', path: string): Promise<Answer> {
    const id = this.next++;
    this.port.postMessage({ kind: 'question', id, ask, path });
    return new Promise((resolve, reject) => this.open.set(id, { resolve, reject }));
  }
}

/** Puts tasks at the end of the event loop's queue; timers would wait for milliseconds. */
function makeSchedule(): (task: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const tasks: (() => void)[] = [];
  port1.onmessage = () => tasks.shift()?.();
  return (task) => {
    tasks.push(task);
    port2.postMessage(undefined);
  };
}

/** Serves one session over a channel, from the `start` message on. */
export function serveAdapter(port: Port): void {
  const files = new HostFiles(port);
  let folder = '';
  let sources: ReadonlySet<string> = new Set();
  const session = new TraplineSession({
    schedule: makeSchedule(),
    load: async (args) => {
      const { loadGuest } = await import('./dap/load-guest.ts');
      return loadGuest(args, files, folder, (path) => sources.has(path));
    },
  });
  session.onDidSendMessage((message) => port.postMessage({ kind: 'dap', message }));
  session.onDisconnect = () => port.close();
  port.onmessage = ({ data }) => {
    if (data.kind === 'dap') session.handleMessage(data.message);
    else if (data.kind === 'start') {
      folder = data.folder;
      sources = new Set(data.files);
    } else files.take(data);
  };
}
