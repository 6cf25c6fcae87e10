/** The attributes of a launch request: their names, their types, and a clear error for anything else. */
import { InputError } from '../../formats/input-error.ts';
import { parseSavings, type Saving, SAVINGS } from '../../hypervisor/options.ts';
import { type ModeSwitch, MODE_SWITCHES } from '../../hypervisor/shadow/mode-switch.ts';
import { closest } from '../../symbols/closest.ts';
import { isRecord } from './arguments.ts';
import { badAttribute, nothingToLaunch, unknownAttribute } from './errors.ts';

/** Where the guest's console is shown. */
export type ConsolePlace = 'terminal' | 'debugConsole';

/** A checked launch request. Paths are as the client gave them. */
export interface LaunchArguments {
  program?: string;
  mode?: string;
  machine?: string;
  cpu?: string;
  memory?: string;
  kernel?: string;
  dtb?: string;
  initrd?: string;
  append?: string;
  patch?: string;
  /** Savings and mode switch strategy of the hypervisor. */
  savings?: readonly Saving[];
  modeSwitch?: ModeSwitch;
  /** The physical CPU, with the world switch, instead of the guest's virtual one. */
  debug?: 'guest' | 'host';
  symbols?: string[];
  sourceMap?: Record<string, string>;
  gdbPort?: number;
  /** One of the guest's tests, by its name: the session is for it. */
  test?: string;
  /** Record which code is executed. */
  coverage: boolean;
  stopOnEntry: boolean;
  console: ConsolePlace;
  /** Run without debugging: breakpoints are ignored. */
  noDebug: boolean;
}

const TEXT = [
  ...(['program', 'mode', 'machine', 'cpu', 'memory', 'kernel', 'dtb', 'initrd', 'append', 'patch', 'test'] as const),
];
const FLAGS = ['stopOnEntry', 'coverage'] as const;
const OTHER = [...FLAGS, 'symbols', 'sourceMap', 'console', 'gdbPort', 'savings', 'modeSwitch', 'debug'];

/** Attributes of a launch request that belong to Trapline. */
export const LAUNCH_ATTRIBUTES: readonly string[] = [...TEXT, ...OTHER];

/** Attributes that clients add for themselves; names that begin with two underscores are theirs too. */
export const CLIENT_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['name', 'type', 'request', 'noDebug', 'preLaunchTask', 'postDebugTask', 'internalConsoleOptions', 'debugServer'],
  ...['presentation', 'serverReadyAction', 'suppressMultipleSessionWarning', 'windows', 'linux', 'osx', 'trace'],
  ...['debugAdapterHost', 'debugAdapterPort', 'cwd'],
]);

/** A value of the wrong type in a few words, for an error. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value)?.slice(0, 40)}`;
}

/** Checks the arguments of a launch request. Throws a `UserError` that names the first attribute that is wrong. */
export function parseLaunchArguments(raw: Readonly<Record<string, unknown>>): LaunchArguments {
  for (const name of Object.keys(raw)) {
    if (LAUNCH_ATTRIBUTES.includes(name) || CLIENT_ATTRIBUTES.has(name) || name.startsWith('__')) continue;
    const suggestion = closest(name, LAUNCH_ATTRIBUTES);
    throw unknownAttribute('launch', name, suggestion && `"${suggestion}"`, LAUNCH_ATTRIBUTES.join(', '));
  }
  const noDebug = raw['noDebug'] === true;
  const result: LaunchArguments = { stopOnEntry: false, coverage: false, console: 'debugConsole', noDebug };
  for (const name of TEXT) {
    let value = raw[name];
    if (value === undefined) continue;
    if (name === 'memory' && typeof value === 'number') value = String(value);
    if (typeof value !== 'string') throw badAttribute(name, 'a string', describe(value));
    if (value === '' && name !== 'append') throw badAttribute(name, 'a string that is not empty', 'an empty one');
    result[name] = value;
  }
  for (const name of FLAGS) {
    const value = raw[name] ?? false;
    if (typeof value !== 'boolean') throw badAttribute(name, 'true or false', describe(value));
    result[name] = value;
  }
  const { symbols, sourceMap, console, gdbPort, savings, modeSwitch, debug } = raw;
  if (symbols !== undefined) result.symbols = readSymbols(symbols);
  if (sourceMap !== undefined) result.sourceMap = readSourceMap(sourceMap);
  if (console !== undefined) result.console = readConsole(console);
  if (gdbPort !== undefined) result.gdbPort = readPort('gdbPort', gdbPort);
  if (savings !== undefined) result.savings = readSavings(savings);
  if (modeSwitch !== undefined) {
    const found = MODE_SWITCHES.find((name) => name === modeSwitch);
    if (!found) throw badAttribute('modeSwitch', `one of ${quoted(MODE_SWITCHES)}`, describe(modeSwitch));
    result.modeSwitch = found;
  }
  if (debug !== undefined) {
    if (debug !== 'guest' && debug !== 'host') throw badAttribute('debug', '"guest" or "host"', describe(debug));
    result.debug = debug;
  }
  if (result.program === undefined && result.kernel === undefined) throw nothingToLaunch();
  return result;
}

/** `all`, `none`, names with commas between them, or a list of names. */
function readSavings(value: unknown): readonly Saving[] {
  const expected = `"all", "none", or a list of ${quoted(SAVINGS)}`;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((name) => typeof name === 'string')) throw badAttribute('savings', expected, describe(value));
  try {
    return list.length === 0 ? [] : parseSavings(list.join(','));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw badAttribute('savings', expected, JSON.stringify(value).slice(0, 40));
  }
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** The attribute `symbols`: a path or a list of paths. */
export function readSymbols(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const paths = list.filter((item): item is string => typeof item === 'string' && item !== '');
  if (paths.length < list.length) throw badAttribute('symbols', 'a path or a list of paths', describe(value));
  return paths;
}

/** The attribute `sourceMap`: folders by prefix. */
export function readSourceMap(value: unknown): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((to) => typeof to === 'string'))
    throw badAttribute('sourceMap', 'an object from path to path', describe(value));
  return value as Record<string, string>;
}

/** The attribute `console`. */
export function readConsole(value: unknown): ConsolePlace {
  if (value !== 'terminal' && value !== 'debugConsole')
    throw badAttribute('console', '"terminal" or "debugConsole"', describe(value));
  return value;
}

/** A port of the local machine. */
export function readPort(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65535)
    throw badAttribute(name, 'a port number from 0 to 65535', describe(value));
  return value;
}
