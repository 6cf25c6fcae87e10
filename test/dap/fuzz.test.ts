/** Random and hostile messages to a live session: each request has exactly one answer, a clear one, soon, and of bounded size. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { TraplineSession } from '../../debug-adapter/dap/session.ts';
import { nodeAdapterHost } from '../../debug-adapter/node-adapter-host.ts';
import { SAMPLE } from './recorder.ts';

const PATIENCE_MS = 10_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
const MOST_GROWTH = 512 * 1024 * 1024;
/** Requests that end the session; a test of their own sends them. */
const ENDING = ['disconnect', 'terminate'];
const INTERNAL_ERROR = 1005;

/** Values that are right somewhere, and some that are right nowhere. */
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, 0, 1, 2, 3, -1, 1.5, NaN, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, 1_048_576, 1_048_577],
    ...['', ' ', '0x0', '0xc0008000', '0xffffffff', '0x1ffffffff', '-1', 'kernel_main', 'tasks', 'tasks[0].name'],
    ...['$r0', '$cpsr.mode', '$pc', '*(int*)0', '((((', '1/0', 'tasks[', '$r0 = 5', 'container_of(', '{$lr}', '}'],
    ...['write', 'read', 'readWrite', 'instruction', 'line', 'statement', 'repl', 'hover', 'clipboard', 'panic'],
    ...['ticks@0xc0017a20/4', 'x@0x0/0', 'x@0x0/999999999', '%5', '>=0', '99999999999', 'AQID', '***', '__proto__'],
    ...[`${SAMPLE}/kernel/task.c`, '/dev/zero', 'x'.repeat(3000), '\u0000', '\ud800', 'count', 'address'],
  ),
  fc.integer(),
  fc.string({ maxLength: 40 }),
);
const NAMES = [
  ...['threadId', 'frameId', 'variablesReference', 'memoryReference', 'instructionReference', 'offset', 'count'],
  ...['startFrame', 'levels', 'start', 'filter', 'format', 'name', 'value', 'expression', 'context', 'text', 'column'],
  ...['line', 'endLine', 'source', 'sourceReference', 'path', 'breakpoints', 'filters', 'filterOptions', 'filterId'],
  ...['condition', 'hitCondition', 'logMessage', 'dataId', 'accessType', 'bytes', 'asAddress', 'data', 'allowPartial'],
  ...[
    'instructionOffset',
    'instructionCount',
    'resolveSymbols',
    'targetId',
    'granularity',
    'startModule',
    'moduleCount',
  ],
  ...[
    'requestId',
    'progressId',
    'id',
    'sort',
    'cause',
    'address',
    'user',
    'level',
    'megabyte',
    'used',
    'device',
    'mode',
  ],
];
const member = fc.constantFrom(...NAMES);
const record = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.dictionary(member, value, { maxKeys: 8 });
const anything = fc.oneof(scalar, record(scalar), fc.array(fc.oneof(scalar, record(scalar)), { maxLength: 5 }));

/** Arguments that fit their requests, each of which may be replaced by something else. */
const FITTING: Readonly<Record<string, Record<string, unknown>>> = {
  setBreakpoints: { source: { path: `${SAMPLE}/kernel/task.c` }, breakpoints: [{ line: 100, condition: '1' }] },
  setFunctionBreakpoints: { breakpoints: [{ name: 'task_fork', hitCondition: '3' }] },
  setInstructionBreakpoints: { breakpoints: [{ instructionReference: '0xc0008000', offset: 4 }] },
  setDataBreakpoints: { breakpoints: [{ dataId: 'ticks@0xc0017a20/4', accessType: 'write' }] },
  setExceptionBreakpoints: { filters: ['panic'], filterOptions: [{ filterId: 'svc', condition: '0' }] },
  stackTrace: { threadId: 1, startFrame: 0, levels: 20 },
  scopes: { frameId: 1 },
  variables: { variablesReference: 1, start: 0, count: 10, filter: 'indexed' },
  setVariable: { variablesReference: 1, name: 'r0', value: '1' },
  setExpression: { expression: '$r0', value: '1', frameId: 1 },
  evaluate: { expression: 'tasks[0]', frameId: 1, context: 'watch', format: { hex: true } },
  readMemory: { memoryReference: '0xc0008000', offset: 0, count: 64 },
  writeMemory: { memoryReference: '0xc0f00000', offset: 0, data: 'AQID', allowPartial: true },
  disassemble: { memoryReference: '0xc0008000', instructionOffset: -4, instructionCount: 10 },
  completions: { text: 'task', column: 5, frameId: 1 },
  dataBreakpointInfo: { name: 'ticks', frameId: 0, bytes: 4, asAddress: false },
  gotoTargets: { source: { path: `${SAMPLE}/kernel/task.c` }, line: 101 },
  breakpointLocations: { source: { path: `${SAMPLE}/kernel/task.c` }, line: 1, endLine: 400 },
  source: { source: { sourceReference: 1 }, sourceReference: 1 },
  'trapline/exits': { sort: 'count', start: 0, count: 5 },
  'trapline/exitLog': { start: 0, count: 5, cause: 'mmio' },
  'trapline/translation': { address: '0xc0008000', user: false },
  'trapline/pageTables': { level: 2, megabyte: 3072, start: 0, count: 5, used: true },
  'trapline/whyNotBound': { name: 'task_fork' },
};

/** A copy of a value in which one thing is replaced. */
function mutated(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [at, ...rest] = path;
  if (at === undefined || typeof value !== 'object' || value === null) return replacement;
  const keys = Object.keys(value);
  if (keys.length === 0) return replacement;
  const key = keys[at % keys.length];
  const items = value as Record<string, unknown>;
  const changed = mutated(items[key], rest, replacement);
  if (Array.isArray(value)) return value.map((item: unknown, i) => (String(i) === key ? changed : item));
  return { ...items, [key]: changed };
}

/** A session in this process, with a count of the answers to each request. */
class Live {
  readonly session = new TraplineSession(nodeAdapterHost());
  private readonly answers = new Map<number, DebugProtocol.Response[]>();
  private seq = 1;
  private wake: () => void = () => undefined;

  constructor() {
    this.session.onDidSendMessage((message) => {
      const response = message as unknown as DebugProtocol.Response;
      if (response.type !== 'response') return;
      const list = this.answers.get(response.request_seq) ?? [];
      list.push(response);
      this.answers.set(response.request_seq, list);
      this.wake();
    });
  }

  /** Sends a request; returns its answer, which is checked. */
  async send(command: unknown, args: unknown): Promise<DebugProtocol.Response> {
    const seq = this.seq++;
    const began = performance.now();
    this.session.handleMessage({ seq, type: 'request', command, arguments: args });
    while (!this.answers.has(seq)) {
      assert.ok(performance.now() - began < PATIENCE_MS, `no answer to ${String(command)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, 100);
      });
    }
    // A second answer would come at once.
    await new Promise((resolve) => setImmediate(resolve));
    const [response, ...more] = this.answers.get(seq) ?? [];
    this.answers.delete(seq);
    assert.equal(more.length, 0, `${String(command)} was answered ${more.length + 1} times`);
    assert.ok((JSON.stringify(response.body) ?? '').length < LONGEST_ANSWER, `${String(command)}: a huge answer`);
    if (!response.success) {
      const { error } = (response.body ?? {}) as { error?: { id: number; format: string } };
      assert.ok(error && error.id !== INTERNAL_ERROR, `${String(command)} ${show(args)}: ${response.message}`);
      assert.ok((response.message ?? '').length >= 5 && (response.message ?? '').length < 2000, response.message);
    }
    return response;
  }
}

const show = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, 500);

describe('hostile messages to a live session', function () {
  this.timeout(120_000);

  for (const mode of ['lpv', 'native'])
    it(`have one clear answer each, ${mode}`, async () => {
      const live = new Live();
      const { session } = live;
      await live.send('initialize', {});
      assert.ok((await live.send('launch', { program: SAMPLE, mode, stopOnEntry: true })).success);
      await live.send('configurationDone', {});
      const requests = session.requests.filter((name) => ![...ENDING, 'launch', 'attach', 'restart'].includes(name));
      const fitting = fc.constantFrom(...Object.keys(FITTING)).chain((command) =>
        fc.record({
          command: fc.constant<unknown>(command),
          args: fc
            .tuple(fc.array(fc.nat(20), { minLength: 0, maxLength: 4 }), anything)
            .map(([path, value]) => mutated(FITTING[command], path, value)),
        }),
      );
      const random = fc.record({
        command: fc.oneof(fc.constantFrom<unknown>(...requests), scalar),
        args: fc.oneof(record(anything), anything),
      });
      const before = process.memoryUsage().rss;
      let refused = 0;
      let served = 0;
      try {
        await fc.assert(
          fc.asyncProperty(fc.oneof({ weight: 2, arbitrary: fitting }, random), async ({ command, args }) => {
            const { success } = await live.send(command, args);
            if (success) served++;
            else refused++;
          }),
          { numRuns: 2500, seed: 4, endOnFailure: true },
        );
        assert.ok(refused > 300 && served > 300, `${refused} refused, ${served} served`);
        const growth = process.memoryUsage().rss - before;
        assert.ok(growth < MOST_GROWTH, `${Math.round(growth / 2 ** 20)} MB more`);
        assert.ok((await live.send('evaluate', { expression: '1 + 1', context: 'watch' })).success);
      } finally {
        session.close();
      }
    });

  it('are refused as launch and attach requests, by the attribute that is wrong', async () => {
    const right: Record<string, unknown> = {
      ...{ program: SAMPLE, mode: 'lpv', machine: 'versatilepb', cpu: 'arm926', memory: '16M', append: 'quiet' },
      ...{ stopOnEntry: true, symbols: [`${SAMPLE}/kernel.elf`], sourceMap: { '.': SAMPLE }, console: 'debugConsole' },
      ...{
        savings: ['psr'],
        modeSwitch: 'roots',
        debug: 'guest',
        kernel: 'kernel.elf',
        dtb: 'x.dtb',
        initrd: 'x.cpio',
      },
    };
    const wrong = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 3 }),
      fc.dictionary(fc.string(), scalar, { maxKeys: 3 }),
      fc.constantFrom<unknown>('0', '1', '257M', '1e9', '-5M', '999G', 'none', 'all', 'native', '/dev/null', '/', '..'),
    );
    const request = fc.tuple(
      fc.constantFrom('launch', 'attach'),
      fc.subarray(Object.keys(right), { minLength: 1 }),
      fc.constantFrom(...Object.keys(right), 'port', 'host', 'stopOnAttach', 'nonsense', '__proto__', 'gdbPort '),
      wrong,
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(request, async ([command, names, name, value]) => {
        // A device that never ends cannot be refused by what it is called.
        fc.pre(value !== '/dev/zero');
        const live = new Live();
        await live.send('initialize', {});
        const args = Object.fromEntries([...names.map((known) => [known, right[known]]), [name, value]]) as object;
        const { success } = await live.send(command, args);
        if (!success) refused++;
        live.session.close();
      }),
      { numRuns: 150, seed: 5, endOnFailure: true },
    );
    assert.ok(refused > 75, String(refused));
  });

  it('answers every request of a burst that ends the session, or the session is over', async () => {
    for (const ending of ENDING) {
      const live = new Live();
      await live.send('initialize', {});
      await live.send('launch', { program: SAMPLE, stopOnEntry: true });
      await live.send('configurationDone', {});
      assert.ok((await live.send(ending, { restart: 'maybe', terminateDebuggee: false })).success);
      const { success, message } = await live.send('continue', { threadId: 1 });
      assert.ok(!success && /has ended|needs a guest/.test(message ?? ''), message);
      live.session.close();
    }
  });
});
