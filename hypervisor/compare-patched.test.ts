import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeElf, wordsToBytes, type TestSection } from '../formats/elf.testing.ts';
import { ElfFile, SECTION_FLAG } from '../formats/elf.ts';
import { damaged, throwsOnlyInputError } from '../formats/fuzz.testing.ts';
import { comparePatched } from './compare-patched.ts';

const MRS = 0xe10f2000;
const MRS_TRAP = 0xef022000;
const NOP = 0xe1a00000;

/** A program with code, data and a note with a build ID. */
function program(
  code: readonly number[],
  more: { data?: number; id?: number; sections?: TestSection[] } = {},
): ElfFile {
  const { data = 1, id = 0, sections = [] } = more;
  const bytes = makeElf({
    entry: 0x1000,
    sections: [
      { name: '.text', address: 0x1000, bytes: wordsToBytes(...code) },
      { name: '.data', address: 0x2000, bytes: wordsToBytes(data), flags: SECTION_FLAG.alloc | SECTION_FLAG.write },
      {
        name: '.notes',
        address: 0x3000,
        // A note of Linux, then the build ID: sizes of name and contents, type, name, contents.
        bytes: wordsToBytes(6, 4, 1, 0x756e694c, 0x78, 5, 4, 8, 3, 0x554e47, id, id),
        flags: SECTION_FLAG.alloc,
      },
      ...sections,
    ],
    symbols: [{ name: '$a', value: 0x1000, info: 0, section: '.text' }],
  });
  return new ElfFile(markNotes(bytes), 'program');
}

/** The writer of test files knows no notes: gives the section its type. */
function markNotes(bytes: Uint8Array): Uint8Array {
  const elf = new ElfFile(bytes);
  const { index } = elf.section('.notes')!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(view.getUint32(32, true) + index * 40 + 4, 7, true);
  return bytes;
}

const plain = program([MRS, NOP, MRS]);
const differences = (patched: ElfFile): unknown[] =>
  comparePatched(plain, patched)
    .sections.filter((section) => section.differences > 0 || section.plainSize !== section.patchedSize)
    .map(({ name, plainSize, patchedSize, firstDifference }) => [name, plainSize, patchedSize, firstDifference]);

describe('comparison of a patched build with its unpatched one', () => {
  it('finds them equal when every trap is where the ELF way puts it', () => {
    const result = comparePatched(plain, program([MRS_TRAP, NOP, MRS_TRAP]));
    assert.deepEqual([result.equal, result.sites, result.traps], [true, 2, 2]);
    assert.deepEqual(
      result.sections.map(({ name, traps }) => [name, traps]),
      [
        ['.text', 2],
        ['.data', 0],
        ['.notes', 0],
      ],
    );
  });

  it('finds what was not replaced, what is another trap, and what else differs', () => {
    assert.deepEqual(differences(program([MRS_TRAP, NOP, MRS])), [['.text', 12, 12, 0x1008]]);
    assert.deepEqual(differences(program([MRS_TRAP | 0x10000, NOP, MRS_TRAP])), [['.text', 12, 12, 0x1000]]);
    assert.deepEqual(differences(program([MRS_TRAP, NOP, MRS_TRAP], { data: 2 })), [['.data', 4, 4, 0x2000]]);
    assert.equal(comparePatched(plain, program([MRS_TRAP, NOP, MRS])).equal, false);
  });

  it('finds sections that have grown, and sections that only one of them has', () => {
    assert.deepEqual(differences(program([MRS_TRAP, NOP, MRS_TRAP, NOP])), [['.text', 12, 16, undefined]]);
    const sections = [{ name: '.new', address: 0x4000, bytes: wordsToBytes(1), flags: SECTION_FLAG.alloc }];
    const longer = program([MRS_TRAP, NOP, MRS_TRAP], { sections });
    assert.deepEqual(differences(longer), [['.new', undefined, 4, undefined]]);
    assert.equal(comparePatched(plain, longer).equal, false);
    const missing = comparePatched(program([MRS], { sections }), program([MRS_TRAP]));
    assert.deepEqual([missing.equal, missing.sections.at(-1)?.patchedSize], [false, undefined]);
  });

  it('lets build IDs differ, and no other note', () => {
    assert.equal(comparePatched(plain, program([MRS_TRAP, NOP, MRS_TRAP], { id: 7 })).equal, true);
    const bytes = program([MRS_TRAP, NOP, MRS_TRAP]).bytes.slice();
    const { offset } = new ElfFile(bytes).section('.notes')!;
    bytes[offset + 20] ^= 1;
    assert.deepEqual(differences(new ElfFile(bytes)), [['.notes', 48, 48, 0x3014]]);
  });

  it('answers damaged files with an InputError', () => {
    fc.assert(
      fc.property(damaged(plain.bytes), damaged(plain.bytes), (left, right) =>
        throwsOnlyInputError(() => comparePatched(new ElfFile(left, 'left'), new ElfFile(right, 'right'))),
      ),
      { numRuns: 500 },
    );
  });
});
