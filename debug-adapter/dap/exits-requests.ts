/** `trapline/exits` and `trapline/exitLog`: what left the guest, how often and where; and the last exits one by one. */
import { EXIT_ORDERS, logRow, parseCauses, reportExits } from '../inspection/exits.ts';
import type { ExitLogResponse, ExitsResponse, Page, SiteRow } from '../protocol.ts';
import type { RequestArguments } from './arguments.ts';
import { badArgument, unknownCause } from './errors.ts';
import type { Guest } from './guest.ts';

/** Rows of one answer. */
const MOST_ROWS = 1000;
const ROWS = 50;
const LOG_ROWS = 100;

/** `trapline/exits`. */
export function exitsRequest(guest: Guest, args: RequestArguments): ExitsResponse {
  const { machine, codeNames } = guest;
  const order = args.optionalString('sort') ?? 'count';
  const sort = EXIT_ORDERS.find((known) => known === order);
  if (!sort) throw badArgument(args.command, 'sort', EXIT_ORDERS.map((name) => `"${name}"`).join(' or '));
  const start = args.integer('start', { min: 0, default: 0 });
  const count = args.integer('count', { min: 0, max: MOST_ROWS, default: ROWS });
  const page = <Row>(rows: Row[]): Page<Row> => ({ total: rows.length, rows: rows.slice(start, start + count) });
  const { total, byCause, sites, functions, registers, otherExits, otherAccesses } = reportExits(
    machine,
    codeNames,
    sort,
  );
  const { mode, statistics } = machine.vm;
  return {
    ...{ mode, instructions: machine.vcpu.instructions, total },
    hostInstructions: statistics?.hostInstructions ?? 0,
    ...{ byCause, otherExits, otherAccesses },
    sites: withSources(guest, page(sites)),
    functions: page(functions),
    registers: page(registers),
    ...(statistics && { statistics }),
  };
}

/** Adds source lines to the rows of a page, and to no others: a kernel has thousands of sites. */
function withSources({ codeNames, debug, sources }: Guest, { total, rows }: Page<SiteRow>): Page<SiteRow> {
  const located = rows.map((row) => {
    const address = codeNames.linked(Number(row.address), row.user);
    const place = debug.at(address)?.lineOf(address);
    const path = place && place.line > 0 ? sources.local(place.file) : undefined;
    return place && path !== undefined ? { ...row, source: { path, line: place.line } } : row;
  });
  return { total, rows: located };
}

/** `trapline/exitLog`. */
export function exitLogRequest({ machine, codeNames }: Guest, args: RequestArguments): ExitLogResponse {
  const count = args.integer('count', { min: 0, max: MOST_ROWS, default: LOG_ROWS });
  const cause = args.optionalString('cause');
  const filter = cause === undefined ? undefined : parseCauses(cause, machine);
  if (filter && 'unknown' in filter) throw unknownCause(filter.unknown);
  const start = args.raw['start'] === undefined ? undefined : args.integer('start', { min: 0 });
  const exits = machine.vm.hypervisor?.exits;
  if (!exits) return { total: 0, oldest: 0, next: 0, exits: [] };
  const { total, oldest } = exits;
  const matching = exits.log(start ?? 0, total).filter((exit) => !filter || filter.matches(exit.cause));
  const chosen = start === undefined ? matching.slice(Math.max(0, matching.length - count)) : matching.slice(0, count);
  // With rows left out at the end, the next request goes on behind the last one given.
  const complete = start === undefined || chosen.length === matching.length;
  const next = complete ? total : (chosen.at(-1)?.index ?? start - 1) + 1;
  return { total, oldest, next, exits: chosen.map((exit) => logRow(machine, exit, codeNames)) };
}
