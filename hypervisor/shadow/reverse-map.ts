/**
 * By guest RAM page, the shadow entries that map it: doubly linked lists in typed arrays, so that an entry is added or
 * taken out in constant time and without an allocation. Entries are named by number (shadow-tables.ts).
 */
export class ReverseMap {
  /** By page: first entry + 1, or 0. */
  private readonly head: Int32Array;
  /** By entry: next and previous entry + 1, or 0; and its page + 1, or 0 when it is in no list. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly page: Int32Array;

  constructor(pages: number, entries: number) {
    this.head = new Int32Array(pages);
    this.next = new Int32Array(entries);
    this.previous = new Int32Array(entries);
    this.page = new Int32Array(entries);
  }

  /** Puts an entry that is in no list into that of a page. */
  add(entry: number, page: number): void {
    const first = this.head[page];
    this.next[entry] = first;
    this.previous[entry] = 0;
    if (first) this.previous[first - 1] = entry + 1;
    this.head[page] = entry + 1;
    this.page[entry] = page + 1;
  }

  /** Takes an entry out of its list; nothing when it is in none. */
  remove(entry: number): void {
    const page = this.page[entry];
    if (!page) return;
    const next = this.next[entry];
    const previous = this.previous[entry];
    if (next) this.previous[next - 1] = previous;
    if (previous) this.next[previous - 1] = next;
    else this.head[page - 1] = next;
    this.page[entry] = 0;
  }

  /** First entry of a page, or -1. */
  first(page: number): number {
    return this.head[page] - 1;
  }

  /** The entry after one in its list, or -1. */
  after(entry: number): number {
    return this.next[entry] - 1;
  }

  /** The page of an entry, or -1. */
  pageOf(entry: number): number {
    return this.page[entry] - 1;
  }
}
