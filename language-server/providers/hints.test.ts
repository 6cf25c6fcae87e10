/** Inlay hints, code lenses, links, workspace symbols and signatures. */
import { strict as assert } from 'node:assert';
import type { CodeLens, DocumentLink, InlayHint, SignatureHelp, SymbolInformation } from 'vscode-languageserver';
import { CLIENT_COMMANDS, TRAP_COUNTS } from '../protocol.ts';
import { withClient } from '../client.testing.ts';

const FILES = {
  'a.S': [
    '#include "m.h"',
    '#include "missing.h"',
    '\tswi 0x022000',
    '\tswi 0x022000 /* lpv: mrs r2, cpsr */',
    '\tsvc 0',
    '\tldr r0, =SIZE * 2',
    '\tldr r1, =label',
    '\t.set x, 1',
    '\t.set x, 2',
    '\tldr r1, =x',
    '\tsave r0',
    '\tsave r1',
    'label:\tadd r0, r1, ',
    '\tsave r0, ',
    '\tmov r0, #SHIFT(1, ',
  ].join('\n'),
  'b.S': '#include "m.h"\n\tsave r2\n',
  'm.h':
    '#define SIZE 16\n#define SHIFT(x, by) ((x) << (by))\n\t.macro save rd, other:req, more=1\n\tpush {\\rd}\n\t.endm\n',
};
const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };

describe('inlay hints', () => {
  it('decode traps that nothing explains, and show what literals are where that is certain', () =>
    withClient(FILES, async (client) => {
      const hints = await client.ask<InlayHint[]>('inlayHint', 'a.S', { range });
      assert.deepEqual(
        hints.map(({ position, label }) => [position.line, label]),
        [
          [2, 'mrs r2, CPSR'],
          [5, '0x20'],
        ],
      );
    }));
});

describe('code lenses', () => {
  it('count the expansions of a macro in all units that read it', () =>
    withClient(FILES, async (client) => {
      const [lens] = await client.ask<CodeLens[]>('codeLens', 'm.h');
      assert.equal(lens.range.start.line, 2);
      const { command } = await client.request<CodeLens>('codeLens/resolve', lens);
      assert.deepEqual([command!.title, command!.command], ['4 expansions', CLIENT_COMMANDS.showReferences]);
    }));

  it('show the traps that the debugger has counted', () =>
    withClient(FILES, async (client) => {
      await client.notify(TRAP_COUNTS, {
        counts: [
          { file: '/w/a.S', line: 3, count: 12 },
          { file: '/w/b.S', line: 1, count: 1 },
        ],
      });
      const lenses = await client.ask<CodeLens[]>('codeLens', 'a.S');
      assert.deepEqual(
        lenses.map(({ range: at, command }) => [at.start.line, command?.title]),
        [[2, '12 traps in the last run']],
      );
    }));
});

describe('document links', () => {
  it('lead to the files that includes name, where there are such', () =>
    withClient(FILES, async (client) => {
      const links = await client.ask<DocumentLink[]>('documentLink', 'a.S');
      assert.deepEqual(
        links.map(({ target, range: at }) => [target, client.slice('a.S', at)]),
        [[client.uri('m.h'), 'm.h']],
      );
    }));
});

describe('workspace symbols', () => {
  it('are found by letters of their names', () =>
    withClient(FILES, async (client) => {
      const find = async (query: string): Promise<string[]> =>
        (await client.request<SymbolInformation[]>('workspace/symbol', { query })).map(
          ({ name, containerName }) => `${name} ${containerName}`,
        );
      assert.deepEqual(await find('sv'), ['save m.h']);
      assert.deepEqual(await find('LBL'), ['label a.S']);
      assert.deepEqual(await find('zzz'), []);
      assert.ok((await find('')).length >= 4);
    }));
});

describe('signature help', () => {
  it('names the operands of instructions, macros and directives, and counts commas', () =>
    withClient(FILES, async (client) => {
      const ask = async (marker: string): Promise<[string, number]> => {
        const help = await client.at<SignatureHelp>('signatureHelp', 'a.S', marker, marker.length);
        return [help.signatures[help.activeSignature ?? 0].label, help.activeParameter as number];
      };
      assert.deepEqual(await ask('add r0, r1, '), ['add Rd, Rn, #immediate', 2]);
      assert.deepEqual(await ask('save r0, '), ['save rd, other:req, more=1', 1]);
      assert.deepEqual(await ask('SHIFT(1, '), ['SHIFT( x, by)', 1]);
      assert.deepEqual(await ask('.set x, '), ['.set symbol, expression', 1]);
    }));
});
