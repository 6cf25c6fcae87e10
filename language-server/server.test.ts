/** The server as a whole: what it offers it answers, it lives on what clients send, and it runs nothing. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  createProtocolConnection,
  ErrorCodes,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type InitializeResult,
  type ServerCapabilities,
} from 'vscode-languageserver/node';
import { MODERN, TestClient, withClient } from './client.testing.ts';

const TEXT = { textDocument: { uri: 'file:///w/a.S' } };
const AT = { ...TEXT, position: { line: 2, character: 6 } };
const RANGE = { start: { line: 0, character: 0 }, end: { line: 5, character: 0 } };
const OPTIONS = { options: { tabSize: 8, insertSpaces: false } };
const FILES = {
  'a.S': '#include "m.h"\n\t.macro get rd\n\tmrs \\rd, cpsr\n\t.endm\nmain:\tget r0\n\tbl main\n\tldr r0, =SIZE\n',
  'm.h': '#define SIZE 16\n',
};
const ITEM = {
  name: 'main',
  kind: 12,
  uri: 'file:///w/a.S',
  range: RANGE,
  selectionRange: { start: { line: 4, character: 0 }, end: { line: 4, character: 4 } },
};

/** For each capability the requests that it promises; a value of true is asked of the options. */
const REQUESTS: Readonly<Record<string, readonly (readonly [method: string, params: object, needs?: string])[]>> = {
  callHierarchyProvider: [
    ['textDocument/prepareCallHierarchy', AT],
    ['callHierarchy/incomingCalls', { item: ITEM }],
    ['callHierarchy/outgoingCalls', { item: ITEM }],
  ],
  codeActionProvider: [['textDocument/codeAction', { ...TEXT, range: RANGE, context: { diagnostics: [] } }]],
  codeLensProvider: [
    ['textDocument/codeLens', TEXT],
    ['codeLens/resolve', { range: RANGE, data: { uri: 'file:///w/a.S', macro: 'get' } }, 'resolveProvider'],
  ],
  completionProvider: [
    ['textDocument/completion', AT],
    ['completionItem/resolve', { label: 'mrs', data: { instruction: 'mrs' } }, 'resolveProvider'],
  ],
  definitionProvider: [['textDocument/definition', AT]],
  diagnosticProvider: [
    ['textDocument/diagnostic', TEXT],
    ['workspace/diagnostic', { previousResultIds: [] }, 'workspaceDiagnostics'],
  ],
  documentFormattingProvider: [['textDocument/formatting', { ...TEXT, ...OPTIONS }]],
  documentHighlightProvider: [['textDocument/documentHighlight', AT]],
  documentLinkProvider: [['textDocument/documentLink', TEXT]],
  documentOnTypeFormattingProvider: [['textDocument/onTypeFormatting', { ...AT, ch: '\n', ...OPTIONS }]],
  documentRangeFormattingProvider: [['textDocument/rangeFormatting', { ...TEXT, range: RANGE, ...OPTIONS }]],
  documentSymbolProvider: [['textDocument/documentSymbol', TEXT]],
  executeCommandProvider: [['workspace/executeCommand', { command: 'trapline.restoreWorkspace' }]],
  foldingRangeProvider: [['textDocument/foldingRange', TEXT]],
  hoverProvider: [['textDocument/hover', AT]],
  inlayHintProvider: [['textDocument/inlayHint', { ...TEXT, range: RANGE }]],
  referencesProvider: [['textDocument/references', { ...AT, context: { includeDeclaration: true } }]],
  renameProvider: [
    ['textDocument/rename', { ...AT, position: { line: 4, character: 1 }, newName: 'start' }],
    ['textDocument/prepareRename', { ...AT, position: { line: 4, character: 1 } }, 'prepareProvider'],
  ],
  selectionRangeProvider: [['textDocument/selectionRange', { ...TEXT, positions: [AT.position] }]],
  semanticTokensProvider: [
    ['textDocument/semanticTokens/full', TEXT],
    ['textDocument/semanticTokens/full/delta', { ...TEXT, previousResultId: 'none' }],
    ['textDocument/semanticTokens/range', { ...TEXT, range: RANGE }],
  ],
  signatureHelpProvider: [['textDocument/signatureHelp', AT]],
  workspaceSymbolProvider: [['workspace/symbol', { query: 'main' }]],
};
/** Capabilities that promise notifications only. */
const NOTIFICATIONS: readonly string[] = ['textDocumentSync', 'workspace'];

describe('the language server', function () {
  this.timeout(60_000);

  it('answers every request that its capabilities promise, and promises each that it is asked here', () =>
    withClient(FILES, async (client) => {
      const { capabilities } = client.initialized;
      assert.deepEqual(Object.keys(capabilities).sort(), [...Object.keys(REQUESTS), ...NOTIFICATIONS].sort());
      await client.open('a.S');
      for (const [capability, requests] of Object.entries(REQUESTS)) {
        const options = capabilities[capability as keyof ServerCapabilities] as Record<string, unknown> | true;
        for (const [method, params, needs] of requests) {
          if (needs !== undefined)
            assert.equal((options as Record<string, unknown>)[needs], true, `${capability}.${needs}`);
          const answer = await client.request<unknown>(method, params);
          assert.notEqual(answer, undefined, method);
        }
      }
      await assert.rejects(
        client.request('textDocument/nothing', TEXT),
        (error) => error instanceof ResponseError && error.code === ErrorCodes.MethodNotFound,
      );
    }));

  it('ends as the protocol says', async () => {
    const client = await TestClient.start(FILES);
    await client.stop();
    assert.equal(await client.exited, 0);
  });

  it('lives on half-typed and hostile text, and answers every request about it', () => {
    const pieces = [
      'mrs r0, ',
      'cpsr',
      '.macro m a',
      '.endm',
      '\\a',
      '#define X(a',
      '#include "a.S"',
      'm ',
      'X(',
      '"',
      '/*',
      '*/',
      '@',
      ':',
      '1:',
      'b 1b',
      '\n',
      '\t',
      ';',
      ',',
      '\\\n',
      '\r',
      '=',
      '{',
      '[',
      'swi 0x',
      '.req',
      'é',
      '\u{1f600}',
      '.if',
      '.set a, ',
      'ENTRY(',
      ')',
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join(''));
    return withClient(FILES, async (client) => {
      await client.open('a.S');
      const methods = Object.entries(REQUESTS).filter(
        ([name]) => name !== 'executeCommandProvider' && name !== 'renameProvider',
      );
      await fc.assert(
        fc.asyncProperty(text, fc.nat({ max: 6 }), fc.nat({ max: 12 }), async (typed, line, character) => {
          const position = { line, character };
          await client.edit('a.S', { start: position, end: { line, character: character + 3 } }, typed);
          await Promise.all(
            methods.flatMap(([, requests]) =>
              requests
                .filter(([method]) => !method.startsWith('workspace/'))
                .map(([method, params]) =>
                  client.request(method, 'position' in params ? { ...params, position } : params),
                ),
            ),
          );
        }),
        { numRuns: 60 },
      );
    });
  });

  const bombs: Readonly<Record<string, Record<string, string>>> = {
    'a line of a megabyte': { 'a.S': `mrs r0, cpsr ${'x, '.repeat(1 << 18)}\n${'m'.repeat(1 << 20)}` },
    'a hundred thousand labels': { 'a.S': Array.from({ length: 100_000 }, (_, i) => `l${i}:`).join('\n') },
    'includes in a circle': {
      'a.S': '#include "b.h"\nl: b l\n',
      'b.h': '#include "c.h"\n',
      'c.h': '#include "b.h"\n#include "a.S"\n',
    },
    'includes two hundred deep': Object.fromEntries([
      ['a.S', '#include "h0.h"\nl: b l\n'],
      ...Array.from({ length: 250 }, (_, i): [string, string] => [
        `h${i}.h`,
        `#include "h${i + 1}.h"\n#define H${i} ${i}\n`,
      ]),
    ]),
  };
  for (const [name, files] of Object.entries(bombs)) {
    it(`answers soon about ${name}`, () =>
      withClient(files, async (client) => {
        await client.open('a.S');
        for (const [capability, requests] of Object.entries(REQUESTS)) {
          if (capability === 'executeCommandProvider' || capability === 'renameProvider') continue;
          for (const [method, params] of requests) {
            const start = performance.now();
            await client.request(method, params);
            assert.ok(performance.now() - start < 8000, `${method} took ${Math.round(performance.now() - start)} ms`);
          }
        }
      }));
  }

  it('refuses what it cannot read, and goes on', () =>
    withClient(FILES, async (client) => {
      for (const uri of ['file:///w/none.S', 'file:///w/a.txt', 'untitled:Untitled-1', 'nonsense', 'file:///%zz.S']) {
        assert.equal(await client.request('textDocument/hover', { ...AT, textDocument: { uri } }), null);
      }
      const far = { line: 9999, character: 9999 };
      assert.equal(await client.request('textDocument/hover', { ...TEXT, position: far }), null);
      await client.notify('trapline/trapCounts', null);
      assert.ok(await client.request('textDocument/documentSymbol', TEXT));
    }));

  it('starts as a process, and ends with its client', async () => {
    const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', cli, 'lsp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.listen();
    const result = await connection.sendRequest<InitializeResult>('initialize', {
      processId: null,
      rootUri: null,
      capabilities: MODERN,
    });
    assert.equal(result.serverInfo?.name, 'trapline');
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
    assert.equal(await ended, 0);
    connection.dispose();
  });

  it('executes nothing and writes nothing: an untrusted workspace is only read', () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /^(?!.*\.(test|testing)\.ts$).*\.ts$/.test(name),
    );
    assert.ok(files.length > 40);
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'utf8');
      assert.doesNotMatch(
        text,
        /child_process|worker_threads|node:vm|\beval\(|new Function|writeFile|rmSync|node:net|fetch\(/,
        name,
      );
    }
  });
});
