import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createAbsent } from '../devices/absent.ts';
import { TestLine } from '../devices/device.testing.ts';
import { Pl011 } from '../devices/pl011.ts';
import { Sp804 } from '../devices/sp804.ts';
import { Bus } from './bus.ts';
import { BUS_ERROR } from './device.ts';

describe('Bus', () => {
  it('refuses overlapping ranges and names both', () => {
    const first = { base: 0x1000, device: createAbsent('first', 0x1000) };
    const second = { base: 0x1ffc, device: createAbsent('second', 0x10) };
    assert.throws(
      () => new Bus([second, first]),
      new Error('Device second at 0x00001ffc-0x0000200b overlaps first at 0x00001000-0x00001fff.'),
    );
  });

  it('refuses two devices of one name, and one that leaves the address space', () => {
    const at = (base: number) => ({ base, device: createAbsent('same', 0x1000) });
    assert.throws(() => new Bus([at(0), at(0x1000)]), /Two devices are called same/);
    assert.throws(() => new Bus([at(0xffff_f800)]), /does not fit in the address space/);
  });

  it('reaches the last bytes of the address space', () => {
    const bus = new Bus([{ base: 0xffff_f000, device: createAbsent('top', 0x1000, 7) }]);
    assert.equal(bus.read(0xffff_fffc, 4, 0), 7);
  });

  it('finds the device of any address as a plain search does', () => {
    const layout = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 40 })), {
      minLength: 1,
      maxLength: 12,
    });
    const accesses = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.constantFrom(1, 2, 4)), { maxLength: 60 });
    fc.assert(
      fc.property(layout, accesses, (gaps, probes) => {
        let next = 0;
        const mappings = gaps.map(([gap, size], i) => {
          const base = next + gap;
          next = base + size;
          return { base, device: createAbsent(`d${i}`, size, i) };
        });
        const bus = new Bus(mappings);
        for (const [address, size] of probes) {
          const index = mappings.findIndex(
            ({ base, device }) => address >= base && address + size <= base + device.size,
          );
          const aligned = address - (address & 3) === address;
          const value = bus.read(address, size, 0);
          if (index < 0) assert.equal(value, BUS_ERROR);
          else if (aligned && mappings[index].base % 4 === 0) assert.equal(value, index);
          else assert.notEqual(value, BUS_ERROR);
          assert.equal(bus.write(address, size, 0, 0), index < 0 ? BUS_ERROR : 0);
        }
      }),
    );
  });

  it('keeps the earliest event of all devices through accesses, events and characters from the host', () => {
    const timer = new Sp804('timer', new TestLine());
    const uart = new Pl011('uart', new TestLine());
    const bus = new Bus([
      { base: 0, device: timer },
      { base: 0x1000, device: uart },
    ]);
    uart.onEventChange = () => bus.eventChanged(uart);
    assert.equal(bus.nextEvent(), Infinity);
    bus.write(0x00, 4, 10, 0);
    bus.write(0x08, 4, 0xe2, 0);
    assert.equal(bus.nextEvent(), 10_000);
    bus.write(0x1024, 4, 1, 0);
    bus.write(0x1030, 4, 0x301, 0);
    uart.receive(65, 100);
    assert.equal(bus.nextEvent(), 10_000);
    bus.advance(10_000);
    assert.ok(uart.nextEvent() > 10_000 && uart.nextEvent() < Infinity);
    assert.equal(bus.nextEvent(), uart.nextEvent());
    assert.equal(bus.read(0x10, 4, 10_000), 1);
    bus.read(0x1000, 4, 10_000);
    assert.equal(bus.nextEvent(), Infinity);
    uart.receive(65, 10_000);
    assert.equal(bus.nextEvent(), uart.nextEvent());
    bus.reset();
    assert.equal(bus.nextEvent(), Infinity);
  });

  it('brings other devices to the time of an access', () => {
    const line = new TestLine();
    const bus = new Bus([
      { base: 0, device: new Sp804('timer', line) },
      { base: 0x1000, device: createAbsent('other', 0x1000) },
    ]);
    bus.write(0x00, 4, 10, 0);
    bus.write(0x08, 4, 0xe2, 0);
    bus.read(0x1000, 4, 10_000);
    assert.equal(line.level, true);
  });

  it('refuses a state that lacks a device', () => {
    const bus = new Bus([{ base: 0, device: new Sp804('timer', new TestLine()) }]);
    assert.throws(() => bus.restore({}), /Cannot restore timer: its state is missing/);
    assert.throws(() => bus.restore(null), /the state is no object/);
  });
});
