/** Semantic tokens: what a word is, where its spelling alone does not say it. Whole, in a range, and as changes. */
import { SemanticTokensBuilder, type SemanticTokens } from 'vscode-languageserver';
import { definitionsOf, indexOf, lineIndexAt } from '../index/file-index.ts';
import { tokensOf, type SymbolKind, type Token } from '../index/tokens.ts';
import type { Source } from '../parse/source.ts';
import { filesOf } from '../workspace/scope.ts';
import { offsetAt, positionAt, type Workspace } from '../workspace/workspace.ts';
import type { Provider } from './provider.ts';

const TYPES = [
  'keyword',
  'macro',
  'function',
  'variable',
  'parameter',
  'enumMember',
  'number',
  'string',
  'property',
] as const;
const MODIFIERS = ['declaration', 'readonly', 'sensitive'] as const;
type Type = (typeof TYPES)[number];

const SYMBOL_TYPES: Readonly<Record<SymbolKind, Type>> = {
  label: 'function',
  local: 'function',
  constant: 'enumMember',
  macro: 'macro',
  define: 'macro',
  alias: 'variable',
  parameter: 'parameter',
};

/** Documents whose last answer is kept, for the difference to the next one. */
const MAX_KEPT = 50;

class Colours {
  private readonly kinds = new Map<string, SymbolKind | undefined>();
  private readonly source: Source;
  private readonly files: readonly Source[];
  /** Offsets of sensitive instructions. */
  private readonly sensitive: ReadonlySet<number>;

  constructor(workspace: Workspace, source: Source) {
    this.source = source;
    this.files = filesOf(workspace, source);
    this.sensitive = new Set(workspace.analysisOf(source).findings.map(({ start }) => start));
  }

  /** What a name is defined as, in the files that this one reads. */
  private kindOf(name: string): SymbolKind | undefined {
    if (this.kinds.has(name)) return this.kinds.get(name);
    let kind: SymbolKind | undefined;
    for (const file of this.files) {
      kind = definitionsOf(indexOf(file), name)[0]?.kind;
      if (kind) break;
    }
    this.kinds.set(name, kind);
    return kind;
  }

  private typeOf(token: Token): Type | undefined {
    if (token.defines) return SYMBOL_TYPES[token.defines];
    switch (token.kind) {
      case 'mnemonic':
        return this.kindOf(token.name) === 'macro' ? 'macro' : 'keyword';
      case 'call':
      case 'symbol': {
        const kind = this.kindOf(token.name);
        return kind && SYMBOL_TYPES[kind];
      }
      case 'parameter':
        return 'parameter';
      case 'local':
        return 'function';
      case 'register':
      case 'status':
      case 'coprocessor':
        return 'variable';
      default:
        // Numbers, strings, directives: the grammar knows them as well.
        return undefined;
    }
  }

  fill(builder: SemanticTokensBuilder, from: number, to: number): void {
    const { source } = this;
    const { lines } = source;
    for (let i = Math.max(0, lineIndexAt(source, from)); i < lines.length && lines[i].start <= to; i++) {
      const line = lines[i];
      for (const token of tokensOf(line)) {
        const type = this.typeOf(token);
        if (type === undefined) continue;
        const { line: row, character } = positionAt(source, line.start + token.at);
        const end = positionAt(source, line.start + token.at + token.length);
        // A word that a continuation splits has no place in the encoding.
        if (end.line !== row) continue;
        let modifiers = token.defines ? 1 : 0;
        if (token.kind === 'mnemonic' && this.sensitive.has(line.start + token.at)) modifiers |= 4;
        if (type === 'enumMember') modifiers |= 2;
        builder.push(row, character, token.length, TYPES.indexOf(type), modifiers);
      }
    }
  }
}

export const semanticTokens: Provider = ({ connection, workspace }) => {
  const builders = new Map<string, SemanticTokensBuilder>();
  const builderFor = (uri: string): SemanticTokensBuilder => {
    const builder = builders.get(uri) ?? new SemanticTokensBuilder();
    builders.delete(uri);
    builders.set(uri, builder);
    if (builders.size > MAX_KEPT) builders.delete(builders.keys().next().value!);
    return builder;
  };
  workspace.documents.onDidClose(({ document }) => builders.delete(document.uri));
  const all = (source: Source, builder: SemanticTokensBuilder): void =>
    new Colours(workspace, source).fill(builder, 0, source.text.length);
  const none: SemanticTokens = { data: [] };

  connection.languages.semanticTokens.on(({ textDocument }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return none;
    const builder = new SemanticTokensBuilder();
    builders.delete(textDocument.uri);
    builderFor(textDocument.uri);
    builders.set(textDocument.uri, builder);
    all(source, builder);
    return builder.build();
  });
  connection.languages.semanticTokens.onDelta(({ textDocument, previousResultId }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return none;
    const builder = builderFor(textDocument.uri);
    builder.previousResult(previousResultId);
    all(source, builder);
    return builder.buildEdits();
  });
  connection.languages.semanticTokens.onRange(({ textDocument, range }) => {
    const source = workspace.assemblyOf(textDocument.uri);
    if (!source) return none;
    const builder = new SemanticTokensBuilder();
    new Colours(workspace, source).fill(builder, offsetAt(source, range.start), offsetAt(source, range.end));
    return builder.build();
  });
  return {
    semanticTokensProvider: {
      legend: { tokenTypes: [...TYPES], tokenModifiers: [...MODIFIERS] },
      full: { delta: true },
      range: true,
    },
  };
};
