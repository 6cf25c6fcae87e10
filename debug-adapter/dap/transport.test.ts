import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage, MessageReader, type Received } from './transport.ts';

describe('the framing of messages', () => {
  const messages = [{ seq: 1, text: 'é€😀' }, { seq: 2 }, 'three'];
  const stream = Buffer.concat(messages.map((message) => encodeMessage(message)));

  it('finds messages however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const reader = new MessageReader();
        const received: Received[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length];
          received.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          received,
          messages.map((message) => ({ message })),
        );
      }),
    );
  });

  it('takes any case of the header and other header lines', () => {
    const text = 'Content-Type: utf-8\r\ncontent-length:  2\r\n\r\n{}';
    assert.deepEqual(new MessageReader().push(Buffer.from(text)), [{ message: {} }]);
  });

  it('never throws, whatever bytes arrive, and says what they are', () => {
    const header = fc.constantFrom('Content-Length: ', '\r\n\r\n', 'Content-Length: 3\r\n\r\n', '\r\n', '{', '9');
    const piece = fc.oneof(
      header.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const reader = new MessageReader();
        for (const bytes of pieces) {
          for (const received of reader.push(bytes)) {
            if ('error' in received) assert.match(received.error.message, /^Not a debug adapter protocol message: /);
          }
        }
      }),
    );
  });

  it('goes on after bytes without a header, with one error', () => {
    const reader = new MessageReader();
    const errors = [...reader.push(new Uint8Array(10_000)), ...reader.push(new Uint8Array(10_000))];
    assert.equal(errors.length, 1);
    assert.equal(reader.push(Buffer.from('\r\n\r\n')).length, 1);
    assert.deepEqual(reader.push(encodeMessage([])), [{ message: [] }]);
  });
});
