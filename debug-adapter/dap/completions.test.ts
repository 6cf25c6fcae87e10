import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lastOperand } from './completions.ts';

describe('operands before a cursor', () => {
  it('takes names, members, elements and what is in parentheses', () => {
    const cases: [string, string | undefined][] = [
      ['a', 'a'],
      ['1 + tasks[0].space', 'tasks[0].space'],
      ['f((struct task *)p)', 'f((struct task *)p)'.slice(1)],
      ['x = ((struct task *)p[1])->space', '((struct task *)p[1])->space'],
      ['a[b[1]].c->d', 'a[b[1]].c->d'],
      ['*p', 'p'],
      ['a + ', undefined],
      ['a)', undefined],
      ['[1]', undefined],
    ];
    for (const [text, expected] of cases) assert.equal(lastOperand(text), expected, text);
  });

  it('gives an end of any text, or nothing', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '(', ')', '[', ']', '.', '->', ' ', '*', '1') });
    fc.assert(
      fc.property(text, (before) => {
        const operand = lastOperand(before);
        assert.ok(operand === undefined || (operand !== '' && before.endsWith(operand)));
      }),
    );
  });
});
