/** When a view asks for its numbers again: at once when the guest stands, at a bounded rate while it runs. */

/** A request may take this part of the time between two of them. */
const LOAD_SHARE = 4;

export class Refresh {
  private readonly load: () => Promise<void>;
  private readonly interval: number;
  private readonly now: () => number;
  private loading = false;
  private wanted: 'no' | 'soon' | 'now' = 'no';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextAllowed = 0;

  /** `interval`: the least milliseconds from one load to the next while the guest runs. */
  constructor(load: () => Promise<void>, interval: number, now: () => number = () => performance.now()) {
    this.load = load;
    this.interval = interval;
    this.now = now;
  }

  /** Loads as soon as the last load is done. */
  request(): void {
    this.wanted = 'now';
    this.run();
  }

  /** Loads when the interval since the last load is over. */
  requestSoon(): void {
    if (this.wanted === 'no') this.wanted = 'soon';
    this.run();
  }

  private run(): void {
    if (this.loading || this.wanted === 'no') return;
    const wait = this.wanted === 'now' ? 0 : this.nextAllowed - this.now();
    clearTimeout(this.timer);
    if (wait > 0) {
      this.timer = setTimeout(() => this.run(), wait);
      return;
    }
    void this.loadOnce();
  }

  private async loadOnce(): Promise<void> {
    this.loading = true;
    this.wanted = 'no';
    const start = this.now();
    try {
      await this.load();
    } finally {
      const took = this.now() - start;
      this.nextAllowed = this.now() + Math.max(this.interval, took * LOAD_SHARE);
      this.loading = false;
      this.run();
    }
  }
}
