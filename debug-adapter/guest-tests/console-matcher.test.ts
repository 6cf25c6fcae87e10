import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConsoleMatcher } from './console-matcher.ts';

/** How many bytes of a text are taken until the pattern matches; undefined when it never does. */
function matchedAfter(pattern: string, text: string): number | undefined {
  const matcher = new ConsoleMatcher(pattern);
  const at = new TextEncoder().encode(text).findIndex((byte) => matcher.push(byte));
  return at < 0 ? undefined : at + 1;
}

describe('console matcher', () => {
  it('matches at the character that completes the pattern', () => {
    assert.equal(matchedAfter('login:', 'Welcome\r\nlogin: '), 15);
    assert.equal(matchedAfter('^# $', 'boot # of\r\n# '), 13);
    assert.equal(matchedAfter('nothing', 'something'), undefined);
  });

  it('matches over line ends, as if there were no carriage returns', () => {
    assert.equal(matchedAfter('one\\ntwo\\n', 'one\r\ntwo\r\n'), 10);
    assert.equal(matchedAfter('^two$', 'one\r\ntwo\r\n'), 8);
  });

  it('decodes UTF-8', () => {
    assert.equal(matchedAfter('é!', 'caf\u00e9!'), 6);
  });

  it('finds any word in any text without a line end before it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-y ]{0,600}$/), (text) => {
        const matcher = new ConsoleMatcher('zz');
        for (const byte of Buffer.from(text)) assert.equal(matcher.push(byte), false);
        assert.ok([...Buffer.from('zz')].some((byte) => matcher.push(byte)) || matcher.settle());
      }),
    );
  });

  it('takes a megabyte without a line end, and of short lines, in little time', () => {
    const started = performance.now();
    for (const line of ['x'.repeat(1 << 20), 'some line of text\r\n'.repeat(1 << 16)])
      assert.equal(matchedAfter('never to be found', line), undefined);
    assert.ok(performance.now() - started < 10_000);
  });
});
