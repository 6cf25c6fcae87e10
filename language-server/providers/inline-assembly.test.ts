/** What works in assembly works in the asm statements of C. */
import { strict as assert } from 'node:assert';
import type { CodeLens, CompletionList, Hover, InlayHint, MarkupContent } from 'vscode-languageserver';
import { withClient } from '../client.testing.ts';

const FILES = {
  'a.c': [
    'int mrs; /* asm("mrs r9, cpsr") */',
    'static inline void f(void)',
    '{',
    '\tasm volatile("mrs\t%0, cpsr\\n\\torr %1, %0, #128\\n"',
    '\t\t"\\tmsr cpsr_c, %1" : "=r" (mrs) : : "cc");',
    '\tasm("swi 0x022000\\n\\tld");',
    '}',
  ].join('\n'),
};

describe('asm statements in C', () => {
  it('show what their instructions do', () =>
    withClient(FILES, async (client) => {
      await client.open('a.c');
      const at = async (marker: string, skip: number): Promise<string> => {
        const found = await client.at<Hover | null>('hover', 'a.c', marker, skip);
        if (!found) return '';
        return `${client.slice('a.c', found.range!)}: ${(found.contents as MarkupContent).value}`;
      };
      assert.match(await at('"mrs\t', 2), /^mrs: [^]*Sensitive \(MRS\)/);
      assert.match(await at('orr', 1), /^orr: [^]*ORR/);
      assert.match(await at('\\tmsr', 3), /^msr: [^]*Sensitive \(MSR\)/);
      assert.match(await at('swi', 1), /LPV trap[^]*mrs r2, CPSR/);
      assert.equal(await at('int mrs', 5), '', 'C is left to others');
      assert.equal(await at('static', 1), '');
    }));

  it('complete instructions, and nothing outside their strings', () =>
    withClient(FILES, async (client) => {
      await client.open('a.c');
      const inside = await client.at<CompletionList>('completion', 'a.c', 'ld"', 2);
      const ldrt = inside.items.find(({ label }) => label === 'ldrt');
      assert.ok(ldrt && ldrt.textEdit && 'range' in ldrt.textEdit);
      assert.equal(client.slice('a.c', ldrt.textEdit.range), 'ld');
      assert.equal(await client.at('completion', 'a.c', 'static', 3), null);
    }));

  it('have hints and lenses of traps', () =>
    withClient(FILES, async (client) => {
      await client.open('a.c');
      const range = { start: { line: 0, character: 0 }, end: { line: 7, character: 0 } };
      const hints = await client.ask<InlayHint[]>('inlayHint', 'a.c', { range });
      assert.deepEqual(
        hints.map(({ label, position }) => [label, position]),
        [['mrs r2, CPSR', client.position('a.c', '\\n\\tld')]],
      );
      await client.notify('trapline/trapCounts', { counts: [{ file: '/w/a.c', line: 6, count: 7 }] });
      const lenses = await client.ask<CodeLens[]>('codeLens', 'a.c');
      assert.deepEqual(
        lenses.map(({ command, range: { start } }) => [command?.title, start.line]),
        [['7 traps in the last run', 5]],
      );
    }));
});
