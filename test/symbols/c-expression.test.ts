/** C expressions beside gdb's `print`, on the data of a compiled program. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InputError } from '../../formats/input-error.ts';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { compileExpression } from '../../symbols/c-expression/compile.ts';
import { childCount, childrenOf, formatValue, type Radix } from '../../symbols/c-expression/format.ts';
import type { Target } from '../../symbols/c-expression/value.ts';
import { build, hasCompiler } from './compile.ts';
import { hasGdb, runGdb } from './gdb.ts';
import { imageTarget } from './image.testing.ts';

/** Printed in the same way by gdb, character for character. */
const EXPRESSIONS = `
first.big|first.x|first.y|first.word|first.raw[1]|first.next->name|*first.next->name|first.next->next|first.name[2]
first.colour|second.colour|flags|first.ready|first.real|second.real|first.bits.low|first.bits.middle|first.bits.wide
first.bits.last|first.bits|first.matrix|first.matrix[1][2]|first.label|second.label|first.op|table|table[0] == add
number|number.f|bytes|limits|limits[0] < 0|&first|&first.big|&first.next|&first.matrix[1]|first.stamp|first.stamp >> 28
sizeof(struct node)|sizeof first.label|sizeof(int)|sizeof(union number)|(char)first.stamp|(unsigned char)511|(short)65535
(long long)-1|(unsigned)-1|1 + 2 * 3|7 / 2|-7 / 2|-7 % 3|7 % -3|1 << 31|1u << 31|0xffffffff|0xffffffffu + 1|4294967295 + 1
-1 < 0u|-1 < 0|1 ? 2 : 3|0 ? 2 : 3|!first.next|!!first.next|first.next && first.ready|~0|~0u|- -3|+'A'|'A'|'\\n'
2.5 * 2|1 / 2.0|first.real + 1|3 == 3.0|07 + 0x1F|GREEN|BLUE + 1|RED == 0|first.colour == GREEN
(int (*)(int, int))add|(int (*)(int, int))table[0] == add|sizeof(int (*)(void))|(void (*)())0|*(int (*)(int, char *))add|(struct node *(**)(struct node *, ...))&table[0]
*(int *)&number|((struct node *)&second)->big|*(unsigned char *)bytes|bytes + 1|*(bytes + 2)|&bytes[4] - &bytes[1]
first.previous == 0|(int)first.next == (int)&second|first.next->label[0]|(first.big >> 4) & 0xff|1 == 1 == 1|3 - 2 - 1
first.next != 0 && first.next->colour == BLUE|(enum colour)5|(enum colour)7|(enum flags)3|(unsigned long long)1 << 40
(struct node *)0|(void *)first.next == &second|sizeof(first.bits)|first.next->bits.low|first.matrix[0]|*first.matrix
0x7fffffff + 0u|5 & 3|5 | 3|5 ^ 3|1 || 0|0 && 1|2 > 1|2 >= 3|'a' + 1|tail|&*first.next|*&first.x|1.5f
`
  .trim()
  .split(/[|\n](?!\|)(?<!\|\|)/);

describe('C expressions', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  let info: DebugInfo;
  let target: Target;

  before(function () {
    if (!hasCompiler()) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'c-expression-'));
    file = build({ name: 'expressions', flags: ['-gdwarf-4', '-O0'] }, folder);
    info = DebugInfo.open(readFileSync(file), { name: 'program.elf' });
    target = imageTarget(info.elf);
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  const print = (text: string, radix?: Radix): string =>
    formatValue(compileExpression(text, info)({ target }), radix ? { info, target, radix } : { info, target });

  const gdbPrint = (path: string): string[] =>
    runGdb(
      path,
      `
import gdb
for e in ${JSON.stringify(EXPRESSIONS)}:
    try: print(gdb.execute('output ' + e, to_string=True))
    except gdb.error as error: print('error: ' + str(error))
`,
    )
      .trimEnd()
      .split('\n');

  /** gdb says the type of a pointer before its value; so does the view, in a column of its own. */
  const withoutType = (text: string): string => text.replace(/^\([^()]*(\([^()]*\))*[^()]*\) (?=0x|@0x)/, '');

  for (const way of [
    { name: 'little-endian', flags: ['-gdwarf-4', '-O0'] },
    { name: 'big-endian', flags: ['-gdwarf-3', '-O0', '-mbig-endian'] },
  ]) {
    it(`prints what gdb prints: ${way.name}`, function () {
      if (!hasGdb()) this.skip();
      const path = build(way, folder);
      info = DebugInfo.open(readFileSync(path), { name: 'program.elf' });
      target = imageTarget(info.elf);
      const theirs = gdbPrint(path);
      const different = EXPRESSIONS.map((text, i) => [text, print(text), withoutType(theirs[i])]).filter(
        ([, ours, gdb]) => ours !== gdb,
      );
      assert.deepEqual(different, []);
      assert.ok(theirs.length === EXPRESSIONS.length && EXPRESSIONS.length > 110, `${EXPRESSIONS.length} expressions`);
    });
  }

  it('reads and writes variables, members, bit fields and registers', () => {
    const registers = new Map([
      ['r0', 7],
      ['cpsr.mode', 0x13],
    ]);
    const memory = imageTarget(info.elf, registers);
    const run = (text: string): string =>
      formatValue(compileExpression(text, info)({ target: memory }), { info, target: memory });
    assert.equal(run('first.big = -12'), '-12');
    assert.equal(run('first.bits.middle = 3'), '3');
    assert.equal(run('first.bits'), "{low = 5, middle = 3, wide = 78187493530, flag = 1 '\\001', last = 77}");
    assert.equal(run('first.matrix[1][1] += 10'), '15');
    assert.equal(run("first.next->label[0] = 'T'"), "84 'T'");
    assert.equal(run('first.next->label'), '"Tail\\000\\000\\000\\000\\000\\000\\000"');
    assert.equal(run('$r0 = $r0 + 1'), '8');
    assert.equal(registers.get('r0'), 8);
    assert.equal(run('$cpsr.mode == 0x13'), '1');
    assert.equal(run('second = first'), run('first'));
    assert.throws(() => run('1 = 2'), /no place that could be written/);
    assert.throws(() => run('$r9 + 1'), /register r9 is not known here/);
  });

  it('finds the structure around a member', () => {
    assert.equal(print('container_of(&first.big, struct node, big) == &first'), '1');
    assert.equal(print('container_of(&first.word, struct node, word)->name == first.name'), '1');
  });

  it('prints in other bases, and gives children in pages', () => {
    assert.equal(print('first.x', 'hexadecimal'), '0xfffe');
    assert.equal(print('first.bits.low', 'binary'), '0b101');
    const value = compileExpression('first', info)({ target });
    assert.equal(childCount(value, info), 13);
    const [next] = childrenOf(value, { info, target });
    assert.equal(next.name, 'next');
    const [pointed] = childrenOf(next.value, { info, target });
    assert.equal(
      formatValue(childrenOf(pointed.value, { info, target }, 2, 1)[0].value, { info, target }).slice(-8),
      '"second"',
    );
    const array = compileExpression('bytes', info)({ target });
    assert.deepEqual(
      childrenOf(array, { info, target }, 2, 2).map(({ name, value: element }) => [
        name,
        formatValue(element, { info, target }),
      ]),
      [
        ['[2]', "255 '\\377'"],
        ['[3]', "0 '\\000'"],
      ],
    );
  });

  it('says what is wrong, and where', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['first.nothing', /there is no member nothing in it/],
      ['nowhere', /nowhere is not a variable, function or constant here/],
      ['1 +', /a value is expected: 1 \+<here>/],
      ['first + 1', /a number is expected/],
      ['*first', /only a pointer or an array can be dereferenced/],
      ['1 / 0', /division by zero/],
      ['*(int *)0xf0000000 + 1', /memory at 0xf0000000 cannot be read/],
      ['(struct missing *)0', /there is no struct missing/],
      ['&1', /not in memory/],
      ['first.op = @', /this is not C: first\.op =<here> @/],
      [`${'('.repeat(500)}1`, /nested too deeply/],
      ['hidden->x', /there is no member x in it/],
    ];
    for (const [text, message] of wrong) assert.throws(() => print(text), message, text);
  });

  it('answers any text with a value or an InputError', () => {
    const words = [
      'first',
      'second',
      '.',
      '->',
      'next',
      'big',
      '*',
      '&',
      '(',
      ')',
      '[',
      ']',
      '1',
      '0x10',
      '+',
      '-',
      '/',
      '==',
      '? ',
      ':',
      'sizeof',
      '(struct node *)',
      '(char)',
      "'a'",
      '"text"',
      '=',
      '$r0',
      'bits',
      'low',
      'matrix',
      '<<',
      '2.5',
    ];
    const anything = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          assert.equal(typeof print(text), 'string');
        } catch (error) {
          assert.ok(error instanceof InputError, `${text}: ${error instanceof Error ? error.stack : ''}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
