/**
 * Native and lpv in the same state at every exit for each strategy and saving: the sample kernel in all of the main ones, the
 * beginning of Linux in some. `npm run equivalence -- --matrix` has them all, to their ends.
 */
import assert from 'node:assert/strict';
import { COMBINATIONS, combinationName, MAIN_COMBINATIONS } from '../hypervisor/combinations.ts';
import { guestMachine, LINUX_GUEST, SAMPLE_GUEST, type GuestMachine, type GuestOptions } from '../guest-machine.ts';
import { hasLinuxGuest } from '../linux-guest.ts';
import { SELFTEST_OK, SESSION } from '../sample/session.ts';
import { Comparison, type ComparisonResult } from './comparison.ts';

/** The session without programs that spin and sleep, which take most of its time and few exits. */
const QUICK_SESSION = [
  ...SESSION.filter((line) => !/spin|sleep|kill|maps|selftest|poweroff|profile/.test(line)),
  'poweroff',
];
/** Ways in which Linux runs: those that share the least code with each other. */
const LINUX_WAYS = ['flush, psr', 'rewrite, mmio', 'roots, none', 'domains, all'];
/** Most of the decompressed kernel's start: tables, caches, the first processes. */
const LINUX_INSTRUCTIONS = 12_000_000;

async function compare(
  guest: string,
  options: GuestOptions,
  limit: number,
): Promise<{ virtualized: GuestMachine; result: ComparisonResult }> {
  const virtualized = await guestMachine(guest, 'lpv', options);
  const native = await guestMachine(guest, 'native', options);
  const result = new Comparison(virtualized.machine, native.machine).run(limit);
  assert.equal(result.difference, undefined);
  assert.equal(virtualized.console(), native.console());
  return { virtualized, result };
}

describe('equivalence of every strategy and saving', function () {
  this.timeout(60_000);

  for (const hypervisor of MAIN_COMBINATIONS)
    it(`the sample kernel: ${combinationName(hypervisor)}`, async () => {
      const input = QUICK_SESSION.map((line) => `${line}\n`).join('');
      const { result } = await compare(SAMPLE_GUEST, { hypervisor, input }, 50_000_000);
      assert.equal(result.stop, 'halted');
      assert.ok(result.registerPoints > 4_000, `${result.registerPoints} points`);
    });

  // It reads what only the kernel may read, with the user's rights.
  it('the sample kernel’s self-test: domains, none', async () => {
    const options = { hypervisor: { modeSwitch: 'domains', savings: [] }, input: 'selftest\npoweroff\n' } as const;
    const { virtualized, result } = await compare(SAMPLE_GUEST, options, 1_000_000_000);
    assert.equal(result.stop, 'halted');
    assert.match(virtualized.console(), SELFTEST_OK);
  });

  for (const name of LINUX_WAYS)
    it(`the start of Linux: ${name}`, async function () {
      if (!(await hasLinuxGuest())) return this.skip();
      const hypervisor = COMBINATIONS.find((options) => combinationName(options) === name);
      assert.ok(hypervisor);
      const options = { hypervisor, append: 'console=ttyAMA0 earlyprintk lpj=500000' };
      const { result } = await compare(LINUX_GUEST, options, LINUX_INSTRUCTIONS);
      assert.equal(result.instructions, LINUX_INSTRUCTIONS);
      assert.ok(result.registerPoints > 1_000, `${result.registerPoints} points`);
    });
});
