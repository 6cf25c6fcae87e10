import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Probe, TestLine } from './device.testing.ts';
import { Pl031 } from './pl031.ts';

const DR = 0x00;
const MR = 0x04;
const LR = 0x08;
const CR = 0x0c;
const IMSC = 0x10;
const RIS = 0x14;
const ICR = 0x1c;
const SECOND = 1e9;

function rtc(epoch?: number) {
  const line = new TestLine();
  const device = new Pl031('rtc', line, epoch);
  return { device, probe: new Probe(device), line };
}

describe('PL031', () => {
  it('starts at a fixed date and counts guest seconds', () => {
    const { probe } = rtc();
    assert.equal(new Date(probe.read(DR) * 1000).toISOString(), '2026-01-01T00:00:00.000Z');
    assert.equal(probe.read(CR), 1);
    probe.now = 2 * SECOND - 1;
    assert.equal(probe.read(DR), 1_767_225_601);
  });

  it('counts on from what is loaded, and wraps', () => {
    const { probe } = rtc();
    probe.now = 5.5 * SECOND;
    probe.write(LR, 0xffff_ffff);
    assert.equal(probe.read(DR), 0xffff_ffff);
    probe.now = 6 * SECOND;
    assert.equal(probe.read(DR), 0);
  });

  it('interrupts when the match is met', () => {
    const { device, probe, line } = rtc(1000);
    probe.write(MR, 1003);
    assert.equal(device.nextEvent(), Infinity);
    probe.write(IMSC, 1);
    assert.equal(device.nextEvent(), 3 * SECOND);
    assert.deepEqual(probe.advanceTo(10 * SECOND), [3 * SECOND]);
    assert.equal(line.level, true);
    probe.write(ICR, 1);
    assert.equal(line.level, false);
    assert.equal(probe.read(RIS), 0);
    assert.ok(device.nextEvent() > 1e9 * SECOND, 'the counter meets it again after a whole round');
  });

  it('meets a match that is the present second at once', () => {
    const { probe } = rtc(1000);
    probe.now = 2.5 * SECOND;
    probe.write(IMSC, 1);
    probe.write(MR, 1002);
    assert.equal(probe.read(RIS), 1);
  });

  it('notices a match while masked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (match, now) => {
        const { probe } = rtc(1000);
        probe.write(MR, 1000 + match);
        probe.now = now * SECOND;
        assert.equal(probe.read(RIS), now >= match ? 1 : 0);
      }),
    );
  });
});
