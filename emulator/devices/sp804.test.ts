import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Probe, TestLine } from './device.testing.ts';
import { Sp804 } from './sp804.ts';

const LOAD = 0x00;
const VALUE = 0x04;
const CONTROL = 0x08;
const INTCLR = 0x0c;
const RIS = 0x10;
const MIS = 0x14;
const BGLOAD = 0x18;
const ITCR = 0xf00;
const ITOP = 0xf04;

const ONE_SHOT = 0x01;
const SIZE_32 = 0x02;
const IE = 0x20;
const PERIODIC = 0x40;
const ENABLE = 0x80;
const US = 1000;

function timer() {
  const line = new TestLine();
  const device = new Sp804('timer', line);
  return { device, probe: new Probe(device), line };
}

describe('SP804', () => {
  it('has the reset values of the manual', () => {
    const { probe } = timer();
    for (const base of [0, 0x20]) {
      assert.equal(probe.read(base + LOAD), 0);
      assert.equal(probe.read(base + VALUE), 0xffff_ffff);
      assert.equal(probe.read(base + CONTROL), 0x20);
      assert.equal(probe.read(base + RIS), 0);
    }
    assert.deepEqual(probe.identification(), [0x0014_1804, 0xb105_f00d]);
  });

  it('counts down at 1 MHz and by the prescaler', () => {
    for (const [field, divisor] of [1, 16, 256].entries()) {
      const { probe } = timer();
      probe.write(LOAD, 1000);
      probe.write(CONTROL, ENABLE | SIZE_32 | (field << 2));
      probe.advanceTo(10 * divisor * US - 1);
      assert.equal(probe.read(VALUE), 991);
      probe.advanceTo(10 * divisor * US);
      assert.equal(probe.read(VALUE), 990);
    }
  });

  it('expires periodically, every TimerLoad ticks, at exact times', () => {
    const { device, probe, line } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    assert.equal(device.nextEvent(), 10 * US);
    probe.advanceTo(10 * US - 1);
    assert.equal(line.level, false);
    probe.advanceTo(10 * US);
    assert.equal(line.level, true);
    assert.equal(probe.read(VALUE), 10);
    assert.equal(device.nextEvent(), Infinity);
    probe.advanceTo(13 * US + 7);
    probe.write(INTCLR, 0);
    assert.equal(line.level, false);
    assert.equal(device.nextEvent(), 20 * US);
  });

  it('takes TimerBGLoad at the next expiry', () => {
    const { device, probe } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    probe.advanceTo(4 * US);
    probe.write(BGLOAD, 100);
    assert.equal(probe.read(VALUE), 6);
    assert.equal(probe.read(LOAD), 100);
    probe.advanceTo(10 * US);
    assert.equal(probe.read(VALUE), 100);
    probe.write(INTCLR, 0);
    assert.equal(device.nextEvent(), 110 * US);
  });

  it('runs freely from the value loaded, then through the whole range', () => {
    const { device, probe } = timer();
    probe.write(LOAD, 5);
    probe.write(CONTROL, ENABLE | IE);
    assert.equal(device.nextEvent(), 5 * US);
    probe.advanceTo(6 * US);
    assert.equal(probe.read(VALUE), 0xffff);
    probe.write(INTCLR, 0);
    assert.equal(device.nextEvent(), (5 + 0x1_0000) * US);
    const wide = timer();
    wide.probe.write(LOAD, 5);
    wide.probe.write(CONTROL, ENABLE | SIZE_32 | IE);
    wide.probe.advanceTo(6 * US);
    assert.equal(wide.probe.read(VALUE), 0xffff_ffff);
    wide.probe.write(INTCLR, 0);
    assert.equal(wide.device.nextEvent(), (5 + 0x1_0000_0000) * US);
  });

  it('counts the low half only in 16-bit mode', () => {
    const { device, probe } = timer();
    probe.write(LOAD, 0x1234_0003);
    probe.write(CONTROL, ENABLE | PERIODIC | IE);
    probe.advanceTo(2 * US);
    assert.equal(probe.read(VALUE), 0x1234_0001);
    assert.equal(device.nextEvent(), 3 * US);
  });

  it('stops at zero in one-shot mode until it is loaded again', () => {
    const { device, probe } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | ONE_SHOT | IE | SIZE_32);
    probe.advanceTo(10 * US);
    assert.equal(probe.read(RIS), 1);
    probe.write(INTCLR, 0);
    assert.equal(device.nextEvent(), Infinity);
    probe.advanceTo(500 * US);
    assert.equal(probe.read(VALUE), 0);
    assert.equal(probe.read(RIS), 0);
    probe.write(LOAD, 7);
    assert.equal(device.nextEvent(), 507 * US);
  });

  it('goes on when one-shot mode is left', () => {
    const { probe } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | ONE_SHOT | IE | SIZE_32);
    probe.advanceTo(20 * US);
    probe.write(CONTROL, ENABLE | SIZE_32);
    probe.advanceTo(21 * US);
    assert.equal(probe.read(VALUE), 0xffff_ffff);
  });

  it('interrupts at once when zero is loaded while it runs', () => {
    const { probe, line } = timer();
    probe.write(CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    probe.write(LOAD, 0);
    assert.equal(line.level, true);
    probe.write(INTCLR, 0);
    assert.deepEqual(probe.advanceTo(US), [US]);
  });

  it('keeps its value while disabled', () => {
    const { device, probe } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    probe.advanceTo(4 * US);
    probe.write(CONTROL, PERIODIC | IE | SIZE_32);
    assert.equal(device.nextEvent(), Infinity);
    probe.advanceTo(100 * US);
    assert.equal(probe.read(VALUE), 6);
    probe.write(CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    assert.equal(device.nextEvent(), 106 * US);
  });

  it('needs no event while its interrupt is masked, and still notices the expiry', () => {
    const { device, probe, line } = timer();
    probe.write(LOAD, 10);
    probe.write(CONTROL, ENABLE | PERIODIC | SIZE_32);
    assert.equal(device.nextEvent(), Infinity);
    probe.advanceTo(35 * US);
    assert.equal(probe.read(RIS), 1);
    assert.equal(probe.read(MIS), 0);
    assert.equal(probe.read(VALUE), 5);
    assert.equal(line.level, false);
    probe.write(CONTROL, ENABLE | PERIODIC | SIZE_32 | IE);
    assert.equal(line.level, true);
  });

  it('combines the interrupts of both timers', () => {
    const { device, probe, line } = timer();
    for (const [base, load] of [
      [0, 20],
      [0x20, 10],
    ]) {
      probe.write(base + LOAD, load);
      probe.write(base + CONTROL, ENABLE | PERIODIC | IE | SIZE_32);
    }
    assert.equal(device.nextEvent(), 10 * US);
    probe.advanceTo(20 * US);
    assert.equal(probe.read(MIS), 1);
    assert.equal(probe.read(0x20 + MIS), 1);
    probe.write(INTCLR, 1);
    assert.equal(line.level, true);
    probe.write(0x20 + INTCLR, 1);
    assert.equal(line.level, false);
  });

  it('drives its interrupt from TimerITOP in test mode', () => {
    const { probe, line } = timer();
    probe.write(ITOP, 2);
    assert.equal(line.level, false);
    probe.write(ITCR, 1);
    assert.equal(line.level, true);
    probe.write(ITOP, 0);
    assert.equal(line.level, false);
  });

  it('behaves the same whether it is advanced at its events or only at accesses', () => {
    const step = fc.record({
      wait: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 100_000_000 })),
      offset: fc.constantFrom(LOAD, CONTROL, INTCLR, BGLOAD, 0x20, 0x28, 0x2c, 0x38),
      value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffff_ffff })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const often = timer();
        const rarely = timer();
        let now = 0;
        for (const { wait, offset, value } of steps) {
          now += wait;
          often.probe.advanceTo(now);
          rarely.probe.now = now;
          for (const register of [VALUE, RIS, MIS, 0x24, 0x30, 0x34])
            assert.equal(often.probe.read(register), rarely.probe.read(register));
          assert.equal(often.line.level, rarely.line.level);
          often.probe.write(offset, value);
          rarely.probe.write(offset, value);
          assert.equal(often.device.nextEvent(), rarely.device.nextEvent());
          assert.ok(often.device.nextEvent() > now);
        }
      }),
    );
  });

  it('changes its line at no time but its event', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 0x6f }), (load, control) => {
        const { device, probe, line } = timer();
        probe.write(LOAD, load);
        probe.write(CONTROL, control | ENABLE | IE);
        const event = device.nextEvent();
        device.advance(event - 1);
        assert.equal(line.level, false);
        device.advance(event);
        assert.equal(line.level, true);
      }),
    );
  });
});
