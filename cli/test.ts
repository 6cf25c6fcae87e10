/** `trapline test`: runs the tests that a guest declares. */
import { Coverage, mergeCoverage, type FileCoverage } from '../debug-adapter/inspection/coverage.ts';
import { lcovRecord } from '../debug-adapter/inspection/lcov.ts';
import { SourcePaths } from '../debug-adapter/dap/source-paths.ts';
import type { GuestTest } from '../debug-adapter/guest-tests/guest-test.ts';
import { TestRun, type Verdict } from '../debug-adapter/guest-tests/test-run.ts';
import { createMachine, type CreatedMachine } from '../debug-adapter/launch/create-machine.ts';
import { guestSymbols } from '../debug-adapter/launch/guest-symbols.ts';
import { isFile, nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { MODES, resolveGuest, type ResolvedGuest } from '../debug-adapter/launch/resolve-guest.ts';
import { describeStop } from '../debug-adapter/target.ts';
import type { ExecutionMode } from '../emulator/vm.ts';
import { DebugInfo } from '../symbols/debug-info.ts';
import { type Command, ExitCode, type ParsedArguments, UsageError } from './command.ts';
import { defaultGuest } from './run-limits.ts';
import { replaceFile } from './write-file.ts';

export const command: Command = {
  name: 'test',
  positional: '[GUEST]',
  summary: 'Runs the tests in the guest.json of GUEST, each on a machine of its own. Default: the sample kernel.',
  options: {
    mode: { value: 'MODE', help: 'only in this mode: native or lpv' },
    only: { value: 'TEXT', help: 'only tests whose name contains this' },
    format: {
      value: 'FORMAT',
      help: 'text, or json: a list of { name, mode, passed, message, seconds }',
    },
    coverage: { value: 'FILE', help: 'writes the lines and functions that were executed, in the format of LCOV' },
  },
  notes: 'Exit codes: 0 all tests passed, 1 some failed, 2 bad usage or input.',
  run,
};

/** A test in a mode. */
interface Job {
  readonly test: GuestTest;
  readonly mode: ExecutionMode;
}

/** Guest instructions between two looks at the guest's clock. */
const SLICE = 10_000_000;

async function run(args: ParsedArguments): Promise<number> {
  const path = args.onePositional('guest') ?? defaultGuest();
  const json = args.choice('format', ['text', 'json']) === 'json';
  const file = args.text('coverage');
  const first = await resolveGuest(path, {}, nodeFileSystem, process.cwd());
  const jobs = chosen(first.tests, args.choice('mode', MODES), args.text('only'));
  if (jobs.length === 0) throw new UsageError(`${first.name} has no such test: "tests" in its guest.json lists them.`);
  const results: ({ name: string; mode: ExecutionMode } & Verdict)[] = [];
  let covered: FileCoverage[] = [];
  for (const { test, mode } of jobs) {
    const guest = await resolveGuest(path, { mode }, nodeFileSystem, process.cwd());
    const created = await createMachine(guest);
    const coverage = file === undefined ? undefined : startCoverage(guest, created);
    const verdict = runTest(test, created);
    results.push({ name: test.name, mode, ...verdict });
    if (coverage) covered = mergeCoverage(covered, coverage());
    if (!json) process.stdout.write(line(test, mode, verdict));
  }
  if (file !== undefined) replaceFile(file, covered.map((entry) => lcovRecord(entry.file, entry)).join(''));
  const failed = results.filter(({ passed }) => !passed).length;
  if (json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? ExitCode.guestFailed : ExitCode.ok;
}

function chosen(tests: readonly GuestTest[], mode: ExecutionMode | undefined, only: string | undefined): Job[] {
  return tests
    .filter(({ name }) => only === undefined || name.includes(only))
    .flatMap((test) => test.modes.map((each) => ({ test, mode: each })))
    .filter((job) => mode === undefined || job.mode === mode);
}

/** Runs a test to its verdict. */
function runTest(test: GuestTest, { machine }: CreatedMachine): Verdict {
  const run = new TestRun(
    test,
    machine,
    (bytes) => machine.input.type(bytes),
    () => machine.requestStop(),
  );
  const [port] = machine.board.serial;
  port.onOutput = (byte) => run.push(byte);
  while (!run.isLate()) {
    const stop = machine.run(SLICE);
    if (stop === 'budget' || stop === 'requested' || (stop === 'idle' && machine.input.pending > 0)) continue;
    run.ended(describeStop(machine, stop));
  }
  if (!run.verdict) throw new Error('A test without a verdict');
  return run.verdict;
}

/** Starts the record; the function that comes back reads it, with the files where they are on this machine. */
function startCoverage(guest: ResolvedGuest, created: CreatedMachine): () => FileCoverage[] {
  const { files, ranges } = guestSymbols(guest, created);
  if (files.length === 0) throw new UsageError(`--coverage: ${guest.name} has no symbols.`);
  const info = DebugInfo.open(files[0]);
  if (!info.isPresent) throw new UsageError(`--coverage: ${files[0].name} has no debug information.`);
  const coverage = new Coverage(created.machine.vm, files[0], ranges);
  const paths = new SourcePaths({ folder: guest.folder, map: guest.sources, isFile }, { all: [info] });
  return () => coverage.files(info).map((entry) => ({ ...entry, file: paths.local(entry.file) ?? entry.file }));
}

function line(test: GuestTest, mode: ExecutionMode, { passed, message, seconds }: Verdict): string {
  const head = `${passed ? 'ok    ' : 'FAILED'} ${test.name} (${mode}): ${(seconds * 1000).toFixed(3)} ms of guest time\n`;
  return passed ? head : `${head}${message.replace(/\r/g, '').replace(/^/gm, '       ')}\n`;
}
