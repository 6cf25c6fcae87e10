import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { pathOfUri, uriOfPath } from './uri.ts';

describe('URIs', () => {
  it('of files are their paths, however the client encodes them', () => {
    assert.equal(pathOfUri('file:///a/b%20c.S'), '/a/b c.S');
    assert.equal(pathOfUri('file:///c%3A/x/y.S'), 'c:/x/y.S');
    assert.equal(pathOfUri('file:///C:/x/y.S'), 'c:/x/y.S');
    assert.equal(pathOfUri('file:///100%.S'), '/100%.S');
    assert.equal(pathOfUri('c:/x.S'), 'c:/x.S');
    assert.equal(uriOfPath('c:/x y.S'), 'file:///c%3A/x%20y.S');
  });

  it('of other schemes have paths beside which includes are found, and come back', () => {
    for (const uri of ['vscode-vfs://github/owner/repo/a.S', 'untitled:Untitled-1']) {
      assert.match(pathOfUri(uri), /^\/@/);
      assert.equal(uriOfPath(pathOfUri(uri)), uri);
    }
  });

  it('are the reverse of paths', () => {
    const part = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 8 })
      .filter((text) => !text.includes('/') && !text.startsWith('@'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const path = `/${parts.join('/')}`;
        fc.pre(!/^\/[A-Za-z]:/.test(path));
        assert.equal(pathOfUri(uriOfPath(path)), path);
      }),
    );
  });

  it('never fail, whatever the client sends', () => {
    assert.equal(uriOfPath('/\ud800'), 'file:///%EF%BF%BD');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof uriOfPath(pathOfUri(text)) === 'string'));
  });
});
