/**
 * Looks for a pattern in a console as it is printed. The pattern is tried after each character on the line being
 * printed, and on a bounded tail at the end of each line, so that the guest can be stopped at the very character that
 * completes the match, and the cost stays proportional to the output.
 */

/** Characters kept for patterns that span lines. */
const TAIL = 4096;
/** Up to this length a line is tried at each character, then at every 64th. */
const SHORT_LINE = 256;
const STRIDE = 64;

export class ConsoleMatcher {
  private readonly pattern: RegExp;
  private readonly decoder = new TextDecoder();
  private tail = '';
  private line = '';

  /** `^` and `$` match at line ends; a carriage return counts as part of the line end. */
  constructor(pattern: string) {
    this.pattern = new RegExp(pattern, 'm');
  }

  /** Takes the next byte; returns whether the pattern matches now. */
  push(byte: number): boolean {
    const text = byte < 0x80 ? String.fromCharCode(byte) : this.decoder.decode(Uint8Array.of(byte), { stream: true });
    if (text === '' || text === '\r') return false;
    this.line += text;
    if (text === '\n') {
      this.tail = (this.tail + this.line).slice(-TAIL);
      this.line = '';
      return this.pattern.test(this.tail);
    }
    if (this.line.length > SHORT_LINE && this.line.length % STRIDE !== 0) return false;
    if (this.line.length > TAIL) this.line = this.line.slice(-TAIL + STRIDE);
    return this.pattern.test(this.line);
  }

  /** Tries the line being printed, whatever its length; for moments when the guest has stopped printing. */
  settle(): boolean {
    return this.line.length > SHORT_LINE && this.pattern.test(this.line);
  }
}
