import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { gunzipSync } from 'fflate';
import { REGISTER } from '../../emulator/registers.ts';
import { ElfFile } from '../../formats/elf.ts';
import { CONSOLE, fakeMachine, WORD, type FakeMachine } from '../../emulator/fake-machine.testing.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { LoadedRange } from '../inspection/code-names.ts';
import type { AdapterHost } from './guest.ts';
import { TraplineSession } from './session.ts';
import { connect, type Connection } from './session.testing.ts';

const RAM = 0x40_0000;
/** The request that each capability promises. */
const REQUEST_OF: Record<keyof typeof CAPABILITIES, string> = {
  supportsConditionalBreakpoints: 'setBreakpoints',
  supportsHitConditionalBreakpoints: 'setBreakpoints',
  supportsLogPoints: 'setBreakpoints',
  supportsBreakpointLocationsRequest: 'breakpointLocations',
  supportsDataBreakpoints: 'setDataBreakpoints',
  supportsDataBreakpointBytes: 'dataBreakpointInfo',
  supportsExceptionFilterOptions: 'setExceptionBreakpoints',
  supportsExceptionInfoRequest: 'exceptionInfo',
  exceptionBreakpointFilters: 'setExceptionBreakpoints',
  supportsSetExpression: 'setExpression',
  supportsValueFormattingOptions: 'variables',
  supportsClipboardContext: 'evaluate',
  supportsCompletionsRequest: 'completions',
  completionTriggerCharacters: 'completions',
  supportsGotoTargetsRequest: 'gotoTargets',
  supportsStepInTargetsRequest: 'stepInTargets',
  supportsLoadedSourcesRequest: 'loadedSources',
  supportsConfigurationDoneRequest: 'configurationDone',
  supportsFunctionBreakpoints: 'setFunctionBreakpoints',
  supportsInstructionBreakpoints: 'setInstructionBreakpoints',
  supportsSteppingGranularity: 'stepIn',
  supportsDelayedStackTraceLoading: 'stackTrace',
  supportsEvaluateForHovers: 'evaluate',
  supportsSetVariable: 'setVariable',
  supportsReadMemoryRequest: 'readMemory',
  supportsWriteMemoryRequest: 'writeMemory',
  supportsDisassembleRequest: 'disassemble',
  supportsModulesRequest: 'modules',
  supportsRestartRequest: 'restart',
  supportsTerminateRequest: 'terminate',
  supportTerminateDebuggee: 'disconnect',
  supportsCancelRequest: 'cancel',
};

describe('a debug session', () => {
  const kernel = new ElfFile(
    gunzipSync(readFileSync(new URL('../../guests/linux/vmlinux.gz', import.meta.url))),
    'vmlinux',
  );
  const startKernel = kernel.symbols.find('start_kernel')!.address;
  let fake: FakeMachine;
  let program: number[];
  let pc: number;
  let ranges: LoadedRange[];
  let c: Connection;

  const host: AdapterHost = {
    schedule: setImmediate,
    load: async (args) => {
      if (args.program === 'broken') throw new Error('broken: not an ELF file. Give a kernel.');
      fake = fakeMachine(program, RAM);
      fake.machine.vcpu.writeRegister(REGISTER.pc, pc);
      return { name: 'fake', machine: fake.machine, cpu: 'arm926', files: [kernel], ranges };
    },
  };

  beforeEach(async () => {
    program = [WORD.nop, WORD.nop, WORD.nop, WORD.branchToSelf];
    pc = 0;
    ranges = [];
    c = await connect(host);
  });
  afterEach(() => c.close());

  /** Launches and stops at the first instruction, or runs. */
  async function launch(options: object = {}): Promise<void> {
    await c.client.initializeRequest({
      adapterID: 'trapline',
      linesStartAt1: true,
      columnsStartAt1: true,
      pathFormat: 'path',
    });
    await c.client.customRequest('launch', { program: 'guest', stopOnEntry: true, ...options });
    await c.next('initialized');
  }

  async function launchAndStop(): Promise<void> {
    await launch();
    await c.client.configurationDoneRequest();
    await c.next('stopped');
  }

  const evaluate = async (expression: string, context = 'watch'): Promise<string> =>
    (await c.client.evaluateRequest({ expression, context })).body.result;

  it('has a handler for everything that it advertises, and advertises what it has', async () => {
    const { body } = await c.client.initializeRequest();
    assert.deepEqual(body, CAPABILITIES);
    const { requests } = new TraplineSession(host);
    for (const [capability, request] of Object.entries(REQUEST_OF)) assert.ok(requests.includes(request), capability);
  });

  it('stops at the entry, steps, and ends with the exit code of the guest', async () => {
    await launch();
    await c.client.configurationDoneRequest();
    assert.equal((await c.next('stopped')).reason, 'entry');
    assert.equal(await evaluate('$pc'), '0x00000000');
    await c.client.stepInRequest({ threadId: 1, granularity: 'instruction' });
    assert.equal((await c.next('stopped')).reason, 'step');
    await c.client.nextRequest({ threadId: 1 });
    await c.next('stopped');
    assert.equal(await evaluate('$pc'), '0x00000008');
    await c.client.continueRequest({ threadId: 1 });
    assert.equal((await c.next('exited')).exitCode, 0);
    await c.next('terminated');
    const error = await c.fails('continue', { threadId: 1 });
    assert.match(error.message ?? '', /has ended; restart/);
  });

  it('stops at function breakpoints and explains unknown names', async () => {
    pc = startKernel - 16;
    await launch({ stopOnEntry: false });
    const { body } = await c.client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: 'start_kernel' }, { name: 'vector_swi' }, { name: 'start_kernl' }],
    });
    assert.deepEqual(
      body.breakpoints.map(({ verified }) => verified),
      [true, true, false],
    );
    assert.match(body.breakpoints[2].message ?? '', /No symbol start_kernl in vmlinux\. Did you mean start_kernel\?/);
    await c.client.configurationDoneRequest();
    const stopped = await c.next('stopped');
    assert.equal(stopped.reason, 'function breakpoint');
    assert.deepEqual(stopped.hitBreakpointIds, [body.breakpoints[0].id]);
    const stack = (await c.client.stackTraceRequest({ threadId: 1 })).body;
    assert.equal(stack.stackFrames[0].name, 'start_kernel');
    assert.equal(stack.stackFrames[0].instructionPointerReference, `0x${startKernel.toString(16)}`);
    // The program is no-ops, so that it leaves the function at its end and goes on through the image.
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [] });
  });

  it('stops at the load address of a kernel that has not turned its MMU on', async () => {
    const base = 0x10_0000;
    ranges = [{ virtual: startKernel - 0x100, physical: base, size: 0x1000 }];
    pc = base + 0xf0;
    await launch({ stopOnEntry: false });
    await c.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'start_kernel' }] });
    await c.client.configurationDoneRequest();
    assert.equal((await c.next('stopped')).reason, 'function breakpoint');
    assert.equal(await evaluate('$pc'), '0x00100100');
    const stack = (await c.client.stackTraceRequest({ threadId: 1 })).body;
    assert.equal(stack.stackFrames[0].name, 'start_kernel');
  });

  it('stops at instruction breakpoints, also at the first instruction, and refuses odd addresses', async () => {
    await launch({ stopOnEntry: false });
    const { body } = (await c.client.customRequest('setInstructionBreakpoints', {
      breakpoints: [
        { instructionReference: '0x0' },
        { instructionReference: '0', offset: 4 },
        { instructionReference: '3' },
      ],
    })) as DebugProtocol.SetInstructionBreakpointsResponse;
    assert.deepEqual(
      body.breakpoints.map(({ verified }) => verified),
      [true, true, false],
    );
    await c.client.configurationDoneRequest();
    assert.deepEqual((await c.next('stopped')).hitBreakpointIds, [body.breakpoints[0].id]);
    await c.client.continueRequest({ threadId: 1 });
    assert.deepEqual((await c.next('stopped')).hitBreakpointIds, [body.breakpoints[1].id]);
    assert.equal(await evaluate('$pc'), '0x00000004');
  });

  it('pauses a guest that runs flat out', async () => {
    program = [WORD.nop, 0xeafffffd];
    await launch({ stopOnEntry: false });
    await c.client.configurationDoneRequest();
    await c.fails('stepIn', { threadId: 1 });
    const begun = performance.now();
    await c.client.pauseRequest({ threadId: 1 });
    assert.equal((await c.next('stopped')).reason, 'pause');
    assert.ok(performance.now() - begun < 1000);
    await c.client.stepInRequest({ threadId: 1 });
    await c.next('stopped');
    await c.client.pauseRequest({ threadId: 1 });
    await c.next('stopped');
  });

  it('shows registers by group and writes them', async () => {
    await launchAndStop();
    const { scopes } = (await c.client.scopesRequest({ frameId: 1 })).body;
    assert.deepEqual(
      scopes.map(({ name, presentationHint }) => [name, presentationHint]),
      ['Core registers', 'Banked registers', 'Status', 'System control'].map((name) => [name, 'registers']),
    );
    const [core, banked, status, system] = await Promise.all(
      scopes.map(async (s) => (await c.client.variablesRequest(s)).body.variables),
    );
    assert.deepEqual(
      core.map(({ name }) => name),
      [...Array.from({ length: 13 }, (_, i) => `r${i}`), 'sp', 'lr', 'pc', 'cpsr'],
    );
    assert.equal(core[16].value, '0x000000d3');
    assert.ok(banked.some(({ name }) => name === 'sp_irq') && system.some(({ name }) => name === 'ttbr0'));
    const fields = (await c.client.variablesRequest(status[0])).body.variables;
    assert.deepEqual(
      fields.map(({ name, value }) => `${name}=${value}`).join(' '),
      'N=0 Z=0 C=0 V=0 Q=0 J=0 I=1 F=1 T=0 mode=svc (0x13)',
    );
    const set = async (variablesReference: number, name: string, value: string): Promise<string> =>
      (await c.request<{ value: string }>('setVariable', { variablesReference, name, value })).value;
    assert.equal(
      await set(scopes[0].variablesReference, 'r3', 'start_kernel+4'),
      `0x${(startKernel + 4).toString(16)}`,
    );
    assert.equal(await evaluate('$r3 - 4'), `0x${startKernel.toString(16)}`);
    assert.equal(await set(status[0].variablesReference, 'Z', '1'), '1');
    assert.equal(await evaluate('$cpsr'), '0x400000d3');
    assert.equal(await set(status[0].variablesReference, 'mode', 'irq'), 'irq (0x12)');
    assert.equal(await evaluate('$cpsr.mode'), '0x00000012');
    await assert.rejects(set(status[0].variablesReference, 'Z', '2'), /one bit/);
    await assert.rejects(set(scopes[0].variablesReference, 'r99', '0'), /No register or field named "r99"/);
    await assert.rejects(set(scopes[0].variablesReference, 'r0', 'nonsense_'), /no symbol or register nonsense_/);
  });

  it('evaluates expressions and says what is wrong with them', async () => {
    await launchAndStop();
    assert.equal(await evaluate('0x10 + 16 - (2+-1)'), '0x0000001f');
    assert.equal(await evaluate('start_kernel', 'hover'), `0x${startKernel.toString(16)}`);
    assert.equal(await evaluate('*0'), '0xe1a00000');
    assert.equal(await evaluate('pc+0b11'), '0x00000003');
    for (const [text, problem] of [
      ['', /empty/],
      ['1 +', /missing at the end/],
      ['(1', /parenthesis/],
      ['0x1ffffffff', /32 bits/],
      ['$r77', /no register r77/],
      ['1 2', /cannot read "2"/],
      ['*0x50000000', /no memory at 0x50000000/],
      ['start_kernal', /did you mean start_kernel\?/],
      ['$r0.mode', /no named fields/],
      ['('.repeat(500), /nested too deeply/],
    ] as const) {
      await assert.rejects(evaluate(text), problem, text);
    }
  });

  it('reads and writes memory, and says how much of it there is', async () => {
    await launchAndStop();
    const read = async (
      memoryReference: string,
      count: number,
      offset = 0,
    ): Promise<DebugProtocol.ReadMemoryResponse['body']> => c.request('readMemory', { memoryReference, count, offset });
    assert.deepEqual(await read('0xc0000000', 4), {
      address: '0xc0000000',
      data: Buffer.from([0, 0, 0xa0, 0xe1]).toString('base64'),
    });
    assert.deepEqual(await read('0x3ffffc', 8), { address: '0x003ffffc', data: 'AAAAAA==', unreadableBytes: 4 });
    assert.deepEqual(await read('0x50000000', 16), { address: '0x50000000', data: '', unreadableBytes: 16 });
    assert.equal((await read('0x0', 4, -8))?.unreadableBytes, 4);
    const data = Buffer.from([1, 2, 3, 4]).toString('base64');
    const written = await c.request<{ bytesWritten: number }>('writeMemory', { memoryReference: '0x1000', data });
    assert.equal(written.bytesWritten, 4);
    assert.equal(fake.ram[0x1003], 4);
    await assert.rejects(
      c.request<{ bytesWritten: number }>('writeMemory', { memoryReference: '0x3ffffe', data }),
      /first 2 are RAM/,
    );
    const partial = await c.request<{ bytesWritten: number }>('writeMemory', {
      memoryReference: '0x3ffffe',
      data,
      allowPartial: true,
    });
    assert.equal(partial.bytesWritten, 2);
    await assert.rejects(
      c.request<{ bytesWritten: number }>('writeMemory', { memoryReference: '0x0', data: '***' }),
      /base64/,
    );
    await assert.rejects(read('pc', 4), /not an address/);
    await assert.rejects(read('0x0', 1e9), /integer/);
  });

  it('disassembles before, at and beyond the reference, invalid lines marked', async () => {
    await launchAndStop();
    const { instructions } = (
      await c.client.disassembleRequest({ memoryReference: '0x4', instructionOffset: -3, instructionCount: 6 })
    ).body!;
    assert.deepEqual(
      instructions.map(({ address, instruction, presentationHint }) => [address, instruction, presentationHint ?? '']),
      [
        ['0xfffffff8', '(no memory here)', 'invalid'],
        ['0xfffffffc', '(no memory here)', 'invalid'],
        ['0x00000000', 'nop', ''],
        ['0x00000004', 'nop', ''],
        ['0x00000008', 'nop', ''],
        ['0x0000000c', 'b 0xc', ''],
      ],
    );
    assert.equal(instructions[2].instructionBytes, '00 00 a0 e1');
  });

  it('prints the console of the guest and types into it', async () => {
    // str r0, [r1] with r1 at the console, then wait.
    program = [WORD.str, WORD.wfi, 0xeafffffc];
    await launch();
    fake.machine.vcpu.writeRegister(REGISTER.r0, 0x41);
    fake.machine.vcpu.writeRegister(REGISTER.r1, CONSOLE);
    fake.machine.vcpu.writeRegister(REGISTER.cpsr, 0x13);
    await c.client.configurationDoneRequest();
    await c.next('stopped');
    await c.client.continueRequest({ threadId: 1 });
    const output = await c.next('output');
    assert.deepEqual([output.category, output.output], ['stdout', 'A']);
    assert.equal((await c.next('trapline/console')).text, 'A');
    await c.client.customRequest('trapline/input', { text: 'hi' });
    await evaluate('>ls', 'repl');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(String.fromCharCode(...fake.typed), 'hils\n');
    await c.fails('trapline/input', { text: '' });
  });

  it('restarts, and stops again', async () => {
    await launchAndStop();
    await c.client.stepInRequest({ threadId: 1 });
    await c.next('stopped');
    await c.client.customRequest('restart', {});
    assert.equal((await c.next('stopped')).reason, 'entry');
    assert.equal(await evaluate('$pc'), '0x00000000');
    await c.client.terminateRequest();
    await c.next('terminated');
  });

  it('names the attribute that is wrong', async () => {
    await c.client.initializeRequest();
    const error = async (args: object): Promise<string> => (await c.fails('launch', args)).message ?? '';
    assert.equal(await error({ programm: 'x' }), 'Unknown launch attribute "programm". Did you mean "program"?');
    assert.match(await error({ program: 5 }), /"program" must be a string, not the number 5/);
    assert.match(await error({ program: 'x', console: 'window' }), /"terminal" or "debugConsole"/);
    assert.match(await error({ program: 'x', gdbPort: 70000 }), /port number/);
    assert.match(await error({}), /Nothing to launch/);
    assert.equal(await error({ program: 'broken' }), 'broken: not an ELF file. Give a kernel.');
    assert.match((await c.fails('threads')).message ?? '', /needs a guest: send launch or attach/);
    assert.match((await c.fails('thread')).message ?? '', /Unknown request "thread"\. Did you mean threads\?/);
    assert.match((await c.fails('attach')).message ?? '', /no running guest.*trapline run --dap/);
  });

  it('answers every broken message with one error and goes on', async () => {
    await launchAndStop();
    const socket = createConnection({ port: c.port, host: '127.0.0.1' });
    const answers: string[] = [];
    socket.on('data', (bytes) => answers.push(bytes.toString()));
    const frame = (text: string): string => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    const broken = [
      'Content-Length: x\r\n\r\n',
      'Content-Length: -5\r\n\r\n',
      'Content-Length: 99999999999\r\n\r\n',
      'Nothing: 1\r\n\r\n',
      frame('{'),
      frame('[]'),
      frame('null'),
      frame('"text"'),
      frame('{"type":"request"}'),
      frame('{"type":"other","seq":1}'),
      frame('{"type":"request","seq":7}'),
      frame('{"type":"request","seq":8,"command":"__proto__"}'),
      frame('{"type":"request","seq":9,"command":"initialize","arguments":[]}'),
      frame('{"type":"request","seq":10,"command":"launch","arguments":{"program":null}}'),
      frame('{"type":"request","seq":11,"command":"readMemory","arguments":{"memoryReference":{}}}'),
      frame('['.repeat(100_000)),
    ];
    for (const bytes of broken) {
      answers.length = 0;
      socket.write(bytes);
      for (let i = 0; i < 100 && answers.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
      const responses = answers
        .join('')
        .split(/Content-Length: \d+\r\n\r\n/)
        .filter(Boolean)
        .map((text) => JSON.parse(text) as DebugProtocol.Response);
      assert.deepEqual(
        responses.map(({ type, success }) => [type, success]),
        [['response', false]],
        bytes.slice(0, 60),
      );
      assert.ok(
        (responses[0].message?.length ?? 0) > 10 && !/\bat .*:\d+:\d+/.test(responses[0].message ?? ''),
        responses[0].message,
      );
    }
    socket.write(frame('{"type":"request","seq":20,"command":"initialize"}').slice(0, 30));
    socket.destroy();
    assert.equal(await evaluate('1'), '0x00000001');
  });

  it('answers every request with arguments of any type', async () => {
    await launchAndStop();
    const values: unknown[] = [null, -1, 1.5, 1e300, '', '0x', 'x'.repeat(2000), [], {}, [[]], true, '\u0000', '{a}'];
    const names = [
      'threadId',
      'frameId',
      'variablesReference',
      'memoryReference',
      'count',
      'offset',
      'expression',
      'context',
      'name',
    ];
    names.push(
      'value',
      'data',
      'breakpoints',
      'filters',
      'instructionCount',
      'instructionOffset',
      'startFrame',
      'levels',
      'text',
    );
    names.push('arguments', 'requestId', 'source');
    const { requests } = new TraplineSession(host);
    const send = c.client as unknown as {
      doSend(command: string, args: object, done: (r: DebugProtocol.Response) => void): void;
    };
    let failed = 0;
    for (const command of requests.filter((name) => !['disconnect', 'terminate', 'continue'].includes(name))) {
      for (const value of values) {
        const args = Object.fromEntries(names.map((name) => [name, value]));
        const response = await new Promise<DebugProtocol.Response>((resolve) => send.doSend(command, args, resolve));
        if (response.success) continue;
        failed++;
        assert.ok(
          response.message && !response.message.includes('inside the debug adapter'),
          `${command}: ${response.message}`,
        );
      }
    }
    assert.ok(failed > 100, String(failed));
    assert.equal(await evaluate('2'), '0x00000002');
  });
});
