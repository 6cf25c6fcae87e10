/** `checkShadow` compares all shadow entries with fresh walks at each exit: it finds nothing wrong, and it can find something. */
import assert from 'node:assert/strict';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { REGISTER } from '../../emulator/registers.ts';
import { AP_READ, AP_WRITE, HOST_BASE, smallPage } from '../../hypervisor/shadow/host-ram.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
import { MODE_SWITCHES, type ModeSwitch } from '../../hypervisor/shadow/mode-switch.ts';
import { guestMachine, LINUX_GUEST, SAMPLE_GUEST } from '../guest-machine.ts';
import { hasLinuxGuest } from '../linux-guest.ts';
import { DEVICE } from './hostile-board.ts';
import { CODE, DATA, forever, guest, L2, WINDOW } from './hostile-guest.ts';
import { prepare, RAM_SIZE } from './hostile-run.ts';
import * as W from './words.ts';

/** `npm run equivalence -- --check` checks the whole boot, 77 million. */
const LINUX_INSTRUCTIONS = 1_500_000;
const QUICK_SESSION = ['probe', 'mem', 'cp15', 'fork', 'run upper', 'Text', 'fault null', 'fault text', 'faults'];
const PRIVILEGED = 0;
const USER = 1;

describe('the check of the shadow', function () {
  this.timeout(60_000);

  for (const modeSwitch of MODE_SWITCHES) {
    const hypervisor = { modeSwitch, savings: [], checkShadow: true } as const;

    it(`has no complaint about a session of the sample kernel: ${modeSwitch}`, async () => {
      const input = [...QUICK_SESSION, 'poweroff'].map((line) => `${line}\n`).join('');
      const { machine } = await guestMachine(SAMPLE_GUEST, 'lpv', { hypervisor, input });
      const stop = machine.run(50_000_000);
      assert.equal(machine.vcpu.exit.message, '');
      assert.equal(stop, 'halted');
      assert.ok((machine.vm.statistics?.total ?? 0) > 5_000);
    });

    it(`has no complaint about the start of Linux: ${modeSwitch}`, async function () {
      if (!(await hasLinuxGuest())) return this.skip();
      const append = 'console=ttyAMA0 lpj=500000';
      const { machine } = await guestMachine(LINUX_GUEST, 'lpv', { hypervisor, append });
      const stop = machine.run(LINUX_INSTRUCTIONS);
      assert.equal(machine.vcpu.exit.message, '');
      assert.equal(stop, 'budget');
      assert.ok((machine.vm.statistics?.shadow.entries ?? 0) > 100);
    });
  }

  /** What is wrong with a machine whose guest has used three pages, after something has been done to its shadow. */
  async function damaged(
    modeSwitch: ModeSwitch,
    damage: (vm: LpvMachine, descriptor: (va: number, user: number) => number) => void,
  ): Promise<{ before: string | undefined; after: string | undefined; message: string }> {
    const vm = await LpvMachine.create([{ base: 0, size: RAM_SIZE }], { modeSwitch, savings: [], checkShadow: true });
    // Everything for both modes; the kernel's alone; read-only for both by SCTLR.R; nothing.
    const l2 = [W.small(DATA), W.small(DATA + 0x1000, 0x55), W.small(DATA + 0x2000, 0), 0];
    const touch = [0, 0x1000, 0x2000].map((offset) => W.load(3, 1, offset & 0xfff));
    const code = forever([
      touch[0],
      W.instruction('ADD_imm', { d: 1, n: 1, i: 1, r: 10 }),
      touch[1],
      W.instruction('ADD_imm', { d: 1, n: 1, i: 1, r: 10 }),
      touch[2],
      W.instruction('SUB_imm', { d: 1, n: 1, i: 2, r: 10 }),
      W.kernel('MRS', { d: 4 }),
    ]);
    const start = guest('three pages', code, {
      l1: { 5: W.coarse(L2) },
      memory: new Map([[L2, l2]]),
      registers: { r1: WINDOW },
      sctlr: 0x201,
    });
    const { machine } = prepare(vm, start);
    assert.equal(machine.run(50), 'budget');
    const { shadow } = vm.vcpu;
    const before = shadow.check();
    damage(vm, (va, user) => wordOf(vm, va, user));
    const after = shadow.check();
    const stop = machine.run(50);
    assert.equal(stop === 'error', after !== undefined);
    return { before, after, message: machine.vcpu.exit.message };
  }

  /** Index in core.u32 of the shadow's descriptor for an address, found as the MMU finds it. */
  function wordOf({ core }: LpvMachine, va: number, user: number): number {
    const ttbr = core.get(L.REGIMES + user * L.REGIME_SIZE) & 0xffff_c000;
    const host = core.hostRam - HOST_BASE;
    const l1 = core.get((ttbr >>> 0) + host + (va >>> 20) * 4);
    assert.equal(l1 & 3, 1, 'a coarse table');
    return (((l1 & 0xffff_fc00) >>> 0) + host + ((va >>> 12) & 0xff) * 4) >>> 2;
  }

  const damages: ReadonlyArray<{
    name: string;
    at: number;
    /** The descriptor that takes the place of another. */
    change: (descriptor: number) => number;
  }> = [
    { name: 'a right that was raised for the kernel', at: WINDOW + 0x2000, change: (old) => (old | 0x30) >>> 0 },
    { name: 'a right of one KB', at: WINDOW + 0x1000, change: (old) => (old & ~0xc00) >>> 0 },
    { name: 'another page', at: WINDOW, change: (old) => (old ^ 0x3000) >>> 0 },
    { name: 'a page of the hypervisor', at: WINDOW, change: () => smallPage(HOST_BASE, AP_WRITE) },
    { name: 'a page of a device', at: WINDOW, change: () => smallPage(DEVICE, AP_WRITE) },
    { name: 'an entry where the guest maps nothing', at: WINDOW + 0x3000, change: () => smallPage(DATA, AP_READ) },
    { name: 'an entry that the hypervisor has not made', at: WINDOW + 0x5000, change: () => smallPage(CODE, AP_READ) },
    { name: 'the vectors of the host for user mode', at: 0xffff_0000, change: (old) => (old | 0xaa0) >>> 0 },
    { name: 'a page of another size', at: WINDOW, change: (old) => (old | 3) >>> 0 },
  ];
  for (const modeSwitch of MODE_SWITCHES)
    it(`names what is wrong: ${modeSwitch}`, async () => {
      assert.equal((await damaged(modeSwitch, () => undefined)).after, undefined);
      for (const { name, at, change } of damages) {
        const { before, after, message } = await damaged(modeSwitch, ({ core }, find) => {
          const word = find(at, PRIVILEGED);
          core.u32[word] = change(core.u32[word]);
        });
        assert.equal(before, undefined, name);
        const address = `at 0x${at.toString(16)}`;
        assert.ok(after?.includes('shadow of table 0x4000') && after.includes(address), `${name}: ${after}`);
        assert.ok(after && message.includes(after), `${name}: ${message}`);
      }
    });

  it('names the mode whose root is wrong', async () => {
    const { after } = await damaged('roots', ({ core, vcpu }, find) => {
      // User mode gets the kernel's page, in its own root.
      vcpu.writeRegister(REGISTER.cpsr, 0xd0);
      assert.equal(vcpu.readRegister(REGISTER.cpsr) & 0x1f, 0x10);
      vcpu.writeRegister(REGISTER.cpsr, 0xd3);
      const kernel = find(WINDOW + 0x1000, PRIVILEGED);
      const root = core.get(L.REGIMES + L.REGIME_SIZE * USER) + core.hostRam - HOST_BASE;
      const table = core.get(L.REGIMES + L.REGIME_SIZE * PRIVILEGED) + core.hostRam - HOST_BASE;
      core.set(root + (WINDOW >>> 20) * 4, core.get(table + (WINDOW >>> 20) * 4));
      assert.ok(core.u32[kernel]);
    });
    assert.match(after ?? '', /user mode, at 0x501000/);
  });
});
