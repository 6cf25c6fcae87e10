import { strict as assert } from 'node:assert';
import { A32_ROWS } from './a32.ts';
import { decodeA32 } from './decode.ts';
import { hoverFor, hoverForClass } from './hover.ts';
import { SENSITIVE_CLASSES } from './sensitivity.ts';
import { THUMB_ROWS } from './thumb.ts';

describe('hover text', () => {
  it('explains every sensitive class', () => {
    for (const found of SENSITIVE_CLASSES) {
      const hover = hoverForClass(found);
      assert.ok(hover.operation !== '' && hover.sensitive !== undefined, found);
    }
  });

  it('says why a word is sensitive, and nothing when it is not', () => {
    const returns = decodeA32(0xe1b0f00e, 'v6');
    assert.match(hoverFor(returns.row!, returns.word).sensitive!, /SPSR/);
    assert.match(hoverFor(returns.row!, returns.word).operation, /CPSR = SPSR$/);
    const moves = decodeA32(0xe1a0f00e, 'v6');
    assert.equal(hoverFor(moves.row!, moves.word).sensitive, undefined);
  });

  it('has a title for every row', () => {
    for (const row of [...A32_ROWS, ...THUMB_ROWS]) assert.ok(hoverFor(row, row.value).title !== '', row.name);
  });
});
