/**
 * Whole sessions, compared message by message with logs that are kept beside this file; `UPDATE_GOLDEN=1` writes them anew.
 * What they exercise is also the proof that every capability that is advertised is there.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { attachHost } from '../../cli/attach-host.ts';
import { ParsedArguments } from '../../cli/command.ts';
import { loadGuest } from '../../cli/guest.ts';
import { GuestRun } from '../../cli/guest-run.ts';
import { CAPABILITIES } from '../../debug-adapter/dap/capabilities.ts';
import { TraplineSession } from '../../debug-adapter/dap/session.ts';
import { nodeAdapterHost } from '../../debug-adapter/node-adapter-host.ts';
import { startDapServer } from '../../debug-adapter/node-dap-server.ts';
import { Gate } from './gate.ts';
import { type Exchange, Recorder, SAMPLE } from './recorder.ts';
import { attachAndDetach, SCENARIOS } from './scenarios.ts';

const GOLDEN = new URL('golden/', import.meta.url);
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

/** Requests that have succeeded in a golden log. */
const exercised: Exchange[] = [];

function compare(name: string, log: string): void {
  const file = new URL(`${name}.txt`, GOLDEN);
  if (UPDATE) {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, log);
  }
  assert.ok(existsSync(file), `there is no golden log of ${name}: run this test with UPDATE_GOLDEN=1, and read it`);
  assert.equal(log, readFileSync(file, 'utf8'), `the log of ${name} has changed; UPDATE_GOLDEN=1 takes the new one`);
}

const keep = ({ exchanges }: Recorder): void => {
  exercised.push(...exchanges.filter(({ response }) => response.success));
};

const anyOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);
const asked = (command: string, holds: (args: Exchange['args']) => unknown): boolean =>
  exercised.some((exchange) => exchange.command === command && Boolean(holds(exchange.args)));
const anyBreakpoint = (holds: (breakpoint: Record<string, unknown>) => unknown): boolean =>
  asked('setBreakpoints', (args) => anyOf(args['breakpoints']).some(holds));
const answered = (command: string, holds: (body: Record<string, unknown>) => unknown): boolean =>
  exercised.some(
    ({ command: name, response }) =>
      name === command && Boolean(holds((response.body ?? {}) as Record<string, unknown>)),
  );
const done = (command: string): boolean => asked(command, () => true);

/** What shows that a capability is there: an exchange that needs it. */
const EVIDENCE: Readonly<Record<keyof typeof CAPABILITIES, () => boolean>> = {
  supportsConfigurationDoneRequest: () => done('configurationDone'),
  supportsFunctionBreakpoints: () => done('setFunctionBreakpoints'),
  supportsInstructionBreakpoints: () => done('setInstructionBreakpoints'),
  supportsConditionalBreakpoints: () => anyBreakpoint(({ condition }) => condition),
  supportsHitConditionalBreakpoints: () => anyBreakpoint(({ hitCondition }) => hitCondition),
  supportsLogPoints: () => anyBreakpoint(({ logMessage }) => logMessage),
  supportsBreakpointLocationsRequest: () =>
    answered('breakpointLocations', (body) => anyOf(body['breakpoints']).length),
  supportsDataBreakpoints: () => asked('setDataBreakpoints', (args) => anyOf(args['breakpoints']).length),
  supportsDataBreakpointBytes: () => asked('dataBreakpointInfo', (args) => args['bytes']),
  supportsExceptionFilterOptions: () => asked('setExceptionBreakpoints', (args) => anyOf(args['filterOptions']).length),
  supportsExceptionInfoRequest: () => answered('exceptionInfo', (body) => body['exceptionId']),
  exceptionBreakpointFilters: () => asked('setExceptionBreakpoints', (args) => anyOf(args['filters']).length),
  supportsSteppingGranularity: () => asked('stepIn', (args) => args['granularity'] === 'instruction'),
  supportsDelayedStackTraceLoading: () => asked('stackTrace', (args) => args['levels'] === 1),
  supportsEvaluateForHovers: () => asked('evaluate', (args) => args['context'] === 'hover'),
  supportsSetVariable: () => answered('setVariable', (body) => body['value']),
  supportsSetExpression: () => answered('setExpression', (body) => body['value']),
  supportsValueFormattingOptions: () => asked('evaluate', (args) => args['format']),
  supportsClipboardContext: () => asked('evaluate', (args) => args['context'] === 'clipboard'),
  supportsCompletionsRequest: () => answered('completions', (body) => anyOf(body['targets']).length),
  completionTriggerCharacters: () => done('completions'),
  supportsGotoTargetsRequest: () => done('goto') && answered('gotoTargets', (body) => anyOf(body['targets']).length),
  supportsStepInTargetsRequest: () => answered('stepInTargets', (body) => body['targets']),
  supportsLoadedSourcesRequest: () => answered('loadedSources', (body) => anyOf(body['sources']).length),
  supportsReadMemoryRequest: () => answered('readMemory', (body) => body['data']),
  supportsWriteMemoryRequest: () => answered('writeMemory', (body) => body['bytesWritten']),
  supportsDisassembleRequest: () => answered('disassemble', (body) => anyOf(body['instructions']).length),
  supportsModulesRequest: () => answered('modules', (body) => anyOf(body['modules']).length),
  supportsRestartRequest: () => done('restart'),
  supportsTerminateRequest: () => done('terminate'),
  supportTerminateDebuggee: () => asked('disconnect', (args) => args['terminateDebuggee']),
  supportsCancelRequest: () => done('cancel'),
};

describe('golden logs of debug sessions', function () {
  this.timeout(60_000);

  for (const { name, run } of SCENARIOS)
    it(name, async () => {
      const server = await startDapServer({ port: 0 });
      const client = await Recorder.connect(server.port);
      try {
        await run(client, server.port);
        keep(client);
        compare(name, client.log);
      } finally {
        client.close();
        await server.close();
      }
    });

  it('attach-and-detach', async () => {
    const loaded = await loadGuest(SAMPLE, new ParsedArguments({ mode: 'lpv' }, []));
    const gate = new Gate();
    const run = new GuestRun(loaded.machine, { schedule: gate.schedule, panicAddress: loaded.panicAddress });
    const server = await startDapServer({ port: 0, adapter: attachHost(run, loaded) });
    gate.hold(true);
    const ended = run.start();
    const opened: Recorder[] = [];
    try {
      const connect = async (): Promise<Recorder> => {
        const client = await Recorder.connect(server.port);
        opened.push(client);
        return client;
      };
      const clients = await attachAndDetach(connect, server.port, (isHeld) => gate.hold(isHeld));
      assert.equal((await ended).text, 'ended by the debugger');
      clients.forEach(keep);
      compare('attach-and-detach', clients.map(({ log }) => log).join('\n--- another client ---\n\n'));
    } finally {
      run.leave('left', 0, 'the test is over');
      for (const client of opened) client.close();
      await server.close();
    }
  });

  it('exercise every request and every capability', () => {
    const names = new Set(exercised.map(({ command }) => command));
    const missing = new TraplineSession(nodeAdapterHost()).requests.filter((name) => !names.has(name));
    assert.deepEqual(missing, [], 'requests that no golden log has answered without an error');
    const initialize = exercised.find(({ command }) => command === 'initialize');
    assert.deepEqual(initialize?.response.body, CAPABILITIES);
    const advertised = Object.keys(initialize.response.body as DebugProtocol.Capabilities);
    const unproven = advertised.filter((name) => !(EVIDENCE as Record<string, (() => boolean) | undefined>)[name]?.());
    assert.deepEqual(unproven, [], 'capabilities that no golden log shows');
  });
});
