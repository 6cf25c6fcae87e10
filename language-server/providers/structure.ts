/** The shape of a document: symbols, folding, growing selections. */
import {
  FoldingRangeKind,
  SymbolKind,
  type DocumentSymbol,
  type FoldingRange,
  type SelectionRange,
} from 'vscode-languageserver';
import { indexOf, lineIndexAt, occurrenceAt, type Block, type Definition } from '../index/file-index.ts';
import type { SymbolKind as Kind } from '../index/tokens.ts';
import type { Source } from '../parse/source.ts';
import { statementAt } from './hover.ts';
import { offsetAt, positionAt, rangeAt } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

export const SYMBOL_KINDS: Readonly<Record<Kind, SymbolKind>> = {
  label: SymbolKind.Function,
  local: SymbolKind.Key,
  constant: SymbolKind.Constant,
  macro: SymbolKind.Method,
  define: SymbolKind.Constant,
  alias: SymbolKind.Variable,
  parameter: SymbolKind.TypeParameter,
};

/** Whether a label begins something of its own, rather than being a place inside it. */
export function isFunctionLabel({ kind, name }: Definition): boolean {
  return kind === 'label' && !name.startsWith('.L');
}

/** Where each label's code ends: at the next label of its rank, or at the end of the file. */
function ends(source: Source, definitions: readonly Definition[]): ReadonlyMap<Definition, number> {
  const labels = definitions.filter(isFunctionLabel);
  return new Map(
    labels.map((label, i) => {
      const next = labels[i + 1];
      const end = next ? Math.max(label.end, source.lines[next.line].start - 1) : source.text.trimEnd().length;
      return [label, Math.max(label.end, end)];
    }),
  );
}

function symbols(source: Source): DocumentSymbol[] {
  const { definitions, blocks } = indexOf(source);
  const macros = new Map(blocks.filter(({ kind }) => kind === 'macro').map((block) => [block.start, block]));
  const extents = ends(source, definitions);
  const result: DocumentSymbol[] = [];
  let parent: { symbol: DocumentSymbol; end: number } | undefined;
  const add = (definition: Definition, end: number, detail: string): DocumentSymbol => {
    const { start: from } = source.lines[definition.line];
    const symbol: DocumentSymbol = {
      name: definition.name,
      kind: SYMBOL_KINDS[definition.kind],
      detail,
      range: rangeAt(source, Math.min(from, definition.start), Math.max(end, definition.end)),
      selectionRange: rangeAt(source, definition.start, definition.end),
    };
    const inside = parent && definition.start < parent.end ? parent.symbol : undefined;
    if (inside) (inside.children ??= []).push(symbol);
    else result.push(symbol);
    return symbol;
  };
  for (const definition of definitions) {
    const { kind, name, line, start } = definition;
    if (kind === 'parameter' || kind === 'local' || (kind === 'label' && name.startsWith('.L'))) continue;
    if (parent && start >= parent.end) parent = undefined;
    const logical = source.lines[line];
    const macro = kind === 'macro' ? macros.get(logical.start) : undefined;
    const end = macro?.end ?? extents.get(definition) ?? logical.end;
    if (kind === 'label') {
      // Labels of one rank stand beside each other; what is defined between them is theirs.
      parent = undefined;
      parent = { symbol: add(definition, end, 'label'), end };
    } else if (macro) {
      parent = undefined;
      parent = { symbol: add(definition, end, 'macro'), end };
    } else add(definition, end, kind);
  }
  return result;
}

export const documentSymbols: Provider = ({ connection, workspace, client }) => {
  const nested = client.textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true;
  connection.onDocumentSymbol(({ textDocument }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const found = symbols(source);
    if (nested) return found;
    return found
      .flatMap((symbol) => [symbol, ...(symbol.children ?? [])])
      .map(({ name, kind, range }) => ({ name, kind, location: { uri: textDocument.uri, range } }));
  });
  return { documentSymbolProvider: true };
};

/** Comments of more than one line: blocks, and runs of lines that are comments alone. */
function commentBlocks(source: Source): Block[] {
  const blocks: Block[] = [];
  const pattern = /\/\*[^]*?\*\/|(?:^[ \t]*(?:@|\/\/)[^\n]*\n?){2,}/gm;
  for (const match of source.text.matchAll(pattern)) {
    const end = match.index + match[0].trimEnd().length;
    if (source.text.slice(match.index, end).includes('\n')) blocks.push({ kind: 'comment', start: match.index, end });
  }
  return blocks;
}

const FOLDS: Readonly<Partial<Record<Block['kind'], FoldingRangeKind>>> = {
  comment: FoldingRangeKind.Comment,
  preprocessor: FoldingRangeKind.Region,
};

export const folding: Provider = ({ connection, workspace }) => {
  connection.onFoldingRanges(({ textDocument }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const { blocks, definitions } = indexOf(source);
    const ranges: FoldingRange[] = [];
    const add = (start: number, end: number, kind?: FoldingRangeKind): void => {
      const [first, last] = [positionAt(source, start).line, positionAt(source, end).line];
      if (last > first) ranges.push({ startLine: first, endLine: last, ...(kind && { kind }) });
    };
    for (const { kind, start, end } of [...blocks, ...commentBlocks(source)]) {
      // The line that closes a block stays in sight.
      const lastLine = source.text.lastIndexOf('\n', end - 1);
      const closes = kind === 'macro' || kind === 'repetition' || kind === 'condition' || kind === 'preprocessor';
      add(
        start,
        closes && /^[ \t]*[.#]?(?:end|#)/.test(source.text.slice(lastLine + 1)) ? Math.max(start, lastLine) : end,
        FOLDS[kind],
      );
    }
    for (const [label, end] of ends(source, definitions)) add(label.start, source.text.slice(0, end).trimEnd().length);
    return ranges;
  });
  return { foldingRangeProvider: true };
};

export const selection: Provider = ({ connection, workspace }) => {
  connection.onSelectionRanges(({ textDocument, positions }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return null;
    const { blocks, definitions } = indexOf(source);
    return positions.map((position) => {
      const offset = offsetAt(source, position);
      const spans: [number, number][] = [[0, source.text.length]];
      for (const { start, end } of blocks) if (start <= offset && offset <= end) spans.push([start, end]);
      for (const [label, end] of ends(source, definitions)) {
        const from = source.lines[label.line].start;
        if (from <= offset && offset <= end) spans.push([from, end]);
      }
      const line = source.lines[lineIndexAt(source, offset)];
      if (line) {
        spans.push([line.start, line.end]);
        const statement = statementAt(source, offset);
        if (statement) {
          spans.push([line.start + statement.nameStart, line.start + statement.end]);
          spans.push([line.start + statement.operandStart, line.start + statement.end]);
        }
      }
      const word = occurrenceAt(source, offset);
      if (word) spans.push([word.start, word.end]);
      // From the widest to the narrowest; each must lie in the one before.
      spans.sort(([a, b], [c, d]) => d - c - (b - a));
      let selected: SelectionRange | undefined;
      let [low, high] = [0, source.text.length];
      for (const [start, end] of spans) {
        if (start > offset || end < offset || start < low || end > high) continue;
        if (selected && start === low && end === high) continue;
        [low, high] = [start, end];
        selected = { range: rangeAt(source, start, end), ...(selected && { parent: selected }) };
      }
      return selected ?? { range: { start: position, end: position } };
    });
  });
  return { selectionRangeProvider: true };
};
