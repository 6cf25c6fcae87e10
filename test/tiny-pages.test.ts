import assert from 'node:assert/strict';
import { createVersatilePb } from '../emulator/boards/versatilepb.ts';
import { Machine } from '../emulator/machine.ts';
import { REGISTER } from '../emulator/registers.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import { createVirtualMachine } from '../hypervisor/create.ts';

const L1 = 0x4000;
const FINE = 0x8000;
const CODE = 0x2_0000;
const VA = 0x10_0000;

/** Words by physical address. The first kilobyte of the virtual page is the second of the frame, and the other way. */
const WORDS: ReadonlyArray<readonly [address: number, word: number]> = [
  [L1, 0x0000_0c1e], // VA 0: a section of RAM
  [L1 + 4, FINE | 0x13], // VA 1 MB: a fine table
  [FINE, (CODE + 0x400) | 0x33], // tiny, AP 11
  [FINE + 4, CODE | 0x33],
  [CODE + 0x400 + 0x3f4, 0xeb00_0004], // 1003f4: bl 10040c
  [CODE + 0x400 + 0x3f8, 0xe280_0001], // 1003f8: add r0, r0, #1
  [CODE + 0x400 + 0x3fc, 0xe280_0002], // 1003fc: add r0, r0, #2
  [CODE + 0, 0xe280_0004], // 100400: add r0, r0, #4
  [CODE + 4, 0xeaff_fffe], // 100404: b .
  [CODE + 8, 0xeaff_fffe],
  [CODE + 12, 0xe3a0_0010], // 10040c: mov r0, #16
  [CODE + 16, 0xe12f_ff1e], // 100410: bx lr
];

describe('code in tiny pages', () => {
  for (const mode of ['native', 'lpv'] satisfies ExecutionMode[]) {
    it(`runs from one frame into another in ${mode} mode`, async () => {
      const board = createVersatilePb({ ramSize: 1 << 20 });
      const vm = await createVirtualMachine({ mode, slots: board.slots });
      for (const [address, word] of WORDS) vm.ram(address, 4)?.set(new Uint8Array(Uint32Array.of(word).buffer));
      vm.vcpu.memoryChanged(0, 1 << 20);
      vm.vcpu.writeRegister(REGISTER.ttbr0, L1);
      vm.vcpu.writeRegister(REGISTER.dacr, 1);
      vm.vcpu.writeRegister(REGISTER.sctlr, vm.vcpu.readRegister(REGISTER.sctlr) | 1);
      vm.vcpu.writeRegister(REGISTER.pc, VA + 0x3f4);

      assert.equal(new Machine(vm, board).run(1000), 'halted');

      assert.equal(vm.vcpu.readRegister(REGISTER.pc), VA + 0x404);
      assert.equal(vm.vcpu.readRegister(REGISTER.r0), 16 + 1 + 2 + 4);
      assert.equal(vm.vcpu.readRegister(REGISTER.lr), VA + 0x3f8);
      assert.equal(vm.vcpu.instructions, 6);
    });
  }
});
