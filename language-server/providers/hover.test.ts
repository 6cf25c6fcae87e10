import { strict as assert } from 'node:assert';
import type { Hover, MarkupContent } from 'vscode-languageserver';
import { withClient, type TestClient } from '../client.testing.ts';

const FILES = {
  'a.S': [
    '#include "m.h"',
    '\tmrsne r2, cpsr',
    '\tadds r0, r1, #SIZE',
    '\tswine 0x022000',
    '\t.inst 0xef002000',
    '\tsvc #0',
    '\tsave r4',
    'loop:\tb loop',
    '\tsubs pc, lr, #4',
    '\tmov r0, #0x1f',
    '\tmsr cpsr_c, #MODE',
  ].join('\n'),
  'm.h': '/* Bytes of a\n * page. */\n#define SIZE 16\n\t@ Stores one.\n\t.macro save rd\n\tpush {\\rd}\n\t.endm\n',
};
const text = async (client: TestClient, marker: string, skip = 0): Promise<string> => {
  const found = await client.at<Hover | null>('hover', 'a.S', marker, skip);
  return found ? (found.contents as MarkupContent).value : '';
};

describe('hover', () => {
  it('says what an instruction does, how it is encoded, and why it is sensitive', () =>
    withClient(FILES, async (client) => {
      const mrs = await text(client, 'mrsne');
      for (const part of [
        /MRS: Read a status register/,
        /Rd, CPSR\|SPSR/,
        /Condition `ne`: not equal/,
        /Sensitive \(MRS\)/,
      ])
        assert.match(mrs, part);
      assert.match(mrs, /Word: `0x110f2000`; its trap: `0x1f022000`/);
      assert.match(mrs, /Encoding: `cccc00010R00/);
      const adds = await text(client, 'adds');
      assert.match(adds, /ADD: Add/);
      assert.match(adds, /Rd = Rn \+ operand/);
      assert.doesNotMatch(adds, /Sensitive/);
      assert.match(await text(client, 'subs'), /Sensitive \(SUB\)[^]*Word: `0xe25ef004`/);
      assert.match(await text(client, 'msr cpsr_c'), /Sensitive \(MSR\)/);
    }));

  it('decodes traps back to their instructions', () =>
    withClient(FILES, async (client) => {
      assert.match(await text(client, 'swine'), /LPV trap[^]*mrsne\tr2, CPSR|mrsne r2, CPSR/);
      assert.match(await text(client, '0xef002000'), /LPV trap[^]*mrs r0, CPSR/);
      assert.doesNotMatch(await text(client, 'svc'), /LPV trap/);
    }));

  it('shows definitions with their comments, values, registers, directives and numbers', () =>
    withClient(FILES, async (client) => {
      const size = await text(client, 'SIZE');
      assert.match(size, /define \*\*SIZE\*\*, m\.h:3/);
      assert.match(size, /Bytes of a\npage\./);
      assert.match(await text(client, 'save'), /macro \*\*save\*\*[^]*push \{\\rd\}[^]*Stores one\./);
      assert.match(await text(client, 'b loop', 2), /label \*\*loop\*\*, a\.S:8/);
      assert.match(await text(client, 'r2'), /Argument 3/);
      assert.match(await text(client, 'cpsr_c'), /Current program status register/);
      assert.match(await text(client, '.inst'), /marked as code/);
      assert.match(await text(client, '0x1f'), /`31` = `0x1f` = `0b11111`/);
      assert.match(await text(client, '"m.h"', 1), /^m\.h$/);
    }));
});
