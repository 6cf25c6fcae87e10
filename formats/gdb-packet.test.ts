import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  bytesToHex,
  encodeGdbPacket,
  type GdbEvent,
  GdbPacketParser,
  hexToBytes,
} from './gdb-packet.ts';

const parse = (bytes: Uint8Array | string, options = {}): GdbEvent[] =>
  new GdbPacketParser(options).push(typeof bytes === 'string' ? asciiBytes(bytes) : bytes);

const bodies = (events: GdbEvent[]): string[] =>
  events.map((event) => ('body' in event ? asciiText(event.body) : event.type));

describe('gdb packets', () => {
  it('frames a packet with its checksum', () => {
    assert.equal(asciiText(encodeGdbPacket('OK')), '$OK#9a');
    assert.equal(asciiText(encodeGdbPacket('')), '$#00');
  });

  it('escapes the bytes that frame packets', () => {
    assert.equal(asciiText(encodeGdbPacket('$#}*')).slice(1, 9), '}\x04}\x03}]}\x0a');
  });

  it('reads acknowledgements, interrupts, packets and notifications', () => {
    assert.deepEqual(bodies(parse('+-\x03$OK#9a%Stop:T05#99')), ['ack', 'nak', 'interrupt', 'OK', 'Stop:T05']);
  });

  it('keeps a control-C inside a body', () => {
    assert.deepEqual(bodies(parse(encodeGdbPacket('a\x03b'))), ['a\x03b']);
  });

  it('starts again at a dollar sign', () => {
    assert.deepEqual(bodies(parse('$half$OK#9a')), ['OK']);
  });

  it('expands runs in replies and leaves stars alone in requests', () => {
    assert.deepEqual(bodies(parse('$0* #7a', { runLengths: true })), ['0000']);
    assert.deepEqual(bodies(parse('$0* #7a')), ['0* ']);
  });

  it('reports what it cannot use', () => {
    assert.deepEqual(bodies(parse('$OK#9b$OK#zz$a}#de')), ['corrupt', 'corrupt', 'corrupt']);
    assert.deepEqual(bodies(parse('$* #4a$0*\x04#5e', { runLengths: true })), ['corrupt', 'corrupt']);
  });

  it('bounds the size of a body, as sent and as expanded', () => {
    assert.deepEqual(bodies(parse(encodeGdbPacket('abcdefgh'), { maxLength: 8 })), ['abcdefgh']);
    assert.deepEqual(bodies(parse(encodeGdbPacket('abcdefghi'), { maxLength: 8 })), ['corrupt']);
    assert.deepEqual(bodies(parse('$0*~#d8', { maxLength: 8, runLengths: true })), ['corrupt']);
  });

  it('brings any bytes through, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.integer({ min: 1, max: 50 }), (packets, piece) => {
        const parser = new GdbPacketParser({ runLengths: true });
        const stream = packets.flatMap((body) => [...encodeGdbPacket(body)]);
        const events: GdbEvent[] = [];
        for (let at = 0; at < stream.length; at += piece)
          events.push(...parser.push(Uint8Array.from(stream.slice(at, at + piece))));
        assert.deepEqual(
          events,
          packets.map((body) => ({ type: 'packet', body })),
        );
      }),
    );
  });

  it('survives any bytes, and still reads the packet after them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const parser = new GdbPacketParser({ maxLength: 64, runLengths: true });
        for (const event of parser.push(noise)) if ('body' in event) assert.ok(event.body.length <= 64);
        assert.deepEqual(bodies(parser.push(asciiBytes('$OK#9a'))).at(-1), 'OK');
      }),
    );
  });

  it('converts hexadecimal both ways', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(hexToBytes(bytesToHex(bytes)), bytes)));
    assert.equal(hexToBytes('abc'), undefined);
    assert.equal(hexToBytes('zz'), undefined);
  });
});
