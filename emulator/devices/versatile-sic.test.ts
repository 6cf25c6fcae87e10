import assert from 'node:assert/strict';
import { Probe, TestLine } from './device.testing.ts';
import { VersatileSic } from './versatile-sic.ts';

const STATUS = 0x00;
const RAWSTAT = 0x04;
const ENSET = 0x08;
const ENCLR = 0x0c;
const SOFTINTSET = 0x10;
const SOFTINTCLR = 0x14;
const PICENSET = 0x20;
const PICENCLR = 0x24;

function sic() {
  const line = new TestLine();
  const passed = Array.from({ length: 10 }, () => new TestLine());
  const device = new VersatileSic('sic', line, passed);
  return { device, probe: new Probe(device), line, passed };
}

describe('Versatile SIC', () => {
  it('joins enabled interrupts into one', () => {
    const { device, probe, line } = sic();
    device.input(6).set(true);
    assert.deepEqual([probe.read(RAWSTAT), probe.read(STATUS), line.level], [0x40, 0, false]);
    probe.write(ENSET, 0x8000_0040);
    assert.deepEqual([probe.read(ENSET), probe.read(STATUS), line.level], [0x8000_0040, 0x40, true]);
    probe.write(ENCLR, 0x40);
    assert.equal(line.level, false);
  });

  it('passes interrupts 21 to 30 through by PICENABLE, enabled or not', () => {
    const { device, probe, line, passed } = sic();
    probe.write(PICENSET, 0xffff_ffff);
    assert.equal(probe.read(PICENSET), 0x7fe0_0000);
    device.input(22).set(true);
    assert.deepEqual([passed[1].level, line.level], [true, false]);
    device.input(6).set(true);
    assert.equal(line.level, false);
    probe.write(PICENCLR, 1 << 22);
    assert.equal(passed[1].level, false);
  });

  it('has a software interrupt 0', () => {
    const { probe, line } = sic();
    probe.write(ENSET, 1);
    probe.write(SOFTINTSET, 0xff);
    assert.deepEqual([probe.read(RAWSTAT), probe.read(SOFTINTSET), line.level], [1, 1, true]);
    probe.write(SOFTINTCLR, 1);
    assert.equal(line.level, false);
  });
});
