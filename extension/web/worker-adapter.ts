/** A debug adapter in a worker of its own; reads the files that it asks for through the editor. */
import * as vscode from 'vscode';
import type { FromAdapterWorker, ToAdapterWorker } from '../../debug-adapter/protocol-worker.ts';

const SOURCES = '**/*.{c,h,s,S,sx,cc,cpp,inc}';
const NOT_HERE = '**/{node_modules,.git}/**';
const MOST_SOURCES = 20_000;

export class WorkerAdapter implements vscode.DebugAdapter {
  readonly onDidSendMessage: vscode.Event<vscode.DebugProtocolMessage>;
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  private readonly worker: Worker;
  private readonly started: Promise<void>;

  /** `script` is the worker's; relative paths of the configuration start at `folder`. */
  constructor(script: vscode.Uri, folder: vscode.Uri | undefined) {
    this.onDidSendMessage = this.sent.event;
    this.worker = new Worker(script.toString(true), { name: 'Trapline debug adapter' });
    this.worker.onmessage = ({ data }: MessageEvent<FromAdapterWorker>) => {
      if (data.kind === 'dap') this.sent.fire(fromWorker(data.message));
      else void this.answer(data);
    };
    this.started = listSources().then((files) => {
      this.post({ kind: 'start', folder: folder ? textOf(folder) : '', files });
    });
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    void this.started.then(() => this.post({ kind: 'dap', message: toWorker(message) }));
  }

  dispose(): void {
    this.worker.terminate();
    this.sent.dispose();
  }

  private post(message: ToAdapterWorker): void {
    this.worker.postMessage(message);
  }

  private async answer({ id, ask, path }: Extract<FromAdapterWorker, { kind: 'question' }>): Promise<void> {
    try {
      const uri = uriOf(path);
      if (ask === 'read') this.post({ kind: 'answer', id, bytes: await vscode.workspace.fs.readFile(uri) });
      else this.post({ kind: 'answer', id, isDirectory: await isDirectory(uri) });
    } catch (error) {
      const code = error instanceof vscode.FileSystemError ? error.code : 'Unknown';
      this.post({ kind: 'refusal', id, code, reason: error instanceof Error ? error.message : String(error) });
    }
  }
}

async function isDirectory(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.Directory) !== 0;
  } catch (error) {
    if (error instanceof vscode.FileSystemError) return false;
    throw error;
  }
}

/** The source files of the workspace; none where the editor cannot search it, so that all code is shown as listings. */
async function listSources(): Promise<string[]> {
  const uris = await vscode.workspace.findFiles(SOURCES, NOT_HERE, MOST_SOURCES).then(
    (found) => found,
    () => [],
  );
  return uris.map(textOf);
}

/** A URI as the adapter has it: without percent encoding, since names in debug information have none. */
function textOf({ scheme, authority, path }: vscode.Uri): string {
  return `${scheme}://${authority}${path}`;
}

/** The reverse of `textOf`. */
function uriOf(text: string): vscode.Uri {
  const [, scheme, authority, path] = /^([A-Za-z][\w+.-]*):\/\/([^/]*)([^]*)$/.exec(text) ?? ['', 'file', '', text];
  return vscode.Uri.from({ scheme, authority, path });
}

/** Sources in messages of the adapter, as the editor wants them: its own encoding of URIs. */
function fromWorker(message: unknown): vscode.DebugProtocolMessage {
  mapPaths(message, (path) => (path.includes('://') ? uriOf(path).toString() : path));
  return message as vscode.DebugProtocolMessage;
}

/** Sources in messages of the editor, as the adapter has them. */
function toWorker(message: vscode.DebugProtocolMessage): unknown {
  const copy = structuredClone(message) as unknown;
  mapPaths(copy, (path) => (path.includes('://') ? textOf(vscode.Uri.parse(path)) : path));
  return copy;
}

/** Changes `path` of each `source`, and of each of `sources`, wherever it is in a message. */
function mapPaths(at: unknown, change: (path: string) => string): void {
  if (typeof at !== 'object' || at === null) return;
  for (const [key, value] of Object.entries(at)) {
    if (key === 'source') mapPath(value, change);
    else if (key === 'sources' && Array.isArray(value)) for (const source of value) mapPath(source, change);
    else mapPaths(value, change);
  }
}

function mapPath(source: unknown, change: (path: string) => string): void {
  if (typeof source !== 'object' || source === null || !('path' in source)) return;
  if (typeof source.path === 'string') source.path = change(source.path);
}
