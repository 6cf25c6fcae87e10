/** Options that `run` and `trace` share: what is typed into a guest, and what ends its run. */
import { fileURLToPath } from 'node:url';
import { type OptionSpecs, type ParsedArguments, UsageError } from './command.ts';
import { unescapeText } from './unescape-text.ts';

const MOST_SECONDS = 2_000_000;

export const RUN_LIMITS: OptionSpecs = {
  input: {
    value: 'TEXT',
    help: 'typed into the console as the guest listens; \\n, \\r, \\t, \\\\ and \\xHH allowed',
  },
  until: { value: 'REGEX', help: 'ends with exit code 0 when the console matches' },
  timeout: { value: 'SECONDS', help: 'ends with exit code 3 after so long' },
  'max-instructions': { value: 'N', help: 'ends with exit code 3 after so many guest instructions' },
};

export interface RunLimits {
  input: Uint8Array | undefined;
  until: string | undefined;
  timeout: number | undefined;
  maxInstructions: number | undefined;
}

export function readRunLimits(args: ParsedArguments): RunLimits {
  const until = args.text('until');
  if (until !== undefined) checkPattern(until);
  const input = args.text('input');
  return {
    input: input === undefined ? undefined : unescapeText(input),
    until,
    timeout: args.positive('timeout', MOST_SECONDS),
    maxInstructions: args.integer('max-instructions', 1),
  };
}

function checkPattern(pattern: string): void {
  try {
    new RegExp(pattern, 'm');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '';
    throw new UsageError(`--until is not a regular expression: ${reason}.`);
  }
}

/** The guest that comes with Trapline. */
export function defaultGuest(): string {
  return fileURLToPath(new URL('../guests/sample', import.meta.url));
}
