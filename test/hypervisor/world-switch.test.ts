/** The world switch as executed: what an exit and an entry cost in host instructions, host interrupts, and the host's stack. */
import assert from 'node:assert/strict';
import { LAYOUT as L } from '../../emulator/layout.ts';
import type { Machine } from '../../emulator/machine.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
import { SHARED_WORDS, SYMBOLS } from '../../hypervisor/world-switch/image.ts';
import { Comparison } from '../equivalence/comparison.ts';
import { compile, guestMachine as memoryGuest, hasCompiler } from '../memory-guests/programs.ts';
import { forever, guest } from './hostile-guest.ts';
import { HostilePair, prepare, RAM_SIZE, type HostileGuest } from './hostile-run.ts';
import * as W from './words.ts';

/** Instructions of a piece of the shared page. */
const between = (from: number, to: number): number => (to - from) / 4;
const END = SHARED_WORDS.length * 4;
/** The run loop with its branch, WFI and call; and into the guest. */
const ENTRY = between(SYMBOLS.run_loop, SYMBOLS.undefined_exit);
const LEAVE = between(SYMBOLS.leave_guest, END);
const LEAVE_FROM_OTHER_MODE = between(SYMBOLS.leave_from_other_mode, SYMBOLS.host_interrupt) + LEAVE;
const VECTOR = 1;
/** Host instructions of an exit and the entry before it, as the source has them. */
const COSTS = {
  svc: VECTOR + between(SYMBOLS.svc_exit, SYMBOLS.leave_guest) + LEAVE + ENTRY,
  undefined: VECTOR + between(SYMBOLS.undefined_exit, SYMBOLS.prefetch_abort_exit) + LEAVE_FROM_OTHER_MODE + ENTRY,
  data: VECTOR + between(SYMBOLS.data_abort_exit, SYMBOLS.irq_exit) + LEAVE_FROM_OTHER_MODE + ENTRY,
};
/** An interrupt in the host: its entry counts one; the vector; five instructions to tell where it came from; the handler. */
const HOST_INTERRUPT = 1 + VECTOR + 5 + between(SYMBOLS.host_interrupt, SYMBOLS.svc_exit);

const mrs = W.kernel('MRS', { d: 4 });
/** A trap word that is undefined, rather than a supervisor call. */
const userStore = W.kernel('STRT_imm', { d: 4, n: 1, U: 1 });
const plain = { savings: [] } as const;

interface Entered {
  vm: LpvMachine;
  machine: Machine;
}

/** A machine that has executed the first `count` instructions of a guest. */
async function after(hostile: HostileGuest, count: number): Promise<Entered> {
  const vm = await LpvMachine.create([{ base: 0, size: RAM_SIZE }], plain);
  const { machine } = prepare(vm, hostile);
  machine.run(count);
  return { vm, machine };
}

const hostContext = (vm: LpvMachine, register: number): number => vm.core.get(L.HOST_CONTEXT + register * 4);

describe('world switch', function () {
  this.timeout(60_000);

  it('costs the same host instructions at each exit of a kind', async () => {
    const costs = async (code: readonly number[], registers = {}): Promise<Map<string, Set<number>>> => {
      const { vm, machine } = await after(guest('costs', forever(code), { registers }), 200);
      const { statistics } = vm.vcpu;
      const found = new Map<string, Set<number>>();
      const first = statistics.total;
      machine.run(100);
      for (const { cause, hostInstructions } of statistics.log(first + 1, statistics.total - 1)) {
        const name = String(cause);
        found.set(name, (found.get(name) ?? new Set()).add(hostInstructions));
      }
      return found;
    };
    const only = (found: Map<string, Set<number>>): number => {
      assert.equal(found.size, 1, 'one cause');
      const [values] = found.values();
      assert.equal(values.size, 1, `${[...values].join(' ')} host instructions`);
      return [...values][0];
    };
    const measured = {
      svc: only(await costs([mrs])),
      undefined: only(await costs([W.system(7, 0, 5, 0)])),
      data: only(await costs([W.load(3, 1)], { r1: 0x1000_0000 })),
    };
    assert.deepEqual(measured, COSTS);
    assert.deepEqual(measured, { svc: 33, undefined: 36, data: 37 });
  });

  it('handles an interrupt of the host before an exit reaches the run loop, and the guest sees nothing', async () => {
    const hostile = guest(
      'host interrupts',
      forever([mrs, W.instruction('ADD_imm', { d: 5, n: 5, i: 1 }), userStore]),
      {
        registers: { r1: 0x2_0000 },
      },
    );
    const pair = await HostilePair.create(plain);
    const native = pair.run(hostile);
    assert.deepEqual(native.problems, []);

    const quiet = await after(hostile, 300);
    const { vm, machine } = await after(hostile, 0);
    let raised = 0;
    /** The end of a time slice is an interrupt, too, which is handled on the way out. */
    const timeSlices = (): number => vm.statistics.byCause['interrupt.host'] ?? 0;
    vm.vcpu.onExit = () => {
      // The run loop is in charge: whatever was pending has been handled before the exit came here.
      assert.equal(vm.core.get(L.LINES), 0);
      assert.equal(vm.statistics.hostInterrupts, raised + timeSlices());
      vm.core.set(L.LINES, 1);
      raised++;
    };
    machine.run(300);
    vm.vcpu.onExit = undefined;
    assert.ok(raised > 150, `${raised} interrupts`);
    const left = vm.core.get(L.LINES);
    assert.equal(vm.statistics.hostInterrupts, raised - left + timeSlices());
    assert.equal(vm.statistics.total, quiet.vm.statistics.total);
    for (let id = 0; id < 17; id++) assert.equal(vm.vcpu.readRegister(id), quiet.vm.vcpu.readRegister(id));
    assert.deepEqual(vm.ram(0, RAM_SIZE), quiet.vm.ram(0, RAM_SIZE));
    // Each costs the way into its handler and back, and nothing else.
    const more = vm.statistics.hostInstructions - quiet.vm.statistics.hostInstructions;
    assert.equal(more, (raised - left) * HOST_INTERRUPT);
  });

  it('leaves its stack and its place as they were, after any number of exits', async () => {
    const code = forever([mrs, W.svc(0), userStore, W.load(3, 6), 0xe7f0_00f0, W.store(2, 1)]);
    const { vm, machine } = await after(guest('balance', code, { registers: { r1: 0x2_0000, r6: 0x0900_0000 } }), 1);
    const [sp, pc, psr] = [13, 15, 16].map((register) => hostContext(vm, register));
    const frameSp = vm.core.get(vm.vcpu.hostPages.frame + SYMBOLS.HOST_SP);
    for (let round = 0; round < 100; round++) {
      machine.run(100);
      assert.deepEqual(
        [13, 15, 16].map((register) => hostContext(vm, register)),
        [sp, pc, psr],
      );
      assert.equal(vm.core.get(vm.vcpu.hostPages.frame + SYMBOLS.HOST_SP), frameSp);
    }
    assert.ok(vm.statistics.worldSwitches > 5000);
  });

  describe('host pages', () => {
    it('move out of the way of a guest that uses their addresses, or the access is emulated', async function () {
      if (!hasCompiler()) return this.skip();
      const elf = compile('vectors');
      const virtualized = await memoryGuest(elf, 'lpv', true);
      const native = await memoryGuest(elf, 'native', true);
      const result = new Comparison(virtualized.machine, native.machine).run(50_000_000);
      assert.equal(result.difference, undefined);
      const { byCause, hostPages, total, worldSwitches } = virtualized.machine.vm.statistics ?? assert.fail();
      assert.ok(hostPages.vectorMoves > 0 && hostPages.sharedMoves > 0, JSON.stringify(hostPages));
      assert.equal(byCause['host-page.move'], hostPages.vectorMoves + hostPages.sharedMoves);
      assert.ok(byCause['host-page.emulation'] > 0, 'a guest with both vector pages');
      assert.equal(worldSwitches, total);
    });
  });
});
