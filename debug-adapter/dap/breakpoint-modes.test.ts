/** Breakpoints by physical address and in one address space; thousands of them; conditions and counts in the machine. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

for (const mode of ['native', 'lpv']) {
  describe(`breakpoint modes, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    beforeEach(async () => {
      s = await SampleSession.start({ mode });
    });
    afterEach(() => s.c.close());

    const set = async (command: string, breakpoints: object[]): Promise<DebugProtocol.Breakpoint[]> =>
      (await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>(command, { breakpoints })).breakpoints;
    const counted = async (name: string): Promise<number> => Number(await s.evaluate(name));

    it('stop at a place in RAM before the MMU is on and after, by the line and by the address', async () => {
      const [line] = await s.breakAt('kernel/main.c', { at: 'console_init();', mode: 'physical' });
      assert.ok(line.verified, line.message);
      const stop = await s.go();
      assert.deepEqual(stop.hitBreakpointIds, [line.id]);
      assert.match(await s.here(), /^kernel_main main.c:/);
      await s.breakAt('kernel/main.c');
      // The first instruction behind the switch of the MMU runs at its physical address, put_char at its virtual one.
      const physical = Number(await s.evaluate('(unsigned)&put_char')) - 0xc000_0000;
      const [byAddress] = await set('setInstructionBreakpoints', [
        { instructionReference: `0x${physical.toString(16)}`, mode: 'physical' },
      ]);
      assert.ok(byAddress.verified, byAddress.message);
      assert.deepEqual((await s.go()).hitBreakpointIds, [byAddress.id]);
      assert.match(await s.here(), /^put_char /);
      const [nowhere] = await set('setInstructionBreakpoints', [
        { instructionReference: '0x50000000', mode: 'physical' },
      ]);
      assert.match(nowhere.message ?? '', /not a physical address of RAM/);
    });

    it('count hits and conditions by physical address, too', async () => {
      await s.runTo('monitor');
      const [three] = await s.breakAt('kernel/irq.c', { at: 'void handle_irq(', mode: 'physical', hitCondition: '=3' });
      assert.ok(three.verified, three.message);
      const before = await counted('ticks');
      assert.deepEqual((await s.go()).hitBreakpointIds, [three.id]);
      assert.ok((await counted('ticks')) - before >= 1);
    });

    it('stop in the address space in use, and in no other', async () => {
      await s.type('run fork');
      await s.runTo('task_fork');
      const here = await s.evaluate('$cp15.ttbr0');
      await set('setFunctionBreakpoints', [{ name: 'system_call', mode: 'space' }]);
      for (let i = 0; i < 2; i++) {
        await s.go();
        assert.equal(await s.evaluate('$cp15.ttbr0'), here);
      }
    });

    it('take thousands, and still tell them apart', async () => {
      const all = Array.from({ length: 10_000 }, (_, i) => ({
        instructionReference: `0x${(0xd000_0000 + i * 4).toString(16)}`,
      }));
      const entry = Number(await s.evaluate('(unsigned)&console_init'));
      const found = await set('setInstructionBreakpoints', [
        ...all,
        { instructionReference: `0x${entry.toString(16)}` },
      ]);
      assert.ok(found.every(({ verified }) => verified));
      assert.deepEqual((await s.go()).hitBreakpointIds, [found[10_000].id]);
      const begun = performance.now();
      await s.step('next');
      assert.ok(performance.now() - begun < 2000);
    });

    it('count a hit once, whoever counts it', async () => {
      await s.runTo('monitor');
      // In the machine, by condition, by evaluation outside, and where stepping has brought the guest.
      const hitsOf = async (breakpoint: object): Promise<number> => {
        const start = await counted('ticks');
        const [answer] = await set('setFunctionBreakpoints', [{ name: 'handle_irq', ...breakpoint }]);
        assert.ok(answer.verified, answer.message);
        assert.deepEqual((await s.go()).hitBreakpointIds, [answer.id]);
        return (await counted('ticks')) - start;
      };
      // From here on each count starts at the same place.
      await s.runTo('handle_irq');
      const ticks = await hitsOf({ hitCondition: '=20' });
      assert.equal(await hitsOf({ hitCondition: '=20', condition: '$cpsr.mode == 19' }), ticks);
      assert.equal(await hitsOf({ hitCondition: '=20', condition: '(double)$cpsr.mode == 19' }), ticks);
      assert.equal(await hitsOf({ hitCondition: '>19' }), ticks);
      assert.equal(await hitsOf({ hitCondition: '%20' }), ticks);
    });

    it('stop where a condition cannot be evaluated, and say why', async () => {
      await s.runTo('monitor');
      await set('setFunctionBreakpoints', [{ name: 'handle_irq', condition: '*(int *)0x50000000 == 1' }]);
      await s.go();
      const output = s.c.events
        .filter(({ event }) => event === 'output')
        .map(({ body }) => (body as { output: string }).output);
      assert.match(output.join(''), /The condition could not be evaluated: memory at 0x50000000 cannot be read/);
    });

    it('say why they are not bound, of every kind', async () => {
      const why = (args: object): Promise<{ verified: boolean; reason: string }> =>
        s.c.request('trapline/whyNotBound', args);
      const [odd] = await set('setInstructionBreakpoints', [{ instructionReference: '0xc0008001' }]);
      const [absent] = await set('setFunctionBreakpoints', [{ name: 'no_such_function' }]);
      const [data] = await set('setDataBreakpoints', [{ dataId: 'elsewhere' }]);
      const [filter] = (
        await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
          filters: [],
          filterOptions: [{ filterId: 'svc', condition: 'no_such_name' }],
        })
      ).breakpoints;
      const reasons = [
        ['id', odd.id, /not the address of an instruction/],
        ['id', absent.id, /No symbol no_such_function/],
        ['id', data.id, /Not an id that this debug adapter gave/],
        ['id', filter.id, /no_such_name is not a variable/],
        ['instructionReference', '0xc0008002', /not the address of an instruction/],
        ['name', 'monito', /Did you mean monitor/],
      ] as const;
      for (const [key, value, reason] of reasons) {
        const answer = await why({ [key]: value });
        assert.equal(answer.verified, false);
        assert.match(answer.reason, reason);
      }
    });

    it('refuse modes that do not exist', async () => {
      assert.match(
        (await s.c.fails('setFunctionBreakpoints', { breakpoints: [{ name: 'monitor', mode: 'x' }] })).message ?? '',
        /mode/,
      );
      assert.match((await s.c.fails('dataBreakpointInfo', { name: 'ticks', mode: 'x' })).message ?? '', /mode/);
    });
  });
}
