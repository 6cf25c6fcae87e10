/** Hostile and half-typed text: no crash, no hang, bounded memory. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Linter } from './lint.ts';
import { splitLines, updateLines } from './parse/lines.ts';
import { Source } from './parse/source.ts';
import { applyEdits, editsOf } from './rules/edits.ts';
import { restoreText } from './rules/fix.ts';

const SETTINGS = { includePaths: ['/inc'], forcedIncludes: [], defines: new Map<string, string>() };

function lint(path: string, text: string, files: Readonly<Record<string, string>> = {}): ReturnType<Linter['result']> {
  const known = new Map(Object.entries(files).map(([name, contents]) => [name, new Source(name, contents)]));
  return lintSource(new Source(path, text), known);
}

function lintSource(source: Source, known: ReadonlyMap<string, Source> = new Map()): ReturnType<Linter['result']> {
  const linter = new Linter({
    provider: { get: (name) => known.get(name) },
    settings: { assembly: () => SETTINGS, c: () => SETTINGS },
  });
  linter.add(source);
  return linter.result();
}

/** Pieces that mean something to one of the parsers. */
const PIECES = [
  ...['mrs r0, cpsr', 'msr cpsr_c, #', 'ldmia sp, {r0-', 'pc}^', 'movs pc, ', 'ldrt \\a, [', '%0', '%[x'],
  ...['.macro m a, b=1', '.endm', '.rept 3', '.endr', '.irp x, 1, 2', '.if', '.else', '.endif', '.exitm', '.altmacro'],
  ...['#define M(x...) x ## x', '#define', '#if ', '#ifdef M', '#elif', '#endif', '#include "a.h"', 'M(', 'm r1'],
  ...[
    'asm volatile("',
    '__asm__(',
    '" : "=r"(x)',
    ')',
    ':',
    '/*',
    '*/',
    '//',
    '@',
    ';',
    '"',
    "'",
    '\\',
    '\\\n',
    '\n',
    '\t',
    ' ',
    '\r\n',
    '\0',
    'é',
  ],
];
const textual = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 6 })), { maxLength: 60 })
  .map((parts) => parts.join(''));

describe('hostile sources', function () {
  this.timeout(30_000);

  it('never crash the linter, and its positions lie in the file', () => {
    fc.assert(
      fc.property(textual, fc.constantFrom('/a.S', '/a.s', '/a.c', '/a.h'), (text, path) => {
        for (const { source, start, end } of lint(path, text).findings) {
          assert.ok(source.path === path && start >= 0 && start < end && end <= text.length);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('keep what a fix does not touch', () => {
    fc.assert(
      fc.property(textual, fc.constantFrom('/a.S', '/a.c'), (text, path) => {
        const edits = editsOf(lint(path, text).findings);
        const patched = applyEdits(text, edits);
        if (edits.length === 0) assert.equal(patched, text);
        assert.equal(patched.split('\n').length, text.split('\n').length);
      }),
      { numRuns: 500 },
    );
  });

  it('split into lines that cover the text, the same after an edit as from the start', () => {
    fc.assert(
      fc.property(
        textual,
        textual,
        fc.nat(),
        fc.nat({ max: 40 }),
        fc.boolean(),
        (before, added, where, removed, at) => {
          const from = where % (before.length + 1);
          const after = before.slice(0, from) + added + before.slice(from + removed);
          const fresh = splitLines(after, { at });
          const updated = updateLines(splitLines(before, { at }), before, after, { at });
          const strip = ({ start, end, text, directive, line }: (typeof fresh)[number]): unknown => [
            start,
            end,
            text,
            directive,
            line,
          ];
          assert.deepEqual(updated.map(strip), fresh.map(strip));
          for (const { start, end, text } of fresh) assert.equal(text.length, end - start);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('restore text without fixes to itself', () => {
    fc.assert(fc.property(textual, (text) => text.includes('lpv') || restoreText(text) === text));
  });

  it('are read at every moment of their being typed', () => {
    const text =
      '#include "a.h"\n#define ON(x, y) x ## y\n\t.macro save r, m=cpsr @ note\n\tmrs\t\\r, \\m\n\t.endm\n' +
      '#if defined(ON) && ON(1, 2) > 3\nx\t.req r4\nl:\tsave x\n#else\n\tldmia sp!, {r0-r3, pc}^ /* back */\n#endif\n' +
      '\t.irp i, 1, "2"\n\t.if \\i - 1\n\tmcreq p15, 0, r\\i, c1, c0, 0\n\t.endif\n\t.endr\n' +
      '\t.ascii "a\\"b", \'c\n1:\tb 1b; msr cpsr_c, #0xd3\n';
    for (const path of ['/a.S', '/a.s', '/a.h', '/a.c']) {
      let source = new Source(path, '');
      for (let length = 1; length <= text.length; length++) {
        source = source.edited(text.slice(0, length));
        assert.deepEqual(
          [...lintSource(source).findings].map(({ start, end, rule }) => [start, end, rule.id]),
          lint(path, source.text).findings.map(({ start, end, rule }) => [start, end, rule.id]),
        );
      }
    }
    assert.equal(lint('/a.S', text).findings.length, 4);
  });

  const bombs: Readonly<Record<string, [string, Record<string, string>?]>> = {
    'a line of a megabyte': [`mrs r0, cpsr ${'x'.repeat(1 << 20)}\n${';'.repeat(1 << 18)}`],
    'a megabyte of open parentheses': [`.if ${'('.repeat(1 << 20)}\n#if ${'('.repeat(1 << 20)}\n`],
    'labels without end': ['a: '.repeat(1 << 18)],
    'a macro that calls itself': ['.macro m\nm\nm\n.endm\nm\n'],
    'macros that double': [
      `${Array.from({ length: 40 }, (_, i) => `.macro m${i}\nm${i + 1}\nm${i + 1}\n.endm\n`).join('')}m0\n`,
    ],
    'a macro that grows': ['.macro m a\nm "\\a\\a\\a\\a"\n.endm\nm xxxxxxxx\n'],
    'repetition without end': ['.rept 1000000000\n.endr\n.rept 0x7fffffff\nmrs r0, cpsr\n.endr\n'],
    'definitions that double': [
      `${Array.from({ length: 60 }, (_, i) => `#define D${i} D${i + 1} D${i + 1}\n`).join('')}D0\n#if D0\n#endif\n`,
    ],
    'a file that includes itself': ['#include "/a.h"\n', { '/a.h': '#include "/a.h"\n#include "/a.h"\n' }],
    'files that include each other': [
      '#include "/a.h"\nmrs r0, cpsr\n',
      { '/a.h': '#include "/b.h"\n', '/b.h': '#include "/a.h"\n#include "/a.h"\n' },
    ],
    'includes a thousand deep': [
      '#include "/h0.h"\nmrs r0, cpsr\n',
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`/h${i}.h`, `#include "/h${i + 1}.h"\n#define H${i} H${i + 1}\nH0\n`]),
      ),
    ],
    'a line continued for a megabyte': ['mrs r0, \\\n'.repeat(100_000)],
    'a string of a megabyte': [`.ascii "${'\\"'.repeat(1 << 19)}`],
    'a comment that never ends': ['mrs r0, cpsr\n/*'.repeat(1 << 16)],
    'includes of the assembler': ['.include "/a.s"\n', { '/a.s': '.include "/a.s"\n.include "/a.s"\n' }],
    'conditionals that never end': ['#if 1\n'.repeat(50_000) + '.if 1\n'.repeat(50_000)],
  };
  for (const [name, [text, files = {}]] of Object.entries(bombs)) {
    it(`end soon: ${name}`, () => {
      const before = process.memoryUsage().heapUsed;
      const { findings } = lint('/main.S', text, { ...files, '/main.S': text });
      assert.ok(findings.length < 1000);
      lint('/main.c', `asm("${text.slice(0, 100_000).replaceAll('\n', '\\n')}");\n${text}`);
      assert.ok(process.memoryUsage().heapUsed - before < 1 << 30);
    });
  }
});
