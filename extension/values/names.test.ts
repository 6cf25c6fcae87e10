import assert from 'node:assert/strict';
import fc from 'fast-check';
import { functionStart, registerExpression, registersOf, variablesOf } from './names.ts';

const named = (names: readonly { name: string }[]): string[] => names.map(({ name }) => name);

describe('names whose values are shown', () => {
  it('are the registers of assembly, once, not in comments', () => {
    assert.deepEqual(named(registersOf('1:\tldr\tr3, [r11, #4]\t@ r0 is safe')), ['r3', 'r11']);
    assert.deepEqual(named(registersOf('  msr cpsr_c, r2 // r9')), ['r2']);
    assert.deepEqual(named(registersOf('  stmfd sp!, {r4-r6, lr} /* pc */')), ['sp', 'r4', 'r6', 'lr']);
    assert.deepEqual(named(registersOf('  .asciz "r1"')), []);
    assert.deepEqual(named(registersOf('r1: b r1_loop')), []);
    assert.deepEqual(['fp', 'A1', 'r13', 'sl', 'x0'].map(registerExpression), [
      '$r11',
      '$r0',
      '$sp',
      '$r10',
      undefined,
    ]);
  });

  it('are the variables of C, not keywords, calls, members or text', () => {
    assert.deepEqual(named(variablesOf('  if (task->state == READY && count(n) > max) // x')), [
      'task',
      'READY',
      'n',
      'max',
    ]);
    assert.deepEqual(named(variablesOf('\tstruct task *next = list.head; "y" \'z\'')), ['next', 'list']);
    assert.deepEqual(named(variablesOf(' * a line of a comment')), []);
    assert.deepEqual(named(variablesOf('#define X y')), []);
  });

  it('stand where they say, in any line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (line) => {
        for (const { name, start, end } of [...registersOf(line), ...variablesOf(line)])
          assert.equal(line.slice(start, end), name);
      }),
    );
  });

  it('belong to the function around the line', () => {
    const lines = ['int f(void)', '{', '  a();', '}', '', 'static void g(int x) {', '  b();', '  c();', '}'];
    const start = (line: number): number => functionStart((at) => lines[at], line);
    assert.deepEqual([start(2), start(7), start(6)], [1, 5, 5]);
  });
});
