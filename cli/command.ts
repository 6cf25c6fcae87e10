/** What a command of the command line is, and how its arguments are read. */
import { parseArgs } from 'node:util';
import { InputError } from '../formats/input-error.ts';

/** Exit codes of every command. */
export const ExitCode = { ok: 0, guestFailed: 1, badInput: 2, limitReached: 3 } as const;

/** The command line itself is wrong; the message is one sentence or two for the user. */
export class UsageError extends Error {}

export interface OptionSpec {
  /** Name of the value; absent for a switch. */
  value?: string;
  short?: string;
  help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface Command {
  name: string;
  /** The positional arguments, as in `[GUEST]`. */
  positional: string;
  summary: string;
  /** Further help, after the options. */
  notes?: string;
  options: OptionSpecs;
  /** Returns the exit code. */
  run(args: ParsedArguments): Promise<number>;
}

/** Arguments of one invocation, with readers that check what they return. */
export class ParsedArguments {
  readonly positionals: readonly string[];
  private readonly values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(values: Readonly<Record<string, string | boolean | undefined>>, positionals: readonly string[]) {
    this.values = values;
    this.positionals = positionals;
  }

  /** Whether an option was given at all. */
  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  /** The value of an option, as it was written. */
  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** An option that takes one of a few words. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const choice = choices.find((word) => word === text);
    if (choice === undefined) throw new UsageError(`--${name} takes ${choices.join(' or ')}, not "${text}".`);
    return choice;
  }

  /** A whole number from `least` to `most`. */
  integer(name: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new UsageError(`--${name} takes a whole number ${range}, not "${text}".`);
    }
    return value;
  }

  /** A number above 0, possibly with a fraction. */
  positive(name: string, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : NaN;
    if (!(value > 0 && value <= most))
      throw new UsageError(`--${name} takes a number above 0 and up to ${most}, not "${text}".`);
    return value;
  }

  /** The only positional argument; undefined when there is none. */
  onePositional(what: string): string | undefined {
    if (this.positionals.length > 1)
      throw new UsageError(`Only one ${what} can be given; "${this.positionals[1]}" is one too many.`);
    return this.positionals[0];
  }
}

/** Options that are documented for later versions. */
const PLANNED = ['jit', 'profile'];

/** Reads the arguments of a command. Throws a `UsageError` for what it does not know. */
export function parseArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, spec]) => [
      name,
      { type: spec.value === undefined ? ('boolean' as const) : ('string' as const), ...shortOf(spec) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return new ParsedArguments(values, positionals);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const planned = PLANNED.find((name) => error.message.startsWith(`Unknown option '--${name}'`));
    if (planned !== undefined) throw new UsageError(`--${planned} does not exist in this version of Trapline.`);
    const [sentence] = error.message.split(/\. |\n/);
    throw new UsageError(`${sentence.replace(/\.$/, '')}. See "trapline ${command.name} --help".`);
  }
}

const shortOf = (spec: OptionSpec): { short?: string } => (spec.short === undefined ? {} : { short: spec.short });

/** The help of a command. */
export function commandHelp(command: Command): string {
  const rows = Object.entries(command.options).map(([name, { value, short, help }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  ]);
  rows.push(['--help', 'this text']);
  const width = Math.max(...rows.map(([left]) => left.length));
  const usage = ['trapline', command.name, '[OPTIONS]', command.positional].filter((word) => word !== '').join(' ');
  const lines = [`Usage: ${usage}`, '', command.summary, '', 'Options:'];
  lines.push(...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`));
  if (command.notes !== undefined) lines.push('', command.notes);
  return `${lines.join('\n')}\n`;
}

/** Whether an error is the user's to mend: shown as one line, without a stack trace. */
export function isUserError(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof InputError;
}
