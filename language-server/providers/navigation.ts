/** Definition, references, highlights of the same word, and rename. */
import {
  DocumentHighlightKind,
  ErrorCodes,
  ResponseError,
  type CancellationToken,
  type Location,
  type Position,
} from 'vscode-languageserver';
import { occurrenceAt, indexOf, type Occurrence } from '../index/file-index.ts';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import { standardRegisters } from '../../isa/assemble.ts';
import type { Source } from '../parse/source.ts';
import { EditBuilder } from '../workspace/edit-builder.ts';
import { definitionsAt, referencesAcross, referencesIn, resolveInclude } from '../workspace/scope.ts';
import { offsetAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider } from './provider.ts';

interface At {
  readonly source: Source;
  readonly word: Occurrence;
}

function wordAt(workspace: Workspace, uri: string, position: Position): At | undefined {
  const source = workspace.assemblyOf(uri);
  const word = source && occurrenceAt(source, offsetAt(source, position));
  return source && word && { source, word };
}

/** The place of a range in a source. */
export function locationOf(workspace: Workspace, source: Source, start: number, end: number): Location {
  return { uri: workspace.uriOf(source.path), range: rangeAt(source, start, end) };
}

async function allReferences(workspace: Workspace, word: Occurrence, token: CancellationToken): Promise<Occurrence[]> {
  const pause = new Pause();
  const found: Occurrence[] = [];
  await workspace.listSources(token);
  for (const { occurrences } of referencesAcross(workspace, word)) {
    found.push(...occurrences);
    await pause.turn();
    if (token.isCancellationRequested) break;
  }
  return found;
}

export const definition: Provider = ({ connection, workspace }) => {
  connection.onDefinition(({ textDocument, position }) => {
    const at = wordAt(workspace, textDocument.uri, position);
    if (!at) return null;
    const { source, word } = at;
    if (word.token.kind === 'include') {
      const include = indexOf(source).includes.find(({ start }) => start === word.start);
      const found = include && resolveInclude(workspace, source, include);
      return found ? locationOf(workspace, found, 0, 0) : null;
    }
    return definitionsAt(workspace, word).map(({ source: file, start, end }) =>
      locationOf(workspace, file, start, end),
    );
  });
  return { definitionProvider: true };
};

export const references: Provider = ({ connection, workspace }) => {
  connection.onReferences(async ({ textDocument, position, context }, token) => {
    const at = wordAt(workspace, textDocument.uri, position);
    if (!at) return null;
    const found = await allReferences(workspace, at.word, token);
    return found
      .filter(({ token: { defines } }) => context.includeDeclaration || defines === undefined)
      .map(({ source, start, end }) => locationOf(workspace, source, start, end));
  });
  return { referencesProvider: true };
};

export const highlights: Provider = ({ connection, workspace }) => {
  connection.onDocumentHighlight(({ textDocument, position }) => {
    const at = wordAt(workspace, textDocument.uri, position);
    if (!at) return null;
    return referencesIn(workspace, at.word).occurrences.map(({ source, start, end, token }) => ({
      range: rangeAt(source, start, end),
      kind: token.defines ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
    }));
  });
  return { documentHighlightProvider: true };
};

/** The name inside a word: parameters are written with a backslash, local labels with a direction. */
function nameRange({ source, start, end, token }: Occurrence): [number, number] {
  const skip = token.kind === 'parameter' && source.text[start] === '\\' ? 1 : 0;
  return [start + skip, token.kind === 'local' && !token.defines ? end - 1 : end];
}

const cannot = (message: string): ResponseError => new ResponseError(ErrorCodes.InvalidRequest, message);

/** Why a word cannot be renamed; undefined when it can. */
function refusal(workspace: Workspace, { word }: At): string | undefined {
  const { token } = word;
  const renamable =
    token.kind === 'symbol' || token.kind === 'call' || token.kind === 'parameter' || token.kind === 'local';
  if (!renamable) return `"${token.name}" is not a name that a program defines`;
  if (definitionsAt(workspace, word).length === 0) return `no definition of "${token.name}" is known`;
  return undefined;
}

export const rename: Provider = ({ connection, workspace, client }) => {
  connection.onPrepareRename(({ textDocument, position }) => {
    const at = wordAt(workspace, textDocument.uri, position);
    if (!at) return null;
    const refused = refusal(workspace, at);
    if (refused !== undefined) throw cannot(refused);
    const [start, end] = nameRange(at.word);
    return { range: rangeAt(at.source, start, end), placeholder: at.source.text.slice(start, end) };
  });
  connection.onRenameRequest(async ({ textDocument, position, newName }, token) => {
    const at = wordAt(workspace, textDocument.uri, position);
    if (!at) return null;
    const refused = refusal(workspace, at);
    if (refused !== undefined) throw cannot(refused);
    const isLocal = at.word.token.kind === 'local';
    if (!(isLocal ? /^\d{1,9}$/ : /^[A-Za-z_.$][\w.$]*$/).test(newName)) {
      throw cannot(
        `"${newName}" is no ${isLocal ? 'local label: use a number' : 'name: use letters, digits, _, . and $'}`,
      );
    }
    const lower = newName.toLowerCase();
    if (standardRegisters().has(lower)) throw cannot(`"${newName}" is a register`);
    if (at.word.token.kind === 'call' && instructionsNamed(lower)) throw cannot(`"${newName}" is an instruction`);
    const builder = new EditBuilder(workspace, client);
    const found = await allReferences(workspace, at.word, token);
    if (token.isCancellationRequested) throw new ResponseError(ErrorCodes.InternalError, 'cancelled');
    for (const word of found) {
      const [start, end] = nameRange(word);
      builder.add(word.source, [{ start, end, text: newName }]);
    }
    return builder.build();
  });
  return { renameProvider: { prepareProvider: true } };
};
