import assert from 'node:assert/strict';
import { makeElf, wordsToBytes } from '../../formats/elf.testing.ts';
import { REGISTER } from '../registers.ts';
import type { VirtualMachine } from '../vm.ts';
import { applyBoot } from './apply.ts';
import { planBoot } from './plan.ts';

const section = { name: '.text', address: 0x10000, bytes: wordsToBytes(0xeafffffe), memorySize: 16 };
const plan = planBoot({
  kernel: makeElf({ entry: 0x10000, sections: [section] }),
  append: 'x',
  memory: [{ base: 0, size: 0x10_0000 }],
  machineType: 387,
});

/** A machine of `size` bytes of RAM that records what is done to it. */
function recorder(size: number): {
  vm: VirtualMachine;
  ram: Uint8Array;
  registers: Map<number, number>;
  changed: number[][];
} {
  const ram = new Uint8Array(size).fill(0xaa);
  const registers = new Map<number, number>();
  const changed: number[][] = [];
  const vcpu = {
    writeRegister: (id: number, value: number) => void registers.set(id, value),
    memoryChanged: (...range: number[]) => void changed.push(range),
  };
  const view = (address: number, length: number): Uint8Array | undefined =>
    address + length <= size ? ram.subarray(address, address + length) : undefined;
  return { vm: { vcpu, ram: view } as unknown as VirtualMachine, ram, registers, changed };
}

describe('boot', () => {
  it('fills RAM, clears .bss, tells the CPU, and sets the registers', () => {
    const { vm, ram, registers, changed } = recorder(0x10_0000);
    applyBoot(plan, vm);
    assert.deepEqual(
      [...ram.subarray(0x10000, 0x10014)],
      [0xfe, 0xff, 0xff, 0xea, ...new Array<number>(12).fill(0), ...new Array<number>(4).fill(0xaa)],
    );
    assert.deepEqual([...ram.subarray(0x100, 0x108)], [5, 0, 0, 0, 1, 0, 0x41, 0x54]);
    assert.deepEqual(changed[0], [0x10000, 16]);
    assert.deepEqual(registers.get(REGISTER.pc), 0x10000);
    assert.deepEqual(
      [registers.get(REGISTER.r0), registers.get(REGISTER.r1), registers.get(REGISTER.r2)],
      [0, 387, 0x100],
    );
    assert.equal(registers.get(REGISTER.cpsr), 0xd3);
  });

  it('refuses a machine with other RAM', () => {
    assert.throws(() => applyBoot(plan, recorder(0x8000).vm), /made for another machine/);
  });
});
