import assert from 'node:assert/strict';
import { MODE } from '../emulator/registers.ts';
import { fakeMachine, WINDOW } from '../emulator/fake-machine.testing.ts';
import {
  decodePsr,
  describeStop,
  formatPsr,
  isRegisterName,
  readGuestMemory,
  readGuestWord,
  readPhysicalMemory,
  readRegister,
  REGISTER_GROUPS,
  writeGuestMemory,
  writePhysicalMemory,
  writeRegister,
} from './target.ts';

describe('debug target', () => {
  it('reads and writes across pages through the translation', () => {
    const { machine, ram, changes } = fakeMachine();
    const bytes = Uint8Array.from({ length: 6000 }, (_, at) => at & 0xff);
    assert.equal(writeGuestMemory(machine, WINDOW + 100, bytes), 6000);
    assert.deepEqual(ram.slice(100, 6100), bytes);
    assert.deepEqual(readGuestMemory(machine, WINDOW + 100, 6000), bytes);
    assert.equal(
      changes.reduce((sum, { length }) => sum + length, 0),
      6000,
    );
    assert.equal(readGuestWord(machine, WINDOW + 104), 0x07060504);
  });

  it('stops at the first byte that is unmapped, not RAM, or past the address space', () => {
    const { machine } = fakeMachine([], 0x4000);
    assert.equal(readGuestMemory(machine, 0x3ff0, 100).length, 16);
    assert.equal(readGuestMemory(machine, 0x5000_0000, 4).length, 0);
    assert.equal(readGuestMemory(machine, 0xffff_fffc, 100).length, 0);
    assert.equal(readPhysicalMemory(machine, 0x3ffc, 100).length, 4);
    assert.equal(readPhysicalMemory(machine, 0x1000_0000, 4).length, 0);
    assert.equal(writeGuestMemory(machine, 0x3ffe, new Uint8Array(8)), 2);
    assert.equal(writePhysicalMemory(machine, 0x3ffe, new Uint8Array(8)), 2);
    assert.equal(readGuestWord(machine, 0x3ffe), undefined);
  });

  it('returns a copy, not a view of RAM', () => {
    const { machine, ram } = fakeMachine();
    readGuestMemory(machine, 0, 4).fill(1);
    assert.equal(ram[0], 0);
  });

  it('writes registers of the mode that CPSR selects', () => {
    const { machine } = fakeMachine();
    writeRegister(machine, 'sp', 0x1000);
    writeRegister(machine, 'cpsr', 0xd2);
    writeRegister(machine, 'sp', 0xffff_fff0);
    assert.equal(readRegister(machine, 'sp_svc'), 0x1000);
    assert.equal(readRegister(machine, 'sp'), 0xffff_fff0);
    assert.equal(readRegister(machine, 'sp_irq'), 0xffff_fff0);
  });

  it('groups every register exactly once, by name', () => {
    const names = REGISTER_GROUPS.flatMap(({ registers }) => registers);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes('spsr_fiq') && names.includes('ttbr0'));
    assert.ok(isRegisterName('sp_und') && !isRegisterName('toString'));
  });

  it('decodes status registers', () => {
    assert.equal(formatPsr(0x6000_00d3), 'nZCvqjIFt svc');
    assert.equal(formatPsr(0x9000_0030), 'NzcVqjifT usr');
    assert.equal(formatPsr(0), 'nzcvqjift mode 0x0 (reserved)');
    assert.equal(decodePsr(MODE.abt).mode, 'abt');
  });

  it('describes stops', () => {
    const { machine } = fakeMachine();
    assert.equal(describeStop(machine, 'breakpoint'), 'breakpoint at 0x00000000');
    assert.match(describeStop(machine, 'halted'), /halted at 0x00000000/);
  });
});
