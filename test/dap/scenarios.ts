/** Debug sessions on the sample kernel, message by message, for the golden logs. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { type Recorder, SAMPLE } from './recorder.ts';

export interface Scenario {
  readonly name: string;
  readonly run: (client: Recorder) => Promise<void>;
}

const INITIALIZE = {
  adapterID: 'trapline',
  linesStartAt1: true,
  columnsStartAt1: true,
  pathFormat: 'path',
  supportsMemoryEvent: true,
  supportsInvalidatedEvent: true,
};
const THREAD = { threadId: 1 };

const source = (file: string): { path: string } => ({ path: `${SAMPLE}/${file}` });

/** The number of the only line of a file that contains a text. */
function lineOf(file: string, text: string): number {
  const found = readFileSync(`${SAMPLE}/${file}`, 'utf8')
    .split('\n')
    .flatMap((line, i) => (line.includes(text) ? [i + 1] : []));
  if (found.length !== 1) throw new Error(`${file} has ${found.length} lines with ${text}`);
  return found[0];
}

async function launch(client: Recorder, options: Record<string, unknown> = {}): Promise<void> {
  await client.request('initialize', INITIALIZE);
  await client.request('launch', { program: SAMPLE, mode: 'lpv', stopOnEntry: true, ...options });
  await client.event('initialized');
  await client.request('configurationDone');
  await client.event('stopped');
}

/** Sends a request that makes the guest go on, and waits for its next stop. */
async function until(client: Recorder, command: string, args: Record<string, unknown> = {}): Promise<void> {
  await client.request(command, { ...THREAD, ...args });
  await client.event('stopped');
}

async function runTo(client: Recorder, name: string, condition?: string): Promise<void> {
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name, ...(condition && { condition }) }] });
  await until(client, 'continue');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
}

async function top(client: Recorder): Promise<DebugProtocol.StackFrame> {
  const { stackFrames } = await client.request<{ stackFrames: DebugProtocol.StackFrame[] }>('stackTrace', {
    ...THREAD,
    startFrame: 0,
    levels: 1,
  });
  return stackFrames[0];
}

const evaluate = (client: Recorder, expression: string, args: object = {}): Promise<unknown> =>
  client.request('evaluate', { expression, context: 'watch', ...args });

async function childrenOf(client: Recorder, reference: number, args: object = {}): Promise<DebugProtocol.Variable[]> {
  return (
    await client.request<{ variables: DebugProtocol.Variable[] }>('variables', {
      variablesReference: reference,
      ...args,
    })
  ).variables;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'breakpoints',
    run: async (client) => {
      client.showsCapabilities = true;
      await client.request('initialize', INITIALIZE);
      await client.request('launch', { program: SAMPLE, mode: 'lpv', console: 'terminal' });
      await client.event('initialized');
      client.note('Breakpoints by line, in C and in assembly, before the guest runs.');
      const line = lineOf('kernel/syscall.c', 'void handle_svc(');
      await client.request('breakpointLocations', { source: source('kernel/syscall.c'), line, endLine: line + 3 });
      await client.request('setBreakpoints', {
        source: source('kernel/syscall.c'),
        breakpoints: [{ line, condition: 'frame->r[7] != 99', hitCondition: '>=2', mode: 'virtual' }],
      });
      await client.request('setBreakpoints', {
        source: source('kernel/boot.S'),
        breakpoints: [{ line: lineOf('kernel/boot.S', '_start:') }, { line: 100_000 }],
      });
      await client.request('trapline/whyNotBound', { name: 'handle_scv' });
      await client.request('setExceptionBreakpoints', { filters: ['panic'] });
      await client.request('configurationDone');
      await client.event('stopped');
      await client.request('threads');
      await client.request('modules');
      await client.request('setBreakpoints', { source: source('kernel/boot.S'), breakpoints: [] });
      client.note('A log message, an instruction, and a condition that counts.');
      await client.request('setFunctionBreakpoints', {
        breakpoints: [{ name: 'memory_init' }, { name: 'no_such_function' }],
      });
      await client.request('setBreakpoints', {
        source: source('kernel/task.c'),
        breakpoints: [{ line: lineOf('kernel/task.c', 'int task_fork('), logMessage: 'fork from {$lr}' }],
      });
      await until(client, 'continue');
      const { instructionPointerReference } = await top(client);
      await client.request('setFunctionBreakpoints', { breakpoints: [] });
      await client.request('setInstructionBreakpoints', {
        breakpoints: [{ instructionReference: instructionPointerReference, offset: 8 }],
      });
      await until(client, 'continue');
      await client.request('setInstructionBreakpoints', { breakpoints: [] });
      await until(client, 'continue');
      await client.request('terminate');
      await client.event('terminated');
      await client.request('disconnect');
    },
  },
  {
    name: 'stepping',
    run: async (client) => {
      await launch(client);
      await until(client, 'stepIn', { granularity: 'instruction' });
      await runTo(client, 'kernel_main');
      await until(client, 'next');
      const { id } = await top(client);
      await client.request('stepInTargets', { frameId: id });
      await until(client, 'stepIn');
      await client.request('stackTrace', THREAD);
      await until(client, 'stepOut');
      await until(client, 'next', { granularity: 'line' });
      client.note('To another line of the same function.');
      const here = await top(client);
      const place = { source: { path: here.source?.path }, line: here.line };
      const { targets } = await client.request<{ targets: { id: number }[] }>('gotoTargets', place);
      await until(client, 'goto', { targetId: targets[0].id });
      client.note('What a running guest refuses.');
      client.hidesConsole = true;
      await client.request('continue', THREAD);
      await client.send('next', THREAD);
      await until(client, 'pause');
      await client.request('disconnect');
    },
  },
  {
    name: 'variables',
    run: async (client) => {
      await launch(client);
      await runTo(client, 'task_fork');
      await until(client, 'next');
      const { id } = await top(client);
      const { scopes } = await client.request<{ scopes: DebugProtocol.Scope[] }>('scopes', { frameId: id });
      const local = scopes.find(({ name }) => name === 'Locals') ?? scopes[0];
      const [first] = await childrenOf(client, local.variablesReference);
      const status = scopes.find(({ name }) => name === 'Status');
      await evaluate(client, 'tasks', { frameId: id });
      await evaluate(client, 'tasks[0]', { frameId: id, format: { hex: true } });
      await evaluate(client, '$cpsr.mode', { context: 'hover' });
      await evaluate(client, 'tasks[0]', { frameId: id, context: 'clipboard' });
      await evaluate(client, 'help', { context: 'repl' });
      await client.send('evaluate', { expression: 'nothing_of_this_name', frameId: id, context: 'watch' });
      await client.request('completions', { frameId: id, text: 'task_for', column: 9 });
      client.note('Changes.');
      await client.send('setVariable', { variablesReference: local.variablesReference, name: first?.name, value: '0' });
      const [cpsr] = await childrenOf(client, status?.variablesReference ?? 0);
      const [flag] = await childrenOf(client, cpsr.variablesReference);
      const { variablesReference } = cpsr;
      await client.request('setVariable', { variablesReference, name: flag.name, value: '1' });
      await client.request('setExpression', { expression: '$r0', value: '0x1234' });
      client.note('Memory and code.');
      const memoryReference = '0xc0008000';
      await client.request('readMemory', { memoryReference, count: 16 });
      await client.request('writeMemory', { memoryReference: '0xc0f00000', data: 'AQIDBA==' });
      await client.request('disassemble', {
        memoryReference,
        instructionOffset: -1,
        instructionCount: 4,
        resolveSymbols: true,
      });
      await client.request('loadedSources');
      await client.request('disconnect');
    },
  },
  {
    name: 'missing-sources',
    run: async (client) => {
      const folder = mkdtempSync(join(tmpdir(), 'trapline-golden-'));
      try {
        client.rename(folder, '<folder>');
        copyFileSync(`${SAMPLE}/kernel.elf`, join(folder, 'kernel.elf'));
        client.note('The kernel alone: a listing stands in for its sources, and takes breakpoints.');
        await launch(client, { program: join(folder, 'kernel.elf') });
        await runTo(client, 'sys_getpid');
        const { source: listing, line } = await top(client);
        const { sourceReference } = listing ?? {};
        await client.request('source', { source: listing, sourceReference });
        await client.request('setBreakpoints', { source: listing, breakpoints: [{ line: line + 1 }] });
        await until(client, 'continue');
        client.note('Its lines still count for steps.');
        await until(client, 'next');
        await client.request('disassemble', {
          memoryReference: '0xc0008000',
          instructionCount: 2,
          resolveSymbols: true,
        });
        await client.request('loadedSources');
      } finally {
        rmSync(folder, { recursive: true });
      }
      await client.request('disconnect');
    },
  },
  {
    name: 'exceptions',
    run: async (client) => {
      await launch(client);
      await client.request('setExceptionBreakpoints', {
        filters: [],
        filterOptions: [{ filterId: 'dataAbort', condition: '$spsr.mode == 16' }],
      });
      await client.request('trapline/input', { text: 'run demand 3\n' });
      await until(client, 'continue');
      await client.request('exceptionInfo', THREAD);
      await client.send('setExceptionBreakpoints', { filters: ['nonsense'] });
      await client.request('setExceptionBreakpoints', { filters: [] });
      await client.request('evaluate', { expression: '>poweroff', context: 'repl' });
      await client.request('continue', THREAD);
      await client.event('exited');
      await client.event('terminated');
      await client.send('exceptionInfo', THREAD);
      await client.request('disconnect');
    },
  },
  {
    name: 'data-breakpoint',
    run: async (client) => {
      await launch(client);
      const info = await client.request<{ dataId: string }>('dataBreakpointInfo', { name: 'ticks', frameId: 0 });
      await client.request('dataBreakpointInfo', { name: '0xc0f00000', asAddress: true, bytes: 8 });
      await client.request('setDataBreakpoints', {
        breakpoints: [{ dataId: info.dataId, accessType: 'write', hitCondition: '3' }],
      });
      await until(client, 'continue');
      await client.request('setDataBreakpoints', { breakpoints: [] });
      await client.request('disconnect');
    },
  },
  {
    name: 'restart',
    run: async (client) => {
      await launch(client);
      await runTo(client, 'kernel_main');
      await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'memory_init' }] });
      await client.request('cancel', { requestId: 0 });
      await client.request('restart', {});
      await client.event('stopped');
      await until(client, 'continue');
      await client.request('disconnect');
    },
  },
  {
    name: 'hypervisor',
    run: async (client) => {
      await launch(client);
      await runTo(client, 'sys_getpid');
      await client.request('trapline/exits', { count: 3 });
      await client.request('trapline/exitLog', { start: 0, count: 3 });
      await client.request('trapline/lineExits');
      await client.request('trapline/locate', { function: 'sys_getpid' });
      await client.request('trapline/translation', { address: '0xc0008000' });
      await client.request('trapline/pageTables', { level: 1, used: true, count: 3 });
      await client.request('trapline/machine', { device: 'sp804-0' }).catch(() => client.request('trapline/machine'));
      await client.request('disconnect');
    },
  },
  {
    name: 'guest-test',
    run: async (client) => {
      await client.request('initialize', INITIALIZE);
      const test = { test: 'boots to its prompt', coverage: true, noDebug: true };
      await client.request('launch', { program: SAMPLE, mode: 'lpv', ...test });
      await client.event('initialized');
      await client.request('configurationDone');
      await client.event('trapline/testFinished');
      await client.request('trapline/coverage', { start: 0, count: 1 });
      await client.request('disconnect');
    },
  },
];

/** A scenario for the adapter of a run: two clients, one after another. `hold` keeps the guest back between them. */
export async function attachAndDetach(
  connect: () => Promise<Recorder>,
  port: number,
  hold: (isHeld: boolean) => void,
): Promise<Recorder[]> {
  const first = await connect();
  await first.request('initialize', INITIALIZE);
  await first.send('launch', { program: SAMPLE });
  await first.request('attach', { port, stopOnAttach: true });
  await first.event('initialized');
  await first.request('setFunctionBreakpoints', { breakpoints: [{ name: 'kernel_main' }] });
  await first.request('configurationDone');
  hold(false);
  await first.event('stopped');
  await until(first, 'continue');
  await first.send('restart', {});
  hold(true);
  await first.request('disconnect');
  const second = await connect();
  await second.request('initialize', INITIALIZE);
  await second.request('attach', { port });
  await second.event('initialized');
  await second.request('setFunctionBreakpoints', { breakpoints: [{ name: 'sys_getpid' }] });
  await second.request('configurationDone');
  hold(false);
  await second.event('stopped');
  await top(second);
  await second.request('disconnect', { terminateDebuggee: true });
  return [first, second];
}
