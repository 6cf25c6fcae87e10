import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { connect, type Connection } from './session.testing.ts';

const GUEST = fileURLToPath(new URL('../../guests/linux', import.meta.url));

describe('listings of functions without source', function () {
  this.timeout(60_000);
  let c: Connection;
  let top: DebugProtocol.StackFrame;

  const topFrame = async (): Promise<DebugProtocol.StackFrame> =>
    (await c.client.stackTraceRequest({ threadId: 1, levels: 1 })).body.stackFrames[0];
  const setBreakpoints = async (source: object, ...lines: number[]): Promise<DebugProtocol.Breakpoint[]> => {
    const breakpoints = lines.map((line) => ({ line }));
    return (await c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setBreakpoints', { source, breakpoints }))
      .breakpoints;
  };

  before(async () => {
    c = await connect();
    await c.client.initializeRequest();
    await c.request('launch', { program: GUEST, mode: 'lpv' });
    await c.next('initialized');
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'start_kernel' }] });
    await c.client.configurationDoneRequest();
    await c.next('stopped', 20_000);
    top = await topFrame();
  });
  after(() => c.close());

  it('are the source of a frame, with a line for each instruction', async () => {
    assert.equal(top.name, 'start_kernel');
    assert.deepEqual([top.source?.name, top.source?.origin, top.line], ['start_kernel', 'disassembly', 1]);
    const sourceReference = top.source?.sourceReference;
    const { content, mimeType } = await c.request<{ content: string; mimeType: string }>('source', {
      sourceReference: 0,
      source: { sourceReference },
    });
    assert.equal(mimeType, 'text/x-arm-listing');
    const lines = content.split('\n');
    const first = parseInt(top.instructionPointerReference ?? '', 16);
    lines.forEach((line, i) => {
      assert.match(line, /^[0-9a-f]{8} {2}[0-9a-f]{8} {3}\S/);
      assert.equal(parseInt(line, 16), first + 4 * i);
    });
    assert.ok(lines.some((line) => line.includes('; trap for mrs r3, CPSR')));
  });

  it('stay the same while stepping in them', async () => {
    await c.client.nextRequest({ threadId: 1 });
    await c.next('stopped');
    const next = await topFrame();
    assert.deepEqual(next.source, top.source);
    assert.equal(next.line, 2);
  });

  it('take breakpoints', async () => {
    const [set, beyond] = await setBreakpoints(top.source!, 4, 100_000);
    assert.ok(set.verified && set.line === 4);
    assert.ok(!beyond.verified && beyond.message);
    await c.client.continueRequest({ threadId: 1 });
    const { reason, hitBreakpointIds } = await c.next('stopped');
    assert.deepEqual([reason, hitBreakpointIds], ['breakpoint', [set.id]]);
    assert.equal((await topFrame()).line, 4);
    await setBreakpoints(top.source!);
  });

  it('refuse references that are not theirs', async () => {
    const args = { source: { sourceReference: 9999 }, sourceReference: 9999 };
    assert.match((await c.fails('source', args)).message ?? '', /9999/);
    assert.match((await c.fails('setBreakpoints', { ...args, breakpoints: [{ line: 1 }] })).message ?? '', /9999/);
  });

  it('name the function that a system call returns to', async () => {
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'sys_newuname' }] });
    await c.client.continueRequest({ threadId: 1 });
    await c.next('stopped', 30_000);
    const { stackFrames } = (await c.client.stackTraceRequest({ threadId: 1 })).body;
    assert.equal(stackFrames[1].name, 'ret_fast_syscall');
  });

  it('leave the processor alone when the guest is idle, and pause soon all the same', async () => {
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [] });
    await c.client.continueRequest({ threadId: 1 });
    const end = Date.now() + 30_000;
    while (!c.console().includes('/ # ') && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 500_000, `${(user + system) / 1000} ms of CPU time in a second`);
    const delays: number[] = [];
    for (let i = 0; i < 10; i++) {
      const started = performance.now();
      await c.client.pauseRequest({ threadId: 1 });
      await c.next('stopped');
      delays.push(performance.now() - started);
      await c.client.continueRequest({ threadId: 1 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    delays.sort((a, b) => a - b);
    assert.ok(delays[5] < 50, delays.join(' '));
  });
});
