import assert from 'node:assert/strict';
import { Probe, TestLine } from './device.testing.ts';
import { Pl061 } from './pl061.ts';

const DATA = 0x3fc;
const DIR = 0x400;
const IS = 0x404;
const IBE = 0x408;
const IEV = 0x40c;
const IE = 0x410;
const RIS = 0x414;
const IC = 0x41c;

function gpio() {
  const line = new TestLine();
  const device = new Pl061('gpio', line);
  return { device, probe: new Probe(device), line };
}

describe('PL061', () => {
  it('writes and reads the pins that the address selects', () => {
    const { probe } = gpio();
    probe.write(DIR, 0xff);
    probe.write(DATA, 0xf0);
    probe.write(0x81 << 2, 0xff & ~0x80);
    assert.equal(probe.read(DATA), 0x71);
    assert.equal(probe.read(0x11 << 2), 0x11);
  });

  it('writes output pins only', () => {
    const { device, probe } = gpio();
    device.setPin(7, true);
    probe.write(DIR, 0x0f);
    probe.write(DATA, 0x7f);
    assert.equal(probe.read(DATA), 0x8f);
  });

  it('remembers the edges chosen by IEV and IBE', () => {
    const { device, probe, line } = gpio();
    probe.write(IE, 0xff);
    probe.write(IEV, 1);
    probe.write(IBE, 4);
    for (const pin of [0, 1, 2]) device.setPin(pin, true);
    assert.equal(probe.read(RIS), 0b101);
    assert.equal(line.level, true);
    probe.write(IC, 0xff);
    assert.equal(line.level, false);
    for (const pin of [0, 1, 2]) device.setPin(pin, false);
    assert.equal(probe.read(RIS), 0b110);
  });

  it('follows levels', () => {
    const { device, probe, line } = gpio();
    probe.write(IS, 1);
    probe.write(IEV, 1);
    probe.write(IE, 1);
    device.setPin(0, true);
    probe.write(IC, 1);
    assert.equal(line.level, true);
    device.setPin(0, false);
    assert.equal(line.level, false);
  });

  it('does not interrupt for outputs', () => {
    const { probe, line } = gpio();
    probe.write(DIR, 1);
    probe.write(IE, 1);
    probe.write(IEV, 1);
    probe.write(DATA, 1);
    assert.equal(line.level, false);
    assert.deepEqual(probe.identification(), [0x0004_1061, 0xb105_f00d]);
  });
});
