/** `trapline/translation` and `trapline/pageTables`: the guest's tables beside the shadow's. */
import { inspectPageTables, MEGABYTES } from '../inspection/page-tables.ts';
import { inspectTranslation } from '../inspection/translation.ts';
import type { PageTablesResponse, TranslationResponse } from '../protocol.ts';
import { parseAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';

const MOST_ROWS = 1024;
const ROWS = 64;

/** `trapline/translation`. */
export function translationRequest({ machine, codeNames }: Guest, args: RequestArguments): TranslationResponse {
  const address = parseAddress(args.string('address'));
  const user = args.raw['user'] === undefined ? undefined : args.boolean('user');
  return inspectTranslation(machine, address, user, codeNames);
}

/** `trapline/pageTables`. */
export function pageTablesRequest({ machine }: Guest, args: RequestArguments): PageTablesResponse {
  const level = args.integer('level', { min: 1, max: 2, default: 1 });
  return inspectPageTables(machine, {
    megabyte: level === 2 ? args.integer('megabyte', { min: 0, max: MEGABYTES - 1 }) : undefined,
    start: args.integer('start', { min: 0, default: 0 }),
    count: args.integer('count', { min: 0, max: MOST_ROWS, default: ROWS }),
    used: args.boolean('used'),
  });
}
