/** A real client of the protocol, joined to a server by streams, over files in memory. */
import { PassThrough } from 'node:stream';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ClientCapabilities,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type Range,
  type TextEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CompileSettings } from './parse/preprocessor/preprocess.ts';
import { startServer } from './server.ts';
import type { LanguageHost } from './workspace/host.ts';

/** What an editor of today can do, as far as the server asks. */
export const MODERN: ClientCapabilities = {
  textDocument: {
    diagnostic: { dynamicRegistration: false },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    completion: { completionItem: { snippetSupport: true } },
  },
  workspace: {
    workspaceFolders: true,
    applyEdit: true,
    configuration: true,
    diagnostics: { refreshSupport: true },
    workspaceEdit: {
      documentChanges: true,
      resourceOperations: ['create'],
      changeAnnotationSupport: { groupsOnLabel: true },
    },
  },
};

const ROOT = '/w';

export class TestClient {
  readonly connection: ProtocolConnection;
  readonly files: Map<string, string>;
  /** The answer to requests for the configuration. */
  settings: unknown = {};
  /** Messages that the server has shown. */
  readonly shown: string[] = [];
  /** Edits that the server has asked for. */
  readonly applied: WorkspaceEdit[] = [];
  initialized!: InitializeResult;
  /** Resolves with the code with which the server would end its process. */
  readonly exited: Promise<number>;
  private readonly texts = new Map<string, string>();
  private version = 1;

  private constructor(files: Readonly<Record<string, string>>) {
    this.files = new Map(Object.entries(files).map(([name, text]) => [`${ROOT}/${name}`, text]));
    let ended: (code: number) => void;
    this.exited = new Promise((resolve) => (ended = resolve));
    const [up, down] = [new PassThrough(), new PassThrough()];
    startServer({
      reader: new StreamMessageReader(up),
      writer: new StreamMessageWriter(down),
      host: () => this.host(),
      exit: (code) => ended(code),
    });
    this.connection = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    this.connection.onRequest('workspace/configuration', () => [this.settings]);
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.onRequest('workspace/diagnostic/refresh', () => null);
    this.connection.onRequest('workspace/codeLens/refresh', () => null);
    this.connection.onRequest('workspace/inlayHint/refresh', () => null);
    this.connection.onRequest('window/workDoneProgress/create', () => null);
    this.connection.onRequest('workspace/applyEdit', ({ edit }: { edit: WorkspaceEdit }) => {
      this.applied.push(edit);
      return { applied: true };
    });
    this.connection.onNotification('window/showMessage', ({ message }: { message: string }) => {
      this.shown.push(message);
    });
    this.connection.listen();
  }

  /** Starts a server over files, by their names in the workspace folder. */
  static async start(
    files: Readonly<Record<string, string>>,
    capabilities: ClientCapabilities = MODERN,
    settings: unknown = {},
  ): Promise<TestClient> {
    const client = new TestClient(files);
    client.settings = settings;
    client.initialized = await client.request<InitializeResult>('initialize', {
      processId: null,
      rootUri: `file://${ROOT}`,
      workspaceFolders: [{ uri: `file://${ROOT}`, name: 'w' }],
      capabilities,
    });
    await client.notify('initialized', {});
    return client;
  }

  private host(): LanguageHost {
    const settings: CompileSettings = { includePaths: [`${ROOT}/include`], forcedIncludes: [], defines: new Map() };
    const paths = (): string[] => [...this.files.keys()].filter((path) => /\.(s|S|h|c)$/.test(path)).sort();
    return {
      readText: (path) => this.files.get(path),
      exists: (path) => [...this.files.keys()].some((file) => file === path || file.startsWith(`${path}/`)),
      settings: ({ defines, includePaths }) => {
        const all = {
          ...settings,
          includePaths: [...includePaths, ...settings.includePaths],
          defines: new Map([['__ASSEMBLY__', '1'], ...defines]),
        };
        return { assembly: () => all, c: () => all };
      },
      sourceFiles: paths,
    };
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return this.connection.sendRequest<T>(method, params);
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  uri(name: string): string {
    return `file://${ROOT}/${name}`;
  }

  /** Opens a document, in a language as an editor calls it; without a text, the one of the file. */
  async open(name: string, text = this.files.get(`${ROOT}/${name}`) ?? '', languageId = 'arm'): Promise<void> {
    this.texts.set(name, text);
    const document = { uri: this.uri(name), languageId, version: ++this.version, text };
    await this.notify('textDocument/didOpen', { textDocument: document });
  }

  /** Replaces a range of an open document. */
  async edit(name: string, range: Range, text: string): Promise<void> {
    const document = TextDocument.create('', '', 0, this.texts.get(name)!);
    this.texts.set(name, TextDocument.applyEdits(document, [{ range, newText: text }]));
    await this.notify('textDocument/didChange', {
      textDocument: { uri: this.uri(name), version: ++this.version },
      contentChanges: [{ range, text }],
    });
  }

  /** A request about a document. */
  ask<T>(method: string, name: string, more: object = {}): Promise<T> {
    return this.request<T>(`textDocument/${method}`, { textDocument: { uri: this.uri(name) }, ...more });
  }

  /** A request about the place where `marker` stands in a document, `skip` characters behind its beginning. */
  at<T>(method: string, name: string, marker: string, skip = 0, more: object = {}): Promise<T> {
    return this.ask<T>(method, name, { position: this.position(name, marker, skip), ...more });
  }

  position(name: string, marker: string, skip = 0): Position {
    const text = this.text(name);
    const offset = text.indexOf(marker);
    if (offset < 0) throw new Error(`${name} has no "${marker}"`);
    return TextDocument.create('', '', 0, text).positionAt(offset + skip);
  }

  text(name: string): string {
    return this.texts.get(name) ?? this.files.get(`${ROOT}/${name}`)!;
  }

  /** The text of a range. */
  slice(name: string, range: Range): string {
    return TextDocument.create('', '', 0, this.text(name)).getText(range);
  }

  /** Files after an edit of the workspace, by name; those that it does not touch are left out. */
  after(edit: WorkspaceEdit): Record<string, string> {
    const result: Record<string, string> = {};
    const apply = (uri: string, edits: TextEdit[]): void => {
      const name = uri.slice(this.uri('').length);
      const before = result[name] ?? this.texts.get(name) ?? this.files.get(`${ROOT}/${name}`) ?? '';
      result[name] = TextDocument.applyEdits(TextDocument.create('', '', 0, before), edits);
    };
    for (const [uri, edits] of Object.entries(edit.changes ?? {})) apply(uri, edits);
    for (const change of edit.documentChanges ?? []) {
      if ('kind' in change) result[change.kind === 'create' ? change.uri.slice(this.uri('').length) : ''] = '';
      else apply(change.textDocument.uri, change.edits as TextEdit[]);
    }
    return result;
  }

  async stop(): Promise<void> {
    await this.request('shutdown', undefined);
    await this.notify('exit', undefined);
    await this.exited;
    this.connection.end();
    this.connection.dispose();
  }
}

/** Runs a test with a client, and stops its server. */
export async function withClient(
  files: Readonly<Record<string, string>>,
  test: (client: TestClient) => Promise<void>,
  capabilities: ClientCapabilities = MODERN,
  settings: unknown = {},
): Promise<void> {
  const client = await TestClient.start(files, capabilities, settings);
  try {
    await test(client);
  } finally {
    await client.stop();
  }
}
