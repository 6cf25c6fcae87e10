/** Debug mode "host": the world switch, instruction by instruction, in a session of the sample kernel. */
import assert from 'node:assert/strict';
import { REGISTER } from '../../emulator/registers.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
import { HOST_BASE, HOST_RAM } from '../../hypervisor/shadow/host-ram.ts';
import { SYMBOLS } from '../../hypervisor/world-switch/image.ts';
import { guestMachine, SAMPLE_GUEST, type GuestMachine } from '../guest-machine.ts';

const SVC = 0x13;
const USR = 0x10;
const MODE = 0x1f;
/** Counts at which the sample kernel is on its way to its prompt, with the MMU on. */
const START = 100_000;

async function sample(input = ''): Promise<{ guest: GuestMachine; vm: LpvMachine }> {
  const guest = await guestMachine(SAMPLE_GUEST, 'lpv', { input, hypervisor: { savings: [] } });
  const { vm } = guest.machine;
  assert.ok(vm instanceof LpvMachine);
  return { guest, vm };
}

describe('debug mode "host"', () => {
  /** Where the physical CPU is: a function of the host, or `guest`. */
  const place = ({ vcpu }: LpvMachine): string =>
    vcpu.hostView.functionAt(vcpu.readRegister(REGISTER.pc))?.name ?? 'guest';

  it('goes through the world switch step by step, out of the guest and back', async () => {
    const { guest, vm } = await sample();
    guest.machine.run(START);
    vm.vcpu.hostView.on = true;
    const places: string[] = [];
    const exits = vm.statistics.worldSwitches;
    for (let i = 0; i < 5000 && vm.statistics.worldSwitches < exits + 3; i++) {
      const before = vm.vcpu.instructions;
      const here = place(vm);
      const mode = vm.vcpu.readRegister(REGISTER.cpsr) & MODE;
      assert.equal(mode === USR, here === 'guest', `mode 0x${mode.toString(16)} in ${here}`);
      if (here === 'enter_guest' || here === 'run_loop') assert.equal(mode, SVC);
      if (places.at(-1) !== here) places.push(here);
      assert.equal(guest.machine.run(1), 'budget');
      // The host's instructions are not the guest's; what the run loop does for an exit may be one.
      assert.ok(vm.vcpu.instructions - before <= 1);
    }
    const text = places.join(' ');
    assert.match(text, /^guest vectors \w+_exit (leave_from_other_mode )?(leave_guest )?run_loop enter_guest guest/);
  });

  it('changes nothing for the guest', async () => {
    const { guest, vm } = await sample();
    const undisturbed = await sample();
    guest.machine.run(START);
    vm.vcpu.hostView.on = true;
    for (let i = 0; i < 3000; i++) guest.machine.run(1);
    while (vm.vcpu.hostView.inHost) guest.machine.run(1);
    vm.vcpu.hostView.on = false;
    guest.machine.run(2 * START - vm.vcpu.instructions);
    undisturbed.guest.machine.run(2 * START);
    for (let id = 0; id <= REGISTER.cpsr; id++)
      assert.equal(vm.vcpu.readRegister(id), undisturbed.vm.vcpu.readRegister(id), `register ${id}`);
    assert.equal(vm.vcpu.instructions, undisturbed.vm.vcpu.instructions);
    assert.equal(guest.console(), undisturbed.guest.console());
  });

  it('delivers interrupts at their instruction, however many steps it takes', async () => {
    // A program that never calls the kernel: the timer finds it in the guest.
    const spin = 'run spin &\n';
    const { guest, vm } = await sample(spin);
    const undisturbed = await sample(spin);
    const slice = 1000;
    const { delivered } = undisturbed.vm.vcpu;
    undisturbed.guest.machine.run(100_000_000);
    const { irq } = delivered;
    while (delivered.irq === irq) undisturbed.guest.machine.run(slice);
    guest.machine.run(undisturbed.vm.vcpu.instructions - slice);
    assert.equal(vm.vcpu.delivered.irq, irq);
    vm.vcpu.hostView.on = true;
    for (let i = 0; i < 2 * slice && vm.vcpu.delivered.irq === irq; i++) guest.machine.run(1);
    assert.equal(vm.vcpu.delivered.irq, irq + 1);
    for (let i = 0; i < 2000 || vm.vcpu.hostView.inHost; i++) guest.machine.run(1);
    vm.vcpu.hostView.on = false;
    undisturbed.guest.machine.run(vm.vcpu.instructions - undisturbed.vm.vcpu.instructions);
    for (let id = 0; id <= REGISTER.cpsr; id++)
      assert.equal(vm.vcpu.readRegister(id), undisturbed.vm.vcpu.readRegister(id), `register ${id}`);
    assert.deepEqual(vm.ram(0, 0x40_0000), undisturbed.vm.ram(0, 0x40_0000));
  });

  it('finds breakpoints in the host’s code', async () => {
    const { guest, vm } = await sample();
    guest.machine.run(START);
    vm.vcpu.hostView.on = true;
    const { sharedAddress } = vm.vcpu.hostPages;
    const enter = sharedAddress + SYMBOLS.enter_guest;
    vm.vcpu.setBreakpoints([enter]);
    for (let i = 0; i < 3; i++) {
      vm.vcpu.skipBreakpointOnce();
      assert.equal(guest.machine.run(1_000_000), 'breakpoint');
      assert.equal(vm.vcpu.readRegister(REGISTER.pc) >>> 0, enter);
      assert.equal(vm.vcpu.readRegister(REGISTER.lr) >>> 0, sharedAddress + SYMBOLS.run_loop + 8);
    }
  });

  it('shows the memory and the translation of the physical CPU', async () => {
    const { guest, vm } = await sample();
    guest.machine.run(START);
    assert.equal(vm.ram(HOST_BASE, 4), undefined);
    assert.equal(vm.slots.length, 1);
    vm.vcpu.hostView.on = true;
    const walk = vm.vcpu.translate(vm.vcpu.hostPages.sharedAddress);
    assert.equal(walk.physicalAddress, HOST_BASE + HOST_RAM.SHARED);
    assert.equal(walk.fault.userRead, 15);
    assert.equal(walk.fault.privilegedWrite, 0);
    assert.ok(vm.ram(HOST_BASE + HOST_RAM.SHARED, 64)?.some((byte) => byte !== 0));
    assert.equal(vm.slots.length, 2);
  });
});
