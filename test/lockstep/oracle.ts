/**
 * QEMU as the oracle of instruction lockstep. It translates one instruction at a time and logs its registers before
 * each of them (`-singlestep -d cpu`) into a FIFO, from which the records are read while it runs: the comparison sees
 * every instruction without a round trip of the debug protocol for each, and a full FIFO keeps QEMU from running ahead.
 * Its RAM is a shared file, so that reading it back is cheap.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RspClient, type QemuSession, startQemu } from '../qemu/rsp-client.ts';

/** Registers of a record: r0 to r15, then the CPSR. */
export const RECORD_REGISTERS = 17;
const CPSR = 16;
/** A line of a record: four registers of the form `R00=00000000`, each followed by a space or the end of the line. */
const REGISTER_TEXT = 13;
const REGISTER_VALUE = 4;
const PSR_VALUE = 16 * REGISTER_TEXT + 'PSR='.length;
const BUFFER_BYTES = 1 << 20;
/** Without a record for so long, a running QEMU is taken to be waiting, as in WFI. */
const SILENCE_MS = 400;
const CONTINUE_TIMEOUT_MS = 600_000;
const NEWLINE = 10;
const LETTER_R = 82;

export interface OracleOptions {
  /** Bytes of RAM. */
  readonly ramSize: number;
  /** Further arguments of qemu-system-arm. */
  readonly args?: readonly string[];
}

/** What to do with a record: go on, or ask QEMU to stop. Records keep coming until it has. */
export type RecordAction = 'next' | 'stop';

export class Oracle {
  readonly client: RspClient;
  /** The record handed to the callback of `run`; overwritten by the next one. */
  readonly record = new Uint32Array(RECORD_REGISTERS);
  private readonly session: QemuSession;
  private readonly folder: string;
  private readonly log: number;
  private readonly ramFile: number;
  private readonly buffer = Buffer.alloc(BUFFER_BYTES);
  private filled = 0;

  private constructor(session: QemuSession, folder: string, log: number, ramFile: number) {
    this.session = session;
    this.client = session.client;
    this.folder = folder;
    this.log = log;
    this.ramFile = ramFile;
  }

  /** Starts a stopped Versatile PB with an ARM926. Rejects when qemu-system-arm cannot be started. */
  static async start({ ramSize, args = [] }: OracleOptions): Promise<Oracle> {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'trapline-lockstep-'));
    const logPath = join(folder, 'log');
    const ramPath = join(folder, 'ram');
    try {
      const made = spawnSync('mkfifo', [logPath], { encoding: 'utf8' });
      if (made.status !== 0) throw new Error(`mkfifo failed: ${made.stderr}`);
      const log = openSync(logPath, constants.O_RDONLY | constants.O_NONBLOCK);
      const memory = `memory-backend-file,id=ram,size=${ramSize},mem-path=${ramPath},share=on`;
      const session = await startQemu({
        args: [
          ...['-M', 'versatilepb,memory-backend=ram', '-cpu', 'arm926', '-m', `${ramSize >> 20}M`, '-object', memory],
          ...['-S', '-display', 'none', '-serial', 'null', '-monitor', 'none', '-nic', 'none'],
          ...['-singlestep', '-d', 'cpu,nochain', '-D', logPath, ...args],
        ],
      });
      await session.client.usePhysicalMemory(true);
      return new Oracle(session, folder, log, openSync(ramPath, 'r+'));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Whether QEMU has ended by itself, through a fault of its own. */
  get crashed(): boolean {
    return this.session.process.signalCode !== null || this.session.process.exitCode !== null;
  }

  /** Ends QEMU and removes its files. */
  async stop(): Promise<void> {
    await this.session.stop();
    closeSync(this.log);
    closeSync(this.ramFile);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Resets the board. RAM and breakpoints stay. */
  async reset(): Promise<void> {
    await this.client.monitor('system_reset');
    this.filled = 0;
  }

  /** Copies RAM into `target`. The target must be stopped. */
  readRam(target: Uint8Array): void {
    readSync(this.ramFile, target, 0, target.length, 0);
  }

  /** Writes RAM behind the CPU's back: only for memory that has not been executed since QEMU was started. */
  loadRam(address: number, bytes: Uint8Array): void {
    writeSync(this.ramFile, bytes, 0, bytes.length, address);
  }

  /**
   * Lets the target run, and hands each record to `onRecord` until the target has stopped: at a breakpoint, or some
   * records after `onRecord` has asked for it. Records are registers before an instruction; the state after the
   * last instruction has none (read it with `client.readRegisters`).
   */
  async run(onRecord: () => RecordAction): Promise<void> {
    let stopped = false;
    let failure: unknown;
    this.client.continue(CONTINUE_TIMEOUT_MS).then(
      () => (stopped = true),
      (error: unknown) => {
        failure = error;
        stopped = true;
      },
    );
    let asked = false;
    let lastRecord = Date.now();
    for (;;) {
      // A stop that was seen before reading means that everything logged is in the FIFO.
      const last = stopped;
      let read = this.fill();
      while (read > 0) {
        if (this.parse(onRecord) && !asked) {
          asked = true;
          this.client.interrupt();
        }
        lastRecord = Date.now();
        read = this.fill();
      }
      if (last) break;
      if (!asked && Date.now() - lastRecord > SILENCE_MS) {
        asked = true;
        this.client.interrupt();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The socket breaks a moment before the process is known to have ended.
    if (failure !== undefined) await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error('QEMU failed.');
  }

  private fill(): number {
    try {
      const count = readSync(this.log, this.buffer, this.filled, BUFFER_BYTES - this.filled, null);
      this.filled += count;
      return count;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }

  /** Hands complete records on; returns whether a stop was asked for. */
  private parse(onRecord: () => RecordAction): boolean {
    const { buffer, record } = this;
    let at = 0;
    let stop = false;
    for (;;) {
      // Other lines of the log, such as notes about the guest's mistakes, are passed over.
      while (at < this.filled && (buffer[at] !== LETTER_R || buffer[at + 1] !== 48 || buffer[at + 2] !== 48)) {
        const end = buffer.indexOf(NEWLINE, at);
        if (end < 0 || end >= this.filled) break;
        at = end + 1;
      }
      const end = buffer.indexOf(NEWLINE, at + PSR_VALUE);
      if (buffer[at] !== LETTER_R || end < 0 || end >= this.filled) break;
      for (let i = 0; i < 16; i++) record[i] = parseHex(buffer, at + i * REGISTER_TEXT + REGISTER_VALUE);
      record[CPSR] = parseHex(buffer, at + PSR_VALUE);
      at = end + 1;
      if (onRecord() === 'stop') stop = true;
    }
    buffer.copyWithin(0, at, this.filled);
    this.filled -= at;
    return stop;
  }
}

/** Eight hexadecimal digits, lower case. */
function parseHex(buffer: Buffer, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const c = buffer[i];
    value = (value << 4) | (c <= 57 ? c - 48 : c - 87);
  }
  return value >>> 0;
}
