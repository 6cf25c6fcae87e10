import assert from 'node:assert/strict';
import { Probe } from './device.testing.ts';
import { VersatileSysreg } from './versatile-sysreg.ts';

const LOCK = 0x20;
const RESETCTL = 0x40;

function sysreg() {
  const device = new VersatileSysreg('sysreg');
  return { device, probe: new Probe(device) };
}

describe('Versatile system registers', () => {
  it('identifies the board', () => {
    assert.equal(sysreg().probe.read(0x00), 0x4100_7004);
  });

  it('counts 24 MHz and 100 Hz of guest time', () => {
    const { probe } = sysreg();
    probe.now = 1_000_000_000;
    assert.equal(probe.read(0x5c), 24_000_000);
    assert.equal(probe.read(0x24), 100);
    probe.now = 41;
    assert.equal(probe.read(0x5c), 0);
    probe.now = 42;
    assert.equal(probe.read(0x5c), 1);
    probe.now = 200e9;
    assert.equal(probe.read(0x5c), 4_800_000_000 - 0x1_0000_0000, 'the counter wraps');
  });

  it('asks for a reset only when unlocked', () => {
    const { device, probe } = sysreg();
    probe.write(RESETCTL, 0x105);
    assert.equal(device.resetRequested, false);
    probe.write(LOCK, 0xa05f);
    assert.equal(probe.read(LOCK), 0xa05f);
    probe.write(RESETCTL, 0x05);
    assert.equal(device.resetRequested, false);
    probe.write(RESETCTL, 0x105);
    assert.equal(device.resetRequested, true);
    device.reset();
    assert.equal(device.resetRequested, false);
  });

  it('sets oscillators only when unlocked', () => {
    const { probe } = sysreg();
    probe.write(0x1c, 0x2c75);
    assert.equal(probe.read(0x1c), 0);
    probe.write(LOCK, 0xa05f);
    probe.write(0x1c, 0x2c75);
    probe.write(LOCK, 0);
    assert.equal(probe.read(0x1c), 0x2c75);
    assert.equal(probe.read(LOCK), 0x1_0000);
  });

  it('sets and clears flags, and keeps the non-volatile ones over a reset', () => {
    const { device, probe } = sysreg();
    probe.write(0x30, 0x8000_00ff);
    probe.write(0x34, 0x0f);
    probe.write(0x38, 0xff);
    probe.write(0x3c, 0x01);
    assert.deepEqual([probe.read(0x30), probe.read(0x38)], [0x8000_00f0, 0xfe]);
    device.reset();
    assert.deepEqual([probe.read(0x30), probe.read(0x38)], [0, 0xfe]);
  });

  it('keeps the display id in SYS_CLCD', () => {
    const { probe } = sysreg();
    probe.write(0x50, 0xffff_ffff);
    assert.equal(probe.read(0x50), 0xffff_dfff);
    probe.write(0x50, 0);
    assert.equal(probe.read(0x50), 0x1f00);
  });
});
