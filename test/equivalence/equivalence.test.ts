import assert from 'node:assert/strict';
import { SAVINGS } from '../../hypervisor/options.ts';
import { hasLinuxGuest, linuxMachine } from '../linux-guest.ts';
import { Comparison, type ComparisonResult } from './comparison.ts';
import { compareUnpatched } from './unpatched.ts';

const PROMPT = /GUEST-BOOT-OK[^]*\/ # /;

describe('equivalence of the modes on the Linux boot', function () {
  this.timeout(120_000);
  before(async function () {
    if (!(await hasLinuxGuest())) this.skip();
  });

  // Without savings every sensitive instruction is an exit, and compared.
  for (const { name, savings, points } of [
    { name: 'none', savings: [], points: 300_000 },
    { name: 'all', savings: SAVINGS, points: 25_000 },
  ]) {
    it(`lpv equals native at every exit, up to the shell and in a pipeline; savings: ${name}`, async () => {
      const virtualized = await linuxMachine('lpv', { hypervisor: { savings } });
      const native = await linuxMachine('native');
      const comparison = new Comparison(virtualized.machine, native.machine);
      const runTo = (text: RegExp, limit: number): ComparisonResult => {
        const result = comparison.run(limit, () => text.test(virtualized.console().slice(-4096)));
        assert.equal(result.difference, undefined);
        assert.match(virtualized.console(), text);
        assert.equal(virtualized.console(), native.console());
        return result;
      };
      const booted = runTo(PROMPT, 300_000_000);
      assert.ok(booted.registerPoints > points && booted.pages > 5_000);
      // Each part of a pipeline is a fork that shares its pages with the shell. `read` has the kernel store into them for
      // the user: with the kernel's own rights STRT would change the page of both, and the shell's variables with it.
      const command =
        'b=kept; echo sum $(seq 1 40 | while read a b; do echo $((a * a)); done | sort -rn | head -n 1) $b\n';
      for (const { machine } of [virtualized, native]) machine.input.type(new TextEncoder().encode(command));
      runTo(/sum 1600 kept\r?\n/, 900_000_000);
      const { byCause } = virtualized.machine.vm.statistics ?? {};
      assert.ok(byCause && byCause['user-access.store'] > 100 && byCause['guest.data-abort'] > 100);
    });
  }

  it('a paravirtualized kernel differs from the original in trap words and what is computed from them', async () => {
    const report = await compareUnpatched(60_000_000, {});
    assert.deepEqual(report.problems, []);
    assert.ok(report.trapWords > 1000, `${report.trapWords} trap words`);
    assert.ok(report.otherWords.length < 200, `${report.otherWords.length} other words differ`);
  });
});
