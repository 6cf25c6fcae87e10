import { strict as assert } from 'node:assert';
import type { DocumentHighlight, Location, WorkspaceEdit } from 'vscode-languageserver';
import { withClient, type TestClient } from '../client.testing.ts';

const FILES = {
  'a.S': [
    '#include "m.h"',
    'tmp .req r4',
    '\t.globl start',
    'start:\tsave tmp',
    '1:\tbl far',
    '\tb 1b',
    'again:\tSAVE r0',
    '\tldr r0, =SIZE',
    '1:\tb again',
    '\tbne 1b',
  ].join('\n'),
  'b.S':
    '\t.globl far\nfar:\tbl start\nagain:\tb again\n#include <m.h>\n\tsave r1 /* save SIZE */\n\tmov r0, #SIZE @ SIZE\n',
  'c.S': 'start:\tb start\n',
  'include/m.h':
    '#define SIZE 16\n\t.macro save rd, n=1\n\tpush {\\rd}\n\tmov \\rd, #\\n\n\t.endm\n\t.macro other rd\n\tmov \\rd, #0\n\t.endm\n',
};
const places = (client: TestClient, found: Location[] | null): string[] =>
  (found ?? []).map(
    ({ uri, range }) => `${uri.slice(client.uri('').length)}:${range.start.line + 1}:${range.start.character + 1}`,
  );
const define = async (client: TestClient, name: string, marker: string, skip = 0): Promise<string[]> =>
  places(
    client,
    await client.at<Location[] | Location>('definition', name, marker, skip).then((found) => [found ?? []].flat()),
  );
const refer = async (client: TestClient, name: string, marker: string, skip = 0): Promise<string[]> =>
  places(client, await client.at('references', name, marker, skip, { context: { includeDeclaration: true } })).sort();

describe('navigation', () => {
  it('finds definitions in the file, in includes, and in other files when they are exported', () =>
    withClient(FILES, async (client) => {
      assert.deepEqual(await define(client, 'a.S', 'save tmp', 1), ['include/m.h:2:9']);
      assert.deepEqual(await define(client, 'a.S', 'SAVE', 1), ['include/m.h:2:9']);
      assert.deepEqual(await define(client, 'a.S', 'tmp\n'), ['a.S:2:1']);
      assert.deepEqual(await define(client, 'a.S', 'far'), ['b.S:2:1']);
      assert.deepEqual(await define(client, 'a.S', '=SIZE', 1), ['include/m.h:1:9']);
      assert.deepEqual(await define(client, 'a.S', 'b 1b', 2), ['a.S:5:1']);
      assert.deepEqual(await define(client, 'a.S', 'bne 1b', 4), ['a.S:9:1']);
      assert.deepEqual(await define(client, 'b.S', 'b again', 2), ['b.S:3:1']);
      assert.deepEqual(await define(client, 'a.S', '"m.h"', 2), ['include/m.h:1:1']);
      assert.deepEqual(await define(client, 'include/m.h', '#\\n', 1), ['include/m.h:2:18']);
    }));

  it('finds references across files, not those of a namesake, a comment or a string', () =>
    withClient(FILES, async (client) => {
      assert.deepEqual(await refer(client, 'a.S', 'start:'), ['a.S:3:9', 'a.S:4:1', 'b.S:2:9']);
      assert.deepEqual(await refer(client, 'a.S', 'again:'), ['a.S:7:1', 'a.S:9:6']);
      assert.deepEqual(await refer(client, 'include/m.h', 'SIZE'), ['a.S:8:11', 'b.S:6:11', 'include/m.h:1:9']);
      assert.deepEqual(await refer(client, 'include/m.h', 'save'), [
        'a.S:4:8',
        'a.S:7:8',
        'b.S:5:2',
        'include/m.h:2:9',
      ]);
      assert.deepEqual(await refer(client, 'include/m.h', 'rd, n'), [
        'include/m.h:2:14',
        'include/m.h:3:8',
        'include/m.h:4:6',
      ]);
      const without = await client.at<Location[]>('references', 'a.S', 'start:', 0, {
        context: { includeDeclaration: false },
      });
      assert.deepEqual(places(client, without).sort(), ['a.S:3:9', 'b.S:2:9']);
    }));

  it('highlights what stands for the same in the document', () =>
    withClient(FILES, async (client) => {
      const found = await client.at<DocumentHighlight[]>('documentHighlight', 'a.S', '1:\tbl');
      assert.deepEqual(
        found.map(({ range, kind }) => [range.start.line, kind]),
        [
          [4, 3],
          [5, 2],
        ],
      );
    }));

  it('renames labels, macros, definitions, parameters and local labels', () =>
    withClient(FILES, async (client) => {
      const rename = async (name: string, marker: string, newName: string, skip = 0): Promise<Record<string, string>> =>
        client.after(await client.at<WorkspaceEdit>('rename', name, marker, skip, { newName }));
      const label = await rename('b.S', 'bl start', 'entry', 3);
      assert.deepEqual(Object.keys(label).sort(), ['a.S', 'b.S']);
      assert.match(label['a.S'], /\.globl entry\nentry:\tsave/);
      const macro = await rename('a.S', 'SAVE', 'keep');
      assert.match(macro['a.S'], /again:\tkeep r0/);
      assert.match(macro['include/m.h'], /\.macro keep rd/);
      assert.match(macro['b.S'], /\tkeep r1 \/\* save SIZE \*\//);
      const parameter = await rename('include/m.h', '\\rd}', 'reg', 1);
      assert.match(
        parameter['include/m.h'],
        /save reg, n=1\n\tpush \{\\reg\}\n\tmov \\reg, #\\n\n\t\.endm\n\t\.macro other rd\n\tmov \\rd/,
      );
      const local = await rename('a.S', 'b 1b', '7', 2);
      assert.match(local['a.S'], /7:\tbl far\n\tb 7b\n[^]*1:\tb again\n\tbne 1b/);
    }));

  it('refuses to rename registers, instructions and unknown names, or to what is none', () =>
    withClient(FILES, async (client) => {
      const ask = (marker: string, newName: string, skip = 0): Promise<unknown> =>
        client.at('rename', 'a.S', marker, skip, { newName });
      await assert.rejects(ask('r4', 'x'), /not a name that a program defines/);
      await assert.rejects(ask('again:', 'two words'), /is no name/);
      await assert.rejects(ask('again:', 'lr'), /is a register/);
      await assert.rejects(ask('SAVE', 'mov'), /is an instruction/);
      await assert.rejects(client.at('prepareRename', 'a.S', 'bl far'), /not a name/);
    }));
});
