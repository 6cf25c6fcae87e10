/** Symbols of the workspace by parts of their names. */
import type { SymbolInformation } from 'vscode-languageserver';
import { indexOf } from '../index/file-index.ts';
import { languageOf } from '../parse/source.ts';
import { locationOf } from './navigation.ts';
import { SYMBOL_KINDS } from './structure.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider } from './provider.ts';

/** Answers beyond this many help nobody. */
const MAX_SYMBOLS = 500;

/** Whether the letters of a query occur in a name in their order, in any case. */
export function matches(name: string, query: string): boolean {
  let at = 0;
  const lower = name.toLowerCase();
  for (const char of query.toLowerCase()) {
    at = lower.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

export const workspaceSymbols: Provider = ({ connection, workspace }) => {
  connection.onWorkspaceSymbol(async ({ query }, token, progress) => {
    const found: SymbolInformation[] = [];
    const pause = new Pause();
    const wanted = query.trim();
    progress.begin('Reading symbols', undefined, undefined, true);
    for (const path of await workspace.listSources(token)) {
      if (token.isCancellationRequested || found.length >= MAX_SYMBOLS) break;
      if (languageOf(path) === 'c') continue;
      const source = await workspace.complete(() => workspace.get(path));
      if (!source) continue;
      for (const { kind, name, start, end } of indexOf(source).definitions) {
        if (kind === 'parameter' || kind === 'local' || name.startsWith('.L') || !matches(name, wanted)) continue;
        found.push({
          name,
          kind: SYMBOL_KINDS[kind],
          location: locationOf(workspace, source, start, end),
          containerName: workspace.display(path),
        });
        if (found.length >= MAX_SYMBOLS) break;
      }
      await pause.turn();
    }
    progress.done();
    return found;
  });
  return { workspaceSymbolProvider: { workDoneProgress: true } };
};
