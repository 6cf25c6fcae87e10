/** Call hierarchy over branches: which code calls a label, and which labels its code calls. */
import { SymbolKind, type CallHierarchyItem, type Range } from 'vscode-languageserver';
import { instructionsNamed } from '../../isa/instruction-names.ts';
import {
  indexOf,
  lineIndexAt,
  occurrenceAt,
  occurrencesOf,
  type Definition,
  type Occurrence,
} from '../index/file-index.ts';
import { tokensOf } from '../index/tokens.ts';
import type { LogicalLine } from '../parse/lines.ts';
import type { Source } from '../parse/source.ts';
import { definitionsAt, referencesAcross } from '../workspace/scope.ts';
import { offsetAt, positionAt, rangeAt, type Workspace } from '../workspace/workspace.ts';
import { isFunctionLabel } from './structure.ts';
import { Pause } from '../workspace/pause.ts';
import { type Provider } from './provider.ts';

/** The label whose code holds an offset. */
function functionAt(source: Source, offset: number): Definition | undefined {
  const line = lineIndexAt(source, offset);
  return indexOf(source)
    .definitions.filter((definition) => isFunctionLabel(definition) && definition.line <= line)
    .at(-1);
}

/** Where the code of a label ends. */
function endOf(definition: Definition): number {
  const { source } = definition;
  const next = indexOf(source).definitions.find((other) => isFunctionLabel(other) && other.start > definition.start);
  return next ? source.lines[next.line].start : source.text.length;
}

function item(workspace: Workspace, definition: Definition): CallHierarchyItem {
  const { source, name, start, end } = definition;
  return {
    name,
    kind: SymbolKind.Function,
    detail: workspace.display(source.path),
    uri: workspace.uriOf(source.path),
    range: rangeAt(source, start, Math.max(end, endOf(definition))),
    selectionRange: rangeAt(source, start, end),
  };
}

/** Whether a name on a line is where a branch goes. */
function isBranchTarget(line: LogicalLine, at: number): boolean {
  const before = tokensOf(line).filter(
    (token) => token.at < at && (token.kind === 'mnemonic' || token.kind === 'call'),
  );
  const operation = before.at(-1);
  return (
    operation?.kind === 'mnemonic' &&
    (instructionsNamed(operation.name)?.some(({ row }) => row.group === 'branch') ?? false)
  );
}

/** The definition that an item was made from; undefined when the file has changed since. */
function definitionOf(workspace: Workspace, { uri, selectionRange, name }: CallHierarchyItem): Definition | undefined {
  const source = workspace.assemblyOf(uri);
  if (!source) return undefined;
  const start = offsetAt(source, selectionRange.start);
  return indexOf(source).definitions.find((definition) => definition.start === start && definition.name === name);
}

export const callHierarchy: Provider = ({ connection, workspace }) => {
  connection.languages.callHierarchy.onPrepare(({ textDocument, position }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const offset = offsetAt(source, position);
    const word = occurrenceAt(source, offset);
    const labels = word ? definitionsAt(workspace, word).filter(isFunctionLabel) : [];
    if (labels.length > 0) return labels.map((label) => item(workspace, label));
    const around = functionAt(source, offset);
    return around ? [item(workspace, around)] : null;
  });

  connection.languages.callHierarchy.onIncomingCalls(async ({ item: asked }, token) => {
    const definition = definitionOf(workspace, asked);
    const own =
      definition && occurrencesOf(definition.source, definition.name).find(({ start }) => start === definition.start);
    if (!own) return null;
    const callers = new Map<Definition, Range[]>();
    const pause = new Pause();
    for (const { occurrences } of referencesAcross(workspace, own)) {
      for (const { source, line, token: word, start, end } of occurrences) {
        if (word.defines || !isBranchTarget(line, word.at)) continue;
        const caller = functionAt(source, start);
        if (!caller) continue;
        const range = rangeAt(source, start, end);
        callers.set(caller, [...(callers.get(caller) ?? []), range]);
      }
      await pause.turn();
      if (token.isCancellationRequested) return null;
    }
    return [...callers].map(([caller, fromRanges]) => ({ from: item(workspace, caller), fromRanges }));
  });

  connection.languages.callHierarchy.onOutgoingCalls(({ item: asked }) => {
    const definition = definitionOf(workspace, asked);
    if (!definition) return null;
    const { source } = definition;
    const end = endOf(definition);
    const called = new Map<string, { to: CallHierarchyItem; fromRanges: Range[] }>();
    for (let i = definition.line; i < source.lines.length && source.lines[i].start < end; i++) {
      const line = source.lines[i];
      if (line.directive) continue;
      for (const word of tokensOf(line)) {
        if (word.kind !== 'symbol' || word.defines || !isBranchTarget(line, word.at)) continue;
        const start = line.start + word.at;
        const at: Occurrence = { source, line, token: word, start, end: start + word.length };
        const [target] = definitionsAt(workspace, at).filter(isFunctionLabel);
        if (!target) continue;
        const key = `${target.source.path}:${target.start}`;
        const known = called.get(key) ?? { to: item(workspace, target), fromRanges: [] };
        known.fromRanges.push({ start: positionAt(source, at.start), end: positionAt(source, at.end) });
        called.set(key, known);
      }
    }
    return [...called.values()];
  });
  return { callHierarchyProvider: true };
};
