/** The language server: joins a connection, the workspace and the features. It runs over any pair of message streams. */
import {
  createConnection,
  createProtocolConnection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  MessageType,
  ShowMessageNotification,
  TextDocuments,
  TextDocumentSyncKind,
  type ClientCapabilities,
  type Connection,
  type InitializeParams,
  type MessageReader,
  type MessageWriter,
  type ServerCapabilities,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { READ_BY_SERVER, TRAP_COUNTS, type TrapCounts } from './protocol.ts';
import { PROVIDERS } from './providers/all.ts';
import { readSettings } from './settings.ts';
import type { HostServer, LanguageHost } from './workspace/host.ts';
import { pathOfUri } from './workspace/uri.ts';
import { isSettingsFile, Workspace } from './workspace/workspace.ts';

export interface ServerOptions {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Makes the host of the server. */
  readonly host: (server: HostServer) => LanguageHost;
  /** Called when the client wants the server to end, with the code of the process. */
  readonly exit: (code: number) => void;
}

/**
 * Serves a client until it says `exit`. Reader and writer come from `vscode-languageserver/node` or `/browser`: importing
 * these also tells the protocol's package where it runs.
 */
export function startServer({ reader, writer, host, exit }: ServerOptions): void {
  let shutdown = false;
  const connection = createConnection((logger) => createProtocolConnection(reader, writer, logger), {
    initialize: () => undefined,
    get shutdownReceived() {
      return shutdown;
    },
    set shutdownReceived(value: boolean) {
      shutdown = value;
    },
    exit,
  });
  const documents = new TextDocuments(TextDocument);
  const workspace: Workspace = new Workspace(
    host({
      folders: () => workspace.folders,
      request: (method, params) => connection.sendRequest(method, params),
      arrived: (paths) => workspace.filesArrived(paths),
    }),
    documents,
  );
  workspace.onProblem = (message) => warn(connection, message);
  let client: ClientCapabilities = {};

  connection.onInitialize((params) => {
    client = params.capabilities;
    workspace.folders = foldersOf(params);
    return { capabilities: capabilitiesFor(connection, workspace, client), serverInfo: { name: 'trapline' } };
  });
  connection.onInitialized(() => {
    workspace.ready = prepare(connection, workspace, client);
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
      void connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: READ_BY_SERVER }],
      });
    }
    if (client.workspace?.workspaceFolders === true) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map(({ uri }) => pathOfUri(uri)));
        const kept = workspace.folders.filter((path) => !gone.has(path));
        workspace.folders = [...kept, ...added.map(({ uri }) => pathOfUri(uri))];
        workspace.ready = prepare(connection, workspace, client);
      });
    }
    if (client.workspace?.didChangeConfiguration?.dynamicRegistration === true) {
      void connection.client.register(DidChangeConfigurationNotification.type, { section: 'trapline' });
    }
  });
  connection.onDidChangeConfiguration(({ settings }) => {
    if (client.workspace?.configuration === true) workspace.ready = pullSettings(connection, workspace);
    else takeSettings(connection, workspace, (settings as Record<string, unknown> | null)?.trapline);
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri, type } of changes) workspace.fileChanged(uri, type !== FileChangeType.Deleted);
    if (changes.some(({ uri }) => isSettingsFile(pathOfUri(uri)))) workspace.settingsChanged();
  });
  connection.onNotification(TRAP_COUNTS, (counts: TrapCounts | null) => {
    if (Array.isArray(counts?.counts)) workspace.takeTrapCounts(counts);
  });
  documents.onDidChangeContent(({ document }) => workspace.documentChanged(document.uri));
  documents.onDidClose(({ document }) => workspace.documentChanged(document.uri));
  documents.listen(connection);
  connection.listen();
}

/** The capabilities of all features together. */
function capabilitiesFor(connection: Connection, workspace: Workspace, client: ClientCapabilities): ServerCapabilities {
  const parts = PROVIDERS.map((provider) => provider({ connection, workspace, client }));
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    ...parts.reduce((all, part) => ({ ...all, ...part }), {}),
  };
}

function foldersOf({ workspaceFolders }: InitializeParams): readonly string[] {
  return (workspaceFolders ?? []).map(({ uri }) => pathOfUri(uri));
}

/** Makes everything ready that answers depend on: the files of the host, and the settings. */
async function prepare(connection: Connection, workspace: Workspace, client: ClientCapabilities): Promise<void> {
  await workspace.host.open?.();
  workspace.filesListed();
  if (client.workspace?.configuration === true) await pullSettings(connection, workspace);
}

async function pullSettings(connection: Connection, workspace: Workspace): Promise<void> {
  takeSettings(connection, workspace, await connection.workspace.getConfiguration('trapline'));
}

function takeSettings(connection: Connection, workspace: Workspace, section: unknown): void {
  const { settings, problems } = readSettings(section);
  for (const problem of problems) warn(connection, problem);
  workspace.settingsChanged(settings);
}

function warn(connection: Connection, message: string): void {
  void connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message });
}
