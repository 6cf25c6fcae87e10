/** The counters of exits agree with each other, and with a native run of the same image that counts what must have trapped. */
import assert from 'node:assert/strict';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { NativeMachine } from '../../emulator/native-vm.ts';
import type { VirtualizationStatistics } from '../../emulator/vm.ts';
import { CAUSES, type Cause } from '../../hypervisor/exit-causes.ts';
import { MODE_SWITCHES } from '../../hypervisor/shadow/mode-switch.ts';
import { LpvMachine } from '../../hypervisor/lpv-vm.ts';
import { SYMBOLS } from '../../hypervisor/world-switch/image.ts';
import { guestMachine, LINUX_GUEST, SAMPLE_GUEST, type GuestMachine, type GuestOptions } from '../guest-machine.ts';
import { hasLinuxGuest } from '../linux-guest.ts';
import { typed } from '../sample/session.ts';
import { combinationName, MAIN_COMBINATIONS } from './combinations.ts';

/** Causes of replaced instructions: their words are trap words, and what they encode is nothing that traps by itself. */
const REPLACED: readonly Cause[] = [
  ...(['status.mrs', 'status.msr', 'status.cps', 'status.srs'] as const),
  ...(['return.data-processing', 'return.ldm', 'return.rfe'] as const),
  ...(['user-bank.ldm', 'user-bank.stm', 'user-access.load', 'user-access.store'] as const),
];
/** The boot of Linux to its shell takes about 77 million: TRAPLINE_LINUX_BOOT=78000000 npx mocha counts all of it. */
const LINUX_BOOT = Number(process.env.TRAPLINE_LINUX_BOOT ?? 24_000_000);
/** The strategies whose exits differ most; all of them in the whole boot. */
const LINUX_STRATEGIES: readonly string[] =
  process.env.TRAPLINE_LINUX_BOOT === undefined ? ['roots', 'domains'] : MODE_SWITCHES;

/** Host instructions from the run loop into the guest: all of it but WFI and the branch back to it. */
const ENTRY = (SYMBOLS.undefined_exit - SYMBOLS.run_loop) / 4 - 2;

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

function lpvOf(guest: GuestMachine): LpvMachine {
  const { vm } = guest.machine;
  assert.ok(vm instanceof LpvMachine);
  return vm;
}

/** Everything that must add up within one run. */
function checkSums(vm: LpvMachine): VirtualizationStatistics {
  const counted = vm.vcpu.statistics;
  const { statistics } = vm;
  assert.equal(sum(Object.values(statistics.byCause)), statistics.total, 'causes');
  assert.equal(sum(counted.counts), counted.total, 'causes, before devices are told apart');
  assert.equal(sum(counted.sites().map(({ count }) => count)) + counted.otherSites, counted.total, 'sites');
  assert.equal(counted.otherSites, 0);
  assert.equal(statistics.worldSwitches, statistics.total, 'each exit is one world switch');
  // A guest that has halted was entered, and not left.
  const entered = statistics.hostInstructions - sum(counted.hostInstructions);
  assert.ok(entered === 0 || entered === ENTRY, `${entered} host instructions of no exit`);
  const atSites = sum(counted.sites().map(({ hostInstructions }) => hostInstructions));
  assert.equal(atSites, sum(counted.hostInstructions), 'host instructions, by site');
  const devices = Object.keys(statistics.byCause).filter((cause) => cause.startsWith('mmio.'));
  assert.equal(sum(devices.map((cause) => statistics.byCause[cause])), counted.counts[CAUSES.length], 'devices');
  const sites = new Set(counted.sites().map(({ pc, cause }) => `${pc} ${cause}`));
  for (const { pc, cause } of counted.log(counted.oldest, counted.total))
    assert.ok(sites.has(`${pc} ${cause}`), 'each logged exit has a site');
  return statistics;
}

/** Trap words of the kernel that were executed, whoever handled them. */
function replacedExecuted({ byCause, fastExits, stubs }: VirtualizationStatistics): number {
  const exits = sum(REPLACED.map((cause) => byCause[cause] ?? 0));
  return exits + fastExits['status.mrs'] + fastExits['status.msr'] + stubs.executed - stubs.left;
}

describe('counters of exits', function () {
  this.timeout(60_000);

  async function compare(guest: string, options: GuestOptions, limit: number, executed: number): Promise<void> {
    const virtualized = await guestMachine(guest, 'lpv', options);
    virtualized.machine.run(limit);
    const statistics = checkSums(lpvOf(virtualized));
    assert.equal(replacedExecuted(statistics), executed, 'executions of patched sites');
    const { savings = [] } = options.hypervisor ?? {};
    assert.equal(statistics.stubs.executed > 0, savings.includes('psr') && !savings.includes('core'));
    assert.equal(statistics.coalescedWrites > 0, savings.includes('mmio'));
    assert.equal(sum(Object.values(statistics.fastExits)) > 0, savings.includes('core'));
  }

  /** Trap words that a native run of the same image executes up to a count. */
  async function executedNatively(guest: string, options: GuestOptions, limit: number): Promise<number> {
    const { machine } = await guestMachine(guest, 'native', options);
    machine.run(limit);
    assert.ok(machine.vm instanceof NativeMachine);
    return machine.vm.core.get(L.TRAP_WORDS_RUN);
  }

  it('of the sample kernel’s session add up, and are what a native run counts', async () => {
    const options = { input: typed() };
    const executed = await executedNatively(SAMPLE_GUEST, options, 1_000_000_000);
    assert.ok(executed > 1_000, `${executed}`);
    for (const hypervisor of MAIN_COMBINATIONS.filter(({ modeSwitch }) => modeSwitch === 'roots'))
      await compare(SAMPLE_GUEST, { ...options, hypervisor }, 1_000_000_000, executed);
  });

  const linuxWays = MAIN_COMBINATIONS.filter(
    ({ modeSwitch = '', savings }) => savings?.length !== 1 && LINUX_STRATEGIES.includes(modeSwitch),
  );
  for (const hypervisor of linuxWays)
    it(`of the Linux boot add up, and are what a native run counts: ${combinationName(hypervisor)}`, async function () {
      if (!(await hasLinuxGuest())) return this.skip();
      const options = { append: 'console=ttyAMA0 lpj=500000' };
      const executed = await executedNatively(LINUX_GUEST, options, LINUX_BOOT);
      assert.ok(executed > 10_000, `${executed}`);
      await compare(LINUX_GUEST, { ...options, hypervisor }, LINUX_BOOT, executed);
    });
});
