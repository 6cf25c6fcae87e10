/** What the Page Tables view shows: a tree of both tables, and a walk step by step. */
import type {
  Access,
  AccessOutcome,
  Descriptor,
  ExitLogRow,
  PageTablesResponse,
  ShadowCell,
  ShadowState,
  TableRow,
  TranslationResponse,
  WalkedDescriptor,
} from '../../../debug-adapter/protocol.ts';
import { formatSize, hex32 } from '../ui/format.ts';

export const MEGABYTE = 0x10_0000;

/** A row of the tree: a megabyte (depth 1), or a page of one (depth 2). */
export interface TreeRow {
  key: string;
  depth: 1 | 2;
  row: TableRow;
  /** Whether there are pages under it; undefined for a page. */
  hasPages: boolean;
}

/** Which rows are wanted. */
export type RowFilter = 'all' | 'attention' | 'missing';

/** Pages of megabytes that are open, by megabyte. */
export type OpenPages = ReadonlyMap<number, readonly TableRow[]>;

/** The rows of the tree from top to bottom. */
export function treeRows(
  megabytes: readonly TableRow[],
  open: OpenPages,
  user: boolean,
  filter: RowFilter = 'all',
): TreeRow[] {
  const rows: TreeRow[] = [];
  for (const row of megabytes) {
    const pages = open.get(row.index);
    if (!isWanted(row, user, filter) && !pages) continue;
    rows.push({ key: row.address, depth: 1, row, hasPages: hasPages(row) });
    for (const page of pages ?? []) {
      if (!isWanted(page, user, filter)) continue;
      rows.push({ key: `${row.index}/${page.address}`, depth: 2, row: page, hasPages: false });
    }
  }
  return rows;
}

function hasPages({ guest, shadow }: TableRow): boolean {
  if (guest?.type === 'coarse' || guest?.type === 'fine') return true;
  return [shadow?.privileged, shadow?.user].some((cell) => (cell?.entries ?? 0) > 0);
}

/** The shadow's cell for a virtual mode. */
export const cellOf = ({ shadow }: TableRow, user: boolean): ShadowCell | undefined =>
  shadow && (user ? shadow.user : shadow.privileged);

/** Whether the shadow has an entry there. */
export const isFilled = (cell: ShadowCell | undefined): boolean =>
  cell?.descriptor !== undefined && cell.descriptor.type !== 'fault';

function isWanted(row: TableRow, user: boolean, filter: RowFilter): boolean {
  const state = cellOf(row, user)?.state;
  if (filter === 'all') return true;
  return filter === 'missing' ? state === 'missing' : state === 'differs' || state === 'narrower';
}

/** How a state of a shadow entry is shown. */
export const STATES: Readonly<
  Record<ShadowState, { label: string; kind: 'good' | 'warn' | 'bad' | 'none'; meaning: string }>
> = {
  same: { label: 'same', kind: 'good', meaning: 'The same page, with the rights that the guest gives.' },
  narrower: {
    label: 'narrower',
    kind: 'warn',
    meaning: 'The same page with fewer rights: it holds translation tables and is guarded, or the strategy needs it.',
  },
  missing: { label: 'missing', kind: 'none', meaning: 'Not filled yet: no access has needed it.' },
  host: { label: 'host', kind: 'none', meaning: 'A page of the hypervisor, which the guest cannot reach.' },
  unmapped: { label: 'unmapped', kind: 'none', meaning: 'Neither table maps it.' },
  unserved: {
    label: 'other mode',
    kind: 'none',
    meaning: 'The one table there is holds the rights of the other mode now.',
  },
  differs: {
    label: 'stale',
    kind: 'bad',
    meaning: 'Not what the guest has: a stale entry, an error of the hypervisor.',
  },
};

/** The type of an entry, with the size that it maps. */
export function typeText({ type }: Descriptor): string {
  const sizes: Partial<Record<Descriptor['type'], string>> = {
    section: 'section 1 MB',
    coarse: 'coarse table',
    fine: 'fine table',
    large: 'large 64 KB',
    small: 'small 4 KB',
    tiny: 'tiny 1 KB',
  };
  return sizes[type] ?? type;
}

/** Access permissions: one field, or four for the quarters of a page when they differ. */
export const apText = ({ ap }: Descriptor): string =>
  ap === undefined ? '' : ap.every((field) => field === ap[0]) ? `${ap[0]}` : ap.join('.');

/** The cache bits: `CB`, `C–`, `–B`, `––`. */
export const cacheText = ({ c, b }: Descriptor): string =>
  c === undefined || b === undefined ? '' : `${c ? 'C' : '–'}${b ? 'B' : '–'}`;

/** The cache bits in words. */
function cacheWords({ c, b }: Descriptor): string {
  const words = [...(c ? ['cached'] : []), ...(b ? ['buffered'] : [])];
  return words.length > 0 ? words.join(' and ') : 'not cached';
}

/** One step of a walk, in words. */
export interface WalkStep {
  title: string;
  /** How the address of the descriptor is made. */
  from: string;
  descriptor: WalkedDescriptor;
  result: string;
}

/** A walk of the guest's tables. `root`: the level 1 table. */
export function walkSteps(address: number, root: number, steps: readonly WalkedDescriptor[]): WalkStep[] {
  return steps.map((descriptor, i) => ({
    title: `Level ${descriptor.level}`,
    from:
      descriptor.level === 1
        ? `table ${hex32(root)} + VA[31:20] (0x${(address >>> 20).toString(16)}) × 4 = ${descriptor.address}`
        : `table ${steps[i - 1]?.target ?? ''} + ${level2Index(address, steps[i - 1])} × 4 = ${descriptor.address}`,
    descriptor,
    result: resultOf(descriptor),
  }));
}

function level2Index(address: number, table: WalkedDescriptor | undefined): string {
  const fine = table?.type === 'fine';
  const index = fine ? (address >>> 10) & 0x3ff : (address >>> 12) & 0xff;
  return `VA[19:${fine ? 10 : 12}] (0x${index.toString(16)})`;
}

function resultOf(descriptor: WalkedDescriptor): string {
  const { type, target } = descriptor;
  if (type === 'fault') return 'no mapping: translation fault';
  if (type === 'reserved') return 'reserved: translation fault';
  const fields = [
    typeText(descriptor),
    ...(descriptor.domain === undefined ? [] : [`domain ${descriptor.domain}`]),
    ...(descriptor.ap === undefined ? [] : [`AP ${apText(descriptor)}`]),
    ...(descriptor.c === undefined ? [] : [cacheWords(descriptor)]),
  ];
  return `${fields.join(', ')} at ${target ?? '?'}`;
}

/** What an access leads to, in words. */
export const OUTCOMES: Readonly<Record<AccessOutcome, string>> = {
  direct: 'direct: no exit',
  fill: 'an exit that fills the shadow',
  emulated: 'an exit, in which the access is carried out',
  mmio: 'an exit to a device',
  'guest-fault': "the guest's own fault",
};

/** Who may do what, for a small table: rows are modes. */
export function accessTable({ guest }: TranslationResponse): { mode: string; read: string; write: string }[] {
  const says = ({ ok, fault }: Access): string => (ok ? 'yes' : `no: ${fault ?? 'fault'}`);
  const { privilegedRead, privilegedWrite, userRead, userWrite } = guest.access;
  return [
    { mode: 'privileged', read: says(privilegedRead), write: says(privilegedWrite) },
    { mode: 'user', read: says(userRead), write: says(userWrite) },
  ];
}

/** One line on where a translation ends. */
export function destination({ guest }: TranslationResponse): string {
  if (guest.physicalAddress === undefined) return 'nowhere';
  const device = guest.device === undefined ? '' : `, ${guest.device}`;
  return `${guest.physicalAddress}${device}${guest.mmu ? `, in a page of ${formatSize(guest.pageSize)}` : ', the MMU is off'}`;
}

/** The last exit that filled the shadow for an address, among exits of the log, oldest first. */
export function lastFill(exits: readonly ExitLogRow[], address: number): ExitLogRow | undefined {
  return exits.filter((exit) => exit.cause === 'shadow.fill' && samePage(exit.address, address)).at(-1);
}

const samePage = (found: string | undefined, address: number): boolean =>
  found !== undefined && Number(found) >>> 12 === address >>> 12;

/**
 * Exits that may have stored a descriptor, newest first: stores to guarded tables with its offset in the page. The address of a store
 * is virtual, that of a descriptor physical, so a walk must say which of them it was.
 */
export function possibleWrites(exits: readonly ExitLogRow[], descriptor: string): ExitLogRow[] {
  const offset = Number(descriptor) & 0xfff;
  return exits
    .filter(({ cause, address }) => {
      const isStore = cause === 'shadow.page-table-write' || cause === 'shadow.emulation';
      return isStore && address !== undefined && (Number(address) & 0xfff) === offset;
    })
    .reverse();
}

/** The index of the first row at or after an address; -1 for none. */
export function rowAt(rows: readonly TreeRow[], address: number): number {
  let best = -1;
  rows.forEach(({ row }, index) => {
    if (Number(row.address) <= address) best = index;
  });
  return best;
}

/** How many megabytes and entries there are, for the line above the tree. */
export function summaryOf(answer: Pick<PageTablesResponse, 'rows'>, user: boolean): { mapped: number; filled: number } {
  let [mapped, filled] = [0, 0];
  for (const row of answer.rows) {
    if (row.guest && row.guest.type !== 'fault') mapped++;
    filled += cellOf(row, user)?.entries ?? 0;
  }
  return { mapped, filled };
}
