import assert from 'node:assert/strict';
import { Probe, TestLine } from './device.testing.ts';
import { Sp805 } from './sp805.ts';

const LOAD = 0x00;
const VALUE = 0x04;
const CONTROL = 0x08;
const INTCLR = 0x0c;
const RIS = 0x10;
const LOCK = 0xc00;
const US = 1000;

function watchdog() {
  const line = new TestLine();
  const device = new Sp805('watchdog', line);
  return { device, probe: new Probe(device), line };
}

describe('SP805', () => {
  it('interrupts at zero, and asks for a reset when it is ignored', () => {
    const { device, probe, line } = watchdog();
    probe.write(LOAD, 100);
    probe.write(CONTROL, 3);
    probe.advanceTo(50 * US);
    assert.equal(probe.read(VALUE), 50);
    assert.deepEqual(probe.advanceTo(100 * US), [100 * US]);
    assert.deepEqual([line.level, device.resetRequested], [true, false]);
    assert.deepEqual(probe.advanceTo(1000 * US), [200 * US]);
    assert.equal(device.resetRequested, true);
    device.reset();
    assert.deepEqual([line.level, device.resetRequested, device.nextEvent()], [false, false, Infinity]);
  });

  it('starts over when it is served', () => {
    const { device, probe, line } = watchdog();
    probe.write(LOAD, 100);
    probe.write(CONTROL, 3);
    probe.advanceTo(150 * US);
    probe.write(INTCLR, 0);
    assert.equal(line.level, false);
    assert.equal(device.nextEvent(), 250 * US);
    assert.equal(probe.read(RIS), 0);
  });

  it('only interrupts without RESEN', () => {
    const { device, probe } = watchdog();
    probe.write(LOAD, 10);
    probe.write(CONTROL, 1);
    probe.advanceTo(95 * US);
    assert.equal(device.resetRequested, false);
    assert.equal(probe.read(VALUE), 5);
    assert.equal(device.nextEvent(), Infinity);
  });

  it('stands still while disabled, and reloads when enabled', () => {
    const { probe } = watchdog();
    probe.write(LOAD, 100);
    probe.write(CONTROL, 1);
    probe.advanceTo(30 * US);
    probe.write(CONTROL, 0);
    probe.advanceTo(300 * US);
    assert.equal(probe.read(VALUE), 70);
    probe.write(CONTROL, 1);
    assert.equal(probe.read(VALUE), 100);
  });

  it('ignores writes while locked', () => {
    const { probe } = watchdog();
    probe.write(LOCK, 1);
    probe.write(LOAD, 5);
    assert.deepEqual([probe.read(LOAD), probe.read(LOCK)], [0xffff_ffff, 1]);
    probe.write(LOCK, 0x1acc_e551);
    probe.write(LOAD, 5);
    assert.deepEqual([probe.read(LOAD), probe.read(LOCK)], [5, 0]);
    assert.deepEqual(probe.identification(), [0x0014_1805, 0xb105_f00d]);
  });
});
