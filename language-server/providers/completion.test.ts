import { strict as assert } from 'node:assert';
import type { CompletionItem, CompletionList } from 'vscode-languageserver';
import { withClient, type TestClient } from '../client.testing.ts';
import { contextOf } from './completion.ts';

const HEADER = '#define FAR_SIZE 4\n\t.macro far_away rd\n\tmov \\rd, #0\n\t.endm\n';
/** Completes at the end of a text behind an include. */
async function complete(text: string, before = ''): Promise<string[]> {
  let labels: string[] = [];
  await withClient({ 'a.S': '', 'm.h': HEADER }, async (client: TestClient) => {
    await client.open('a.S', `#include "m.h"\n${before}${text}`);
    const line = 1 + before.split('\n').length - 1;
    const list = await client.ask<CompletionList>('completion', 'a.S', { position: { line, character: text.length } });
    labels = list.items.map(({ label }) => label);
    for (const { textEdit } of list.items)
      assert.ok(textEdit && 'range' in textEdit && textEdit.range.end.character === text.length);
  });
  return labels;
}

describe('completion', () => {
  it('offers instructions of the architecture, then their conditions', async () => {
    assert.ok((await complete('\tmr')).includes('mrs'));
    assert.ok((await complete('\tre')).includes('rev'));
    assert.ok(!(await complete('\tre', '\t.arch armv5te\n')).includes('rev'));
    assert.ok((await complete('\tmrsn')).includes('mrsne'));
    assert.ok((await complete('\tldr')).includes('ldrb'));
  });

  it('offers macros, directives and definitions of includes where they fit', async () => {
    assert.deepEqual(await complete('\tfar'), ['FAR_SIZE', 'far_away']);
    assert.deepEqual(await complete('\t.mac'), ['.macro']);
    assert.ok((await complete('\tldr r0, =FAR')).includes('FAR_SIZE'));
    assert.ok((await complete('lab: b la', 'label:\n')).includes('label'));
    assert.deepEqual(await complete('\tmov \\r', '\t.macro x reg, other\n'), ['reg']);
    assert.deepEqual(await complete('#inc'), ['include']);
  });

  it('offers registers, status registers where they belong, and nothing in comments and strings', async () => {
    assert.ok((await complete('\tadd r1')).includes('r12'));
    assert.ok((await complete('\tmrs r0, sp')).includes('spsr'));
    assert.ok(!(await complete('\tadd r0, sp')).includes('spsr'));
    for (const text of ['\tnop @ mr', '\t.ascii "mr', '\tnop // mr']) assert.deepEqual(await complete(text), [], text);
  });

  it('explains an instruction when it is asked', () =>
    withClient({ 'a.S': '\tmr' }, async (client) => {
      await client.open('a.S');
      const list = await client.ask<CompletionList>('completion', 'a.S', { position: { line: 0, character: 3 } });
      const item = list.items.find(({ label }) => label === 'mrs')!;
      const resolved = await client.request<CompletionItem>('completionItem/resolve', item);
      assert.match(resolved.documentation as string, /Read a status register[^]*DDI 0100/);
    }));

  it('reads the text before the cursor', () => {
    assert.deepEqual(contextOf('a: b: mo'), { place: 'operation', prefix: 'mo', operation: '' });
    assert.deepEqual(contextOf('nop; add r0, [r'), { place: 'operand', prefix: 'r', operation: 'add' });
    assert.deepEqual(contextOf('\tadd '), { place: 'operand', prefix: '', operation: 'add' });
    assert.equal(contextOf('.ascii "a\\"b').place, 'none');
    assert.equal(contextOf('\tmov r0, #1 /* x */ ; m').prefix, 'm');
  });
});
