/** Lines of text on a stream: gathered and written in pieces; a producer waits while the reader has fallen behind. */

/** Characters gathered before they are written. */
const PIECE = 1 << 16;
/** With this many bytes not yet taken by the reader the producer waits. */
const MOST_PENDING = 1 << 20;

export class TextOutput {
  /** Called once when the reader has gone away. */
  onBroken: (() => void) | undefined;
  private readonly stream: NodeJS.WritableStream & { readonly writableLength: number };
  private piece = '';
  private broken = false;

  constructor(stream: NodeJS.WritableStream & { readonly writableLength: number }) {
    this.stream = stream;
    stream.on('error', () => {
      if (this.broken) return;
      this.broken = true;
      this.onBroken?.();
    });
  }

  put(text: string): void {
    this.piece += text;
    if (this.piece.length >= PIECE) this.flush();
  }

  /** Hands what was gathered to the stream. */
  flush(): void {
    if (this.piece !== '' && !this.broken) this.stream.write(this.piece);
    this.piece = '';
  }

  /** Runs a task when the reader has caught up; at once when it has not fallen behind. */
  whenReady(task: () => void): void {
    if (this.broken || this.stream.writableLength < MOST_PENDING) task();
    else this.stream.once('drain', task);
  }
}
