import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';
import type { EventBody } from './session.testing.ts';

type Info = DebugProtocol.ExceptionInfoResponse['body'];

for (const mode of ['native', 'lpv']) {
  describe(`exception breakpoints, ${mode}`, function () {
    this.timeout(60_000);
    let s: SampleSession;

    before(async () => {
      s = await SampleSession.start({ mode });
      await s.runTo('monitor');
    });
    after(() => s.c.close());

    const filter = async (filters: string[], filterOptions: object[] = []): Promise<DebugProtocol.Breakpoint[]> =>
      (
        await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
          filters,
          filterOptions,
        })
      ).breakpoints;
    const info = (): Promise<Info> => s.c.request('exceptionInfo', { threadId: 1 });
    const stopsAt = (stop: EventBody, text: RegExp): void => {
      assert.equal(stop.reason, 'exception');
      assert.match(stop.text ?? '', text);
    };

    it('stop at a supervisor call, by condition', async () => {
      const [svc] = await filter([], [{ filterId: 'svc', condition: '$r7 == 6' }]);
      assert.ok(svc.verified, svc.message);
      await s.type('run hello');
      stopsAt(await s.go(), /^Supervisor call at 0x[0-9a-f]{8} <system_call\+0x14>$/);
      assert.equal(await s.evaluate('$r7'), '0x00000006');
      assert.equal(await s.evaluate('$spsr.mode'), '0x00000010');
      assert.match((await info()).details?.message ?? '', /in usr mode/);
    });

    it('stop at an IRQ', async () => {
      await filter(['irq']);
      stopsAt(await s.go(), /^IRQ at /);
      assert.equal(await s.evaluate('$cpsr.mode'), '0x00000012');
    });

    it('tell what a data abort was for, and the walk that failed', async () => {
      await filter(['dataAbort']);
      await s.type('run demand 3');
      stopsAt(
        await s.go(),
        /^Data abort at 0x[0-9a-f]{8} <\w+.*>: translation fault \((page|section)\).* for 0x[0-9a-f]{8}$/,
      );
      const { exceptionId, breakMode, details } = await info();
      assert.deepEqual([exceptionId, breakMode], ['dataAbort', 'always']);
      const message = details?.message ?? '';
      assert.match(message, /DFSR 0x[0-9a-f]{8}: translation fault/);
      assert.match(message, /level 1: descriptor 0x[0-9a-f]{8} at physical 0x[0-9a-f]{8}/);
      assert.match(message, /0x[0-9a-f]{8} is not mapped$/);
    });

    it('stop at undefined instructions and prefetch aborts', async () => {
      await filter(['undefined', 'prefetchAbort']);
      await s.type('fault undef');
      stopsAt(await s.go(), /^Undefined instruction at 0x[0-9a-f]{8} <fault_by_word\+/);
      await s.type('fault jump');
      stopsAt(await s.go(), /^Prefetch abort at 0x[0-9a-f]{8}: translation fault \((page|section)\)/);
    });

    it('stop at a panic of the kernel, and refuse what is no filter', async () => {
      await filter(['panic']);
      await s.type('panic why not');
      stopsAt(await s.go(), /^Kernel panic, called from panic_demo/);
      assert.match(await s.evaluate('message'), /"why not"$/);
      assert.match((await s.c.fails('setExceptionBreakpoints', { filters: ['all'] })).message ?? '', /not all/);
      const [bad] = await filter([], [{ filterId: 'irq', condition: 'nobody' }]);
      assert.match(bad.message ?? '', /Condition: nobody is not/);
      await s.step('next');
      assert.match(
        (await s.c.fails('exceptionInfo', { threadId: 1 })).message ?? '',
        /has not stopped at an exception/,
      );
    });
  });
}
