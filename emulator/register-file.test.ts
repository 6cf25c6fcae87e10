import assert from 'node:assert/strict';
import { NativeMachine } from './native-vm.ts';
import { MODE, REGISTER, REGISTER_NAMES, type RegisterName } from './registers.ts';
import type { Vcpu } from './vm.ts';

const MODES = ['usr', 'fiq', 'irq', 'svc', 'abt', 'und', 'sys'] as const;

describe('register file', () => {
  let vcpu: Vcpu;
  beforeEach(async () => {
    ({ vcpu } = await NativeMachine.create([{ base: 0, size: 4096 }]));
  });
  const read = (name: RegisterName): number => vcpu.readRegister(REGISTER[name]) >>> 0;
  const write = (name: RegisterName, value: number): void => {
    vcpu.writeRegister(REGISTER[name], value);
  };

  it('keeps each bank through every switch of modes', () => {
    const banked = REGISTER_NAMES.filter((name) => /^(r\d+|sp|lr|spsr)_/.test(name));
    banked.forEach((name, i) => {
      write(name, 0x1000 + i);
    });
    for (const from of MODES)
      for (const to of MODES) {
        write('cpsr', MODE[from]);
        write('cpsr', MODE[to]);
        banked.forEach((name, i) => {
          assert.equal(read(name), 0x1000 + i, `${name} after ${from} to ${to}`);
        });
      }
  });

  it('shows the bank of the current mode under the plain names', () => {
    for (const mode of MODES) {
      write('cpsr', MODE[mode]);
      const bank = mode === 'sys' ? 'usr' : mode;
      write('sp', 0x100 + MODE[mode]);
      assert.equal(read(`sp_${bank}`), 0x100 + MODE[mode]);
      write(`lr_${bank}`, 0x200 + MODE[mode]);
      assert.equal(read('lr'), 0x200 + MODE[mode]);
      write('r8', 0x300 + MODE[mode]);
      assert.equal(read(mode === 'fiq' ? 'r8_fiq' : 'r8_usr'), 0x300 + MODE[mode]);
      if (bank === 'usr') assert.equal(read('spsr'), read('cpsr'), 'without an SPSR, CPSR is read');
      else {
        write('spsr', 0xf000_0010);
        assert.equal(read(`spsr_${bank}`), 0xf000_0010);
      }
    }
  });

  it('takes flags and state with CPSR, and refuses modes that do not exist', () => {
    for (const value of [0xf800_0030, 0x0000_00d3, 0x5000_0010, 0xa800_001f]) {
      write('cpsr', value);
      assert.equal(read('cpsr'), value);
    }
    assert.throws(() => {
      write('cpsr', 0x14);
    }, /names no mode/);
    assert.equal(read('cpsr'), 0xa800_001f);
  });

  it('aligns PC to the instruction set, keeps identity registers, and leaves out bits that SCTLR does not have', () => {
    write('pc', 0x123);
    assert.equal(read('pc'), 0x120);
    write('cpsr', 0x33);
    write('pc', 0x123);
    assert.equal(read('pc'), 0x122);
    const midr = read('midr');
    write('midr', 0);
    assert.equal(read('midr'), midr);
    write('sctlr', 0xffff_ffff);
    const ones = read('sctlr');
    write('sctlr', 0);
    assert.equal(read('sctlr'), 0);
    assert.equal(ones, 0x0005_f3ff);
    assert.throws(() => vcpu.readRegister(REGISTER_NAMES.length), RangeError);
  });
});
