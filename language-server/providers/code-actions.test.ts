import { strict as assert } from 'node:assert';
import type { CodeAction, Diagnostic, FullDocumentDiagnosticReport, Range } from 'vscode-languageserver';
import { COMMANDS } from '../protocol.ts';
import { MODERN, withClient, type TestClient } from '../client.testing.ts';

const LITERAL = '\tmrsne r2, cpsr\t@ read\n\tnop\n\tcpsid i // off\n';
const FILES = {
  'a.S': LITERAL,
  'arch/arm/Makefile': 'obj-y := a.o\n',
  'arch/arm/b.S': 'saved .req r5\n\t.macro get rd\n\tmrs \\rd, cpsr\n\t.endm\n\tget saved\n\tmrs r1, spsr\n',
  'c.c': 'void f(void) { asm volatile("cpsie i"); }\n',
};

const whole: Range = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };
const actions = (client: TestClient, name: string, range: Range, only?: string[]): Promise<CodeAction[]> =>
  client.ask('codeAction', name, { range, context: { diagnostics: [], ...(only && { only }) } });
const place = (client: TestClient, name: string, marker: string): Range => {
  const position = client.position(name, marker);
  return { start: position, end: position };
};

describe('code actions', () => {
  it('replace one instruction, keeping condition, comment and layout', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const { items } = await client.ask<FullDocumentDiagnosticReport>('diagnostic', 'a.S');
      const found = await client.ask<CodeAction[]>('codeAction', 'a.S', {
        range: items[0].range,
        context: { diagnostics: items satisfies Diagnostic[] },
      });
      const [fix] = found;
      assert.deepEqual(
        [fix.title, fix.kind, fix.isPreferred, fix.diagnostics],
        ['Replace by its trap: swine 0x022000', 'quickfix', true, [items[0]]],
      );
      assert.deepEqual(client.after(fix.edit!), {
        'a.S': '\tswine 0x022000 /* lpv: mrsne r2, cpsr */\t@ read\n\tnop\n\tcpsid i // off\n',
      });
    }));

  it('replace the file, and restore it byte for byte', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const [fix] = await actions(client, 'a.S', whole, ['source.fixAll.trapline']);
      assert.equal(fix.kind, 'source.fixAll.trapline');
      const fixed = client.after(fix.edit!)['a.S'];
      assert.equal(fixed.match(/lpv: /g)?.length, 2);
      await client.open('a.S', fixed);
      assert.deepEqual(await actions(client, 'a.S', whole, ['source.fixAll']), []);
      const [restore] = await actions(client, 'a.S', whole, ['source.restoreAll']);
      assert.deepEqual(client.after(restore.edit!), { 'a.S': LITERAL });
      const one = (await actions(client, 'a.S', place(client, 'a.S', 'swine'))).find(({ kind }) =>
        kind?.startsWith('refactor.rewrite'),
      )!;
      assert.match(one.title, /^Restore the original: mrsne r2, cpsr/);
      assert.equal(client.after(one.edit!)['a.S'].split('\n')[0], LITERAL.split('\n')[0]);
    }));

  it('bring the support file, the Makefile line and alias symbols with a computed trap, and ask first', () =>
    withClient(FILES, async (client) => {
      await client.open('arch/arm/b.S');
      const [fix] = await actions(client, 'arch/arm/b.S', place(client, 'arch/arm/b.S', 'mrs \\rd'));
      assert.equal(fix.isPreferred, false);
      assert.equal(Object.values(fix.edit!.changeAnnotations!)[0].needsConfirmation, true);
      const after = client.after(fix.edit!);
      assert.deepEqual(Object.keys(after).sort(), [
        'arch/arm/Makefile',
        'arch/arm/b.S',
        'arch/arm/include/asm/lpv-traps.h',
      ]);
      assert.match(after['arch/arm/b.S'], /^saved \.req r5 ; \.Llpv_saved = \.Llpv_r5 \/\* lpv: alias \*\/$/m);
      assert.match(after['arch/arm/b.S'], /^\tswi 0x002000 \| \(\.Llpv_\\rd << 16\) \/\* lpv: mrs \\rd, cpsr \*\/$/m);
      assert.match(after['arch/arm/Makefile'], /^obj-y := a\.o\nKBUILD_CPPFLAGS .* # added by trapline patch\n$/);
      assert.match(after['arch/arm/include/asm/lpv-traps.h'], /\.macro\t__lpv_imm/);
      const safe = await actions(client, 'arch/arm/b.S', whole, ['source.fixAll']);
      assert.deepEqual(Object.keys(client.after(safe[0].edit!)), ['arch/arm/b.S']);
      assert.match(client.after(safe[0].edit!)['arch/arm/b.S'], /\tmrs \\rd, cpsr\n[^]*swi 0x/);
    }));

  it('replace and restore the workspace by commands, after the client has shown it', () =>
    withClient(FILES, async (client) => {
      const found = await actions(client, 'a.S', place(client, 'a.S', 'mrsne'));
      assert.ok(found.some(({ command }) => command?.command === COMMANDS.fixWorkspace));
      await client.request('workspace/executeCommand', { command: COMMANDS.fixWorkspace });
      const [edit] = client.applied;
      assert.equal(Object.values(edit.changeAnnotations!)[0].needsConfirmation, true);
      const after = client.after(edit);
      assert.match(after['c.c'], /lpv_|swi|\.inst/);
      for (const [name, text] of Object.entries(after)) client.files.set(`/w/${name}`, text);
      await client.notify('workspace/didChangeWatchedFiles', {
        changes: Object.keys(after).map((name) => ({ uri: client.uri(name), type: 2 })),
      });
      await client.request('workspace/executeCommand', { command: COMMANDS.restoreWorkspace });
      const restored = client.after(client.applied[1]);
      for (const name of ['a.S', 'arch/arm/b.S', 'c.c'] as const) assert.equal(restored[name], FILES[name], name);
      await client.request('workspace/executeCommand', { command: COMMANDS.restoreWorkspace });
    }));

  it('keep an instruction by a comment, after which it is no finding that matters', () =>
    withClient(FILES, async (client) => {
      await client.open('a.S');
      const found = await actions(client, 'a.S', place(client, 'a.S', 'mrsne'));
      const keep = found.find(({ title }) => title.startsWith('Keep'))!;
      const text = client.after(keep.edit!)['a.S'];
      assert.equal(text.split('\n')[0], '\t/* lpv: keep reviewed */');
      await client.open('a.S', text);
      const { items } = await client.ask<FullDocumentDiagnosticReport>('diagnostic', 'a.S');
      assert.deepEqual(
        items.map(({ severity }) => severity),
        [3, 2],
      );
    }));

  it('come as plain changes for a client that knows no others', () =>
    withClient(
      FILES,
      async (client) => {
        const [fix] = await actions(client, 'a.S', place(client, 'a.S', 'mrsne'));
        assert.deepEqual(Object.keys(fix.edit!), ['changes']);
        assert.match(client.after(fix.edit!)['a.S'], /^\tswine/);
      },
      { ...MODERN, workspace: { configuration: true } },
    ));
});
