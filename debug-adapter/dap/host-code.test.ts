/** Debug mode "host": frames, source and breakpoints of the world switch, with the guest's code behind it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SampleSession } from './sample-session.testing.ts';

const SOURCE = readFileSync(
  fileURLToPath(new URL('../../hypervisor/world-switch/world-switch.S', import.meta.url)),
  'utf8',
).split('\n');
const lineOf = (text: string): number => SOURCE.findIndex((line) => line.includes(text)) + 1;

describe('the world switch in a debug session', function () {
  this.timeout(60_000);
  let s: SampleSession;
  /** The trapped instruction, as a symbol. */
  let trapped: DebugProtocol.StackFrame;

  before(async () => {
    s = await SampleSession.start({ mode: 'lpv', debug: 'host', savings: [] });
    await s.runTo('console_init');
    for (let i = 0; ; i++) {
      assert.ok(i < 3000, 'no instruction has trapped');
      const [before] = await s.frames();
      await s.step('stepIn', { granularity: 'instruction' });
      const [now] = await s.frames();
      if (now.source?.name !== 'world-switch.S') continue;
      trapped = before;
      return;
    }
  });
  after(() => s.c.close());

  it('is left for by a trap: its vector, and the instruction that trapped', async () => {
    const [host, guest] = await s.frames();
    assert.equal(host.name, 'vectors');
    assert.match(SOURCE[host.line - 1], /^\tldr\tpc, targets/);
    assert.equal(guest.instructionPointerReference, trapped.instructionPointerReference);
    assert.deepEqual([guest.name, guest.source?.path, guest.line], [trapped.name, trapped.source?.path, trapped.line]);
  });

  it('shows its source, and each instruction with its function and line', async () => {
    const [{ source }] = await s.frames();
    const { content } = await s.c.request<{ content: string }>('source', {
      source,
      sourceReference: source?.sourceReference,
    });
    assert.equal(content.trimEnd(), SOURCE.join('\n').trimEnd());
    const names = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await s.step('stepIn', { granularity: 'instruction' });
      const [host, guest] = await s.frames();
      if (host.source?.name !== 'world-switch.S') break;
      names.add(host.name);
      assert.equal(guest.name, trapped.name);
    }
    for (const name of ['leave_guest', 'run_loop', 'enter_guest']) assert.ok(names.has(name), [...names].join(' '));
  });

  it('stops at breakpoints in its lines', async () => {
    for (let i = 0; (await s.frames())[0].source?.name !== 'world-switch.S'; i++) {
      assert.ok(i < 3000);
      await s.step('stepIn', { granularity: 'instruction' });
    }
    const [{ source }] = await s.frames();
    const line = lineOf('guest registers, into the user bank');
    const { breakpoints } = await s.c.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setBreakpoints', {
      source,
      breakpoints: [{ line }, { line: lineOf('.macro') }],
    });
    assert.deepEqual(
      breakpoints.map(({ verified }) => verified),
      [true, false],
    );
    assert.deepEqual((await s.go()).hitBreakpointIds, [breakpoints[0].id]);
    const [host, guest] = await s.frames();
    assert.deepEqual([host.name, host.line], ['enter_guest', line]);
    assert.match(guest.instructionPointerReference ?? '', /^0x[c0]/);
  });
});
