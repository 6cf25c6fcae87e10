/** What the Exit Log view shows: rows of the log, a filter over them, and lanes of who executes. */
import type { ExitLogResponse, ExitLogRow } from '../../../debug-adapter/protocol.ts';

/** Exits that are kept: as many as the hypervisor's own log. */
export const MOST_EXITS = 4096;

/** The log as it was read so far. */
export interface Log {
  exits: readonly ExitLogRow[];
  /** `start` of the next request. */
  next: number;
  total: number;
}

export const EMPTY_LOG: Log = { exits: [], next: 0, total: 0 };

/** A log with the exits that have come. What lies before a gap is dropped, so that numbers follow each other. */
export function extended(log: Log, { exits, next, total, oldest }: ExitLogResponse): Log {
  const follows = exits.length === 0 || log.exits.length === 0 || exits[0].index === log.next;
  const before = follows && total >= log.total ? log.exits : [];
  const all = [...before, ...exits].filter(({ index }) => index >= oldest);
  return { exits: all.slice(-MOST_EXITS), next, total };
}

/**
 * Exits that match all words of a filter: a cause, the beginning of one (`mmio`), a mode, or a part of a symbol, an address or a
 * register.
 */
export function filtered(exits: readonly ExitLogRow[], filter: string): readonly ExitLogRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return exits;
  return exits.filter((exit) => {
    const text = [exit.cause, exit.mode, exit.pc, exit.symbol, exit.address, placeOf(exit)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What an exit was about: a device register with the direction, or an address. */
export function placeOf({ register, address }: ExitLogRow): string {
  if (!register) return address ?? '';
  const name = register.register ?? register.address;
  return `${register.write ? '→' : '←'} ${register.device ?? ''} ${name}`.replace(/ +/g, ' ');
}

export const LANES = ['guest user', 'guest kernel', 'hypervisor'] as const;
export type Lane = 0 | 1 | 2;

/** A stretch in which one of them executes; times count instructions of guest and host together. */
export interface Stretch {
  lane: Lane;
  from: number;
  to: number;
  /** The exit that the stretch handles, or that ends it. */
  exit: ExitLogRow;
}

/**
 * Who executed, exit by exit: the guest up to an exit, in the mode that it was in then, and the hypervisor after it. Times
 * start at 0, with the run or the oldest exit that is known.
 */
export function stretches(exits: readonly ExitLogRow[]): Stretch[] {
  const found: Stretch[] = [];
  let time = 0;
  exits.forEach((exit, i) => {
    // What came before the oldest exit of the log is not known, unless it is the first of all.
    const start = exit.index === 0 ? 0 : exit.instructions;
    const before = i === 0 ? start : exits[i - 1].instructions;
    const guest = exit.instructions - before;
    if (guest > 0) {
      found.push({ lane: exit.mode === 'usr' ? 0 : 1, from: time, to: time + guest, exit });
      time += guest;
    }
    found.push({ lane: 2, from: time, to: time + exit.hostInstructions, exit });
    time += exit.hostInstructions;
  });
  return found;
}

/** The part of the time that can be seen. */
export interface Span {
  from: number;
  to: number;
}

const LEAST_SPAN = 20;

/** A span zoomed by a factor about a time, inside 0 to `end`. */
export function zoomed({ from, to }: Span, factor: number, about: number, end: number): Span {
  const length = Math.min(Math.max((to - from) * factor, LEAST_SPAN), Math.max(end, LEAST_SPAN));
  const part = to === from ? 0.5 : (about - from) / (to - from);
  return moved({ from: about - part * length, to: about - part * length + length }, 0, end);
}

/** A span moved by a time, inside 0 to `end`. */
export function moved({ from, to }: Span, by: number, end: number): Span {
  const length = to - from;
  const start = Math.max(0, Math.min(from + by, end - length));
  return { from: start, to: start + length };
}

/** The first stretch that ends after a time, by bisection. */
export function firstAfter(list: readonly Stretch[], time: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle].to > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A round step for ticks, at least a number of them apart. */
export function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}
