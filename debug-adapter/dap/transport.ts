/** Framing of DAP messages over a byte stream, tolerant of anything a broken client may send. */
import { badMessage, type UserError } from './errors.ts';

const LONGEST_HEADER = 4096;
const LONGEST_BODY = 64 * 1024 * 1024;
const CR = 13;
const LF = 10;

/** What arrived: a JSON value, or why the bytes were none. */
export type Received = { message: unknown } | { error: UserError };

/** Cuts a byte stream into messages. After a bad header it goes on with the next one. */
export class MessageReader {
  private buffer = new Uint8Array(0);
  private bodyLength = -1;
  /** Inside bytes without a header, which have been reported. */
  private lost = false;

  /** Adds bytes and returns the messages that they complete. */
  push(chunk: Uint8Array): Received[] {
    const joined = new Uint8Array(this.buffer.length + chunk.length);
    joined.set(this.buffer);
    joined.set(chunk, this.buffer.length);
    this.buffer = joined;
    const received: Received[] = [];
    for (;;) {
      const next = this.bodyLength < 0 ? this.header() : this.body();
      if (next === 'incomplete') return received;
      if (next !== 'continue') received.push(next);
    }
  }

  private header(): Received | 'incomplete' | 'continue' {
    const { buffer } = this;
    let end = -1;
    for (let i = 0; i + 3 < buffer.length && end < 0; i++) {
      if (buffer[i] === CR && buffer[i + 1] === LF && buffer[i + 2] === CR && buffer[i + 3] === LF) end = i;
    }
    if (end < 0) {
      if (buffer.length <= LONGEST_HEADER) return 'incomplete';
      this.buffer = buffer.slice(buffer.length - 3);
      if (this.lost) return 'incomplete';
      this.lost = true;
      return { error: badMessage(`no header in ${buffer.length} bytes`) };
    }
    this.lost = false;
    const text = new TextDecoder('latin1').decode(buffer.subarray(0, end));
    this.buffer = buffer.slice(end + 4);
    const length = /(?:^|\n)\s*content-length\s*:\s*(\S+)\s*(?:\r|$)/i.exec(text)?.[1];
    if (length === undefined) return { error: badMessage('a header without Content-Length') };
    if (!/^\d{1,9}$/.test(length) || Number(length) > LONGEST_BODY) {
      return { error: badMessage(`Content-Length ${JSON.stringify(length.slice(0, 40))}`) };
    }
    this.bodyLength = Number(length);
    return 'continue';
  }

  private body(): Received | 'incomplete' {
    if (this.buffer.length < this.bodyLength) return 'incomplete';
    const body = this.buffer.slice(0, this.bodyLength);
    this.buffer = this.buffer.slice(this.bodyLength);
    this.bodyLength = -1;
    try {
      return { message: JSON.parse(new TextDecoder().decode(body)) as unknown };
    } catch {
      return { error: badMessage(`a body of ${body.length} bytes that is not JSON`) };
    }
  }
}

/** The bytes of a message. */
export function encodeMessage(message: unknown): Uint8Array {
  const encoder = new TextEncoder();
  const body = encoder.encode(JSON.stringify(message));
  const header = encoder.encode(`Content-Length: ${body.length}\r\n\r\n`);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}
