/** Cases that the lockstep with QEMU found in the core, as small programs with the result that the manual asks for. */
import assert from 'node:assert/strict';
import { NativeMachine } from '../../emulator/native-vm.ts';
import { REGISTER } from '../../emulator/registers.ts';

const L1 = 0x4000;
/** A section at address 0 with full access, in domain 0. */
const SECTION = 0xc12;
const MMU_WITHOUT_ALIGNMENT = 0x0005_0079;
const ABORT_VECTOR = 0x10;
/** A megabyte that is not mapped. */
const UNMAPPED = 0x0050_0000;

/** A machine with translation on that runs one instruction, at 0x8000, with `r1`. */
async function execute(word: number, r1: number): Promise<NativeMachine> {
  const machine = await NativeMachine.create([{ base: 0, size: 0x1_0000 }]);
  const ram = new DataView(machine.ram(0, 0x1_0000)!.buffer, machine.ram(0, 0x1_0000)!.byteOffset);
  ram.setUint32(L1, SECTION, true);
  ram.setUint32(0x8000, word, true);
  const { vcpu } = machine;
  vcpu.memoryChanged(0, 0x1_0000);
  vcpu.writeRegister(REGISTER.ttbr0, L1);
  vcpu.writeRegister(REGISTER.dacr, 1);
  vcpu.writeRegister(REGISTER.sctlr, MMU_WITHOUT_ALIGNMENT);
  vcpu.writeRegister(REGISTER.r1, r1);
  vcpu.writeRegister(REGISTER.pc, 0x8000);
  vcpu.run(1);
  return machine;
}

describe('cases found by lockstep', () => {
  const unaligned: Array<[name: string, word: number, offset: number]> = [
    ['LDR', 0xe591_0000, 3],
    ['STR', 0xe581_0000, 2],
    ['LDRH', 0xe1d1_00b0, 1],
    ['STRH', 0xe1c1_00b0, 1],
  ];
  for (const [name, word, offset] of unaligned) {
    it(`an aborted ${name} reports the unaligned address it was given (ARM DDI 0198E, 2.3.6)`, async () => {
      const { vcpu } = await execute(word, UNMAPPED + offset);
      assert.equal(vcpu.readRegister(REGISTER.pc), ABORT_VECTOR);
      assert.equal(vcpu.readRegister(REGISTER.far), UNMAPPED + offset);
    });
  }
});
