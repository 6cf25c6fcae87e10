import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AgentContext, evaluateAgentExpression, parseAgentExpression } from './agent-expression.ts';

const context: AgentContext = {
  register: (number) => (number < 16 ? 0x1000 + number : undefined),
  memory: (address, length) =>
    address === 0x1001 ? Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 1, 2, 3, 4).subarray(0, length) : new Uint8Array(0),
};

function evaluate(...code: number[]): bigint | undefined {
  const expression = parseAgentExpression(Uint8Array.from(code));
  return expression && evaluateAgentExpression(expression, context);
}

describe('agent expressions', () => {
  it('compute with 64-bit integers', () => {
    assert.equal(evaluate(0x22, 5, 0x22, 7, 0x03, 0x27), -2n);
    assert.equal(evaluate(0x22, 5, 0x22, 7, 0x15, 0x27), 1n, 'less, unsigned');
    assert.equal(evaluate(0x22, 0, 0x12, 0x22, 1, 0x15, 0x27), 0n, 'not 0 is the largest, unsigned');
    assert.equal(evaluate(0x22, 0xff, 0x16, 8, 0x27), -1n);
    assert.equal(evaluate(0x22, 0xff, 0x16, 8, 0x2a, 32, 0x27), 0xffff_ffffn);
    assert.equal(evaluate(0x22, 6, 0x22, 4, 0x2b, 0x03, 0x27), -2n, 'swap');
    assert.equal(evaluate(0x22, 6, 0x22, 4, 0x32, 1, 0x27), 6n, 'pick');
  });

  it('read registers and memory', () => {
    assert.equal(evaluate(0x26, 0, 1, 0x27), 0x1001n);
    assert.equal(evaluate(0x26, 0, 1, 0x19, 0x16, 32, 0x27), -2n, 'a word, little-endian');
    assert.equal(evaluate(0x26, 0, 2, 0x19, 0x27), undefined, 'no memory there');
    assert.equal(evaluate(0x26, 0, 99, 0x27), undefined);
  });

  it('jump, and end even where they loop', () => {
    assert.equal(evaluate(0x22, 1, 0x20, 0, 8, 0x22, 7, 0x27, 0x22, 9, 0x27), 9n);
    assert.equal(evaluate(0x21, 0, 0), undefined);
  });

  it('have no value without operands or by a division by 0, and are refused when they are none', () => {
    assert.equal(evaluate(0x02, 0x27), undefined);
    assert.equal(evaluate(0x22, 1, 0x22, 0, 0x05, 0x27), undefined);
    for (const code of [[], [0x22], [0x25, 1, 2], [0x01, 0x27], [0xff], [0x21, 0, 9, 0x27]])
      assert.equal(parseAgentExpression(Uint8Array.from(code)), undefined, String(code));
  });

  it('never fail otherwise, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (code) => {
        const expression = parseAgentExpression(code);
        if (expression) evaluateAgentExpression(expression, context);
      }),
      { numRuns: 3000 },
    );
  });
});
