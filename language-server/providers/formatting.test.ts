import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { TextEdit } from 'vscode-languageserver';
import { withClient } from '../client.testing.ts';
import { formatEdits } from '../format.ts';
import { Source } from '../parse/source.ts';
import { applyEdits } from '../rules/edits.ts';

const TABS = { tabSize: 8, insertSpaces: false };
const format = (text: string, options = TABS): string =>
  applyEdits(text, formatEdits(new Source('/a.S', text), 0, text.length, options));

const UGLY = [
  '  start:   mov r0,r1  ,lsl   #2   ',
  ' add   r1,r2,#1 @ keep,this',
  'ldmia r0!,{r1,r2 ,r3}',
  '    .ascii "a,b  ;c"',
  '#define  X(a,b)  a',
  '/* one,',
  '  two,  */   mov r0,r1',
  'ENTRY(foo)',
  '\tm a,b',
  'tmp   .req   r4',
  "\tmov r0,#'a'",
  '1:b 1b',
].join('\n');

describe('formatting', () => {
  it('puts labels at the margin, instructions one step in, and blanks behind commas', () => {
    assert.equal(
      format(UGLY),
      [
        'start:\tmov r0, r1, lsl   #2',
        '\tadd   r1, r2, #1 @ keep,this',
        '\tldmia r0!, {r1, r2, r3}',
        '\t.ascii "a,b  ;c"',
        '#define  X(a,b)  a',
        '/* one,',
        '  two,  */   mov r0,r1',
        'ENTRY(foo)',
        '\tm a,b',
        'tmp   .req   r4',
        "\tmov r0,#'a'",
        '1:\tb 1b',
      ].join('\n'),
    );
    assert.equal(format('nop\n', { tabSize: 4, insertSpaces: true }), '    nop\n');
  });

  it('changes nothing but blanks, and nothing the second time', () => {
    const pieces = [
      'mov r0,r1',
      'x:',
      ' ',
      '\t',
      '\n',
      ',',
      ';',
      '"',
      "'",
      '/*',
      '*/',
      '@',
      '\\\n',
      '#if',
      '.macro m',
      '\\a',
      'ldr r0,[r1 ,#4]',
      '=',
      '(',
      '1:',
      'é',
      '\r\n',
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (before) => {
        const after = format(before);
        assert.equal(after.replace(/[ \t]/g, ''), before.replace(/[ \t]/g, ''));
        assert.equal(format(after), after);
      }),
      { numRuns: 1500 },
    );
  });

  it('assembles to the same words', function () {
    this.timeout(20_000);
    if (spawnSync('arm-none-eabi-gcc', ['--version']).status !== 0) this.skip();
    const torture = fileURLToPath(new URL('../../test/lint/torture/', import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), 'trapline-format-'));
    const assemble = (text: string): string => {
      const [from, to] = [join(folder, 'a.S'), join(folder, 'a.o')];
      writeFileSync(from, text);
      const { stderr } = spawnSync('arm-none-eabi-gcc', ['-c', '-I', torture, from, '-o', to], { encoding: 'utf8' });
      assert.doesNotMatch(stderr, /Error|error/);
      return spawnSync('arm-none-eabi-objdump', ['-s', '-j', '.text', to], { encoding: 'utf8' }).stdout;
    };
    try {
      const neat = readFileSync(join(torture, 'macros.S'), 'utf8');
      const untidy = neat.replace(/^\t(?=[a-z])/gm, '   ').replace(/^(\w+:)\t/gm, ' $1  ');
      const tidy = format(untidy);
      assert.notEqual(tidy, untidy);
      const words = assemble(untidy);
      assert.ok(words.split('\n').length > 15);
      assert.equal(assemble(tidy), words);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('answers for a document, a range and the line just typed', () =>
    withClient({ 'a.S': UGLY }, async (client) => {
      await client.open('a.S');
      const lines = (edits: TextEdit[]): number[] => [...new Set(edits.map(({ range }) => range.start.line))];
      assert.ok(lines(await client.ask('formatting', 'a.S', { options: TABS })).length >= 4);
      const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 5 } };
      assert.deepEqual(lines(await client.ask('rangeFormatting', 'a.S', { range, options: TABS })), [1]);
      const typed = { position: { line: 3, character: 0 }, ch: '\n', options: TABS };
      assert.deepEqual(lines(await client.ask('onTypeFormatting', 'a.S', typed)), [2]);
    }));
});
