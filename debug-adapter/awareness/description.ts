/** How any kernel declares its tasks: `awareness` in a `guest.json`, C expressions over the kernel's own symbols. */
import { InputError } from '../../formats/input-error.ts';
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import { PC } from '../../symbols/frame.ts';
import { unknownName } from '../launch/unknown-name.ts';

/** In the expressions of a task, `task` is what `first`, `next` and `current` give: a pointer to its structure. */
export interface AwarenessDescription {
  /** The task that the processor executes; 0 while there is none. */
  readonly current: string;
  /** The first task, and the one after `task`; 0 at the end. */
  readonly first: string;
  readonly next: string;
  /** Which of them count; all when left out. */
  readonly where?: string;
  readonly pid: string;
  readonly name: string;
  readonly state: string;
  /** The number of the process that a task belongs to; `pid` when left out. */
  readonly process?: string;
  /** Words for states, by enumerator or number. */
  readonly states?: Readonly<Record<string, string>>;
  /** Where a task that does not run keeps its registers: `r4`, `sp`, `pc` and so on. */
  readonly registers?: Readonly<Record<string, string>>;
  /** Virtual address of the level 1 table of a task; 0 for one without memory of its own. */
  readonly table?: string;
  /** The kernel log: text up to a NUL, or up to `next`; with `size`, a ring in which the oldest follows `next`. */
  readonly log?: Readonly<Record<string, string>>;
  /** Commands for the debug console: an expression by its name. */
  readonly show?: Readonly<Record<string, string>>;
}

const REQUIRED = ['current', 'first', 'next', 'pid', 'name', 'state'] as const;
const TEXTS: readonly string[] = [...REQUIRED, 'where', 'process', 'table'];
const OBJECTS = ['states', 'registers', 'log', 'show'];
const LOG_KEYS = ['text', 'next', 'size'];
const REGISTERS = Object.keys(REGISTER).filter((name) => REGISTER[name as RegisterName] <= PC);

/** Checks the shape of a description; its expressions are read when they are asked for. Throws an `InputError`. */
export function checkAwareness(value: unknown, file?: string): AwarenessDescription {
  const fail = (problem: string): never => {
    throw new InputError(`"awareness": ${problem}`, { file, remedy: 'docs/awareness.md has an example' });
  };
  if (!isRecord(value)) return fail('an object of C expressions is expected');
  for (const [key, entry] of Object.entries(value)) {
    if (TEXTS.includes(key)) {
      if (typeof entry !== 'string' || entry === '') fail(`"${key}" must be a C expression`);
    } else if (OBJECTS.includes(key)) {
      if (!isRecord(entry) || !Object.values(entry).every((text) => typeof text === 'string' && text !== ''))
        fail(`"${key}" must be an object of strings`);
    } else throw unknownName('key', `awareness.${key}`, [...TEXTS, ...OBJECTS], file);
  }
  const missing = REQUIRED.find((key) => value[key] === undefined);
  if (missing !== undefined) fail(`"${missing}" is missing`);
  const keys = (key: string): string[] => Object.keys(value[key] ?? {});
  const register = keys('registers').find((name) => !REGISTERS.includes(name));
  if (register !== undefined) throw unknownName('register', register, REGISTERS, file);
  const part = keys('log').find((name) => !LOG_KEYS.includes(name));
  if (part !== undefined) throw unknownName('key', `awareness.log.${part}`, LOG_KEYS, file);
  if (value['log'] !== undefined && !keys('log').includes('text')) fail('"log" needs "text"');
  return value as unknown as AwarenessDescription;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
