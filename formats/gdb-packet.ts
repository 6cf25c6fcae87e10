/**
 * Framing of the GDB remote serial protocol over bytes: `$body#checksum`, acknowledgements, `%notifications`, and the
 * interrupt byte. Works for both ends: a stub parses requests, a client parses replies (which may be run-length encoded).
 */

const DOLLAR = 0x24;
const PERCENT = 0x25;
const HASH = 0x23;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ESCAPE = 0x7d;
const INTERRUPT = 0x03;
const ESCAPE_XOR = 0x20;
/** In `c*n`, n - 29 further copies of c follow. */
const RUN_LENGTH_BIAS = 29;

/** What a byte stream held. */
export type GdbEvent =
  | { type: 'packet' | 'notification'; body: Uint8Array }
  /** A frame that cannot be used: wrong checksum, malformed escape or run, or longer than the limit. */
  | { type: 'corrupt'; reason: string }
  | { type: 'ack' | 'nak' | 'interrupt' };

export interface GdbParserOptions {
  /** Longest body accepted, in bytes, both as sent and as decoded. */
  maxLength?: number;
  /** Expands `c*n` runs. Only replies use them; in a request `*` stands for itself. */
  runLengths?: boolean;
}

const DEFAULT_MAX_LENGTH = 1 << 20;

/** An incremental parser: feed it bytes as they come, in pieces of any size. */
export class GdbPacketParser {
  private readonly maxLength: number;
  private readonly runLengths: boolean;
  private state: 'idle' | 'body' | 'checksum' = 'idle';
  private kind: 'packet' | 'notification' = 'packet';
  private raw = new Uint8Array(256);
  private length = 0;
  private overlong = false;
  private sum = 0;
  private digits = '';

  constructor(options: GdbParserOptions = {}) {
    this.maxLength = options.maxLength ?? DEFAULT_MAX_LENGTH;
    this.runLengths = options.runLengths ?? false;
  }

  /** Consumes bytes and returns the events they complete. Bytes that belong to no frame are dropped. */
  push(bytes: Uint8Array): GdbEvent[] {
    const events: GdbEvent[] = [];
    for (const byte of bytes) {
      const event = this.accept(byte);
      if (event) events.push(event);
    }
    return events;
  }

  private accept(byte: number): GdbEvent | undefined {
    if (byte === DOLLAR) {
      this.start('packet');
      return undefined;
    }
    switch (this.state) {
      case 'idle':
        if (byte === PERCENT) this.start('notification');
        else if (byte === PLUS) return { type: 'ack' };
        else if (byte === MINUS) return { type: 'nak' };
        else if (byte === INTERRUPT) return { type: 'interrupt' };
        return undefined;
      case 'body':
        if (byte === HASH) this.state = 'checksum';
        else this.append(byte);
        return undefined;
      case 'checksum':
        this.digits += String.fromCharCode(byte);
        if (this.digits.length < 2) return undefined;
        this.state = 'idle';
        return this.finish();
    }
  }

  private start(kind: 'packet' | 'notification'): void {
    this.state = 'body';
    this.kind = kind;
    this.length = 0;
    this.overlong = false;
    this.sum = 0;
    this.digits = '';
  }

  private append(byte: number): void {
    this.sum = (this.sum + byte) & 0xff;
    if (this.length >= this.maxLength) {
      this.overlong = true;
      return;
    }
    if (this.length === this.raw.length) {
      const larger = new Uint8Array(Math.min(this.maxLength, this.raw.length * 2));
      larger.set(this.raw);
      this.raw = larger;
    }
    this.raw[this.length++] = byte;
  }

  private finish(): GdbEvent {
    if (this.overlong) return { type: 'corrupt', reason: `longer than ${this.maxLength} bytes` };
    if (!/^[0-9a-fA-F]{2}$/.test(this.digits)) return { type: 'corrupt', reason: 'checksum is not hexadecimal' };
    if (parseInt(this.digits, 16) !== this.sum) return { type: 'corrupt', reason: 'wrong checksum' };
    const body = decodeBody(this.raw.subarray(0, this.length), this.runLengths, this.maxLength);
    return typeof body === 'string' ? { type: 'corrupt', reason: body } : { type: this.kind, body };
  }
}

/** Undoes escapes, and runs where they are in use. Returns the reason when the body is malformed. */
function decodeBody(raw: Uint8Array, runLengths: boolean, maxLength: number): Uint8Array | string {
  if (!raw.includes(ESCAPE) && !(runLengths && raw.includes(STAR))) return raw.slice();
  const body: number[] = [];
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at];
    if (byte === ESCAPE) {
      if (++at === raw.length) return 'escape at the end';
      body.push(raw[at] ^ ESCAPE_XOR);
    } else if (byte === STAR && runLengths) {
      if (body.length === 0 || ++at === raw.length) return 'run of nothing';
      const count = raw[at] - RUN_LENGTH_BIAS;
      if (count < 1) return 'run of impossible length';
      const repeated = body[body.length - 1];
      for (let copy = 0; copy < count; copy++) body.push(repeated);
    } else {
      body.push(byte);
    }
    if (body.length > maxLength) return `longer than ${maxLength} bytes`;
  }
  return Uint8Array.from(body);
}

const mustEscape = (byte: number): boolean => byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR;

/** Frames a body as `$...#checksum`, escaped so that any byte may occur in it, in a request and in a reply. */
export function encodeGdbPacket(body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? asciiBytes(body) : body;
  let escapes = 0;
  for (const byte of bytes) if (mustEscape(byte)) escapes++;
  const frame = new Uint8Array(bytes.length + escapes + 4);
  let length = 0;
  let sum = 0;
  const put = (byte: number): void => {
    frame[length++] = byte;
    sum += byte;
  };
  frame[length++] = DOLLAR;
  for (const byte of bytes) {
    if (mustEscape(byte)) {
      put(ESCAPE);
      put(byte ^ ESCAPE_XOR);
    } else {
      put(byte);
    }
  }
  frame[length++] = HASH;
  frame.set(asciiBytes(byteToHex(sum & 0xff)), length);
  return frame;
}

const byteToHex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** The bytes of a string whose characters are all below 256. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** One character for each byte, the inverse of `asciiBytes`. */
export function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** Two lower-case hexadecimal digits for each byte. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byteToHex(byte);
  return text;
}

/** The inverse of `bytesToHex`; undefined when the text is not an even number of hexadecimal digits. */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}
