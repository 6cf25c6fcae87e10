/** What was compared, what differs, and what is left out by a rule. */

interface Count {
  compared: number;
  differences: string[];
}

/** Differences are kept up to so many of a kind. */
const KEPT = 50;

export class Tally {
  readonly counts = new Map<string, Count>();
  readonly explained = new Map<string, number>();
  private failures = 0;

  /** Counts a comparison; ours is first. */
  compare(kind: string, where: string, ours: string, theirs: string): void {
    let count = this.counts.get(kind);
    if (!count) this.counts.set(kind, (count = { compared: 0, differences: [] }));
    count.compared++;
    if (ours === theirs) return;
    this.failures++;
    if (count.differences.length < KEPT) count.differences.push(`${where}: ${ours} | ${theirs}`);
  }

  /** Counts something that is neither equal nor different. */
  count(kind: string): void {
    this.compare(kind, '', '', '');
  }

  /** How many comparisons of a kind there were. */
  compared(kind: string): number {
    return this.counts.get(kind)?.compared ?? 0;
  }

  /** Counts what a rule has left out. */
  explain(rule: string): void {
    this.explained.set(rule, (this.explained.get(rule) ?? 0) + 1);
  }

  /** How many comparisons failed. */
  get differences(): number {
    return this.failures;
  }
}
