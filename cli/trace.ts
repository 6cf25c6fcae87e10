/** `trapline trace`: runs a guest and writes every exit to the hypervisor, in order. */
import { type CauseFilter, logRow, parseCauses } from '../debug-adapter/inspection/exits.ts';
import type { ExitLogRow } from '../debug-adapter/protocol.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { ConsoleOutput } from './console-output.ts';
import { GUEST_OPTIONS, loadGuest, type LoadedGuest } from './guest.ts';
import { GuestRun } from './guest-run.ts';
import { defaultGuest, RUN_LIMITS, readRunLimits, type RunLimits } from './run-limits.ts';
import { TextOutput } from './text-output.ts';
import { traceHost } from './trace-host.ts';

const FORMATS = ['text', 'json'] as const;

export const command: Command = {
  name: 'trace',
  positional: '[GUEST]',
  summary:
    'Runs a guest under the hypervisor and writes its exits to stdout, one a line. GUEST is as for "trapline run"; the guest\'s ' +
    'console is dropped.',
  options: {
    ...GUEST_OPTIONS,
    ...RUN_LIMITS,
    format: { value: 'FORMAT', help: 'text, or json: an object a line' },
    from: { value: 'N', help: 'the first exit to write, from 0; with --host, guest instructions before the first' },
    count: { value: 'N', help: 'ends with exit code 0 after so many lines' },
    cause: { value: 'NAMES', help: 'only these causes or groups of causes, such as mmio,shadow.fill' },
    console: { help: "the guest's console goes to stderr" },
    host: {
      value: 'N',
      help: 'instead of exits, the first N instructions of the physical CPU, the world switch among them',
    },
  },
  notes: [
    'A line of text: number of the exit, guest instructions before it, host instructions that it took, virtual mode, address',
    'of the instruction, cause, where in the code, and the address or device register that was accessed.',
  ].join('\n'),
  run,
};

interface TraceOptions extends RunLimits {
  json: boolean;
  from: number;
  count: number;
  console: boolean;
}

async function run(args: ParsedArguments): Promise<number> {
  const options: TraceOptions = {
    ...readRunLimits(args),
    json: args.choice('format', FORMATS) === 'json',
    from: args.integer('from', 0) ?? 0,
    count: args.integer('count', 1) ?? Infinity,
    console: args.has('console'),
  };
  const named = args.onePositional('guest');
  const loaded = await loadGuest(named ?? (args.has('kernel') ? undefined : defaultGuest()), args);
  if (!loaded.machine.vm.hypervisor)
    throw new UsageError(`There are no exits to trace in ${loaded.machine.vm.mode} mode: use --mode lpv.`);
  const host = args.integer('host', 1);
  if (host !== undefined) return traceHost(loaded.machine, options.from, host);
  const cause = args.text('cause');
  const filter = cause === undefined ? undefined : parseCauses(cause, loaded.machine);
  if (filter && 'unknown' in filter)
    throw new UsageError(
      `--cause: "${filter.unknown}" is no cause of an exit. A run without --cause shows those that occur.`,
    );
  return trace(loaded, options, filter);
}

async function trace(loaded: LoadedGuest, options: TraceOptions, filter: CauseFilter | undefined): Promise<number> {
  const { machine } = loaded;
  const { exits } = machine.vm.hypervisor ?? {};
  if (!exits) throw new Error('Only a virtualized machine can be traced.');
  const names = loaded.codeNames();
  const lines = new TextOutput(process.stdout);
  const console = options.console ? new ConsoleOutput(process.stderr) : undefined;
  let next = options.from;
  let written = 0;
  const format = options.json ? (row: ExitLogRow) => JSON.stringify(row) : textLine;
  const drain = (): void => {
    for (const exit of exits.log(next, exits.total)) {
      if (written === options.count) break;
      if (filter && !filter.matches(exit.cause)) continue;
      lines.put(`${format(logRow(machine, exit, names))}\n`);
      written++;
    }
    next = Math.max(next, exits.total);
    if (written === options.count) guestRun.leave('left', ExitCode.ok, `${written} exits are written`);
  };
  const guestRun: GuestRun = new GuestRun(machine, {
    until: options.until,
    maxInstructions: options.maxInstructions,
    timeoutSeconds: options.timeout,
    panicAddress: loaded.panicAddress,
    schedule: (task) => {
      drain();
      lines.flush();
      lines.whenReady(() => void setImmediate(task));
    },
    ...(console && { onOutput: (byte) => console.put(byte) }),
  });
  exits.onBlock = drain;
  lines.onBroken = () => guestRun.leave('left', ExitCode.ok, 'the reader of the trace has gone');
  const onSignal = (signal: NodeJS.Signals): void =>
    guestRun.leave('signal', signal === 'SIGINT' ? 130 : 143, `${signal} received`);
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (options.input) guestRun.runner.type(options.input);
  const end = await guestRun.start();
  drain();
  lines.flush();
  console?.flush();
  process.stderr.write(`trapline: ${end.text}; ${written} of ${exits.total} exits written\n`);
  return end.exitCode;
}

/** An exit for people. */
function textLine(row: ExitLogRow): string {
  const { index, instructions, hostInstructions, mode, pc, cause, symbol, address, register } = row;
  const columns = [
    String(index).padStart(8),
    String(instructions).padStart(12),
    String(hostInstructions).padStart(5),
    mode.padEnd(3),
    pc,
    cause.padEnd(24),
    symbol ?? '-',
  ];
  if (register) columns.push(register.write ? 'write' : 'read', registerText(register));
  else if (address !== undefined) columns.push(address);
  return columns.join(' ');
}

function registerText({ address, device, register }: NonNullable<ExitLogRow['register']>): string {
  return device === undefined ? address : `${device} ${register ?? address}`;
}
