import assert from 'node:assert/strict';
import { createVersatilePb } from '../emulator/boards/versatilepb.ts';
import { Machine } from '../emulator/machine.ts';
import { CPSR, MODE, REGISTER } from '../emulator/registers.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import { createVirtualMachine } from '../hypervisor/create.ts';
import { encodeTrap } from '../isa/lpv.ts';

/** Enables nothing, prints "A", turns IRQ masking off and on through MSR, and halts. The console is at 0x101f1000. */
const PROGRAM = [
  0xe59f0018, // ldr r0, [pc, #24]   the literal
  0xe3a01041, // mov r1, #'A'
  0xe5c01000, // strb r1, [r0]
  0xe10f2000, // mrs r2, cpsr
  0xe3c22080, // bic r2, r2, #0x80
  0xe121f002, // msr cpsr_c, r2
  0xe321f0d3, // msr cpsr_c, #0xd3
  0xeafffffe, // b .
  0x101f1000,
];

describe('embedding a machine (docs/api.md)', () => {
  for (const mode of ['native', 'lpv'] satisfies ExecutionMode[]) {
    it(`runs a program in ${mode} mode`, async () => {
      const board = createVersatilePb({ ramSize: 16 << 20 });
      const vm = await createVirtualMachine({ mode, slots: board.slots, hypervisor: { savings: [] } });
      const machine = new Machine(vm, board);
      const words = mode === 'lpv' ? PROGRAM.map((word, i) => (i < 8 ? (encodeTrap(word) ?? word) : word)) : PROGRAM;
      const program = new Uint8Array(Uint32Array.from(words).buffer);
      vm.ram(0x8000, program.length)?.set(program);
      vm.vcpu.memoryChanged(0x8000, program.length);
      vm.vcpu.writeRegister(REGISTER.pc, 0x8000);
      const output: number[] = [];
      board.serial[0].onOutput = (byte) => output.push(byte);

      assert.equal(machine.run(1_000_000), 'halted');

      assert.deepEqual(output, [0x41]);
      assert.equal(vm.vcpu.instructions, 7);
      assert.equal(machine.now, 7);
      assert.equal(vm.vcpu.readRegister(REGISTER.cpsr) & 0xff, CPSR.I | CPSR.F | MODE.svc);
      assert.equal(vm.vcpu.readRegister(REGISTER.r2) & 0xff, CPSR.F | MODE.svc);
      if (mode === 'native') assert.equal(vm.statistics, undefined);
      else {
        const { byCause, total } = vm.statistics ?? assert.fail('no statistics');
        assert.equal(byCause['status.mrs'], 1);
        assert.equal(byCause['status.msr'], 2);
        assert.equal(byCause['mmio.pl011-0'], 1);
        assert.equal(
          Object.values(byCause).reduce((sum, count) => sum + count, 0),
          total,
        );
      }
    });
  }
});
