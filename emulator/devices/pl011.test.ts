import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Probe, TestLine } from './device.testing.ts';
import { Pl011 } from './pl011.ts';

const DR = 0x00;
const RSR = 0x04;
const FR = 0x18;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;

const ENABLE = 0x301;
const FEN = 0x10;
const RX = 0x10;
const TX = 0x20;
const RT = 0x40;
const OE = 0x400;

function uart() {
  const line = new TestLine();
  const device = new Pl011('uart', line);
  const probe = new Probe(device);
  const output: number[] = [];
  device.onOutput = (byte) => output.push(byte);
  const type = (text: string) => [...text].map((c) => device.receive(c.charCodeAt(0), probe.now));
  return { device, probe, line, output, type };
}

describe('PL011', () => {
  it('has the reset values of the manual', () => {
    const { probe } = uart();
    assert.equal(probe.read(FR), 0x90);
    assert.equal(probe.read(CR), 0x300);
    assert.equal(probe.read(IFLS), 0x12);
    assert.equal(probe.read(RIS), 0);
    assert.deepEqual(probe.identification(), [0x0014_1011, 0xb105_f00d]);
  });

  it('sends at once, whatever the access size and the enable bits, and is never full', () => {
    const { device, probe, output } = uart();
    device.write(DR, 1, 0x41, 0);
    device.write(DR, 2, 0x142, 0);
    for (let i = 0; i < 40; i++) probe.write(DR, 0x43);
    assert.deepEqual(output.slice(0, 3), [0x41, 0x42, 0x43]);
    assert.equal(output.length, 42);
    assert.equal(probe.read(FR), 0x90);
  });

  it('raises the transmit interrupt by sending, not by being enabled', () => {
    const { probe, line } = uart();
    probe.write(IMSC, TX);
    assert.equal(line.level, false);
    probe.write(DR, 0x41);
    assert.equal(line.level, true);
    assert.equal(probe.read(MIS), TX);
    probe.write(ICR, TX);
    assert.equal(line.level, false);
    probe.write(DR, 0x41);
    probe.write(IMSC, 0);
    assert.equal(line.level, false);
    assert.equal(probe.read(RIS), TX);
  });

  it('receives only while UARTEN and RXE are set', () => {
    const { device, probe } = uart();
    assert.equal(device.receive(65, 0), false);
    for (const control of [0x001, 0x200, 0x381]) {
      probe.write(CR, control);
      assert.equal(device.canReceive(), false);
    }
    probe.write(CR, ENABLE);
    assert.equal(device.receive(65, 0), true);
  });

  it('holds one character without FIFOs and sixteen with them', () => {
    const { device, probe, type } = uart();
    probe.write(CR, ENABLE);
    assert.deepEqual(type('ab'), [true, false]);
    assert.equal(probe.read(FR), 0xc0);
    assert.equal(probe.read(DR), 0x61);
    assert.equal(probe.read(FR), 0x90);
    probe.write(LCR_H, FEN);
    assert.equal(type('0123456789abcdefg').filter(Boolean).length, 16);
    assert.equal(probe.read(FR), 0xc0);
    assert.equal(device.canReceive(), false);
    assert.equal(probe.read(DR), 0x30);
    assert.equal(probe.read(FR), 0x80);
  });

  it('raises and withdraws the receive interrupt at each level', () => {
    for (const [level, trigger] of [2, 4, 8, 12, 14].entries()) {
      const { probe, line, type } = uart();
      probe.write(LCR_H, FEN);
      probe.write(CR, ENABLE);
      probe.write(IFLS, level << 3);
      probe.write(IMSC, RX);
      type('x'.repeat(trigger - 1));
      assert.equal(line.level, false, `below ${trigger}`);
      type('x');
      assert.equal(line.level, true, `at ${trigger}`);
      probe.read(DR);
      assert.equal(line.level, false, `below ${trigger} again`);
    }
  });

  it('times out after 32 bit periods without another character', () => {
    const { device, probe, line, type } = uart();
    // 24 MHz / (16 * 13) = 115385 baud: 8.667 us a bit.
    probe.write(IBRD, 13);
    probe.write(LCR_H, FEN);
    probe.write(CR, ENABLE);
    probe.write(IMSC, RT);
    type('a');
    assert.equal(device.nextEvent(), 277_333);
    probe.advanceTo(200_000);
    type('b');
    probe.advanceTo(477_332);
    assert.equal(line.level, false);
    assert.deepEqual(probe.advanceTo(477_333), [477_333]);
    assert.equal(line.level, true);
    assert.equal(device.nextEvent(), Infinity);
    probe.read(DR);
    assert.equal(line.level, true);
    probe.read(DR);
    assert.equal(line.level, false);
  });

  it('forgets the timeout when the FIFO has been read in time', () => {
    const { device, probe, type } = uart();
    probe.write(FBRD, 1);
    probe.write(LCR_H, FEN);
    probe.write(CR, ENABLE);
    type('a');
    assert.ok(device.nextEvent() < Infinity);
    probe.read(DR);
    assert.equal(device.nextEvent(), Infinity);
  });

  it('times out at once when no baud rate is set', () => {
    const { probe, type } = uart();
    probe.write(LCR_H, FEN);
    probe.write(CR, ENABLE);
    type('a');
    probe.advanceTo(0);
    assert.equal(probe.read(RIS) & RT, RT);
  });

  it('flushes the FIFO when FEN changes', () => {
    const { probe, type } = uart();
    probe.write(LCR_H, FEN);
    probe.write(CR, ENABLE);
    type('abcdefgh');
    assert.equal(probe.read(RIS) & RX, RX);
    probe.write(LCR_H, 0);
    assert.equal(probe.read(FR), 0x90);
    assert.equal(probe.read(RIS) & (RX | RT), 0);
  });

  it('loops data back, overruns, and reports it until cleared', () => {
    const { probe, output } = uart();
    probe.write(LCR_H, FEN);
    probe.write(CR, ENABLE | 0x80);
    for (let i = 0; i < 17; i++) probe.write(DR, i);
    assert.deepEqual(output, []);
    assert.equal(probe.read(RIS) & OE, OE);
    assert.equal(probe.read(RSR), 8);
    assert.equal(probe.read(DR), 0x800);
    probe.write(DR, 99);
    assert.equal(probe.read(DR), 1);
    probe.write(RSR, 0);
    assert.equal(probe.read(RSR), 0);
  });

  it('loops the modem lines back and interrupts on their changes', () => {
    const { probe, line } = uart();
    probe.write(IMSC, 0xf);
    probe.write(CR, 0x3f80);
    assert.equal(probe.read(FR), 0x197);
    assert.equal(probe.read(MIS), 0xf);
    probe.write(ICR, 0xf);
    assert.equal(line.level, false);
    probe.write(CR, 0x3780);
    assert.equal(probe.read(MIS), 0x2);
    probe.write(CR, 0x300);
    assert.equal(probe.read(FR), 0x90);
  });

  it('loops a break back as one character with its error bit', () => {
    const { probe } = uart();
    probe.write(CR, ENABLE | 0x80);
    probe.write(LCR_H, 1);
    assert.equal(probe.read(RIS) & 0x200, 0x200);
    assert.equal(probe.read(DR), 0x400);
    assert.equal(probe.read(RSR), 4);
  });

  it('counts the reads of data and flags only', () => {
    const { device, probe } = uart();
    probe.read(DR);
    probe.read(FR);
    probe.read(RIS);
    assert.equal(device.reads, 2);
  });

  it('delivers what it accepts, in order, for any pace of typing and reading', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.option(fc.integer({ min: 0, max: 255 }))), (fifos, steps) => {
        const { device, probe } = uart();
        probe.write(LCR_H, fifos ? FEN : 0);
        probe.write(CR, ENABLE);
        const accepted: number[] = [];
        const read: number[] = [];
        for (const step of steps) {
          probe.advanceTo(probe.now + 1000);
          if (step === null) {
            if (!(probe.read(FR) & 0x10)) read.push(probe.read(DR));
          } else if (device.receive(step, probe.now)) {
            accepted.push(step);
          }
        }
        while (!(probe.read(FR) & 0x10)) read.push(probe.read(DR));
        assert.deepEqual(read, accepted);
      }),
    );
  });
});
