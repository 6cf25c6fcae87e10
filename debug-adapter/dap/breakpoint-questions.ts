/** `breakpointLocations` and `trapline/whyNotBound`. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex32 } from '../target.ts';
import { parseAddress } from './address.ts';
import { isRecord, RequestArguments } from './arguments.ts';
import { bindAddress, bindFunction, bindLine, linesWithCode, type Binding } from './breakpoint-binding.ts';
import type { Breakpoints } from './breakpoints.ts';
import type { DataBreakpoints } from './data-breakpoints.ts';
import { badArgument } from './errors.ts';
import type { ExceptionFilters } from './exception-filters.ts';
import type { Guest } from './guest.ts';

/** Lines nearest to the one asked for that are offered. */
const NEAREST = 5;

/** `breakpointLocations`: the lines of a range that have code. */
export function breakpointLocations(guest: Guest, args: RequestArguments): DebugProtocol.BreakpointLocation[] {
  const first = args.integer('line', { min: 0 });
  const last = args.integer('endLine', { min: 0, default: first });
  return linesWithCode(guest, pathOf(args))
    .filter((line) => line >= first && line <= last)
    .map((line) => ({ line }));
}

/** Who knows the breakpoints of each kind by their ids. */
interface Answering {
  readonly breakpoints: Breakpoints;
  readonly data: DataBreakpoints;
  readonly filters: ExceptionFilters;
}

/** The answer to `trapline/whyNotBound`. */
interface WhyNotBound {
  verified: boolean;
  /** One or two sentences. */
  reason: string;
  /** Where it is bound. */
  addresses: string[];
  /** Lines near the one asked for that have code. */
  lines: number[];
  /** Names in the debug information that the file could be. */
  compiledFrom: string[];
}

/**
 * `trapline/whyNotBound`: about a breakpoint of any kind by `id`, a line by `source` and `line`, a function by `name`, or an
 * instruction by `instructionReference`.
 */
export function whyNotBound(
  guest: Guest,
  { breakpoints, data, filters }: Answering,
  args: RequestArguments,
): WhyNotBound {
  if (args.raw['id'] !== undefined) {
    const id = args.integer('id');
    const { verified, addresses, message } = data.explain(id) ?? filters.explain(id) ?? breakpoints.describe(id);
    return answer({ addresses, ...(message !== undefined && { message }) }, verified, [], []);
  }
  const name = args.optionalString('name');
  if (name !== undefined) return answer(bindFunction(guest, name), undefined, [], []);
  const instruction = args.optionalString('instructionReference');
  if (instruction !== undefined) {
    return answer(
      bindAddress(guest, parseAddress(instruction) + args.integer('offset', { default: 0 })),
      undefined,
      [],
      [],
    );
  }
  const path = pathOf(args);
  const line = args.integer('line', { min: 0 });
  const lines = linesWithCode(guest, path)
    .sort((a, b) => Math.abs(a - line) - Math.abs(b - line))
    .slice(0, NEAREST)
    .sort((a, b) => a - b);
  return answer(bindLine(guest, path, line), undefined, lines, guest.sources.similar(path));
}

function answer(
  { addresses, message, line }: Binding,
  verified: boolean | undefined,
  lines: number[],
  compiledFrom: string[],
): WhyNotBound {
  const isBound = verified ?? addresses.length > 0;
  const places = `${addresses.length} ${addresses.length === 1 ? 'address' : 'addresses'}`;
  const bound = `It is bound${line === undefined ? '' : ` to line ${line}`}, at ${places}.`;
  const reason = isBound ? bound : (message ?? 'It is not bound.');
  return { verified: isBound, reason, addresses: addresses.map(hex32), lines, compiledFrom };
}

/** The path of the request's source. */
export function pathOf(args: RequestArguments): string {
  const source = args.raw['source'];
  if (!isRecord(source)) throw badArgument(args.command, 'source', 'an object with a path');
  return new RequestArguments(args.command, source).string('path');
}
