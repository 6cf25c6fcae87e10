import { strict as assert } from 'node:assert';
import type {
  Diagnostic,
  FullDocumentDiagnosticReport,
  PublishDiagnosticsParams,
  WorkspaceDiagnosticReport,
} from 'vscode-languageserver';
import { CancellationTokenSource } from 'vscode-languageserver/node';
import { withClient, type TestClient } from '../client.testing.ts';

const FILES = {
  'a.S': '#include "m.h"\n\tmrs r0, cpsr\n\tdisable r3\n\tdisable r4\n#if SKIP\n\tnop\n#endif\n',
  'm.h': '\t.macro disable rd\n\tmsr cpsr_c, \\rd\n\t.endm\n',
  'b.S': '\tmcr p15, 0, r0, c1, c0, 0\n\tcpsid i @ lpv: keep boot\n.if 1\n',
  'c.c': 'void f(void) { asm volatile("cpsie i"); }\n',
};

const pull = (client: TestClient, name: string): Promise<FullDocumentDiagnosticReport> =>
  client.ask('diagnostic', name);
const brief = ({ items }: { items: Diagnostic[] }): unknown[] =>
  items.map(({ code, severity, range }) => [code, severity, range.start.line, range.start.character]);

describe('diagnostics', () => {
  it('are those of the linter, at their places, with the lines that are disabled', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const report = await pull(client, 'a.S');
      assert.deepEqual(brief(report), [
        ['lpv-mrs', 2, 1, 1],
        ['inactive', 4, 5, 0],
      ]);
      assert.match(report.items[0].message as string, /Its trap: swi 0x002000/);
      assert.match(report.items[0].codeDescription!.href, /^https:/);
      assert.deepEqual(brief(await pull(client, 'b.S')), [
        ['lpv-mcr', 3, 0, 1],
        ['lpv-cps', 3, 1, 1],
      ]);
      assert.match((await pull(client, 'b.S')).items[1].message as string, /Kept: boot/);
      assert.deepEqual(brief(await pull(client, 'c.c')), [['lpv-cps', 2, 0, 29]]);
    }));

  it('of a header count the expansions of the files that are known to read it', () =>
    withClient(FILES, async (client) => {
      const alone = await pull(client, 'm.h');
      assert.doesNotMatch(alone.items[0].message as string, /Expanded/);
      await pull(client, 'a.S');
      const known = await pull(client, 'm.h');
      assert.match(known.items[0].message as string, /Expanded 2 times\./);
      assert.deepEqual(
        known.items[0].relatedInformation!.map(({ location }) => [location.uri, location.range.start.line]),
        [
          [client.uri('a.S'), 2],
          [client.uri('a.S'), 3],
        ],
      );
    }));

  it('follow edits, of the document and of what it includes', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const first = await pull(client, 'a.S');
      const same = await client.ask<{ kind: string }>('diagnostic', 'a.S', { previousResultId: first.resultId });
      assert.equal(same.kind, 'unchanged');
      await client.edit('a.S', { start: { line: 1, character: 1 }, end: { line: 1, character: 4 } }, 'mov');
      const next = await client.ask<FullDocumentDiagnosticReport>('diagnostic', 'a.S', {
        previousResultId: first.resultId,
      });
      assert.deepEqual(brief(next), [['inactive', 4, 5, 0]]);
      await client.open('m.h', '#define SKIP 1\n');
      assert.deepEqual(brief(await pull(client, 'a.S')), []);
    }));

  it('of a document whose name does not tell its language are those of the language that the editor gives it', () =>
    withClient({ 'm.h': FILES['m.h'] }, async (client) => {
      const text = '#include "m.h"\n\tmrs r0, cpsr @ first\n';
      await client.open('startup', text);
      assert.deepEqual(brief(await pull(client, 'startup')), [['lpv-mrs', 2, 1, 1]]);
      const start = { line: 1, character: 0 };
      await client.edit('startup', { start, end: start }, '\tcpsid i @ new\n');
      assert.deepEqual(brief(await pull(client, 'startup')), [
        ['lpv-cps', 2, 1, 1],
        ['lpv-mrs', 2, 2, 1],
      ]);
      await client.open('notes', text, 'plaintext');
      assert.deepEqual((await pull(client, 'notes')).items, []);
    }));

  it('obey severities, defines and include paths of the settings', () =>
    withClient(
      { 'a.S': '#include <far.h>\n#ifdef ON\n\tcpsid FAR\n#endif\n\tmrs r0, cpsr\n', 'far/far.h': '#define FAR i\n' },
      async (client) => {
        assert.deepEqual(brief(await pull(client, 'a.S')), [['lpv-cps', 1, 2, 1]]);
        client.settings = { includePaths: 3, lint: { severity: { 'lpv-xyz': 'off', 'lpv-mrs': 'loud' } } };
        await client.notify('workspace/didChangeConfiguration', { settings: null });
        const report = await pull(client, 'a.S');
        assert.deepEqual(brief(report).slice(0, 1), [['lpv-mrs', 2, 4, 1]]);
        assert.equal(client.shown.length, 3);
        assert.match(client.shown.join('\n'), /trapline\.includePaths must be a list of strings/);
      },
      undefined,
      { defines: { ON: true }, includePaths: ['far'], lint: { severity: { 'lpv-mrs': 'off', 'lpv-cps': 'error' } } },
    ));

  it('of the workspace come in parts, know what is unchanged, and wait for a change', () =>
    withClient(FILES, async (client) => {
      const ask = (previous: { uri: string; value: string }[]): Promise<WorkspaceDiagnosticReport> =>
        client.request('workspace/diagnostic', { previousResultIds: previous });
      const { items } = await ask([]);
      const found = Object.fromEntries(
        items.map((item) => [item.uri.slice(client.uri('').length), item.kind === 'full' ? item.items.length : -1]),
      );
      assert.deepEqual(found, { 'a.S': 2, 'b.S': 2, 'c.c': 1, 'm.h': 1 });
      const header = items.find(({ uri }) => uri.endsWith('m.h'));
      assert.match(header?.kind === 'full' ? (header.items[0].message as string) : '', /Expanded 2 times/);
      const previous = items.map(({ uri, resultId }) => ({ uri, value: resultId! }));
      let answered = false;
      const waiting = ask(previous).finally(() => (answered = true));
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(answered, false);
      client.files.set('/w/b.S', '\tnop\n');
      await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: client.uri('b.S'), type: 2 }] });
      const changed = (await waiting).items;
      assert.deepEqual(
        changed.map(({ uri, kind }) => [uri.slice(-3), kind]),
        [
          ['a.S', 'unchanged'],
          ['b.S', 'full'],
          ['c.c', 'unchanged'],
          ['m.h', 'unchanged'],
        ],
      );
    }));

  it('of the workspace can be cancelled and report progress', () =>
    withClient(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}.S`, '\tmrs r0, cpsr\n'.repeat(500)])),
      async (client) => {
        const parts: unknown[] = [];
        const progress: string[] = [];
        const source = new CancellationTokenSource();
        client.connection.onNotification('$/progress', ({ token, value }: { token: string; value: never }) => {
          if (token === 'part') {
            parts.push(value);
            source.cancel();
          } else progress.push((value as { kind: string }).kind);
        });
        const params = { previousResultIds: [], partialResultToken: 'part', workDoneToken: 'work' };
        await client.connection.sendRequest('workspace/diagnostic', params, source.token);
        assert.ok(parts.length >= 1 && parts.length < 50, `${parts.length}`);
        assert.equal(progress[0], 'begin');
        assert.equal(progress.at(-1), 'end');
      },
    ));

  it('are pushed to clients that do not pull', () =>
    withClient(
      FILES,
      async (client) => {
        const pushed = new Promise<PublishDiagnosticsParams>((resolve) => {
          client.connection.onNotification('textDocument/publishDiagnostics', resolve);
        });
        await client.open('a.S');
        assert.deepEqual(brief({ items: (await pushed).diagnostics }), [
          ['lpv-mrs', 2, 1, 1],
          ['inactive', 4, 5, 0],
        ]);
      },
      {},
    ));
});
