/** The devices that have nothing attached: what a guest finds. */
import assert from 'node:assert/strict';
import { createAbsent } from './absent.ts';
import { Probe, TestLine } from './device.testing.ts';
import { Pl022 } from './pl022.ts';
import { createPl041 } from './pl041.ts';
import { Pl050 } from './pl050.ts';
import { Pl080 } from './pl080.ts';
import { Pl110 } from './pl110.ts';
import { Pl181 } from './pl181.ts';
import { readLanes, writeLanes } from './primecell.ts';
import { createSp810 } from './sp810.ts';
import { sameShape } from './state.ts';

describe('PL050', () => {
  it('passes bytes both ways', () => {
    const line = new TestLine();
    const device = new Pl050('kmi', line);
    const probe = new Probe(device);
    const sent: number[] = [];
    device.onTransmit = (byte) => sent.push(byte);
    assert.equal(device.receive(0xaa), false);
    probe.write(0x00, 0x14);
    probe.write(0x08, 0xff);
    assert.deepEqual(sent, [0xff]);
    assert.equal(probe.read(0x04), 0x40);
    assert.equal(device.receive(0x07), true);
    assert.equal(device.receive(0x08), false);
    assert.deepEqual([line.level, probe.read(0x04), probe.read(0x10)], [true, 0x54, 3]);
    assert.equal(probe.read(0x08), 0x07);
    assert.deepEqual([line.level, probe.read(0x10)], [false, 2]);
  });
});

describe('PL181', () => {
  it('finds no card', () => {
    const line = new TestLine();
    const second = new TestLine();
    const probe = new Probe(new Pl181('mmci', line, second));
    probe.write(0x3c, 0x84);
    probe.write(0x40, 0x08);
    probe.write(0x0c, 0x400);
    assert.equal(probe.read(0x34), 0x80);
    probe.write(0x38, 0x80);
    assert.equal(line.level, false);
    probe.write(0x0c, 0x448);
    assert.deepEqual([probe.read(0x34), probe.read(0x0c), line.level], [0x04, 0x048, true]);
    probe.write(0x28, 512);
    probe.write(0x2c, 1);
    assert.deepEqual([probe.read(0x34), probe.read(0x30), second.level], [0x0c, 512, true]);
  });
});

describe('PL080', () => {
  it('ends a transfer with a bus error', () => {
    const line = new TestLine();
    const probe = new Probe(new Pl080('dma', line));
    probe.write(0x130, 0x4001);
    assert.equal(probe.read(0x18), 0, 'the controller is off');
    probe.write(0x30, 1);
    assert.deepEqual([probe.read(0x18), probe.read(0x0c), probe.read(0x00), probe.read(0x1c)], [2, 2, 2, 0]);
    assert.equal(line.level, true);
    probe.write(0x10, 2);
    assert.equal(line.level, false);
    assert.deepEqual(probe.identification(), [0x0a04_1080, 0xb105_f00d]);
  });
});

describe('PL110', () => {
  it('stores its registers and palette', () => {
    const probe = new Probe(new Pl110('clcd'));
    probe.write(0x10, 0x0012_3457);
    probe.write(0x18, 0x82b);
    probe.write(0x3fc, 0x7fff_7fff);
    assert.deepEqual([probe.read(0x10), probe.read(0x2c), probe.read(0x18)], [0x0012_3454, 0x0012_3454, 0x82b]);
    assert.equal(probe.read(0x3fc), 0x7fff_7fff);
  });
});

describe('PL022', () => {
  it('receives a frame for each sent, itself in loopback', () => {
    const line = new TestLine();
    const probe = new Probe(new Pl022('ssp', line));
    probe.write(0x00, 0x07);
    probe.write(0x04, 0x03);
    for (let i = 0; i < 9; i++) probe.write(0x08, 0x1a0 + i);
    assert.equal(probe.read(0x0c), 0x0f);
    assert.equal(probe.read(0x18), 0x0f);
    probe.write(0x20, 3);
    assert.equal(probe.read(0x18), 0x0c);
    for (let i = 0; i < 8; i++) assert.equal(probe.read(0x08), 0xa0 + i);
    assert.equal(probe.read(0x0c), 0x03);
    probe.write(0x04, 0x02);
    probe.write(0x14, 2);
    probe.write(0x08, 0xff);
    assert.equal(line.level, true);
    assert.equal(probe.read(0x08), 0);
    assert.equal(line.level, false);
  });
});

describe('devices of registers only', () => {
  it('store what the guest may write', () => {
    const probe = new Probe(createSp810('sctl'));
    probe.write(0x00, 0xffff_ffff);
    assert.equal(probe.read(0x00), 0x00ff_fb07);
    assert.deepEqual(probe.identification(), [0x0004_1810, 0xb105_f00d]);
    probe.device.reset();
    assert.equal(probe.read(0x00), 0);
    assert.equal(new Probe(createPl041('aaci')).read(0x08), 0xb);
  });

  it('read as a constant where nothing is', () => {
    const flash = createAbsent('flash', 0x1_0000, 0xffff_ffff);
    assert.equal(flash.write(0, 4, 0, 0), 0);
    assert.deepEqual([flash.read(0, 4, 0), flash.read(2, 2, 0), flash.read(3, 1, 0)], [0xffff_ffff, 0xffff, 0xff]);
  });
});

describe('byte lanes', () => {
  it('picks and places bytes and halfwords', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((offset) => readLanes(0x8765_4321, offset, 1)),
      [0x21, 0x43, 0x65, 0x87],
    );
    assert.equal(readLanes(0x8765_4321, 2, 2), 0x8765);
    assert.equal(readLanes(0x8765_4321, 0, 4), 0x8765_4321);
    assert.equal(writeLanes(0xffff_ff87, 3, 1), 0x8700_0000);
    assert.equal(writeLanes(0xffff_8765, 2, 2), 0x8765_0000);
  });
});

describe('sameShape', () => {
  const example = { a: 1, b: [true, false], c: { d: 'x' } };
  it('accepts the same shape and names what differs', () => {
    assert.deepEqual(sameShape('dev', example, { a: 2, b: [false, true], c: { d: '' } }).a, 2);
    for (const [state, message] of [
      [null, 'state is not an object'],
      [{ ...example, a: '1' }, 'state.a is not a number'],
      [{ ...example, a: NaN }, 'state.a is not a number'],
      [{ ...example, b: [true] }, 'state.b is not a list of 2 values'],
      [{ a: 1, b: example.b }, 'state.c is missing'],
      [{ ...example, c: [] }, 'state.c is not an object'],
    ] as const)
      assert.throws(() => sameShape('dev', example, state), new Error(`Cannot restore dev: ${message}.`));
  });
});
