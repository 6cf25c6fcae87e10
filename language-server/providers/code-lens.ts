/** Code lenses: how often a macro is expanded, and how often traps were taken in the last run. */
import { CodeLensRefreshRequest, type CodeLens } from 'vscode-languageserver';
import { indexOf, type Definition } from '../index/file-index.ts';
import { CLIENT_COMMANDS } from '../protocol.ts';
import { languageOf, type Source } from '../parse/source.ts';
import { pathOfUri } from '../workspace/uri.ts';
import { rangeAt, type Workspace } from '../workspace/workspace.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider } from './provider.ts';

interface LensData {
  readonly uri: string;
  readonly macro: string;
}

const isLensData = (data: unknown): data is LensData =>
  typeof data === 'object' &&
  data !== null &&
  typeof (data as LensData).uri === 'string' &&
  typeof (data as LensData).macro === 'string';

const times = (count: number): string => (count === 1 ? '1 expansion' : `${count} expansions`);

/** How often a macro of a file is expanded: by the unit that the file is, or by all units that read a header. */
async function expansions(workspace: Workspace, source: Source, name: string): Promise<number> {
  const countIn = (unit: Source): number => {
    const use = workspace.outlineOf(unit).expansions.get(name);
    return use?.home === source ? use.count : 0;
  };
  if (source.language === 'assembly') return countIn(source);
  const pause = new Pause();
  let total = 0;
  for (const path of await workspace.listSources()) {
    const unit = languageOf(path) === 'assembly' ? workspace.get(path) : undefined;
    if (unit) total += await workspace.complete(() => countIn(unit));
    await pause.turn();
  }
  return total;
}

export const codeLenses: Provider = ({ connection, workspace, client }) => {
  connection.onCodeLens(({ textDocument }) => {
    const source = workspace.sourceOf(textDocument.uri);
    if (!source) return null;
    // C has no macros of the assembler, but traps.
    const definitions = source.language === 'c' ? [] : indexOf(source).definitions;
    const lenses: CodeLens[] = definitions
      .filter(({ kind }) => kind === 'macro')
      .map(({ start, end, name }: Definition) => ({
        range: rangeAt(source, start, end),
        data: { uri: textDocument.uri, macro: name.toLowerCase() } satisfies LensData,
      }));
    const path = pathOfUri(textDocument.uri);
    for (const { file, line, count } of workspace.trapCounts?.counts ?? []) {
      if (file !== path || !Number.isInteger(line) || line < 1) continue;
      const range = { start: { line: line - 1, character: 0 }, end: { line: line - 1, character: 0 } };
      lenses.push({
        range,
        command: { title: `${count} ${count === 1 ? 'trap' : 'traps'} in the last run`, command: '' },
      });
    }
    return lenses;
  });
  connection.onCodeLensResolve(async (lens) => {
    if (!isLensData(lens.data)) return lens;
    const { uri, macro } = lens.data;
    const source = workspace.assemblyOf(uri);
    const count = source ? await expansions(workspace, source, macro) : 0;
    return {
      ...lens,
      command: { title: times(count), command: CLIENT_COMMANDS.showReferences, arguments: [uri, lens.range.start] },
    };
  });
  if (client.workspace?.codeLens?.refreshSupport === true) {
    workspace.onTrapCounts(() => void connection.sendRequest(CodeLensRefreshRequest.type));
  }
  return { codeLensProvider: { resolveProvider: true } };
};
