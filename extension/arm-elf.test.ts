import assert from 'node:assert/strict';
import { isArmElf } from './arm-elf.ts';

describe('an ARM ELF file', () => {
  it('is known by its header', () => {
    const header = new Uint8Array(52);
    header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
    header.set([2, 0, 40, 0], 16);
    assert.ok(isArmElf(header));
    const changed = (at: number, value: number): Uint8Array => header.map((byte, i) => (i === at ? value : byte));
    assert.ok(!isArmElf(changed(18, 62)) && !isArmElf(changed(4, 2)) && !isArmElf(header.subarray(0, 10)));
  });
});
