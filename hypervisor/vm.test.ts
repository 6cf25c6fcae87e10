/** The seam of emulator/vm.ts, the same in every mode: small programs at physical address 0, MMU off. */
import assert from 'node:assert/strict';
import { REGISTER } from '../emulator/registers.ts';
import { ExitReason, type ExecutionMode, type VirtualMachine } from '../emulator/vm.ts';
import { createVirtualMachine } from './create.ts';

const NOP = 0xe1a00000;
const LDR = 0xe5910000; // ldr r0, [r1]
const STRB = 0xe5c10000; // strb r0, [r1]
const LDM = 0xe891003c; // ldm r1, {r2-r5}
const WFI = 0xee070f90;
const SELF = 0xeafffffe;
const BACK = 0xeafffffd; // to the word before
const DEVICE = 0x1000_0000;

async function machine(mode: ExecutionMode, words: readonly number[]): Promise<VirtualMachine> {
  const vm = await createVirtualMachine({ mode, slots: [{ base: 0, size: 0x1_0000 }], trapWordsNatively: true });
  const ram = vm.ram(0, 0x1_0000);
  assert.ok(ram);
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  words.forEach((word, i) => {
    view.setUint32(0x100 + i * 4, word, true);
  });
  vm.vcpu.writeRegister(REGISTER.pc, 0x100);
  vm.vcpu.writeRegister(REGISTER.r1, DEVICE);
  return vm;
}

for (const mode of ['native', 'lpv'] as const) {
  describe(`virtual machine, ${mode}`, () => {
    it('stops exactly at its budget, at any slicing', async () => {
      const { vcpu } = await machine(mode, [NOP, BACK]);
      for (const budget of [1, 2, 3, 1000, 1]) {
        const before = vcpu.instructions;
        assert.equal(vcpu.run(budget), ExitReason.Budget);
        assert.equal(vcpu.instructions - before, budget);
      }
    });

    it('asks for device accesses one by one, and retires the instruction with the last answer', async () => {
      const { vcpu } = await machine(mode, [LDM, STRB, SELF]);
      vcpu.writeRegister(REGISTER.r0, 0x1ab);
      for (let i = 0; i < 4; i++) {
        assert.equal(vcpu.run(100), ExitReason.MmioRead);
        assert.deepEqual([vcpu.exit.address, vcpu.exit.size, vcpu.instructions], [DEVICE + i * 4, 4, 0]);
        vcpu.completeMmio(0x50 + i);
      }
      assert.equal(vcpu.run(100), ExitReason.MmioWrite);
      assert.deepEqual([vcpu.exit.address, vcpu.exit.size, vcpu.exit.data, vcpu.instructions], [DEVICE, 1, 0xab, 1]);
      assert.deepEqual(
        [2, 3, 4, 5].map((id) => vcpu.readRegister(id)),
        [0x50, 0x51, 0x52, 0x53],
      );
    });

    it('makes a refused access an external abort', async () => {
      const { vcpu } = await machine(mode, [LDR]);
      assert.equal(vcpu.run(1), ExitReason.MmioRead);
      vcpu.failMmio();
      if (vcpu.instructions === 0) vcpu.run(1);
      assert.equal(vcpu.readRegister(REGISTER.pc), 0x10);
      assert.deepEqual(
        [REGISTER.dfsr, REGISTER.far, REGISTER.lr_abt].map((id) => vcpu.readRegister(id) >>> 0),
        [8, DEVICE, 0x108],
      );
      assert.equal(vcpu.instructions, 1);
    });

    it('takes interrupts by level when they are not masked', async () => {
      const { vcpu } = await machine(mode, [NOP, BACK]);
      vcpu.setIrq(true);
      vcpu.run(10);
      assert.notEqual(vcpu.readRegister(REGISTER.pc), 0x18);
      vcpu.writeRegister(REGISTER.cpsr, 0x53);
      vcpu.run(1);
      assert.deepEqual([vcpu.readRegister(REGISTER.pc), vcpu.readRegister(REGISTER.cpsr) & 0xff], [0x18, 0xd2]);
      vcpu.writeRegister(REGISTER.cpsr, 0x93);
      vcpu.setFiq(true);
      vcpu.run(1);
      assert.deepEqual([vcpu.readRegister(REGISTER.pc), vcpu.readRegister(REGISTER.cpsr) & 0xff], [0x1c, 0xd1]);
    });

    it('retires WFI and ends at a branch to itself that nothing can leave', async () => {
      const { vcpu } = await machine(mode, [WFI, SELF]);
      assert.equal(vcpu.run(10), ExitReason.Wfi);
      assert.deepEqual([vcpu.instructions, vcpu.readRegister(REGISTER.pc)], [1, 0x104]);
      assert.equal(vcpu.run(10), ExitReason.Halted);
      assert.equal(vcpu.instructions, 1);
    });

    it('stops before breakpoints and after watched accesses', async () => {
      const { vcpu } = await machine(mode, [NOP, LDR, 0xeafffffc]);
      vcpu.writeRegister(REGISTER.r1, 0x204);
      vcpu.setBreakpoints([0x104]);
      vcpu.setWatchpoints([{ address: 0x200, length: 8, read: true, write: false }]);
      for (let round = 0; round < 3; round++) {
        assert.equal(vcpu.run(100), ExitReason.Debug);
        assert.deepEqual(
          [vcpu.exit.debugCause, vcpu.exit.address, vcpu.instructions],
          ['breakpoint', 0x104, round * 3 + 1],
        );
        vcpu.skipBreakpointOnce();
        assert.equal(vcpu.run(100), ExitReason.Debug);
        assert.deepEqual([vcpu.exit.debugCause, vcpu.exit.address, vcpu.instructions], ['read', 0x204, round * 3 + 2]);
      }
    });

    it('is after a reset as it was made', async () => {
      const { vcpu } = await machine(mode, [LDR, 0xef000000, SELF]);
      vcpu.run(5);
      vcpu.reset();
      const fresh = (await machine(mode, [])).vcpu;
      fresh.reset();
      for (let id = 0; id < 40; id++) assert.equal(vcpu.readRegister(id), fresh.readRegister(id));
      assert.equal(vcpu.instructions, 0);
    });
  });
}
