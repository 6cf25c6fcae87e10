import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BUS_ERROR } from '../bus/device.ts';
import { createVersatilePb } from './versatilepb.ts';

const RAM_SIZE = 128 << 20;
const VIC = 0x1014_0000;
const SIC = 0x1000_3000;
const UART0 = 0x101f_1000;

const board = () => createVersatilePb({ ramSize: RAM_SIZE });

interface Access {
  device: number;
  offset: number;
  size: number;
  write: boolean;
  value: number;
  wait: number;
  typed: number | null;
}

const ACCESS: fc.Arbitrary<Access> = fc.record({
  device: fc.nat(),
  offset: fc.oneof(
    fc.integer({ min: 0, max: 0x3f }),
    fc.integer({ min: 0, max: 0x10f }),
    fc.integer({ min: 0, max: 0x3ff }),
  ),
  size: fc.constantFrom(1, 2, 4, 4, 4),
  write: fc.boolean(),
  value: fc.oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.constantFrom(0xa05f, 0x301, 0xe2),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  ),
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 5_000_000_000 })),
  typed: fc.option(fc.integer({ min: 0, max: 255 })),
});

/** Performs accesses from `start` on as a machine would, and returns everything the guest could see of them. */
function perform(target: ReturnType<typeof board>, accesses: readonly Access[], start: number): [number, unknown[]] {
  const seen: unknown[] = [];
  let now = start;
  for (const { device, offset, size, write, value, wait, typed } of accesses) {
    const until = now + wait;
    for (let events = 0; target.nextEvent() <= until && events < 1000; events++) {
      now = target.nextEvent();
      target.advance(now);
      seen.push(now, target.irq);
    }
    now = until;
    target.advance(now);
    const { base, device: mapped } = target.devices[device % target.devices.length];
    const lane = value & (4 - size);
    const address = base + (((offset << 2) % mapped.size) & ~3) + lane;
    if (typed !== null) seen.push(target.serial[device % 4].receive(typed, now));
    seen.push(write ? target.write(address, size, value, now) : target.read(address, size, now));
    seen.push(target.irq, target.fiq, target.resetRequested, target.nextEvent());
  }
  return [now, seen];
}

describe('Versatile PB', () => {
  it('refuses RAM that it cannot have', () => {
    for (const ramSize of [0, -4096, 4095, 4097, 2 ** 28 + 4096, 1.5, NaN, Infinity])
      assert.throws(() => createVersatilePb({ ramSize }), /versatilepb cannot have .* at most 256 MB/);
    assert.deepEqual(createVersatilePb({ ramSize: 2 ** 28 }).slots, [{ base: 0, size: 2 ** 28 }]);
    assert.equal(board().machineType, 387);
  });

  it('answers where the manual has a device, and nowhere else', () => {
    const target = board();
    for (const { base, device } of target.devices) {
      assert.notEqual(target.read(base, 4, 0), BUS_ERROR, device.name);
      assert.equal(target.deviceAt(base + device.size - 1), device);
    }
    for (const address of [RAM_SIZE, 0x1000_c000, 0x1015_0000, 0x101f_5000, 0x4000_0000, 0x8000_0000, 0xffff_fffc]) {
      assert.equal(target.read(address, 4, 0), BUS_ERROR);
      assert.equal(target.write(address, 4, 0, 0), BUS_ERROR);
      assert.equal(target.deviceAt(address), undefined);
    }
    assert.equal(target.read(0x3400_0000, 4, 0), 0xffff_ffff);
  });

  it('takes timer interrupts through the VIC', () => {
    const target = board();
    target.write(VIC + 0x10, 4, 1 << 4, 0);
    target.write(0x101e_2000, 4, 10_000, 0);
    target.write(0x101e_2008, 4, 0xe2, 0);
    assert.equal(target.nextEvent(), 10_000_000);
    target.advance(10_000_000);
    assert.equal(target.irq, true);
    target.write(0x101e_200c, 4, 1, 10_000_100);
    assert.equal(target.irq, false);
  });

  it('takes characters through UART 0, and UART 3 through the SIC', () => {
    const target = board();
    for (const [uart, base] of [UART0, 0, 0, 0x1000_9000].entries()) {
      if (base === 0) continue;
      target.write(base + 0x30, 4, 0x301, 0);
      target.write(base + 0x38, 4, 0x10, 0);
      assert.equal(target.serial[uart].receive(65, 0), true);
    }
    assert.equal(target.read(VIC + 0x08, 4, 0), 1 << 12);
    target.write(SIC + 0x08, 4, 1 << 6, 0);
    assert.equal(target.read(VIC + 0x08, 4, 0), ((1 << 12) | (1 << 31)) >>> 0);
    assert.equal(target.irq, false);
    target.write(VIC + 0x10, 4, 0xffff_ffff, 0);
    assert.equal(target.irq, true);
    target.write(VIC + 0x0c, 4, 0xffff_ffff, 0);
    assert.deepEqual([target.irq, target.fiq], [false, true]);
  });

  it('passes the interrupts of the card interfaces on by PICENABLE', () => {
    const target = board();
    target.write(SIC + 0x20, 4, 0x7fe0_0000, 0);
    for (const base of [0x1000_5000, 0x1000_b000]) {
      target.write(base + 0x3c, 4, 0x80, 0);
      target.write(base + 0x0c, 4, 0x400, 0);
    }
    assert.equal(target.read(VIC + 0x08, 4, 0), 3 << 22);
  });

  it('tells of a reset by the system registers and by the watchdog', () => {
    const target = board();
    target.write(0x1000_0020, 4, 0xa05f, 0);
    target.write(0x1000_0040, 4, 0x105, 0);
    assert.equal(target.resetRequested, true);
    target.reset();
    assert.equal(target.resetRequested, false);
    target.write(0x101e_1000, 4, 10, 0);
    target.write(0x101e_1008, 4, 3, 0);
    target.advance(target.nextEvent());
    target.advance(target.nextEvent());
    assert.equal(target.resetRequested, true);
  });

  it('goes on from a saved state exactly as the board that saved it', () => {
    const sequence = fc.array(ACCESS, { maxLength: 60 });
    fc.assert(
      fc.property(sequence, sequence, (before, after) => {
        const original = board();
        const [now] = perform(original, before, 0);
        const state: unknown = JSON.parse(JSON.stringify(original.save()));
        const copy = board();
        perform(copy, after, 0);
        copy.restore(state);
        assert.deepEqual(copy.save(), original.save());
        assert.deepEqual([copy.irq, copy.fiq, copy.nextEvent()], [original.irq, original.fiq, original.nextEvent()]);
        assert.deepEqual(perform(copy, after, now), perform(original, after, now));
        assert.deepEqual(copy.save(), original.save());
      }),
    );
  });

  it('resets to the state of a new board', () => {
    fc.assert(
      fc.property(fc.array(ACCESS, { maxLength: 60 }), (accesses) => {
        const target = board();
        const { base } = target.devices.find(({ device }) => device.name === 'sysreg')!;
        const [now] = perform(target, accesses, 0);
        target.write(base + 0x3c, 4, 0xffff_ffff, now);
        target.reset();
        assert.deepEqual(target.save(), board().save());
      }),
    );
  });

  it('returns unsigned words and shows registers without changing anything', () => {
    fc.assert(
      fc.property(fc.array(ACCESS, { maxLength: 40 }), (accesses) => {
        const target = board();
        const [now] = perform(target, accesses, 0);
        const before = JSON.stringify(target.save());
        for (const { device } of target.devices)
          for (const { name, offset, value } of device.inspect()) {
            assert.ok(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, `${device.name} ${name} ${value}`);
            assert.ok(offset >= 0 && offset < device.size && offset % 4 === 0);
          }
        assert.equal(JSON.stringify(target.save()), before);
        for (const { base, device } of target.devices)
          for (let offset = 0; offset < 0x400; offset += 4) {
            const value = target.read(base + offset, 4, now);
            assert.ok(
              value >= 0 && value <= 0xffff_ffff && Number.isInteger(value),
              `${device.name} ${offset} ${value}`,
            );
          }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses the state of another board', () => {
    const state = board().save() as { ramSize: number; devices: Record<string, unknown> };
    assert.throws(() => board().restore({}), /not one of this board/);
    assert.throws(() => board().restore({ ...state, ramSize: 4096 }), /with 134217728 bytes of memory/);
    const devices = { ...state.devices, pl190: { level: 0 } };
    assert.throws(() => board().restore({ ...state, devices }), /Cannot restore pl190: state.soft is missing/);
  });
});
