/** What the Traps view shows, from the numbers of the debug adapter. */
import type { ExitsResponse } from '../../../debug-adapter/protocol.ts';
import type { Run } from '../messages.ts';

/** Numbers that counts are shown against. */
export type Baseline = Pick<Run, 'instructions' | 'total' | 'hostInstructions' | 'causes' | 'functions'>;

/** Counts of a class of causes, or of a cause in it. */
export interface CauseCount {
  key: string;
  name: string;
  /** From 1; classes with several causes have them below. */
  depth: number;
  isClass: boolean;
  count: number;
  hostInstructions: number;
  /** The count of the run that is compared with; undefined without one. */
  before: number | undefined;
}

/** The numbers of a run in the form in which they are kept. */
export function summarize({ instructions, total, hostInstructions, byCause, functions }: ExitsResponse): Baseline {
  return {
    ...{ instructions, total, hostInstructions },
    causes: Object.fromEntries(byCause.map(({ cause, count }) => [cause, count])),
    functions: Object.fromEntries(functions.rows.map((row) => [row.function ?? '', row.count])),
  };
}

/** The class of a cause: the part before the dot. */
export const classOf = (cause: string): string => cause.split('.')[0];

/** Causes by class, each class followed by its causes. `before`: another run, whose causes appear too. */
export function causeTree(exits: ExitsResponse, before: Baseline | undefined): CauseCount[] {
  const found = new Map<string, CauseCount>();
  const entry = (cause: string): CauseCount => {
    let row = found.get(cause);
    if (!row) {
      const empty = { count: 0, hostInstructions: 0, before: before && 0 };
      found.set(cause, (row = { key: cause, name: cause, depth: 1, isClass: false, ...empty }));
    }
    return row;
  };
  for (const { cause, count, hostInstructions } of exits.byCause) {
    Object.assign(entry(cause), { count, hostInstructions });
  }
  for (const [cause, count] of Object.entries(before?.causes ?? {})) entry(cause).before = count;
  const classes = new Map<string, CauseCount[]>();
  for (const row of found.values()) {
    const name = classOf(row.key);
    classes.set(name, [...(classes.get(name) ?? []), row]);
  }
  const groups = [...classes].map(([name, rows]) => withClass(name, rows.sort(byWeight)));
  return groups.sort(([a], [b]) => byWeight(a, b)).flat();
}

function withClass(name: string, rows: CauseCount[]): CauseCount[] {
  if (rows.length === 1) return rows;
  const sum = (of: (row: CauseCount) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const head: CauseCount = {
    ...{ key: `${name}.*`, name, depth: 1, isClass: true },
    count: sum(({ count }) => count),
    hostInstructions: sum(({ hostInstructions }) => hostInstructions),
    before: rows[0].before === undefined ? undefined : sum(({ before }) => before ?? 0),
  };
  return [head, ...rows.map((row) => ({ ...row, depth: 2, name: row.name.slice(name.length + 1) }))];
}

const weight = ({ count, before }: CauseCount): number => Math.max(count, before ?? 0);
const byWeight = (a: CauseCount, b: CauseCount): number => weight(b) - weight(a) || (a.name < b.name ? -1 : 1);

/** The tree without the causes of classes that are closed. */
export function visibleCauses(rows: readonly CauseCount[], closed: ReadonlySet<string>): CauseCount[] {
  return rows.filter(({ key, depth }) => depth === 1 || !closed.has(`${classOf(key)}.*`));
}

/** The numbers since a moment of the same run. */
export function since(exits: ExitsResponse, start: Baseline): ExitsResponse {
  return {
    ...exits,
    instructions: exits.instructions - start.instructions,
    total: exits.total - start.total,
    hostInstructions: exits.hostInstructions - start.hostInstructions,
    byCause: exits.byCause
      .map((row) => scaled(row, row.count - (start.causes[row.cause] ?? 0)))
      .filter(({ count }) => count > 0),
    functions: {
      total: exits.functions.total,
      rows: exits.functions.rows
        .map((row) => scaled(row, row.count - (start.functions[row.function ?? ''] ?? 0)))
        .filter(({ count }) => count > 0),
    },
  };
}

/** A row with another count, and its part of the host's instructions. */
function scaled<Row extends { count: number; hostInstructions: number }>(row: Row, count: number): Row {
  return { ...row, count, hostInstructions: Math.round((row.hostInstructions * count) / Math.max(1, row.count)) };
}

/** Counts over time, for rates and curves. */
export class RateHistory {
  private readonly most: number;
  private last: { instructions: number; counts: ReadonlyMap<string, number> } | undefined;
  private readonly curves = new Map<string, number[]>();
  private samples = 0;

  /** `most`: samples that are kept. */
  constructor(most: number) {
    this.most = most;
  }

  /** Takes the counts at a moment; nothing when the guest has not moved since the last. */
  sample(instructions: number, counts: ReadonlyMap<string, number>): void {
    const { last } = this;
    if (last && instructions < last.instructions) this.clear();
    if (this.last?.instructions === instructions) return;
    if (this.last) this.add(instructions - this.last.instructions, counts, this.last.counts);
    this.last = { instructions, counts };
  }

  /** Exits per million guest instructions between samples, oldest first. */
  curve(key: string): readonly number[] {
    return this.curves.get(key) ?? [];
  }

  /** Exits per million guest instructions: between the last two samples, or since the start when there is only one. */
  rate(key: string): number {
    const { last, samples } = this;
    if (samples > 0) return this.curves.get(key)?.at(-1) ?? 0;
    return last && last.instructions > 0 ? ((last.counts.get(key) ?? 0) * 1e6) / last.instructions : 0;
  }

  clear(): void {
    this.last = undefined;
    this.samples = 0;
    this.curves.clear();
  }

  private add(instructions: number, counts: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): void {
    for (const [key, count] of counts) {
      let curve = this.curves.get(key);
      if (!curve) this.curves.set(key, (curve = Array.from({ length: this.samples }, () => 0)));
      curve.push(((count - (before.get(key) ?? 0)) * 1e6) / instructions);
      if (curve.length > this.most) curve.shift();
    }
    this.samples = Math.min(this.samples + 1, this.most);
  }
}
