/** `trapline run`: boots a guest with the terminal as its console. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { DapServer } from '../debug-adapter/node-dap-server.ts';
import type { GdbServer } from '../debug-adapter/node-gdb-server.ts';
import { Pacer } from '../emulator/pacing.ts';
import { attachHost } from './attach-host.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { ConsoleOutput } from './console-output.ts';
import { ESCAPE_HELP } from './escape-key.ts';
import { GUEST_OPTIONS, loadGuest, type LoadedGuest } from './guest.ts';
import { GuestRun, type RunEnd } from './guest-run.ts';
import { portError } from './listen-for-gdb.ts';
import { defaultGuest, readRunLimits, RUN_LIMITS, type RunLimits } from './run-limits.ts';
import { type FinishedRun, statistics, summary } from './summary.ts';
import { connectInput } from './terminal-input.ts';

export const command: Command = {
  name: 'run',
  positional: '[GUEST]',
  summary:
    'Boots a guest with the terminal as its console. GUEST is a folder with guest.json, an ELF file, an Image or a zImage.',
  options: {
    ...GUEST_OPTIONS,
    ...RUN_LIMITS,
    stats: { value: 'FILE', help: 'writes statistics as JSON' },
    format: { value: 'FORMAT', help: 'text, or json: statistics on stdout in place of the console' },
    gdb: { value: 'PORT', help: 'serves the GDB remote protocol on a port of 127.0.0.1; 0 for any' },
    dap: {
      value: 'PORT',
      help: 'lets debuggers attach by the Debug Adapter Protocol, on a port of 127.0.0.1; 0 for any',
    },
  },
  notes: [
    'Keys in a terminal:',
    ...ESCAPE_HELP.split('\r\n').map((line) => `  ${line}`),
    '',
    'Exit codes: 0 --until matched, or the guest halted; 1 the guest failed; 2 bad usage or input; 3 a limit was reached.',
  ].join('\n'),
  run,
};

interface RunOptions extends RunLimits {
  json: boolean;
  keepConsole: boolean;
  gdbPort: number | undefined;
  dapPort: number | undefined;
}

function readOptions(args: ParsedArguments): RunOptions {
  const options: RunOptions = {
    ...readRunLimits(args),
    keepConsole: args.has('stats') || args.has('format'),
    json: args.choice('format', ['text', 'json']) === 'json',
    gdbPort: args.integer('gdb', 0, 65535),
    dapPort: args.integer('dap', 0, 65535),
  };
  const server = options.gdbPort !== undefined ? '--gdb' : options.dapPort !== undefined ? '--dap' : undefined;
  if (options.maxInstructions !== undefined && server !== undefined)
    throw new UsageError(
      `--max-instructions and ${server} cannot be combined: a debugger decides how far the guest runs.`,
    );
  return options;
}

async function run(args: ParsedArguments): Promise<number> {
  const options = readOptions(args);
  const named = args.onePositional('guest');
  const guest = named ?? (args.has('kernel') ? undefined : defaultGuest());
  const loaded = await loadGuest(guest, args);
  // Opened before the run: a run of an hour must not end with a wrong file name.
  const statsFile = args.text('stats');
  const stats = statsFile === undefined ? undefined : openForWriting(statsFile);
  const { finished, midLine } = await runGuest(loaded, options);
  if (stats !== undefined) {
    writeSync(stats, `${JSON.stringify(statistics(finished), undefined, 2)}\n`);
    closeSync(stats);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(statistics(finished), undefined, 2)}\n`);
  process.stderr.write(`${midLine && !options.json ? '\n' : ''}${summary(finished)}`);
  return finished.end.exitCode;
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`--stats: cannot write ${path}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function runGuest(
  loaded: LoadedGuest,
  options: RunOptions,
): Promise<{ finished: FinishedRun; midLine: boolean }> {
  const { machine } = loaded;
  const output = new ConsoleOutput(process.stdout);
  const interactive = process.stdin.isTTY;
  const pacer = new Pacer(setImmediate);
  const run = new GuestRun(machine, {
    until: options.until,
    maxInstructions: options.maxInstructions,
    timeoutSeconds: options.timeout,
    panicAddress: loaded.panicAddress,
    keepConsole: options.keepConsole,
    schedule: (task) => output.whenReady(() => (interactive ? pacer.schedule(task) : void setImmediate(task))),
    ...(!options.json && { onOutput: (byte) => output.put(byte) }),
  });
  if (interactive) pacer.attach(run.runner);
  const leave = (reason: 'left' | 'signal', exitCode: number, text: string): void => {
    run.leave(reason, exitCode, text);
  };
  output.onBroken = () => leave('left', ExitCode.ok, 'the reader of the console has gone');
  if (options.input) run.runner.type(options.input);
  const disconnectInput = connectInput(process.stdin, {
    pending: () => machine.input.pending,
    onBytes: (bytes) => run.runner.type(bytes),
    onCommand: (command) => {
      if (command === 'leave') leave('left', ExitCode.ok, 'left by Ctrl-A X');
      else process.stderr.write(`\r\n${ESCAPE_HELP}\r\n`);
    },
  });
  const onSignal = (signal: NodeJS.Signals): void =>
    leave('signal', signal === 'SIGINT' ? 130 : 143, `${signal} received`);
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const gdb = options.gdbPort === undefined ? undefined : await serveGdb(run, loaded, options.gdbPort);
  const dap = options.dapPort === undefined ? undefined : await serveDap(run, loaded, options.dapPort);
  let end: RunEnd;
  try {
    end = await run.start();
  } finally {
    disconnectInput();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await gdb?.close();
    await dap?.close();
  }
  output.flush();
  const { name, notes } = loaded;
  const codeNames = loaded.codeNames();
  const finished = { name, notes, machine, codeNames, seconds: run.seconds, console: run.console, end };
  return { finished, midLine: run.midLine };
}

/** Lets debug sessions attach to the run, and says where. */
async function serveDap(run: GuestRun, loaded: LoadedGuest, port: number): Promise<DapServer> {
  const { startDapServer } = await import('../debug-adapter/node-dap-server.ts');
  try {
    const server = await startDapServer({ port, adapter: attachHost(run, loaded) });
    process.stderr.write(`trapline: dap: listening on 127.0.0.1:${server.port}\n`);
    return server;
  } catch (error) {
    throw portError(port, error);
  }
}

async function serveGdb(run: GuestRun, loaded: LoadedGuest, port: number): Promise<GdbServer> {
  const { listenForGdb } = await import('./listen-for-gdb.ts');
  return listenForGdb(run.runner, port, {
    reset: () => loaded.reset(),
    tasks: () => loaded.tasks(),
    onClient: (connected) => (connected ? run.debuggerCame() : run.debuggerLeft()),
  });
}
