import { strict as assert } from 'node:assert';
import type { SemanticTokens, SemanticTokensDelta } from 'vscode-languageserver';
import { withClient, type TestClient } from '../client.testing.ts';

const FILES = {
  'a.S': '#include "m.h"\ntmp .req r4\nstart:\tsave tmp, #SIZE\n\tmrs r0, cpsr\n\tb start @ save\n',
  'm.h': '#define SIZE 16\n\t.macro save rd\n\tpush {\\rd}\n\t.endm\n',
};

function decode(client: TestClient, name: string, { data }: SemanticTokens): string[] {
  const { legend } = client.initialized.capabilities.semanticTokensProvider as { legend: { tokenTypes: string[] } };
  const found: string[] = [];
  let [line, character] = [0, 0];
  for (let i = 0; i < data.length; i += 5) {
    character = data[i] > 0 ? data[i + 1] : character + data[i + 1];
    line += data[i];
    const range = { start: { line, character }, end: { line, character: character + data[i + 2] } };
    found.push(
      `${client.slice(name, range)} ${legend.tokenTypes[data[i + 3]]}${data[i + 4] & 1 ? ' declared' : ''}${data[i + 4] & 4 ? ' sensitive' : ''}`,
    );
  }
  return found;
}

describe('semantic tokens', () => {
  it('tell macros, labels, aliases and constants apart, wherever they are defined', () =>
    withClient(FILES, async (client) => {
      const all = decode(client, 'a.S', await client.ask('semanticTokens/full', 'a.S'));
      assert.deepEqual(all, [
        ...[
          'tmp variable declared',
          'r4 variable',
          'start function declared',
          'save macro',
          'tmp variable',
          'SIZE macro',
        ],
        ...['mrs keyword sensitive', 'r0 variable', 'cpsr variable', 'b keyword', 'start function'],
      ]);
      assert.deepEqual(decode(client, 'm.h', await client.ask('semanticTokens/full', 'm.h')), [
        ...['SIZE macro declared', 'save macro declared', 'rd parameter declared', 'push keyword', '\\rd parameter'],
      ]);
      const range = { start: { line: 3, character: 0 }, end: { line: 3, character: 20 } };
      assert.equal(
        decode(client, 'a.S', await client.ask('semanticTokens/range', 'a.S', { range }))[0],
        'mrs keyword sensitive',
      );
    }));

  it('come as changes of the last answer', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const first = await client.ask<SemanticTokens>('semanticTokens/full', 'a.S');
      const start = { line: 3, character: 0 };
      await client.edit('a.S', { start, end: start }, '\tnop\n');
      const delta = await client.ask<SemanticTokensDelta>('semanticTokens/full/delta', 'a.S', {
        previousResultId: first.resultId,
      });
      const data = [...first.data];
      for (const { start: at, deleteCount, data: added = [] } of [...delta.edits].reverse())
        data.splice(at, deleteCount, ...added);
      assert.deepEqual(data, (await client.ask<SemanticTokens>('semanticTokens/full', 'a.S')).data);
      assert.ok(
        delta.edits.length > 0 && delta.edits.every(({ data: added = [] }) => added.length < first.data.length),
      );
    }));
});
