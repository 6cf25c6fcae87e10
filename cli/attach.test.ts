/** Debug sessions that come to `trapline run --dap` and go: the run is the same as without them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type DapServer, startDapServer } from '../debug-adapter/node-dap-server.ts';
import { type GdbServer, startGdbServer } from '../debug-adapter/node-gdb-server.ts';
import { type Connection, connectTo } from '../debug-adapter/dap/session.testing.ts';
import { asciiText, encodeGdbPacket, GdbPacketParser } from '../formats/gdb-packet.ts';
import { Gate } from '../test/dap/gate.ts';
import { stateOf } from '../test/determinism/state.ts';
import { attachHost } from './attach-host.ts';
import { ParsedArguments } from './command.ts';
import { loadGuest } from './guest.ts';
import { GuestRun, type RunEnd } from './guest-run.ts';

const GUEST = fileURLToPath(new URL('../guests/sample', import.meta.url));
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
/** Processes, page faults, timers, and the end. */
const INPUT = 'run cow\nrun demand 3\nfork\nps\nrun hello\npoweroff\n';

interface Running {
  run: GuestRun;
  server: DapServer;
  gdb: GdbServer;
  ended: Promise<RunEnd>;
  state(): unknown;
  /** Holds the guest back before its next slice, or lets it go on; it cannot tell. */
  hold(isHeld: boolean): void;
}

/** A GDB client that speaks packets. */
async function connectGdb(server: GdbServer): Promise<{ ask(body: string): Promise<string>; close(): void }> {
  const socket = connect(server.port, '127.0.0.1');
  const parser = new GdbPacketParser();
  const replies: string[] = [];
  let wake = (): void => undefined;
  socket.on('data', (bytes) => {
    for (const event of parser.push(bytes)) if (event.type === 'packet') replies.push(asciiText(event.body));
    wake();
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    ask: async (body) => {
      socket.write(encodeGdbPacket(body));
      while (replies.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return replies.shift()!;
    },
    close: () => socket.destroy(),
  };
}

for (const mode of ['native', 'lpv'])
  describe(`attaching to a run, ${mode}`, function () {
    this.timeout(60_000);
    const open: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const one of open.splice(0).reverse()) await one.close();
    });

    /** Starts the sample kernel as `trapline run` does; nothing is typed into it but `input`. */
    async function start(input: string, isHeld = false): Promise<Running> {
      const loaded = await loadGuest(GUEST, new ParsedArguments({ mode }, []));
      const { machine, panicAddress } = loaded;
      const gate = new Gate();
      const run = new GuestRun(machine, { schedule: gate.schedule, keepConsole: true, panicAddress });
      gate.hold(isHeld);
      run.runner.type(new TextEncoder().encode(input));
      const server = await startDapServer({ port: 0, adapter: attachHost(run, loaded) });
      const onClient = (connected: boolean): void => (connected ? run.debuggerCame() : run.debuggerLeft());
      const gdb = await startGdbServer(run.runner, { port: 0, onClient });
      open.push(server, gdb, { close: () => Promise.resolve(run.leave('left', 0, 'the test is over')) });
      const ended = run.start();
      const { board } = machine;
      const state = (): unknown => [stateOf(machine), run.console, machine.now, board.resetRequested];
      return { run, server, gdb, ended, hold: (wanted) => gate.hold(wanted), state };
    }

    async function attach(server: DapServer, options: object = {}): Promise<Connection> {
      const c = await connectTo(server);
      open.push(c);
      await c.client.initializeRequest();
      await c.request('attach', { port: server.port, ...options });
      await c.next('initialized');
      return c;
    }

    const breakIn = async (c: Connection, ...names: string[]): Promise<void> => {
      const breakpoints = names.map((name) => ({ name }));
      const answer = (await c.client.setFunctionBreakpointsRequest({ breakpoints })).body.breakpoints;
      assert.ok(answer.every(({ verified }) => verified));
    };
    const top = async (c: Connection): Promise<string> =>
      (await c.client.stackTraceRequest({ threadId: 1 })).body.stackFrames[0].name;

    it('leaves the run bit for bit as it is undisturbed', async () => {
      const undisturbed = await start(INPUT);
      assert.equal((await undisturbed.ended).reason, 'halted');
      const { run, server, ended, hold, state } = await start(INPUT, true);
      const first = await attach(server, { stopOnAttach: true });
      await breakIn(first, 'sys_fork');
      await first.client.configurationDoneRequest();
      hold(false);
      assert.equal((await first.next('stopped')).reason, 'pause');
      await first.client.continueRequest({ threadId: 1 });
      assert.equal((await first.next('stopped')).reason, 'function breakpoint');
      assert.equal(await top(first), 'sys_fork');
      for (const step of ['next', 'stepIn', 'stepOut']) {
        await first.request(step, { threadId: 1 });
        assert.equal((await first.next('stopped')).reason, 'step');
      }
      hold(true);
      await first.disconnect();
      // A session that goes without a word, in the middle of a step, with a condition that is never true.
      const second = await attach(server);
      const breakpoints = [{ name: 'sys_sleep', condition: '0' }, { name: 'sys_exit' }];
      await second.client.setFunctionBreakpointsRequest({ breakpoints });
      await second.client.configurationDoneRequest();
      hold(false);
      assert.equal((await second.next('stopped')).reason, 'function breakpoint');
      await second.request('next', { threadId: 1 });
      second.drop();
      assert.deepEqual(
        [(await ended).reason, run.console.endsWith('stopped\r\n')],
        ['halted', true],
        'its breakpoints are gone, and the guest goes on',
      );
      assert.deepEqual(state(), undisturbed.state());
    });

    it('takes one client at a time, and says so to the others', async () => {
      const { server } = await start('');
      const first = await attach(server);
      await first.client.configurationDoneRequest();
      const other = await connectTo(server);
      open.push(other);
      await other.client.initializeRequest();
      assert.match((await other.fails('attach', {})).message ?? '', /Another client is attached.*disconnect first/);
      assert.match(
        (await other.fails('launch', { program: GUEST })).message ?? '',
        /belongs to a guest that runs already/,
      );
      assert.match((await first.fails('attach', {})).message ?? '', /already loaded/);
      assert.match((await first.fails('restart', {})).message ?? '', /is not restarted/);
      assert.deepEqual((await first.next('capabilities')) as object, {
        capabilities: { supportsRestartRequest: false },
      });
      await first.disconnect();
      await other.request('attach', { stopOnAttach: true });
      await other.client.configurationDoneRequest();
      assert.equal((await other.next('stopped')).reason, 'pause');
    });

    it('gives the console to the terminal and to the client, and types', async () => {
      const { run, server } = await start('');
      const c = await attach(server);
      await c.client.configurationDoneRequest();
      await c.request('trapline/input', { text: 'ps\n' });
      while (!c.console().includes('ps\r\n')) await c.next('trapline/console');
      while (!/ps\r\n[^]*sample> $/.test(run.console)) await c.next('trapline/console');
      await c.disconnect();
      const before = run.console.length;
      run.runner.type(Buffer.from('help\n'));
      while (run.console.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 5));
    });

    it('ends the guest on request, and tells when it has ended', async () => {
      const { server, ended } = await start('');
      const c = await attach(server, { stopOnAttach: true });
      await c.client.configurationDoneRequest();
      await c.next('stopped');
      await c.disconnect({ terminateDebuggee: true });
      assert.equal((await ended).text, 'ended by the debugger');
      const late = await connectTo(server);
      open.push(late);
      await late.client.initializeRequest();
      assert.match((await late.fails('attach', {})).message ?? '', /nothing left to attach to: ended by the debugger/);
    });

    it('reports an end that is not the client’s doing', async () => {
      const own = await start('');
      const c = await attach(own.server);
      await c.client.configurationDoneRequest();
      await c.client.evaluateRequest({ expression: '>poweroff', context: 'repl' });
      assert.equal((await c.next('exited', 20_000)).exitCode, 0);
      await c.next('terminated');
      assert.match((await c.fails('continue', { threadId: 1 })).message ?? '', /has ended/);
      await c.disconnect();
      assert.equal((await own.ended).reason, 'halted');
      const left = await start('');
      const standing = await attach(left.server, { stopOnAttach: true });
      await standing.client.configurationDoneRequest();
      await standing.next('stopped');
      left.run.leave('left', 0, 'left by Ctrl-A X');
      assert.equal((await standing.next('exited')).exitCode, 0);
      await standing.next('terminated');
    });

    it('keeps the breakpoints of a session, of GDB and of the run apart', async () => {
      const { server, run, gdb } = await start('');
      const c = await attach(server);
      await c.client.configurationDoneRequest();
      const { panicAddress } = await loadGuest(GUEST, new ParsedArguments({ mode }, []));
      const inMachine = (): readonly number[] => [...run.runner.points.union].sort((a, b) => a - b);
      assert.deepEqual(inMachine(), [panicAddress]);
      await breakIn(c, 'sys_getpid');
      const withSession = inMachine();
      assert.ok(withSession.length > 1);
      const fork = /0x[0-9a-f]+/.exec(
        (await c.client.evaluateRequest({ expression: 'sys_fork', context: 'watch' })).body.result,
      );
      const packets = await connectGdb(gdb);
      assert.equal((await c.next('stopped')).reason, 'pause', 'gdb stops the guest');
      assert.equal(await packets.ask(`Z0,${fork?.[0].slice(2)},4`), 'OK');
      assert.equal(inMachine().length, withSession.length + 1);
      const stop = packets.ask('c');
      await c.next('continued');
      await c.request('trapline/input', { text: 'run cow\n' });
      assert.match(await stop, /^T05thread:01/);
      // Met by the other debugger alone.
      assert.equal((await c.next('stopped')).reason, 'pause');
      assert.equal(await top(c), 'sys_fork');
      assert.equal(await packets.ask('D'), 'OK');
      await c.next('continued');
      packets.close();
      assert.deepEqual(inMachine(), withSession);
      await c.disconnect();
      assert.deepEqual(inMachine(), [panicAddress]);
    });
  });

describe('trapline run --dap', function () {
  this.timeout(60_000);

  it('has the guest’s console and nothing else on its standard output', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'run', GUEST, '--dap', '0', '--timeout', '50']);
    try {
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      while (!/listening on 127\.0\.0\.1:\d+/.test(stderr)) await new Promise((resolve) => setTimeout(resolve, 20));
      const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(stderr)?.[1]);
      const c = await connectTo({ port });
      await c.client.initializeRequest();
      await c.request('attach', { port, host: 'localhost' });
      await c.next('initialized');
      await c.client.configurationDoneRequest();
      await c.request('trapline/input', { text: 'poweroff\n' });
      assert.equal((await c.next('exited', 20_000)).exitCode, 0);
      const code = new Promise((resolve) => child.on('close', resolve));
      await c.disconnect();
      assert.equal(await code, 0);
      assert.match(stdout, /^[^]*sample> poweroff\r\nstopped\r\n$/);
      assert.match(stderr, /trapline: the guest has halted/);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
