import assert from 'node:assert/strict';
import fc from 'fast-check';
import { guestMachine, SAMPLE_GUEST } from '../test/guest-machine.ts';
import { MODE } from '../emulator/registers.ts';
import { CAUSE, CAUSES } from './exit-causes.ts';
import { ExitStatistics, MMIO_CAUSE } from './exit-statistics.ts';
import { Exits } from './exits.ts';
import { SAVINGS } from './options.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('exits', () => {
  it('balance, whatever is recorded, and however many sites and registers there are', () => {
    const exit = fc.record({
      cause: fc.integer({ min: 0, max: MMIO_CAUSE }),
      pc: fc.oneof(fc.constantFrom(0, 4, 0xc000_8000), fc.integer({ min: 0, max: 0xffff_ffff })),
      user: fc.boolean(),
      register: fc.integer({ min: 0, max: 0xffff_ffff }),
      write: fc.boolean(),
      host: fc.integer({ min: 0, max: 1000 }),
      times: fc.constantFrom(1, 1, 1, 700),
    });
    fc.assert(
      fc.property(fc.array(exit, { maxLength: 200 }), (recorded) => {
        const statistics = new ExitStatistics();
        const exits = new Exits(statistics);
        exits.deviceName = (address) => (address & 1 ? undefined : `device-${address & 6}`);
        let host = 0;
        for (const { cause, pc, user, register, write, host: cost, times } of recorded)
          for (let i = 0; i < times; i++) {
            // Many sites and registers, so that the tables of both overflow.
            const spread = i * 0x1_0004;
            statistics.record(cause, (pc + spread) >>> 0, user ? MODE.usr : MODE.svc, 0, 0, cost);
            if (cause === MMIO_CAUSE) statistics.access((register ^ spread) >>> 0, write);
            host += cost;
          }
        const total = sum(recorded.map(({ times }) => times));
        assert.equal(exits.total, total);
        assert.equal(sum(exits.causes().map(({ count }) => count)), total);
        assert.equal(sum(exits.causes().map(({ hostInstructions }) => hostInstructions)), host);
        const { sites, otherExits } = exits.sites();
        assert.equal(sum(sites.map(({ count }) => count)) + otherExits, total);
        const { registers, otherAccesses } = exits.registers();
        const accesses = sum(registers.map(({ reads, writes }) => reads + writes)) + otherAccesses;
        assert.equal(accesses, statistics.counts[MMIO_CAUSE]);
      }),
      { numRuns: 50 },
    );
  });

  it('counts more sites than there is room for together', () => {
    const statistics = new ExitStatistics();
    for (let i = 0; i < 40_000; i++) statistics.record(0, i * 4, MODE.svc, 0, i, 1);
    const { sites, otherExits } = new Exits(statistics).sites();
    assert.ok(sites.length <= 1 << 14 && otherExits > 0);
    assert.equal(sum(sites.map(({ count }) => count)) + otherExits, 40_000);
  });

  it('keeps sites of user mode apart, and names every cause', () => {
    const statistics = new ExitStatistics();
    CAUSES.forEach((_, cause) => statistics.record(cause, 0x8000, MODE.svc, 0, 0, 0));
    statistics.record(CAUSE['shadow.fill'], 0x8000, MODE.usr, 0, 0, 0);
    const { sites } = new Exits(statistics).sites();
    assert.deepEqual(sites.map(({ cause }) => cause).sort(), [...CAUSES, 'shadow.fill'].sort());
    assert.deepEqual(
      sites.filter(({ user }) => user).map(({ cause, pc }) => [cause, pc]),
      [['shadow.fill', 0x8000]],
    );
  });

  it('offers each exit once before the log loses it', () => {
    const statistics = new ExitStatistics();
    const exits = new Exits(statistics);
    statistics.faultAddress = () => 0x1234;
    exits.deviceName = () => 'uart';
    const seen: string[] = [];
    let next = 0;
    const drain = (): void => {
      for (const { index, instructions, cause, address, register } of exits.log(next, exits.total)) {
        assert.deepEqual([index, instructions], [next++, index * 3]);
        seen.push(`${cause} ${address} ${register?.address} ${register?.write}`);
      }
    };
    exits.onBlock = drain;
    for (let i = 0; i < 10_001; i++) {
      const cause = [MMIO_CAUSE, CAUSE['shadow.fill'], CAUSE['status.msr']][i % 3];
      statistics.record(cause, 0x8000, MODE.svc, 0xd000_0000, i * 3, 0);
      if (cause === MMIO_CAUSE) statistics.access(0x101f_1000, true);
    }
    assert.equal(seen.length, 8192);
    drain();
    assert.equal(seen.length, 10_001);
    seen.forEach((line, i) =>
      assert.equal(
        line,
        [
          'mmio.uart 3489660928 270471168 true',
          'shadow.fill 4660 undefined undefined',
          'status.msr undefined undefined undefined',
        ][i % 3],
      ),
    );
    assert.equal(exits.log(0, Infinity)[0].index, exits.oldest);
  });

  for (const savings of [[], SAVINGS]) {
    it(`balance over a session of the sample kernel, savings: ${savings.join(',') || 'none'}`, async () => {
      const guest = await guestMachine(SAMPLE_GUEST, 'lpv', {
        hypervisor: { savings },
        input: 'run cow\nrun demand 3\npoweroff\n',
      });
      const { machine } = guest;
      const { exits } = machine.vm.hypervisor ?? assert.fail('no hypervisor');
      let logged = 0;
      let last = 0;
      const byCause: Record<string, number> = {};
      const drain = (): void => {
        for (const { index, instructions, cause } of exits.log(logged, exits.total)) {
          assert.equal(index, logged++);
          assert.ok(instructions >= last);
          last = instructions;
          byCause[cause] = (byCause[cause] ?? 0) + 1;
        }
      };
      exits.onBlock = drain;
      assert.equal(machine.run(200_000_000), 'halted');
      drain();
      assert.match(guest.console(), /stopped\r\n$/);
      const { statistics } = machine.vm;
      assert.ok(statistics);
      assert.ok(exits.total > 2000);
      assert.deepEqual([logged, exits.total], [statistics.total, statistics.total]);
      assert.deepEqual(byCause, statistics.byCause);
      assert.equal(sum(Object.values(statistics.byCause)), statistics.total);
      const { sites, otherExits } = exits.sites();
      assert.equal(otherExits + sum(sites.map(({ count }) => count)), statistics.total);
      const host = sum(Object.values(statistics.hostInstructionsByCause));
      assert.equal(host, sum(sites.map(({ hostInstructions }) => hostInstructions)));
      // Leaving the guest because it has halted is no exit.
      assert.ok(host <= statistics.hostInstructions && host > statistics.hostInstructions - 200, `${host}`);
      const events = Object.values(statistics.shadowByCause);
      assert.equal(sum(events.map(({ fills }) => fills)), statistics.shadow.fills);
      assert.equal(sum(events.map(({ drops }) => drops)), statistics.shadow.drops);
      const { byCause: exitsOf, shadowByCause } = statistics;
      assert.ok(
        shadowByCause['shadow.fill'].fills >= exitsOf['shadow.fill'] && shadowByCause['user-access.store'].fills > 0,
      );
      assert.ok(shadowByCause['shadow.page-table-write'].drops > 0);
      const accesses = exits.registers().registers.filter(({ device }) => device === 'pl011-0');
      assert.equal(sum(accesses.map(({ reads, writes }) => reads + writes)), statistics.byCause['mmio.pl011-0']);
    });
  }
});
