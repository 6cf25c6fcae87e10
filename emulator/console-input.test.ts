import assert from 'node:assert/strict';
import type { SerialPort } from './bus/device.ts';
import { ConsoleInput } from './console-input.ts';

/** A port with room for `space` characters. */
class Port implements SerialPort {
  onOutput = undefined;
  interruptsOnReceive = false;
  reads = 0;
  sent = 0;
  space = 2;
  received = '';

  canReceive(): boolean {
    return this.space > 0;
  }

  receive(byte: number): boolean {
    if (!this.canReceive()) return false;
    this.space--;
    this.received += String.fromCharCode(byte);
    return true;
  }
}

describe('console input', () => {
  let port: Port;
  let input: ConsoleInput;
  const poll = (times: number, now = 0): void => {
    for (let i = 0; i < times; i++) {
      port.reads++;
      input.afterConsoleRead(now);
    }
  };
  beforeEach(() => {
    port = new Port();
    input = new ConsoleInput(port);
    input.type(Buffer.from('abcd'));
  });

  it('fills the FIFO of an idle guest, keeps the rest, and logs both with their time', () => {
    input.whenIdle(70);
    assert.deepEqual([port.received, input.pending], ['ab', 2]);
    input.whenIdle(80);
    assert.equal(port.received, 'ab');
    port.space = 1;
    input.whenIdle(90);
    assert.deepEqual([port.received, input.pending], ['abc', 1]);
    assert.deepEqual(input.log, [
      { time: 70, byte: 0x61 },
      { time: 70, byte: 0x62 },
      { time: 90, byte: 0x63 },
    ]);
  });

  it('gives a polling guest one character for so many polls', () => {
    poll(63);
    assert.equal(port.received, '');
    poll(1, 5);
    assert.equal(port.received, 'a');
    poll(63);
    assert.equal(port.received, 'a');
    poll(1, 6);
    assert.deepEqual([port.received, input.log.map(({ time }) => time)], ['ab', [5, 6]]);
  });

  it('does not take a guest that prints for one that waits', () => {
    for (let i = 0; i < 10; i++) {
      poll(60);
      port.sent++;
    }
    assert.equal(port.received, '');
  });

  it('gives a busy guest that takes characters by interrupt one whenever it has been quiet', () => {
    input.advance(1e9);
    assert.deepEqual([port.received, input.nextDelivery()], ['', Infinity]);
    port.interruptsOnReceive = true;
    port.sent++;
    input.afterConsoleWrite(1000);
    input.afterConsoleWrite(2000); // a register, not a character
    assert.equal(input.nextDelivery(), 10_001_000);
    input.advance(10_000_999);
    assert.equal(port.received, '');
    input.advance(10_001_000);
    assert.deepEqual([port.received, input.nextDelivery()], ['a', 20_001_000]);
    input.advance(20_001_000);
    assert.deepEqual([port.received, input.nextDelivery()], ['ab', Infinity]);
    port.space = 2;
    input.advance(50_000_000);
    input.advance(60_000_000);
    assert.deepEqual([port.received, input.nextDelivery()], ['abcd', Infinity]);
  });

  it('keeps what a machine without a console is given', () => {
    const deaf = new ConsoleInput(undefined);
    deaf.type([1, 2]);
    deaf.whenIdle(0);
    deaf.afterConsoleRead(0);
    assert.equal(deaf.pending, 2);
  });
});
