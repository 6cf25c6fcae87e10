/** Exception filters for exits to the hypervisor. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

type Info = DebugProtocol.ExceptionInfoResponse['body'];

describe('exit filters', function () {
  this.timeout(60_000);
  let s: SampleSession;

  before(async () => {
    // Without savings every sensitive instruction leaves the guest.
    s = await SampleSession.start({ mode: 'lpv', savings: [] });
    await s.runTo('monitor');
  });
  after(() => s.c.close());

  const filter = async (filterId: string, condition?: string): Promise<DebugProtocol.Breakpoint> => {
    const filterOptions = [{ filterId, ...(condition !== undefined && { condition }) }];
    const answer = await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
      filters: [],
      filterOptions,
    });
    return answer.breakpoints[0];
  };
  const info = (): Promise<Info> => s.c.request('exceptionInfo', { threadId: 1 });

  for (const [id, condition, cause, detail] of [
    ['exit', undefined, /./, /Host instructions: \d+/],
    ['exit', 'cp15', /^cp15\./, /Instruction 0x\w+: (mcr|mrc) p15/i],
    ['exit.status', undefined, /^status\./, /Instruction 0x\w+: .* trap for (mrs|msr)/i],
    ['exit.return', undefined, /^return\./, /trap for/],
    ['exit.guest', 'guest.svc', /^guest\.svc$/, /Instruction 0x\w+: svc/],
    ['exit', 'cause == mmio.pl011-0', /^mmio\.pl011-0$/, /device register at physical 0x101f1/],
    ['exit.mmio', undefined, /^mmio\./, /device register/],
    ['exit.wfi', undefined, /^wfi$/, /Instruction 0x\w+: mcr p15, 0, r\d+, c7, c0, 4/],
    ['exit', 'status, return && $cpsr.mode == 0x13', /^(status|return)\./, /trap for/],
  ] as const) {
    it(`${id}${condition === undefined ? '' : ` with ${condition}`} stops after such an exit`, async () => {
      const { verified, message } = await filter(id, condition);
      assert.ok(verified, message);
      await s.type('run hello');
      const stop = await s.go();
      assert.equal(stop.reason, 'exception');
      const { description, details, exceptionId } = await info();
      assert.equal(exceptionId, 'exit');
      assert.match(/^Exit (\S+) at 0x/.exec(description ?? '')?.[1] ?? '', cause);
      assert.match(details?.message ?? '', detail);
      const { log } = await newest();
      assert.match(log, cause);
    });
  }

  async function newest(): Promise<{ log: string }> {
    const { exits } = await s.c.request<{ exits: { cause: string }[] }>('trapline/exitLog', { count: 1 });
    return { log: exits[0].cause };
  }

  it('leave steps alone', async () => {
    await filter('exit');
    await s.go();
    assert.equal((await s.step('stepIn', { granularity: 'instruction' })).reason, 'step');
  });

  it('refuse causes of another group, and conditions that mean nothing', async () => {
    assert.match((await filter('exit.cp15', 'wfi')).message ?? '', /not one of the causes of cp15|wfi is not/);
    assert.match((await filter('exit', 'no_such_thing')).message ?? '', /neither a list of causes nor an expression/);
  });

  it('change nothing that the guest sees', async () => {
    const count = async (): Promise<number> =>
      (await s.c.request<{ instructions: number }>('trapline/machine')).instructions;
    const run = async (stops: boolean): Promise<number> => {
      await s.c.client.restartRequest({});
      await s.c.next('stopped');
      await filter('exit.cp15', stops ? undefined : 'cp15.id && 0');
      await s.breakIn('monitor');
      for (;;) {
        const { reason } = await s.go();
        if (reason !== 'exception') return count();
      }
    };
    assert.equal(await run(true), await run(false));
  });

  it('are of no use in native mode, and say so', async () => {
    const native = await SampleSession.start({ mode: 'native' });
    try {
      const { breakpoints } = await native.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>(
        'setExceptionBreakpoints',
        {
          filters: ['exit'],
        },
      );
      assert.match(breakpoints[0].message ?? '', /native mode/);
    } finally {
      await native.c.close();
    }
  });
});
