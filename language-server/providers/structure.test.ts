import { strict as assert } from 'node:assert';
import type { DocumentSymbol, FoldingRange, SelectionRange, SymbolInformation } from 'vscode-languageserver';
import { MODERN, withClient } from '../client.testing.ts';

const FILES = {
  'a.S': [
    '/* A file',
    ' * of mine. */',
    '#ifdef X',
    '#define SIZE 4',
    '#endif',
    '\t.macro save rd',
    '\t.if 1',
    '\tpush {\\rd}',
    '\t.endif',
    '\t.endm',
    'ENTRY(first)',
    'tmp .req r4',
    '1:\tnop',
    '.Llocal:',
    '\tmov r0, #SIZE',
    'second:',
    '\tbx lr',
    '',
  ].join('\n'),
};

describe('the shape of a document', () => {
  it('is a tree of macros, labels and what they define', () =>
    withClient(FILES, async (client) => {
      const found = await client.ask<DocumentSymbol[]>('documentSymbol', 'a.S');
      const tree = (symbols: DocumentSymbol[]): unknown[] =>
        symbols.map(({ name, range, children }) => [name, range.start.line, range.end.line, ...tree(children ?? [])]);
      assert.deepEqual(tree(found), [
        ['SIZE', 3, 3],
        ['save', 5, 9],
        ['first', 10, 14, ['tmp', 11, 11]],
        ['second', 15, 16],
      ]);
      for (const { range, selectionRange } of found) {
        assert.ok(selectionRange.start.line >= range.start.line && selectionRange.end.line <= range.end.line);
      }
    }));

  it('is a list for clients that know no tree', () =>
    withClient(
      FILES,
      async (client) => {
        const found = await client.ask<SymbolInformation[]>('documentSymbol', 'a.S');
        assert.deepEqual(
          found.map(({ name }) => name),
          ['SIZE', 'save', 'first', 'tmp', 'second'],
        );
        assert.equal(found[0].location.uri, client.uri('a.S'));
      },
      { ...MODERN, textDocument: {} },
    ));

  it('folds comments, conditions, macros and code, and leaves the closing lines in sight', () =>
    withClient(FILES, async (client) => {
      const found = await client.ask<FoldingRange[]>('foldingRange', 'a.S');
      assert.deepEqual(
        found
          .map(({ startLine, endLine, kind }) => [startLine, endLine, kind])
          .sort(([a], [b]) => Number(a) - Number(b)),
        [
          [0, 1, 'comment'],
          [2, 3, 'region'],
          [5, 8, undefined],
          [6, 7, undefined],
          [10, 14, undefined],
          [15, 16, undefined],
        ],
      );
    }));

  it('grows selections from the word to the file', () =>
    withClient(FILES, async (client) => {
      const position = client.position('a.S', '\\rd}', 1);
      const [range] = await client.ask<SelectionRange[]>('selectionRange', 'a.S', { positions: [position] });
      const texts: string[] = [];
      for (let at: SelectionRange | undefined = range; at; at = at.parent) texts.push(client.slice('a.S', at.range));
      assert.deepEqual(texts.slice(0, 4), ['\\rd', '{\\rd}', 'push {\\rd}', '\tpush {\\rd}']);
      assert.match(texts[4], /^\t\.if 1[^]*\.endif$/);
      assert.match(texts[5], /^\t\.macro[^]*\.endm$/);
      assert.equal(texts.at(-1), FILES['a.S']);
    }));
});
