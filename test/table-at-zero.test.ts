import assert from 'node:assert/strict';
import { createVersatilePb } from '../emulator/boards/versatilepb.ts';
import { Machine } from '../emulator/machine.ts';
import { REGISTER } from '../emulator/registers.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import { createVirtualMachine } from '../hypervisor/create.ts';
import { BRANCH_TO_SELF, coarse, fine, load, section, small, store } from './hypervisor/words.ts';

const L1 = 0x4000;
const CODE = 0x1_0000;
const FIRST = 0x2_0000;
const SECOND = 0x2_1000;
/** Virtual megabyte that the table at 0 maps. */
const WINDOW = 0x50_0000;

describe('a second-level table at physical address 0', () => {
  for (const mode of ['native', 'lpv'] satisfies ExecutionMode[])
    for (const [kind, descriptor] of Object.entries({ coarse: coarse(0), fine: fine(0) }))
      it(`may be changed: ${kind}, in ${mode} mode`, async () => {
        const board = createVersatilePb({ ramSize: 1 << 20 });
        const vm = await createVirtualMachine({ mode, slots: board.slots });
        const put = (address: number, ...words: number[]): void => {
          vm.ram(address, words.length * 4)?.set(new Uint8Array(Uint32Array.from(words).buffer));
        };
        put(0, small(FIRST));
        put(L1, section(0));
        put(L1 + 4 * (WINDOW >> 20), descriptor);
        put(FIRST, 0x1111);
        put(SECOND, 0x2222);
        // r1: the window, r2: address 0, r3: the new entry.
        put(CODE, load(4, 1), store(3, 2), load(5, 1), BRANCH_TO_SELF);
        vm.vcpu.memoryChanged(0, 1 << 20);
        const registers = { ttbr0: L1, dacr: 1, r1: WINDOW, r2: 0, r3: small(SECOND), pc: CODE } as const;
        for (const [name, value] of Object.entries(registers))
          vm.vcpu.writeRegister(REGISTER[name as keyof typeof registers], value);
        vm.vcpu.writeRegister(REGISTER.sctlr, vm.vcpu.readRegister(REGISTER.sctlr) | 1);

        assert.deepEqual(
          vm.vcpu.translate(WINDOW).steps.map(({ level, address }) => [level, address]),
          [
            [1, L1 + 4 * (WINDOW >> 20)],
            [2, 0],
          ],
        );
        assert.equal(new Machine(vm, board).run(100), 'halted');
        assert.equal(vm.vcpu.readRegister(REGISTER.r4), 0x1111);
        assert.equal(vm.vcpu.readRegister(REGISTER.r5), 0x2222);
      });
});
