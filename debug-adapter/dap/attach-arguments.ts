/** The attributes of an attach request: their names, their types, and a clear error for anything else. */
import { closest } from '../../symbols/closest.ts';
import {
  CLIENT_ATTRIBUTES,
  describe,
  readConsole,
  readPort,
  readSourceMap,
  readSymbols,
  type ConsolePlace,
} from './launch-arguments.ts';
import { badAttribute, unknownAttribute } from './errors.ts';

/** A checked attach request. */
export interface AttachArguments {
  /** Where the client has connected to, when it says so: the port of `trapline run --dap PORT`. */
  port?: number;
  /** Further ELF files with symbols, and where sources are; paths start at the folder of `trapline run`. */
  symbols?: string[];
  sourceMap?: Record<string, string>;
  stopOnAttach: boolean;
  console: ConsolePlace;
}

/** The attributes of an attach request, besides those of every configuration. */
export const ATTACH_ATTRIBUTES: readonly string[] = ['port', 'host', 'symbols', 'sourceMap', 'stopOnAttach', 'console'];
const LOCAL_HOSTS: readonly unknown[] = ['localhost', '127.0.0.1', '::1'];

/** Checks the arguments of an attach request. Throws a `UserError` that names the first attribute that is wrong. */
export function parseAttachArguments(raw: Readonly<Record<string, unknown>>): AttachArguments {
  for (const name of Object.keys(raw)) {
    if (ATTACH_ATTRIBUTES.includes(name) || CLIENT_ATTRIBUTES.has(name) || name.startsWith('__')) continue;
    const suggestion = closest(name, ATTACH_ATTRIBUTES);
    throw unknownAttribute('attach', name, suggestion && `"${suggestion}"`, ATTACH_ATTRIBUTES.join(', '));
  }
  const { port, host, symbols, sourceMap, stopOnAttach, console } = raw;
  if (host !== undefined && !LOCAL_HOSTS.includes(host))
    throw badAttribute('host', '"localhost": guests can be reached on this machine only', describe(host));
  if (stopOnAttach !== undefined && typeof stopOnAttach !== 'boolean')
    throw badAttribute('stopOnAttach', 'true or false', describe(stopOnAttach));
  return {
    ...(port !== undefined && { port: readPort('port', port) }),
    ...(symbols !== undefined && { symbols: readSymbols(symbols) }),
    ...(sourceMap !== undefined && { sourceMap: readSourceMap(sourceMap) }),
    stopOnAttach: stopOnAttach === true,
    console: console === undefined ? 'debugConsole' : readConsole(console),
  };
}
