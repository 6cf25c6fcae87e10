import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parentUri, resolveUri } from './uri-paths.ts';

describe('paths that are URIs', () => {
  const folder = 'vscode-remote://host:80/a/b';

  it('resolve from a folder', () => {
    assert.equal(resolveUri(folder, 'c/d'), `${folder}/c/d`);
    assert.equal(resolveUri(folder, './c/../d e#1'), `${folder}/d e#1`);
    assert.equal(resolveUri(folder, '../../../x'), 'vscode-remote://host:80/x');
    assert.equal(resolveUri(folder, '/x/y'), 'vscode-remote://host:80/x/y');
    assert.equal(resolveUri(folder, 'memfs:///x/./y'), 'memfs:///x/y');
    assert.equal(resolveUri('memfs:///', 'kernel.elf'), 'memfs:///kernel.elf');
  });

  it('have parents, up to the root', () => {
    assert.equal(parentUri(`${folder}/c`), folder);
    assert.equal(parentUri('memfs:///x'), 'memfs:///');
    assert.equal(parentUri('memfs:///'), 'memfs:///');
  });

  it('agree with the rules of URLs on names without special characters', () => {
    const part = fc.oneof(fc.stringMatching(/^[a-z]{1,3}$/), fc.constantFrom('.', '..'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const path = parts.join('/');
        const expected = new URL(path, 'http://host/a/b/').href.replace(/(?<!^http:\/\/host)\/$/, '');
        assert.equal(resolveUri('http://host/a/b', path), expected);
      }),
    );
  });
});
