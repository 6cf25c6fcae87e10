/** What is kept of the files of a tree, and what is found in them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Linter } from '../language-server/lint.ts';
import { NodeSettings } from '../language-server/node-settings.ts';
import { NodeSourceProvider } from '../language-server/node-source-provider.ts';
import { lintFile } from './lint-file.ts';

describe('files of a tree', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-lint-file-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Lints files one after the other; names those that are kept, and the classes found, in order. */
  function lint(files: Readonly<Record<string, string>>): { kept: string[]; classes: string[] } {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const provider = new NodeSourceProvider();
    const settings = new NodeSettings({ includePaths: [folder], defines: new Map() });
    const linter = new Linter({ provider, settings });
    const names = Object.keys(files);
    for (const name of names) lintFile(join(folder, name), linter, provider);
    return {
      kept: names.filter((name) => provider.has(join(folder, name))),
      classes: linter.result().findings.map(({ rule }) => rule.class),
    };
  }

  it('are let go when they have no assembly', () => {
    const { kept, classes } = lint({
      'plain.c': '#include <asm/io.h>\n#include <asm-generic/bug.h>\nint plain(void) { return 1; }\n',
      'plain.h': 'int plain(void);\n',
      'mode.c': 'void mode(void) { unsigned x; asm volatile("mrs %0, cpsr" : "=r"(x)); }\n',
      'entry.S': 'entry: mov r0, r0\n',
    });
    assert.deepEqual([kept, classes], [['mode.c', 'entry.S'], ['MRS']]);
  });

  it('are the same file for all that include them', () => {
    const header = 'names.h';
    const unit = `#include "${header}"\nSAVE\n`;
    // Let go before it is included, and kept after.
    for (const files of [
      { [header]: '#define SAVE mrs r0, cpsr\n', 'a.S': unit, 'b.S': unit },
      { 'a.S': unit, [header]: '#define SAVE mrs r0, cpsr\n', 'b.S': unit },
      { [header]: '#define ONE 1\n', 'a.S': `#include "${header}"\nmrs r0, cpsr\n`, 'b.S': 'nop\n' },
    ]) {
      const { kept, classes } = lint(files);
      assert.deepEqual([kept.includes(header), classes], [true, ['MRS']]);
    }
  });

  it('have asm statements however these are spelled', () => {
    const spellings = ['asm', '__asm__', '__asm', 'asm volatile', 'asm/**/', 'asm // why\n', 'asm\n'];
    const text = spellings.map((asm, i) => `void f${i}(void) { ${asm}("cpsid i"); }\n`);
    for (const one of text) assert.deepEqual(lint({ 'one.c': one }).classes, ['CPS'], one);
    assert.equal(lint({ 'all.c': text.join('') }).classes.length, spellings.length);
  });
});
