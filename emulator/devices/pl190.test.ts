import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Probe } from './device.testing.ts';
import { Pl190 } from './pl190.ts';

const IRQSTATUS = 0x00;
const FIQSTATUS = 0x04;
const RAWINTR = 0x08;
const INTSELECT = 0x0c;
const INTENABLE = 0x10;
const INTENCLEAR = 0x14;
const SOFTINT = 0x18;
const SOFTINTCLEAR = 0x1c;
const VECTADDR = 0x30;
const DEFVECTADDR = 0x34;
const VECTADDR0 = 0x100;
const VECTCNTL0 = 0x200;
const ALL = 0xffff_ffff;

function vic() {
  const device = new Pl190('vic');
  return { device, probe: new Probe(device) };
}

describe('PL190', () => {
  it('identifies itself', () => {
    assert.deepEqual(vic().probe.identification(), [0x0004_1190, 0xb105_f00d]);
  });

  it('enables, disables and selects by single bits', () => {
    const { device, probe } = vic();
    device.input(4).set(true);
    assert.equal(probe.read(RAWINTR), 0x10);
    assert.equal(device.irq, false);
    probe.write(INTENABLE, 0x10);
    probe.write(INTENABLE, 0x8000_0000);
    assert.equal(probe.read(INTENABLE), 0x8000_0010);
    assert.equal(probe.read(IRQSTATUS), 0x10);
    assert.equal(device.irq, true);
    probe.write(INTSELECT, 0x10);
    assert.deepEqual([device.irq, device.fiq, probe.read(IRQSTATUS), probe.read(FIQSTATUS)], [false, true, 0, 0x10]);
    probe.write(INTENCLEAR, 0x10);
    assert.deepEqual([device.fiq, probe.read(INTENABLE)], [false, 0x8000_0000]);
    device.input(31).set(true);
    assert.equal(device.irq, true);
    device.input(31).set(false);
    assert.equal(device.irq, false);
  });

  it('has software interrupts beside the inputs', () => {
    const { device, probe } = vic();
    probe.write(INTENABLE, ALL);
    probe.write(SOFTINT, 0x8000_0001);
    assert.equal(probe.read(RAWINTR), 0x8000_0001);
    assert.equal(device.irq, true);
    device.input(0).set(true);
    probe.write(SOFTINTCLEAR, ALL);
    assert.equal(probe.read(RAWINTR), 1);
  });

  it('serves vectored interrupts by slot, the others last', () => {
    const { device, probe } = vic();
    probe.write(INTENABLE, ALL);
    probe.write(DEFVECTADDR, 0xdead);
    probe.write(VECTADDR0, 0x1000);
    probe.write(VECTCNTL0, 0x20 | 7);
    probe.write(VECTADDR0 + 4, 0x2000);
    probe.write(VECTCNTL0 + 4, 0x20 | 3);
    probe.write(VECTADDR0 + 8, 0x3000);
    probe.write(VECTCNTL0 + 8, 9);
    device.input(9).set(true);
    assert.equal(probe.read(VECTADDR), 0xdead, 'a slot that is not enabled gives no vector');
    assert.equal(device.irq, false, 'the default priority masks itself');
    device.input(3).set(true);
    assert.equal(device.irq, true);
    assert.equal(probe.read(VECTADDR), 0x2000);
    assert.equal(device.irq, false);
    device.input(7).set(true);
    assert.equal(device.irq, true);
    assert.equal(probe.read(VECTADDR), 0x1000);
    device.input(7).set(false);
    probe.write(VECTADDR, 0);
    assert.equal(device.irq, false, 'slot 1 is in service again');
    device.input(3).set(false);
    probe.write(VECTADDR, 0);
    device.input(9).set(false);
    probe.write(VECTADDR, 0);
    device.input(3).set(true);
    assert.equal(device.irq, true);
  });

  it('gives no vector to what is disabled or selected as FIQ', () => {
    const { device, probe } = vic();
    probe.write(DEFVECTADDR, 0xdead);
    probe.write(VECTADDR0, 0x1000);
    probe.write(VECTCNTL0, 0x20 | 7);
    device.input(7).set(true);
    assert.equal(probe.read(VECTADDR), 0xdead);
    probe.write(INTENABLE, 1 << 7);
    probe.write(INTSELECT, 1 << 7);
    assert.equal(probe.read(VECTADDR), 0xdead);
    assert.equal(device.irq, false);
    probe.write(INTSELECT, 0);
    assert.equal(probe.read(VECTADDR), 0x1000);
  });

  it('ignores an end of service without a service', () => {
    const { device, probe } = vic();
    probe.write(VECTADDR, 0);
    probe.write(INTENABLE, 1);
    device.input(0).set(true);
    assert.equal(device.irq, true);
  });

  it('asserts IRQ exactly when something above the priority in service is pending', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('input' as const), n: fc.integer({ min: 0, max: 31 }), level: fc.boolean() }),
      fc.record({ kind: fc.constant('enter' as const) }),
      fc.record({ kind: fc.constant('leave' as const) }),
    );
    const slots = fc.array(fc.integer({ min: 0, max: 63 }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(
        slots,
        fc.integer({ min: 0, max: ALL }),
        fc.array(action, { maxLength: 40 }),
        (controls, enabled, actions) => {
          const { device, probe } = vic();
          probe.write(INTENABLE, enabled);
          probe.write(DEFVECTADDR, 16);
          controls.forEach((control, p) => {
            probe.write(VECTCNTL0 + p * 4, control);
            probe.write(VECTADDR0 + p * 4, p);
          });
          const levels = new Set<number>();
          const service: number[] = [];
          const priorityOf = (source: number) => {
            const slot = controls.findIndex((control) => control === (0x20 | source));
            return slot < 0 ? 16 : slot;
          };
          for (const step of actions) {
            const pending = () =>
              Math.min(17, ...[...levels].filter((n) => (enabled >>> n) & 1).map((n) => priorityOf(n)));
            const current = service.at(-1) ?? 17;
            if (step.kind === 'input') {
              device.input(step.n).set(step.level);
              if (step.level) levels.add(step.n);
              else levels.delete(step.n);
            } else if (step.kind === 'enter') {
              if (pending() < current) {
                assert.equal(probe.read(VECTADDR), pending());
                service.push(pending());
              }
            } else {
              probe.write(VECTADDR, 0);
              service.pop();
            }
            assert.equal(device.irq, pending() < (service.at(-1) ?? 17));
          }
        },
      ),
    );
  });
});
