/**
 * The language server in a browser worker. Messages go over `postMessage`, as vscode-languageclient/browser sends them; files come
 * from the client by the requests `LIST_FILES` and `READ_FILES` (protocol.ts).
 */
import { BrowserMessageReader, BrowserMessageWriter } from 'vscode-languageserver/browser';
import { startServer } from './server.ts';
import { RemoteFiles } from './workspace/remote-files.ts';

declare const self: DedicatedWorkerGlobalScope;

startServer({
  reader: new BrowserMessageReader(self),
  writer: new BrowserMessageWriter(self),
  host: (server) => new RemoteFiles(server),
  exit: () => self.close(),
});
