/** Long work in slices, so that other messages are answered meanwhile. */

/** Milliseconds that a long request works before it lets others in. */
const SLICE = 15;

/** Lets other messages in, when a slice of time is over. One object serves one request. */
export class Pause {
  private until = performance.now() + SLICE;

  /** Resolves at once while the slice lasts. */
  async turn(): Promise<void> {
    if (performance.now() < this.until) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.until = performance.now() + SLICE;
  }
}
