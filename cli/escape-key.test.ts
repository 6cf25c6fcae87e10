import assert from 'node:assert/strict';
import { EscapeKey } from './escape-key.ts';

describe('escape key', () => {
  it('takes out commands and passes the rest', () => {
    const keys = new EscapeKey();
    assert.deepEqual(keys.push(Buffer.from('ls\r')), { bytes: [...Buffer.from('ls\r')], commands: [] });
    assert.deepEqual(keys.push(Buffer.from('a\x01xb\x01H\x01\x01c\x01q')), {
      bytes: [0x61, 0x62, 0x01, 0x63],
      commands: ['leave', 'help'],
    });
  });

  it('remembers a Ctrl-A at the end of a piece', () => {
    const keys = new EscapeKey();
    assert.deepEqual(keys.push(Buffer.from('\x01')), { bytes: [], commands: [] });
    assert.deepEqual(keys.push(Buffer.from('X')), { bytes: [], commands: ['leave'] });
  });
});
