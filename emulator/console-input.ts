/**
 * Console input as a function of guest state only: a character enters the receive FIFO when reception is enabled,
 * there is room, and the guest shows that it listens: it is idle; it polls the console without printing; or it has
 * enabled the receive interrupt and, though busy, has not printed for a while. None is dropped. Every character is logged with the guest time at which it went in, so that a run can be repeated exactly.
 */
import type { SerialPort } from './bus/device.ts';

/** A guest that has polled this often since its last character, in or out, is waiting for input. */
const POLLS_THAT_SHOW_WAITING = 64;

/** A busy guest with the receive interrupt on gets a character after so long without one, in or out; nanoseconds. */
const QUIET = 10_000_000;

export interface LoggedInput {
  /** Guest time in nanoseconds. */
  time: number;
  byte: number;
}

export class ConsoleInput {
  readonly log: LoggedInput[] = [];
  private readonly port: SerialPort | undefined;
  private readonly queue: number[] = [];
  private readsAtLastTransfer = 0;
  private sentBefore = 0;
  /** Guest time of the last character, in or out, and the characters that were out by then. */
  private quietSince = 0;
  private sentWhenQuiet = 0;

  constructor(port: SerialPort | undefined) {
    this.port = port;
  }

  /** Characters not yet delivered. */
  get pending(): number {
    return this.queue.length;
  }

  /** Appends bytes to be typed into the console. */
  type(bytes: Iterable<number>): void {
    for (const byte of bytes) this.queue.push(byte & 0xff);
  }

  /** The guest waits for an interrupt. */
  whenIdle(now: number): void {
    while (this.deliver(now));
  }

  /** The guest has written a device register. */
  afterConsoleWrite(now: number): void {
    const { port } = this;
    if (!port || port.sent === this.sentWhenQuiet) return;
    this.sentWhenQuiet = port.sent;
    this.quietSince = now;
  }

  /** Guest time at which a guest that stays busy is due a character; Infinity for never. */
  nextDelivery(): number {
    const { port, queue } = this;
    if (queue.length === 0 || !port?.interruptsOnReceive || !port.canReceive()) return Infinity;
    return this.quietSince + QUIET;
  }

  /** Guest time has come to `now`. */
  advance(now: number): void {
    if (now >= this.nextDelivery()) this.deliver(now);
  }

  /** The guest has read a device register. */
  afterConsoleRead(now: number): void {
    if (this.queue.length === 0 || !this.port) return;
    if (this.port.sent !== this.sentBefore) {
      // The guest prints: it is not waiting for input.
      this.sentBefore = this.port.sent;
      this.readsAtLastTransfer = this.port.reads;
    }
    if (this.port.reads - this.readsAtLastTransfer >= POLLS_THAT_SHOW_WAITING) this.deliver(now);
  }

  private deliver(now: number): boolean {
    const { port, queue } = this;
    if (!port || queue.length === 0 || !port.canReceive()) return false;
    const byte = queue[0];
    if (!port.receive(byte, now)) return false;
    queue.shift();
    this.log.push({ time: now, byte });
    this.readsAtLastTransfer = port.reads;
    this.quietSince = now;
    return true;
  }
}
