/** The guest's console on a stream: bytes are gathered while a slice runs and written when it has ended. */

const BUFFER_SIZE = 1 << 16;
/** With this much not yet taken by the reader the guest is held. */
const MOST_PENDING = 1 << 20;

export class ConsoleOutput {
  /** Called once when the reader has gone away. */
  onBroken: (() => void) | undefined;
  private readonly stream: NodeJS.WritableStream & { readonly writableLength: number };
  private readonly buffer = new Uint8Array(BUFFER_SIZE);
  private length = 0;
  private broken = false;

  constructor(stream: NodeJS.WritableStream & { readonly writableLength: number }) {
    this.stream = stream;
    stream.on('error', () => {
      if (this.broken) return;
      this.broken = true;
      this.onBroken?.();
    });
  }

  /** Adds a byte. */
  put(byte: number): void {
    if (this.length === 0) setImmediate(() => this.flush());
    this.buffer[this.length++] = byte;
    if (this.length === BUFFER_SIZE) this.flush();
  }

  /** Hands what was gathered to the stream. */
  flush(): void {
    if (this.length > 0 && !this.broken) this.stream.write(this.buffer.slice(0, this.length));
    this.length = 0;
  }

  /** Runs a task when the reader has caught up; at once when it has not fallen behind. */
  whenReady(task: () => void): void {
    if (this.broken || this.stream.writableLength < MOST_PENDING) task();
    else this.stream.once('drain', task);
  }
}
