/** The guest's console: its characters in batches of text, and what its text says about how the guest ends. */
import type { Machine } from '../../emulator/machine.ts';

const FLUSH_MS = 16;
const FLUSH_BYTES = 4096;
const PANIC = 'Kernel panic';
const PANIC_END = 'end Kernel panic';
const NEWLINE = 10;
const LONGEST_MARK = PANIC_END.length;

export class GuestConsole {
  /** Whether "Kernel panic" was printed. */
  panicked = false;
  private readonly machine: Machine;
  private readonly deliver: (text: string) => void;
  private readonly onPanicEnd: () => void;
  private before: ((byte: number) => void) | undefined;
  private readonly listener = (byte: number): void => {
    this.before?.(byte);
    this.take(byte);
  };
  private readonly decoder = new TextDecoder('utf-8');
  private bytes: number[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The end of the text so far, in which a mark may have begun. */
  private tail = '';
  private inLastLine = false;
  private ended = false;

  /**
   * Takes the output of the machine's first serial port. `deliver` gets its text; `onPanicEnd` is called once, when the
   * guest has printed the last line of a Linux panic, after which it only waits to be switched off.
   */
  constructor(machine: Machine, deliver: (text: string) => void, onPanicEnd: () => void) {
    this.machine = machine;
    this.deliver = deliver;
    this.onPanicEnd = onPanicEnd;
    const port = machine.board.serial[0];
    if (!port) return;
    this.before = port.onOutput;
    port.onOutput = this.listener;
  }

  /** Hands over what has been printed, at once. A character that is not complete yet is kept. */
  flush(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    if (this.bytes.length === 0) return;
    const text = this.decoder.decode(Uint8Array.from(this.bytes), { stream: true });
    this.bytes = [];
    if (text !== '') this.deliver(text);
  }

  /** Flushes and disconnects; who listened before listens again. */
  dispose(): void {
    this.flush();
    const port = this.machine.board.serial[0];
    if (port?.onOutput === this.listener) port.onOutput = this.before;
  }

  private take(byte: number): void {
    this.bytes.push(byte);
    this.watch(byte);
    if (this.bytes.length >= FLUSH_BYTES) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private watch(byte: number): void {
    this.tail = (this.tail + String.fromCharCode(byte)).slice(-LONGEST_MARK);
    if (this.tail.endsWith(PANIC)) this.panicked = true;
    if (this.tail.endsWith(PANIC_END)) this.inLastLine = true;
    if (!this.inLastLine || byte !== NEWLINE || this.ended) return;
    this.ended = true;
    this.onPanicEnd();
  }
}
