#!/usr/bin/env node
/** The `trapline` command. Each command is in a file of its own, loaded when it is asked for. */
import { type Command, commandHelp, ExitCode, isUserError, parseArguments, UsageError } from './command.ts';
import { tuneForShortRun } from './short-run.ts';

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ command: Command }>;
  /** Whether it reads its input once and ends. */
  readonly short?: boolean;
}

/** Commands in the order of the help text. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: { summary: 'boots a guest, with the terminal as its console', load: () => import('./run.ts') },
  test: { summary: 'runs the tests that a guest declares', load: () => import('./test.ts') },
  trace: { summary: 'runs a guest and writes its exits to the hypervisor', load: () => import('./trace.ts') },
  gdb: { summary: 'serves the GDB remote protocol', load: () => import('./gdb.ts') },
  dap: { summary: 'the debug adapter, on stdio or on a port', load: () => import('./dap.ts') },
  lsp: { summary: 'the language server, on stdio', load: () => import('./lsp.ts') },
  lint: { summary: 'reports sensitive instructions in sources', load: () => import('./lint.ts'), short: true },
  patch: { summary: 'replaces sensitive instructions by traps', load: () => import('./patch.ts'), short: true },
  verify: { summary: 'lists the sensitive instructions left in a binary', load: () => import('./verify.ts') },
  disasm: { summary: 'disassembles an ELF file, with the meaning of its traps', load: () => import('./disasm.ts') },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'Usage: trapline COMMAND [OPTIONS] [ARGUMENTS]',
    '',
    'A 32-bit ARM machine, a paravirtualizing hypervisor and a debugger for guest kernels.',
    '',
    'Commands:',
    ...lines,
    '',
    '"trapline COMMAND --help" explains a command; "trapline --version" prints the version.',
    '',
  ].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    process.stderr.write(help());
    return ExitCode.badInput;
  }
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    process.stdout.write(help());
    return ExitCode.ok;
  }
  if (name === '--version') {
    const { default: manifest } = await import('../package.json', { with: { type: 'json' } });
    process.stdout.write(`${manifest.version}\n`);
    return ExitCode.ok;
  }
  const wanted = name === 'help' ? rest[0] : name;
  if (!Object.hasOwn(COMMANDS, wanted))
    throw new UsageError(
      `There is no ${wanted.startsWith('-') ? 'option' : 'command'} "${wanted}". The commands are: ${Object.keys(COMMANDS).join(', ')}.`,
    );
  const { load, short = false } = COMMANDS[wanted];
  if (short) tuneForShortRun();
  const { command } = await load();
  const end = rest.indexOf('--');
  const own = end < 0 ? rest : rest.slice(0, end);
  if (name === 'help' || own.includes('--help') || own.includes('-h')) {
    process.stdout.write(commandHelp(command));
    return ExitCode.ok;
  }
  return command.run(parseArguments(command, rest));
}

/** Waits until a stream has handed over what was written to it. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

async function start(): Promise<void> {
  // A reader that has gone away is no error of ours; what is left to print has nowhere to go.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  let code: number;
  try {
    code = await main(process.argv.slice(2));
  } catch (error) {
    if (isUserError(error)) {
      process.stderr.write(`trapline: ${error.message}\n`);
      code = ExitCode.badInput;
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`trapline: internal error, please report it: ${text}\n`);
      code = ExitCode.guestFailed;
    }
  }
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(code);
}

void start();
