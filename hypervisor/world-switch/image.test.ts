/** The committed image of the world switch: what the source assembles to, with the offsets that the core has too. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { assembleWorldSwitch, embedWorldSwitch } from '../../scripts/assemble-world-switch.ts';
import { SHARED_WORDS, SYMBOLS, VECTORS_WORDS } from './image.ts';

describe('world switch image', () => {
  it('is what its source assembles to', function () {
    if (spawnSync('arm-none-eabi-as', ['--version']).status !== 0) this.skip();
    assert.equal(assembleWorldSwitch(), readFileSync(new URL('./image.ts', import.meta.url), 'utf8'));
  });

  it('has its source, for debuggers', () => {
    assert.equal(embedWorldSwitch(), readFileSync(new URL('./source.ts', import.meta.url), 'utf8'));
  });

  it('has its frame where the core looks for it', () => {
    assert.equal(SYMBOLS.PSR, L.FRAME_PSR);
    assert.equal(SYMBOLS.CAUSE, L.FRAME_CAUSE);
    assert.equal(SYMBOLS.GUEST_TTBR, L.FRAME_GUEST_TTBR);
    assert.equal(SYMBOLS.GUEST_DACR, L.FRAME_GUEST_DACR);
    assert.equal(SYMBOLS.CAUSE_SVC, L.CAUSE_SVC);
    assert.equal(SYMBOLS.CAUSE_UNDEFINED, L.CAUSE_UNDEFINED);
    assert.equal(SYMBOLS.CAUSE_PREFETCH_ABORT, L.CAUSE_PREFETCH_ABORT);
    assert.equal(SYMBOLS.CAUSE_DATA_ABORT, L.CAUSE_DATA_ABORT);
  });

  it('leaves room for the temporary stack between code and frame', () => {
    assert.ok(SHARED_WORDS.length * 4 + 64 < SYMBOLS.FRAME);
    assert.ok(SYMBOLS.FRAME + SYMBOLS.DATA_END <= 4096);
    assert.equal(VECTORS_WORDS.length * 4, SYMBOLS.targets + 32);
  });
});
