/** The Memory view: windows on 4 GB, changed bytes, words as text, pieces that cannot be read. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { characterOf, fromBase64, MemoryImage, readRange, shiftedWindow, toBase64, unitBytes, unitText, WINDOW, windowStart } from './model.ts'; // prettier-ignore

const addresses = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('model of the Memory view', () => {
  it('has each address inside its window, at the ends of memory too', () => {
    fc.assert(
      fc.property(addresses, fc.constantFrom(8, 16), (address, rowBytes) => {
        const start = windowStart(address, rowBytes);
        assert.ok(start >= 0 && start + WINDOW <= 2 ** 32 && start % rowBytes === 0);
        assert.ok(address >= start && address < start + WINDOW);
      }),
    );
  });

  it('moves the window at its ends, and never out of memory', () => {
    const rows = WINDOW / 16;
    assert.equal(shiftedWindow(0x10_0000, 5, 40, 16), undefined);
    assert.equal(shiftedWindow(0x10_0000, 0, 40, 16), 0x10_0000 - WINDOW / 2);
    assert.equal(shiftedWindow(0x10_0000, rows - 30, rows, 16), 0x10_0000 + WINDOW / 2);
    assert.equal(shiftedWindow(0, 0, 40, 16), undefined);
    assert.equal(shiftedWindow(2 ** 32 - WINDOW, rows - 30, rows, 16), undefined);
  });

  it('marks what has changed since the last moment, and only that', () => {
    const image = new MemoryImage();
    image.update(0x100, [1, 2, 3, 4], 'stop 1');
    assert.equal(image.hasChanged(0x100, 4), false);
    image.update(0x100, [1, 9, 3, 4], 'stop 2');
    assert.deepEqual([0, 1, 2, 3].map((i) => image.hasChanged(0x100 + i, 1)), [false, true, false, false]); // prettier-ignore
    image.update(0x100, [1, 9, 3, 4], 'stop 2');
    assert.equal(image.hasChanged(0x101, 1), true);
    image.update(0x100, [1, 9, 3, 4], 'stop 3');
    assert.equal(image.hasChanged(0x100, 4), false);
  });

  it('shows words of either size, what cannot be read, and what is not known', () => {
    const image = new MemoryImage();
    image.update(0x100, [0x78, 0x56, 0x34, 0x12, 0x41, undefined], 'a');
    assert.equal(unitText(image, 0x100, 4), '12345678');
    assert.equal(unitText(image, 0x100, 2), '5678');
    assert.equal(unitText(image, 0x104, 1), '41');
    assert.equal(unitText(image, 0x104, 2), '????');
    assert.equal(unitText(image, 0x200, 4), '        ');
    assert.deepEqual([0x41, 0x0a, undefined, 'unknown' as const].map(characterOf), ['A', '.', ' ', ' ']);
  });

  it('writes what was typed so that it reads the same', () => {
    fc.assert(
      fc.property(addresses, fc.constantFrom(1 as const, 2 as const, 4 as const), (value, size) => {
        const digits = (value % 2 ** (8 * size)).toString(16);
        const image = new MemoryImage();
        image.update(0, fromBase64(toBase64(unitBytes(digits, size))), 'a');
        assert.equal(unitText(image, 0, size), digits.padStart(2 * size, '0'));
      }),
    );
  });

  it('reads past what cannot be read, and ends with an adapter that answers nothing', async () => {
    const memory = [1, 2, undefined, undefined, 5, 6, 7, undefined];
    const read = (offset: number, count: number): Promise<{ data: string; unreadableBytes: number }> => {
      const rest = memory.slice(offset, offset + count);
      const bad = rest.indexOf(undefined);
      const data = (bad < 0 ? rest : rest.slice(0, bad)) as number[];
      const after = rest.slice(data.length);
      const readable = after.findIndex((byte) => byte !== undefined);
      return Promise.resolve({
        data: toBase64(data),
        unreadableBytes: readable < 0 ? after.length : readable,
      });
    };
    assert.deepEqual(await readRange(8, read), memory);
    assert.deepEqual(await readRange(3, () => Promise.resolve({})), [undefined, undefined, undefined]);
  });
});
