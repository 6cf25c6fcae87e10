/** Unified diffs of texts whose changes are few and local. */

const CONTEXT = 3;

/** A run of lines that differ: [from, to) in the old text and in the new one. */
type Change = readonly [oldFrom: number, oldTo: number, newFrom: number, newTo: number];

/** Runs of changed lines. Texts of equal length are compared line by line, others as one run between what is common. */
function changesOf(before: readonly string[], after: readonly string[]): Change[] {
  if (before.length === after.length) {
    const changes: Change[] = [];
    for (let i = 0; i < before.length; i++) {
      if (before[i] === after[i]) continue;
      const start = i;
      while (i < before.length && before[i] !== after[i]) i++;
      changes.push([start, i, start, i]);
    }
    return changes;
  }
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return [[head, before.length - tail, head, after.length - tail]];
}

/** Lines with their newlines. */
const split = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const range = (from: number, to: number): string =>
  `${to === from ? from : from + 1}${to - from === 1 ? '' : `,${to - from}`}`;

const marked = (mark: string, line: string): string =>
  line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`;

/** The diff of one file; empty when nothing differs. `before` or `after` undefined: the file is new, or removed. */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string {
  if (before === after) return '';
  const old = split(before ?? '');
  const now = split(after ?? '');
  const changes = changesOf(old, now);
  let text = `--- ${before === undefined ? '/dev/null' : `a/${path}`}\n+++ ${after === undefined ? '/dev/null' : `b/${path}`}\n`;
  for (let i = 0; i < changes.length;) {
    let last = i;
    while (last + 1 < changes.length && changes[last + 1][0] - changes[last][1] <= 2 * CONTEXT) last++;
    const oldFrom = Math.max(0, changes[i][0] - CONTEXT);
    const newFrom = Math.max(0, changes[i][2] - CONTEXT);
    const oldTo = Math.min(old.length, changes[last][1] + CONTEXT);
    const newTo = Math.min(now.length, changes[last][3] + CONTEXT);
    text += `@@ -${range(oldFrom, oldTo)} +${range(newFrom, newTo)} @@\n`;
    let at = oldFrom;
    for (const [from, to, addedFrom, addedTo] of changes.slice(i, last + 1)) {
      for (; at < from; at++) text += marked(' ', old[at]);
      for (; at < to; at++) text += marked('-', old[at]);
      for (let line = addedFrom; line < addedTo; line++) text += marked('+', now[line]);
    }
    for (; at < oldTo; at++) text += marked(' ', old[at]);
    i = last + 1;
  }
  return text;
}
