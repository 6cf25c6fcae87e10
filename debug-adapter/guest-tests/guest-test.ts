/** Tests of a guest, as its guest.json declares them: what is typed into its console, and what it has to print. */
import type { ExecutionMode } from '../../emulator/vm.ts';
import { InputError } from '../../formats/input-error.ts';

/** One step of a test: text to type, or a pattern that what the guest prints from now on has to match. */
export type TestStep = { readonly send: string } | { readonly expect: string };

export interface GuestTest {
  /** Unique in the guest. */
  readonly name: string;
  readonly steps: readonly TestStep[];
  /** Seconds of guest time. */
  readonly timeout: number;
  /** At least one. */
  readonly modes: readonly ExecutionMode[];
}

const DEFAULT_TIMEOUT = 60;
const MAX_TIMEOUT = 100_000;
const MAX_TESTS = 1000;
const MAX_STEPS = 1000;
const KEYS = ['name', 'steps', 'send', 'expect', 'timeout', 'modes'];

/**
 * Reads the value of `tests`: a list of `{ "name", "steps": [{ "expect" }, { "send" }, ...], "timeout", "modes" }`, where
 * `send` and `expect` beside the name are short for a step each. Throws an `InputError` that names the first thing that is wrong.
 */
export function parseTests(value: unknown, modes: readonly ExecutionMode[], file?: string): GuestTest[] {
  if (!Array.isArray(value) || value.length > MAX_TESTS) {
    throw new InputError(`"tests" must be a list of at most ${MAX_TESTS} tests`, { file, remedy: 'Correct the value' });
  }
  const names = new Set<string>();
  return value.map((entry: unknown, index) => {
    const where = `test ${index + 1}`;
    const fail = (what: string, remedy: string): never => {
      throw new InputError(`${where} ${what}`, { file, remedy });
    };
    if (!isRecord(entry)) return fail('is not an object', 'Write { "name": "boots", "expect": "login:" }');
    const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) fail(`has the unknown key "${unknown}"`, `The keys are ${KEYS.join(', ')}`);
    const { name, timeout = DEFAULT_TIMEOUT } = entry;
    const wanted = listOf(entry['modes'] ?? ['lpv']);
    if (typeof name !== 'string' || name.trim() === '') return fail('has no "name"', 'Give it one');
    if (names.has(name)) fail(`has the name of another: "${name}"`, 'Give each a name of its own');
    names.add(name);
    if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= MAX_TIMEOUT)) {
      return fail(`("${name}"): "timeout" is not a number of seconds up to ${MAX_TIMEOUT}`, 'Correct the value');
    }
    if (!wanted?.length || !wanted.every((mode) => modes.some((known) => known === mode))) {
      return fail(`("${name}"): "modes" is not a list of ${modes.join(', ')}`, 'Correct the value');
    }
    return { name, timeout, modes: modes.filter((mode) => wanted.includes(mode)), steps: readSteps(entry, fail) };
  });
}

function readSteps(
  entry: Readonly<Record<string, unknown>>,
  fail: (what: string, remedy: string) => never,
): TestStep[] {
  const { send, expect } = entry;
  const steps = listOf(entry['steps'] ?? []);
  if (!steps || steps.length > MAX_STEPS) {
    return fail(
      `("${String(entry['name'])}"): "steps" is not a list`,
      'Write [{ "expect": "# $" }, { "send": "ps\\n" }]',
    );
  }
  const all = [...steps];
  if (send !== undefined) all.push({ send });
  if (expect !== undefined) all.push({ expect });
  const read = all.map((step, index) => {
    const [pair, more] = isRecord(step) ? Object.entries(step) : [];
    if (
      !pair ||
      more ||
      (pair[0] !== 'send' && pair[0] !== 'expect') ||
      typeof pair[1] !== 'string' ||
      pair[1] === ''
    ) {
      return fail(
        `("${String(entry['name'])}"): step ${index + 1} is neither "send" nor "expect" with a text`,
        'Correct it',
      );
    }
    if (pair[0] === 'send') return { send: pair[1] };
    try {
      new RegExp(pair[1], 'm');
    } catch (error) {
      return fail(
        `("${String(entry['name'])}"): step ${index + 1}: ${(error as Error).message}`,
        'Correct the pattern',
      );
    }
    return { expect: pair[1] };
  });
  if (!read.some((step) => 'expect' in step)) {
    fail(`("${String(entry['name'])}") expects nothing`, 'Say what the guest has to print: "expect"');
  }
  return read;
}

const listOf = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
