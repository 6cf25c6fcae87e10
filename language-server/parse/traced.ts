/** Text that knows where each of its characters was written, through every expansion. */
import type { Source } from './source.ts';

/** A range of a file. */
export interface Place {
  readonly source: Source;
  readonly from: number;
  readonly end: number;
}

/** A run of characters and its origin. */
export interface Segment {
  /** Offset of the run in the text. */
  readonly at: number;
  readonly source: Source;
  /** Offset of its origin. */
  readonly from: number;
  /** Characters at the origin that the whole run stands for; 0 when each character has its own place. */
  readonly span: number;
  /** Other places that the run stands for: invocations and parameters through which it came. */
  readonly also?: readonly Place[] | undefined;
}

/** Where a range of text was written: one contiguous piece of one file. */
export interface Origin {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export class Traced {
  readonly text: string;
  readonly segments: readonly Segment[];

  constructor(text: string, segments: readonly Segment[]) {
    this.text = text;
    this.segments = segments;
  }

  /** Text as it stands in a file. */
  static of(source: Source, text: string, start: number): Traced {
    return new Traced(text, [{ at: 0, source, from: start, span: 0 }]);
  }

  /** Index of the segment with a character. */
  indexAt(at: number): number {
    let low = 0;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.segments[middle].at <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where the character at an index was written. */
  originOf(at: number): Origin | undefined {
    if (this.segments.length === 0) return undefined;
    const { source, from, span, at: start } = this.segments[this.indexAt(at)];
    return span > 0
      ? { source, start: from, end: from + span }
      : { source, start: from + at - start, end: from + at - start + 1 };
  }

  /**
   * Where a range was written: from its first character to its last. The last one may have come through macros: of the
   * places that it stands for, the one that is nearest behind the first counts. Undefined when there is none.
   */
  rangeOf(start: number, end: number): Origin | undefined {
    const first = this.originOf(start);
    const last = this.originOf(Math.max(start, end - 1));
    if (!first || !last) return undefined;
    const { also = [] } = this.segments[this.indexAt(Math.max(start, end - 1))];
    let nearest = Infinity;
    for (const place of [{ source: last.source, from: last.start, end: last.end }, ...also]) {
      if (place.source === first.source && place.from >= first.start) nearest = Math.min(nearest, place.end);
    }
    return nearest === Infinity
      ? undefined
      : { source: first.source, start: first.start, end: Math.max(first.end, nearest) };
  }

  /** Whether a range stands in its file as it is, letter for letter. */
  isVerbatim(start: number, end: number): boolean {
    if (this.segments.length === 0) return false;
    const first = this.indexAt(start);
    return this.segments[first].span === 0 && this.indexAt(Math.max(start, end - 1)) === first;
  }

  slice(start: number, end: number): Traced {
    if (this.segments.length === 0) return new Traced(this.text.slice(start, end), []);
    const first = this.indexAt(start);
    const segments: Segment[] = [];
    for (let i = first; i < this.segments.length && (i === first || this.segments[i].at < end); i++) {
      const segment = this.segments[i];
      if (segment.at >= start) segments.push({ ...segment, at: segment.at - start });
      else
        segments.push({ ...segment, at: 0, from: segment.span > 0 ? segment.from : segment.from + start - segment.at });
    }
    return new Traced(this.text.slice(start, end), segments);
  }
}

/** Puts traced text together. */
export class TracedBuilder {
  private text = '';
  private readonly segments: Segment[] = [];

  get length(): number {
    return this.text.length;
  }

  /** Appends text from a place in a file; with a `span`, all of it stands for that many characters there. */
  add(text: string, source: Source, from: number, span = 0, also?: readonly Place[]): void {
    if (text === '') return;
    const at = this.text.length;
    const last = this.segments.at(-1);
    const continues =
      last &&
      last.also === also &&
      last.source === source &&
      last.span === span &&
      (span > 0 ? last.from === from : last.from + at - last.at === from);
    if (!continues) this.segments.push({ at, source, from, span, also });
    this.text += text;
  }

  /** Appends a part of traced text. */
  append(traced: Traced, start: number, end: number): void {
    if (end <= start) return;
    const base = this.text.length - start;
    const { segments } = traced;
    for (let i = segments.length === 0 ? 0 : traced.indexAt(start); i < segments.length && segments[i].at < end; i++) {
      const { at, source, from, span, also } = segments[i];
      const skipped = Math.max(0, start - at);
      this.segments.push({ at: base + at + skipped, source, from: span > 0 ? from : from + skipped, span, also });
    }
    this.text += traced.text.slice(start, end);
  }

  build(): Traced {
    return new Traced(this.text, this.segments);
  }
}
