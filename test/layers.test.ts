/** Each rule of .dependency-cruiser.cjs fires on a tree that breaks it, and on nothing else. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';

const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as IConfiguration;
const EXPORT = 'export const x = 1;\nexport type X = number;\n';

/** Cruises a tree of the given files; returns the broken rules as `rule: from -> to`. */
async function violations(files: Record<string, string>): Promise<string[]> {
  const baseDir = mkdtempSync(join(tmpdir(), 'trapline-layers-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(baseDir, path)), { recursive: true });
      writeFileSync(join(baseDir, path), text);
    }
    const { enhancedResolveOptions, tsConfig: _, ...options } = config.options ?? {};
    const { output } = await cruise(
      ['.'],
      { ...options, baseDir, ruleSet: { forbidden: config.forbidden ?? [] }, validate: true },
      enhancedResolveOptions,
    );
    const { violations } = (output as ICruiseResult).summary;
    return violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  } finally {
    rmSync(baseDir, { recursive: true, force: true });
  }
}

/** Cruises `from`, which imports `to` by its path from the root, as a value or as a type only. */
function oneImport(from: string, to: string, what = 'import { x } from'): Promise<string[]> {
  const up = '../'.repeat(from.split('/').length - 1);
  return violations({ [to]: EXPORT, [from]: `${what} '${up}${to}';\nexport const y = x;\n` });
}

describe('layers', () => {
  const forbidden: Array<[rule: string, from: string, to: string]> = [
    ['layer-isa', 'isa/a.ts', 'formats/b.ts'],
    ['layer-formats', 'formats/a.ts', 'isa/b.ts'],
    ['layer-emulator', 'emulator/boot/a.ts', 'hypervisor/b.ts'],
    ['layer-hypervisor', 'hypervisor/shadow/a.ts', 'symbols/b.ts'],
    ['layer-symbols', 'symbols/a.ts', 'isa/b.ts'],
    ['layer-debug-adapter', 'debug-adapter/a.ts', 'language-server/b.ts'],
    ['layer-language-server', 'language-server/a.ts', 'emulator/b.ts'],
    ['layer-extension', 'extension/a.ts', 'isa/b.ts'],
    ['layer-extension', 'extension/a.ts', 'debug-adapter/session.ts'],
    ['layer-cli', 'cli/a.ts', 'extension/b.ts'],
    ['extension-protocol-types-only', 'extension/a.ts', 'debug-adapter/protocol.ts'],
    ['no-tests-in-products', 'isa/a.ts', 'isa/b.test.ts'],
    ['no-tests-in-products', 'cli/a.ts', 'test/b.ts'],
    ['no-tests-in-products', 'emulator/a.ts', 'emulator/b.testing.ts'],
  ];
  for (const [rule, from, to] of forbidden) {
    it(`${rule}: ${from} may not import ${to}`, async () => {
      assert.deepEqual(await oneImport(from, to), [`${rule}: ${from} -> ${to}`]);
    });
  }

  it('counts imports of types', async () => {
    const found = await oneImport('isa/a.ts', 'formats/b.ts', 'import type { X as x } from');
    assert.deepEqual(found, ['layer-isa: isa/a.ts -> formats/b.ts']);
  });

  const allowed: Array<[from: string, to: string]> = [
    ['emulator/a.ts', 'isa/b.ts'],
    ['hypervisor/a.ts', 'emulator/b.ts'],
    ['symbols/a.ts', 'formats/b.ts'],
    ['debug-adapter/a.ts', 'hypervisor/b.ts'],
    ['language-server/a.ts', 'formats/b.ts'],
    ['cli/a.ts', 'debug-adapter/b.ts'],
    ['isa/a.test.ts', 'test/b.ts'],
  ];
  for (const [from, to] of allowed) {
    it(`${from} may import ${to}`, async () => {
      assert.deepEqual(await oneImport(from, to), []);
    });
  }

  it('extension/ may import the types of a protocol', async () => {
    const found = await oneImport('extension/a.ts', 'debug-adapter/protocol.ts', 'import type { X as x } from');
    assert.deepEqual(found, []);
  });

  for (const module of ['fs', 'node:fs', 'node:fs/promises', 'node:net', 'child_process', 'node:os', 'path']) {
    it(`only entry points import ${module}`, async () => {
      const text = `import * as x from '${module}';\nexport const y = x;\n`;
      const from = ['emulator/a.ts', 'debug-adapter/a.ts', 'debug-adapter/node-a.ts', 'cli/a.ts', 'isa/a.test.ts'];
      const found = await violations(Object.fromEntries(from.map((path) => [path, text])));
      assert.deepEqual(
        found.map((line) => line.replace(/ -> .*/, '')),
        ['node-in-entry-points-only: debug-adapter/a.ts', 'node-in-entry-points-only: emulator/a.ts'],
      );
    });
  }

  it('only extension/ imports vscode', async () => {
    const text = "import * as x from 'vscode';\nexport const y = x;\n";
    const found = await violations({ 'extension/a.ts': text, 'debug-adapter/a.ts': text });
    assert.ok(found.includes('vscode-in-extension-only: debug-adapter/a.ts -> vscode'), found.join('\n'));
    assert.ok(!found.some((line) => line.includes('extension/a.ts')), found.join('\n'));
  });

  it('isa/ imports no package', async () => {
    const found = await violations({
      'node_modules/some/package.json': '{ "name": "some", "version": "1.0.0", "main": "index.js" }',
      'node_modules/some/index.js': 'exports.x = 1;',
      'package.json': '{ "name": "tree", "dependencies": { "some": "1.0.0" } }',
      'isa/a.ts': "import { x } from 'some';\nexport const y = x;\n",
      'formats/a.ts': "import { x } from 'some';\nexport const y = x;\n",
    });
    assert.deepEqual(found, ['isa-needs-nothing: isa/a.ts -> node_modules/some/index.js']);
  });

  it('no two files import each other', async () => {
    const found = await violations({
      'isa/a.ts': "import { y } from './b.ts';\nexport const x = () => y;\n",
      'isa/b.ts': "import { x } from './a.ts';\nexport const y = () => x;\n",
    });
    assert.deepEqual([...new Set(found.map((line) => line.split(':')[0]))], ['no-cycles']);
  });

  it('reports an import of nothing', async () => {
    const found = await violations({ 'isa/a.ts': "import { x } from './absent.ts';\nexport const y = x;\n" });
    assert.deepEqual(found, ['resolvable: isa/a.ts -> ./absent.ts']);
  });
});
