import { strict as assert } from 'node:assert';
import { earliestArch, instructionBases, instructionsNamed } from './instruction-names.ts';
import { hasOperandNames, operandNames } from './operand-names.ts';

describe('names of instructions', () => {
  const rows = (name: string): string[] => (instructionsNamed(name) ?? []).map(({ row }) => row.name);

  it('are found with conditions and suffixes, in the unified and in the older order', () => {
    assert.ok(rows('addseq').includes('ADD_imm') && rows('addeqs').includes('ADD_imm'));
    assert.ok(rows('ldrbne').includes('LDRB_imm') && rows('ldrneb').includes('LDRB_imm'));
    assert.ok(rows('ldmfd').includes('LDM') && rows('ldmeqfd').includes('LDM3'));
    assert.deepEqual(rows('swihi'), ['SVC', 'T_SVC']);
    assert.deepEqual(rows('smlatb'), ['SMLAxy']);
    assert.deepEqual(rows('clrex'), ['CLREX']);
    for (const name of ['clrexeq', 'mvo', 'entry', '', 'constructor']) assert.deepEqual(rows(name), [], name);
  });

  it('tell a branch with a condition from a branch with link', () => {
    const base = (name: string): string[] => [...new Set(instructionsNamed(name)?.map((found) => found.base))];
    assert.deepEqual(base('blt'), ['b']);
    assert.deepEqual(base('bleq'), ['bl']);
    assert.deepEqual(base('bls'), ['b']);
  });

  it('know the architecture that brought them', () => {
    const arch = (name: string): string => earliestArch(instructionBases().get(name)!);
    assert.deepEqual(['add', 'bx', 'clz', 'ldrd', 'rev', 'wfi'].map(arch), ['v4', 'v4T', 'v5T', 'v5TE', 'v6', 'v6K']);
  });

  it('have words for all operands in the tables', () => {
    for (const [name, found] of instructionBases()) {
      for (const { operands } of found) assert.ok(hasOperandNames(operands), `${name} ${operands}`);
    }
    assert.deepEqual(operandNames('{d}, {m}, [{n}]'), ['Rd', 'Rm', '[Rn]']);
    assert.deepEqual(operandNames('{d}, {n}, {shr}'), ['Rd', 'Rn', 'Rm, shift Rs']);
  });
});
