/**
 * A client of the GDB remote serial protocol, and a QEMU to use it on: the oracle of tests that compare this project's
 * machine with another one. Requests are answered in order; a stopped target stays stopped until told otherwise.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asciiBytes,
  asciiText,
  bytesToHex,
  encodeGdbPacket,
  GdbPacketParser,
  hexToBytes,
} from '../../formats/gdb-packet.ts';

const QEMU = 'qemu-system-arm';
const REQUEST_TIMEOUT_MS = 10_000;
const START_TIMEOUT_MS = 10_000;
const CONNECT_RETRY_MS = 20;
const STOP_TIMEOUT_MS = 2_000;
/** Bytes of memory in one request; QEMU's packets hold 2048 at most as hexadecimal digits. */
const MEMORY_CHUNK = 1024;
/** A packet that arrives damaged is asked for again this often. */
const RETRIES = 3;

/** Number of the CPSR in QEMU's ARM register set, after r0 to r15 and the FPA registers. */
const CPSR = 25;
/** The `g` packet in bytes, with and without the FPA registers between PC and CPSR. */
const LONG_G = 168;
const SHORT_G = 68;
const LONG_G_CPSR = 164;
const SHORT_G_CPSR = 64;

/** `sstepbits` of QEMU: how a single step treats interrupts and timers. */
export const SingleStep = { Enable: 1, NoIrq: 2, NoTimer: 4 } as const;

/** What a breakpoint packet calls each kind. */
export const BreakpointKind = { Software: 0, Hardware: 1, Write: 2, Read: 3, Access: 4 } as const;
export type BreakpointKind = (typeof BreakpointKind)[keyof typeof BreakpointKind];

/** Why the target stopped. */
export interface StopReply {
  /** Signal number: 5 for a breakpoint or step, 2 for an interrupt. */
  readonly signal: number;
  /** Address of the access, when a watchpoint stopped it. */
  readonly watchAddress: number | undefined;
  /** The packet, for what the other fields do not carry. */
  readonly packet: string;
}

interface Pending {
  readonly frame: Uint8Array;
  readonly what: string;
  readonly timeout: number;
  /** Takes a reply; returns whether it was the last one of the request. */
  readonly accept: (reply: string) => boolean;
  readonly reject: (error: Error) => void;
}

export class RspClient {
  private readonly socket: Socket;
  private readonly parser = new GdbPacketParser({ runLengths: true });
  private readonly queue: Pending[] = [];
  private current: Pending | undefined;
  private timer: NodeJS.Timeout | undefined;
  private acknowledging = true;
  private retries = 0;
  private failure: Error | undefined;

  /** Takes over a connected socket. Most callers want `RspClient.connect` or `startQemu`. */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('error', (error) => this.fail(new Error(`The GDB connection broke: ${error.message}`)));
    socket.on('close', () => this.fail(new Error('The GDB server closed the connection.')));
  }

  /** Connects to `host:port` or to a Unix socket's path, and switches acknowledgements off where the server can. */
  static async connect(address: string | { host: string; port: number }): Promise<RspClient> {
    const socket = typeof address === 'string' ? connect(address) : connect(address.port, address.host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new RspClient(socket);
    await client.handshake();
    return client;
  }

  /** Sends a packet's body and resolves with the body of its reply. An empty reply means "not supported". */
  request(body: string, timeout = REQUEST_TIMEOUT_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      this.send(body, timeout, reject, (reply) => {
        resolve(reply);
        return true;
      });
    });
  }

  /** r0 to r15, then the CPSR. */
  async readRegisters(): Promise<Uint32Array> {
    const bytes = this.bytes('g', await this.request('g'));
    if (bytes.length < SHORT_G) throw new Error(`The g packet has ${bytes.length} bytes, which is too short for ARM.`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const registers = new Uint32Array(17);
    for (let i = 0; i < 16; i++) registers[i] = view.getUint32(i * 4, true);
    registers[16] = view.getUint32(bytes.length >= LONG_G ? LONG_G_CPSR : SHORT_G_CPSR, true);
    return registers;
  }

  /** Reads r0 to r15 (0 to 15) or the CPSR (16). */
  async readRegister(register: number): Promise<number> {
    const body = `p${hex(wireRegister(register))}`;
    const bytes = this.bytes(body, await this.request(body));
    if (bytes.length !== 4) throw new Error(`Register ${register} has ${bytes.length} bytes, not 4.`);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  /** Writes r0 to r15 (0 to 15) or the CPSR (16). */
  async writeRegister(register: number, value: number): Promise<void> {
    await this.expectOk(`P${hex(wireRegister(register))}=${bytesToHex(littleEndian(value))}`);
  }

  /** Reads memory; virtual addresses unless `usePhysicalMemory` is on. */
  async readMemory(address: number, length: number): Promise<Uint8Array> {
    const memory = new Uint8Array(length);
    for (let at = 0; at < length; at += MEMORY_CHUNK) {
      const count = Math.min(MEMORY_CHUNK, length - at);
      const body = `m${hex(address + at)},${hex(count)}`;
      const bytes = this.bytes(body, await this.request(body));
      if (bytes.length !== count)
        throw new Error(`Asked for ${count} bytes at 0x${hex(address + at)}, got ${bytes.length}.`);
      memory.set(bytes, at);
    }
    return memory;
  }

  /** Writes memory; virtual addresses unless `usePhysicalMemory` is on. */
  async writeMemory(address: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MEMORY_CHUNK) {
      const chunk = bytes.subarray(at, at + MEMORY_CHUNK);
      await this.expectOk(`M${hex(address + at)},${hex(chunk.length)}:${bytesToHex(chunk)}`);
    }
  }

  /** Reads one little-endian word, in one access where the server keeps accesses whole. */
  async readWord(address: number): Promise<number> {
    const bytes = await this.readMemory(address, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  async writeWord(address: number, value: number): Promise<void> {
    await this.writeMemory(address, littleEndian(value));
  }

  /** QEMU only: memory requests carry physical addresses, so that they also reach devices. */
  async usePhysicalMemory(on: boolean): Promise<void> {
    await this.expectOk(`Qqemu.PhyMemMode:${on ? 1 : 0}`);
  }

  /** QEMU only: flags of `SingleStep`. With NoIrq and NoTimer, steps are the program's alone. */
  async setSingleStep(flags: number): Promise<void> {
    await this.expectOk(`Qqemu.sstep=${hex(flags)}`);
  }

  /** Executes one instruction. */
  step(timeout = REQUEST_TIMEOUT_MS): Promise<StopReply> {
    return this.run('s', timeout);
  }

  /** Runs until something stops the target: a breakpoint, or `interrupt`. */
  continue(timeout = REQUEST_TIMEOUT_MS): Promise<StopReply> {
    return this.run('c', timeout);
  }

  /** Asks a running target to stop; the promise of `continue` resolves. */
  interrupt(): void {
    this.socket.write(Uint8Array.of(0x03));
  }

  /** Sets a breakpoint, or a watchpoint on `length` bytes. */
  async setBreakpoint(
    address: number,
    kind: BreakpointKind = BreakpointKind.Software,
    length: number = 4,
  ): Promise<void> {
    await this.expectOk(`Z${kind},${hex(address)},${length}`);
  }

  async removeBreakpoint(
    address: number,
    kind: BreakpointKind = BreakpointKind.Software,
    length: number = 4,
  ): Promise<void> {
    await this.expectOk(`z${kind},${hex(address)},${length}`);
  }

  /** Runs a command of the server's monitor and resolves with what it printed. */
  monitor(command: string, timeout = REQUEST_TIMEOUT_MS): Promise<string> {
    const body = `qRcmd,${bytesToHex(asciiBytes(command))}`;
    return new Promise((resolve, reject) => {
      let output = '';
      this.send(body, timeout, reject, (reply) => {
        if (reply.startsWith('O') && reply !== 'OK') {
          output += asciiText(hexToBytes(reply.slice(1)) ?? new Uint8Array());
          return false;
        }
        if (reply === 'OK') resolve(output);
        else reject(new Error(refusal(`monitor ${command}`, reply)));
        return true;
      });
    });
  }

  /** Drops the connection. The target stays as it is. */
  close(): void {
    this.fail(new Error('The GDB connection was closed.'));
    this.socket.destroy();
  }

  private async handshake(): Promise<void> {
    const supported = (await this.request('qSupported:swbreak+;hwbreak+')).split(';');
    if (supported.includes('QStartNoAckMode+') && (await this.request('QStartNoAckMode')) === 'OK')
      this.acknowledging = false;
    // QEMU answers p and P only to clients that have read its target description.
    if (supported.includes('qXfer:features:read+')) await this.request('qXfer:features:read:target.xml:0,ff0');
  }

  private run(body: string, timeout: number): Promise<StopReply> {
    return new Promise((resolve, reject) => {
      this.send(body, timeout, reject, (reply) => {
        if (reply.startsWith('O')) return false;
        if (/^[TS]/.test(reply)) resolve(parseStop(reply));
        else if (/^[WX]/.test(reply)) reject(new Error(`The target has ended (${reply}).`));
        else reject(new Error(refusal(body, reply)));
        return true;
      });
    });
  }

  private async expectOk(body: string): Promise<void> {
    const reply = await this.request(body);
    if (reply !== 'OK') throw new Error(refusal(body, reply));
  }

  private bytes(body: string, reply: string): Uint8Array {
    const bytes = /^E[0-9a-fA-F]{2}$/.test(reply) ? undefined : hexToBytes(reply);
    if (!bytes || reply === '') throw new Error(refusal(body, reply));
    return bytes;
  }

  private send(body: string, timeout: number, reject: (error: Error) => void, accept: Pending['accept']): void {
    if (this.failure) {
      reject(this.failure);
      return;
    }
    this.queue.push({ frame: encodeGdbPacket(body), what: brief(body), timeout, accept, reject });
    if (!this.current) this.next();
  }

  private next(): void {
    this.current = this.queue.shift();
    if (!this.current) return;
    const { frame, what, timeout } = this.current;
    this.retries = 0;
    this.socket.write(frame);
    this.timer = setTimeout(() => {
      // A late reply would be taken for the next one's: the connection is of no more use.
      this.fail(new Error(`No reply to ${what} within ${timeout} ms.`));
      this.socket.destroy();
    }, timeout);
  }

  private receive(bytes: Uint8Array): void {
    for (const event of this.parser.push(bytes)) {
      if (event.type === 'packet') {
        if (this.acknowledging) this.socket.write('+');
        this.reply(asciiText(event.body));
      } else if (event.type === 'corrupt' || event.type === 'nak') {
        if (++this.retries > RETRIES) {
          const reason = event.type === 'corrupt' ? event.reason : 'it refuses the request';
          this.fail(new Error(`The GDB server cannot be understood: ${reason}.`));
          this.socket.destroy();
        } else if (event.type === 'corrupt') {
          this.socket.write('-');
        } else if (this.current) {
          this.socket.write(this.current.frame);
        }
      }
    }
  }

  /** A reply that nothing asked for, such as a stop after an interrupt came too late, is dropped. */
  private reply(body: string): void {
    if (!this.current?.accept(body)) return;
    clearTimeout(this.timer);
    this.next();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    clearTimeout(this.timer);
    const waiting = this.current ? [this.current, ...this.queue] : this.queue;
    this.current = undefined;
    for (const request of waiting.splice(0)) request.reject(new Error(`${error.message} (${request.what})`));
    this.queue.length = 0;
  }
}

/** A running QEMU with a client connected to its GDB server. */
export interface QemuSession {
  readonly client: RspClient;
  readonly process: ChildProcess;
  /** What QEMU has printed to stdout, such as the console of `-serial stdio`. */
  output(): string;
  /** Ends QEMU and removes its socket. */
  stop(): Promise<void>;
}

export interface QemuOptions {
  /** Arguments of qemu-system-arm, without those of the GDB server; `-S` to start stopped. */
  readonly args: readonly string[];
  /** Typed into stdin, for `-serial stdio`. */
  readonly input?: string;
}

/** The version of the installed qemu-system-arm, such as "7.2.22"; undefined when there is none. */
export function qemuVersion(): string | undefined {
  const { stdout, status } = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  return status === 0 ? /version (\d+(?:\.\d+)*)/.exec(stdout)?.[1] : undefined;
}

/** Starts qemu-system-arm with a GDB server on a Unix socket of its own and connects to it. */
export async function startQemu({ args, input }: QemuOptions): Promise<QemuSession> {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-qemu-'));
  const path = join(folder, 'gdb');
  const server = ['-chardev', `socket,id=gdb,path=${path},server=on,wait=off`, '-gdb', 'chardev:gdb'];
  const child = spawn(QEMU, [...args, ...server], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let ended: string | undefined;
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
  // A write to the stdin of a QEMU that has ended is reported through `ended`.
  child.stdin.on('error', () => {});
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended ??= `exit ${code ?? signal}`));
  const killOnExit = () => child.kill('SIGKILL');
  process.once('exit', killOnExit);
  let client: RspClient | undefined;
  const stop = async () => {
    process.removeListener('exit', killOnExit);
    client?.close();
    if (ended === undefined) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (input !== undefined) child.stdin.write(input);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!client) {
      if (ended !== undefined) throw new Error(`${QEMU} ended before it could be reached (${ended}): ${stderr.trim()}`);
      if (Date.now() > deadline) throw new Error(`${QEMU} opens no GDB server: ${stderr.trim()}`);
      client = await RspClient.connect(path).catch(() => undefined);
      if (!client) await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { client, process: child, output: () => stdout, stop };
}

function wireRegister(register: number): number {
  return register === 16 ? CPSR : register;
}

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

function hex(value: number): string {
  return value.toString(16);
}

function brief(body: string): string {
  return body.length <= 40 ? body : `${body.slice(0, 40)}...`;
}

function refusal(body: string, reply: string): string {
  const how = reply === '' ? 'does not support' : 'refuses';
  return `The GDB server ${how} ${brief(body)}${reply === '' ? '' : ` (${brief(reply)})`}.`;
}

function parseStop(packet: string): StopReply {
  const watch = /(?:^T..|;)(?:r|a)?watch:([0-9a-fA-F]+)/.exec(packet);
  return {
    signal: parseInt(packet.slice(1, 3), 16),
    watchAddress: watch ? parseInt(watch[1], 16) : undefined,
    packet,
  };
}
