/** The language server on stdin and stdout. */
import { StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node';
import { nodeLanguageHost } from './node-language-host.ts';
import { startServer } from './server.ts';

/** Serves one client; ends the process when it says so, or is gone. */
export function startLspStdio(): void {
  const end = (code: number): void => process.exit(code);
  process.stdin.on('end', () => end(1));
  startServer({
    reader: new StreamMessageReader(process.stdin),
    writer: new StreamMessageWriter(process.stdout),
    host: nodeLanguageHost,
    exit: end,
  });
}
