/**
 * A session of the GDB remote serial protocol with one client, over any transport that carries bytes. All-stop; the
 * thread on the CPU is the only one that can be made to go on. Attaching pauses the guest; detaching lets it run; a connection that just ends puts the guest back to
 * what it was doing when the client came. Addresses are guest virtual addresses, registers those that the guest sees.
 *
 * A guest that has ended is reported as a stop (SIGTRAP, with a line on the client's console), not as an exit: its
 * memory and registers can still be read, and it can be reset.
 */
import { REGISTER, type RegisterId } from '../../emulator/registers.ts';
import type { Runner, RunnerStop } from '../../emulator/runner.ts';
import {
  asciiBytes,
  asciiText,
  bytesToHex,
  encodeGdbPacket,
  GdbPacketParser,
  hexToBytes,
} from '../../formats/gdb-packet.ts';
import type { Awareness } from '../awareness/awareness.ts';
import { describeStop } from '../target.ts';
import { GdbBreakpoints, type WatchKind } from './breakpoints.ts';
import {
  BAD_PACKET,
  checksum,
  MEMORY_MAP_XML,
  readMemory,
  searchMemory,
  transfer,
  writeMemoryBinary,
  writeMemoryHex,
} from './memory.ts';
import { runMonitorCommand } from './monitor.ts';
import {
  expeditedRegisters,
  hexToWord,
  knownToHex,
  readGeneral,
  registerByNumber,
  TARGET_XML,
  writeGeneral,
} from './registers.ts';
import { parseSimpleResume, parseVCont, type ResumeAction } from './resume.ts';
import { taskThreads } from './tasks.ts';
import { GdbThreads, hexId } from './threads.ts';

export interface GdbSessionOptions {
  /** Puts the guest back to its start, loaded again. By default CPU and board are reset and RAM is kept. */
  reset?: () => void;
  /** Called when the client asks for the connection to end (kill). */
  hangUp?: () => void;
  /** What is known of the guest's tasks, which are then threads. Asked once, when the client looks; by default there is one thread, the virtual CPU. */
  tasks?: () => Awareness | undefined;
  /** Runs a task after what waits in the event loop. */
  schedule?: (task: () => void) => void;
}

/** Longest packet we take and send, in bytes of its body. */
const PACKET_SIZE = 0x10000;
/** Requests kept while the guest runs; a client sends none, one that does is cut off. */
const LONGEST_QUEUE = 64;
/** Steps of a range between two looks at the event loop. */
const STEPS_AT_ONCE = 5000;

const SIGINT = '02';
const SIGTRAP = '05';
const SIGABRT = '06';
const NOT_ON_CPU = 'E.The registers of a task that sleeps cannot be written.';
const SEARCH = 'qSearch:memory:';

const FEATURES = [
  `PacketSize=${PACKET_SIZE.toString(16)}`,
  'QStartNoAckMode+',
  'qXfer:features:read+',
  'qXfer:memory-map:read+',
  'qXfer:threads:read+',
  'ConditionalBreakpoints+',
  'swbreak+',
  'hwbreak+',
  'vContSupported+',
].join(';');

type Reply = string | Uint8Array | undefined;

export class GdbSession {
  private readonly runner: Runner;
  private readonly send: (bytes: Uint8Array) => void;
  private readonly options: GdbSessionOptions;
  private readonly parser = new GdbPacketParser({ maxLength: PACKET_SIZE });
  private readonly breakpoints: GdbBreakpoints;
  private readonly wasRunning: boolean;
  private readonly onStop = (stop: RunnerStop): void => this.stopped(stop);
  /** `attaching`: paused, but not yet standing. `running`: the client waits for a stop reply. */
  private state: 'attaching' | 'standing' | 'running' | 'ended' = 'standing';
  private queue: Uint8Array[] = [];
  private acknowledging = true;
  private extended = false;
  private reportsBreakKind = false;
  private lastFrame: Uint8Array | undefined;
  private lastSignal = SIGTRAP;
  private readonly threads: GdbThreads;
  private readonly tableFor = (address: number): number | undefined => this.threads.tableFor(address);
  /** The client asked for the pause that is under way. */
  private interrupted = false;
  /** A watchpoint hit that the client has not yet stepped over; see `step`. */
  private watchHit: { kind: WatchKind; address: number } | undefined;

  constructor(runner: Runner, send: (bytes: Uint8Array) => void, options: GdbSessionOptions = {}) {
    this.runner = runner;
    this.send = send;
    this.options = options;
    this.breakpoints = new GdbBreakpoints(runner.machine, runner.points.newOwner());
    const cpu = { id: 1, name: 'CPU 0', detail: runner.machine.vm.mode };
    this.threads = new GdbThreads(taskThreads(options.tasks ?? (() => undefined), cpu));
    this.wasRunning = runner.running;
    runner.onStop.add(this.onStop);
    if (this.wasRunning) {
      this.state = 'attaching';
      runner.pause();
    }
  }

  /** Takes bytes from the client. */
  receive(bytes: Uint8Array): void {
    for (const event of this.parser.push(bytes)) {
      if (this.state === 'ended') return;
      switch (event.type) {
        case 'packet':
          if (this.acknowledging) this.send(asciiBytes('+'));
          if (this.state === 'standing') this.execute(event.body);
          else if (this.queue.push(event.body) > LONGEST_QUEUE) this.hangUp();
          break;
        case 'corrupt':
          if (this.acknowledging) this.send(asciiBytes('-'));
          break;
        case 'nak':
          if (this.acknowledging && this.lastFrame) this.send(this.lastFrame);
          break;
        case 'interrupt':
          this.interrupt();
          break;
        default:
          break;
      }
    }
  }

  /** The connection has ended: removes what the session has put into the guest. */
  close(): void {
    if (this.state === 'ended') return;
    this.end();
    if (this.wasRunning) this.runner.resume();
  }

  private end(): void {
    this.state = 'ended';
    this.queue = [];
    this.runner.onStop.delete(this.onStop);
    this.breakpoints.release();
  }

  private hangUp(): void {
    this.close();
    this.options.hangUp?.();
  }

  private reply(body: string | Uint8Array): void {
    this.lastFrame = encodeGdbPacket(body);
    this.send(this.lastFrame);
  }

  /** Prints on the client's console; allowed while it waits for a stop reply or for the end of a monitor command. */
  private print(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const most = (PACKET_SIZE - 1) / 2;
    for (let at = 0; at < bytes.length; at += most) this.reply(`O${bytesToHex(bytes.subarray(at, at + most))}`);
  }

  private execute(body: Uint8Array): void {
    const reply = this.dispatch(body);
    if (reply !== undefined) this.reply(reply);
  }

  private dispatch(body: Uint8Array): Reply {
    const { machine } = this.runner;
    if (body[0] === 0x58) return this.changed(writeMemoryBinary(machine, body.subarray(1), this.tableFor));
    const text = asciiText(body);
    const rest = text.slice(1);
    switch (text[0]) {
      case '?':
        return this.lastStop;
      case '!':
        this.extended = true;
        return 'OK';
      case 'g':
        return readGeneral((id) => this.registerOf(id));
      case 'G':
        if (this.threads.savedRegisters) return NOT_ON_CPU;
        return this.changed(writeGeneral(machine, rest) ? 'OK' : BAD_PACKET);
      case 'p':
        return this.readRegister(rest);
      case 'P':
        return this.writeRegister(rest);
      case 'm':
        return readMemory(machine, rest, PACKET_SIZE / 2, this.tableFor);
      case 'M':
        return this.changed(writeMemoryHex(machine, rest, this.tableFor));
      case 'Z':
      case 'z':
        return this.breakpoints.change(rest, text[0] === 'Z');
      case 'c':
      case 's':
      case 'C':
      case 'S':
        return this.resume(parseSimpleResume(text));
      case 'H':
        return this.selectThread(rest) ? 'OK' : BAD_PACKET;
      case 'T':
        return this.threads.has(rest) ? 'OK' : BAD_PACKET;
      case 'D':
        return this.detach();
      case 'k':
        this.hangUp();
        return undefined;
      case 'R':
        this.reset();
        return undefined;
      case 'q':
      case 'Q':
        if (text.startsWith(SEARCH)) return searchMemory(machine, body.subarray(SEARCH.length));
        return this.query(text);
      case 'v':
        return this.multiLetter(text);
      default:
        return '';
    }
  }

  private readRegister(text: string): Reply {
    const id = /^[0-9a-fA-F]{1,4}$/.test(text) ? registerByNumber(parseInt(text, 16)) : undefined;
    return id === undefined ? BAD_PACKET : knownToHex(this.registerOf(id));
  }

  /** A register of the selected thread. */
  private registerOf(id: RegisterId): number | undefined {
    const saved = this.threads.savedRegisters;
    return saved ? saved[id] : this.runner.machine.vcpu.readRegister(id);
  }

  /** Passes a reply on, after the guest was changed. */
  private changed(reply: string): string {
    this.threads.forget();
    return reply;
  }

  /** `Hg` selects a thread; `Hc`, of old, names the one to go on, which only that on the CPU can be. */
  private selectThread(text: string): boolean {
    const id = text.slice(1);
    if (text.startsWith('g')) return this.threads.select(id);
    return text.startsWith('c') && this.threads.isCurrent(id);
  }

  private writeRegister(text: string): Reply {
    if (this.threads.savedRegisters) return NOT_ON_CPU;
    const match = /^([0-9a-fA-F]{1,4})=([0-9a-fA-F]{8})$/.exec(text);
    const id = match ? registerByNumber(parseInt(match[1], 16)) : undefined;
    const value = match ? hexToWord(match[2]) : undefined;
    if (id === undefined || value === undefined) return BAD_PACKET;
    this.runner.machine.vcpu.writeRegister(id, value | 0);
    return this.changed('OK');
  }

  private query(text: string): Reply {
    const [name] = text.split(/[:;,]/, 1);
    switch (name) {
      case 'qSupported':
        this.reportsBreakKind = /\bswbreak\+/.test(text);
        return FEATURES;
      case 'QStartNoAckMode':
        // Turned off before the reply is sent: the acknowledgement of this request is out, that of the reply is optional.
        this.acknowledging = false;
        return 'OK';
      case 'qXfer':
        return this.readObject(text);
      case 'qAttached':
        return '1';
      case 'qC':
        return `QC${hexId(this.threads.current)}`;
      case 'qfThreadInfo':
      case 'qsThreadInfo':
        return this.threads.list(name === 'qfThreadInfo');
      case 'qThreadExtraInfo':
        return this.threads.extraInfo(text.slice('qThreadExtraInfo,'.length)) ?? BAD_PACKET;
      case 'qCRC':
        return checksum(this.runner.machine, text.slice('qCRC:'.length));
      case 'qSymbol':
        return 'OK';
      case 'qRcmd':
        return this.monitor(text.slice('qRcmd,'.length));
      default:
        return '';
    }
  }

  private readObject(text: string): Reply {
    const features = 'qXfer:features:read:target.xml:';
    const memoryMap = 'qXfer:memory-map:read::';
    const threads = 'qXfer:threads:read::';
    if (text.startsWith(threads)) return transfer(this.threads.document, text.slice(threads.length));
    if (text.startsWith(features)) return transfer(TARGET_XML, text.slice(features.length));
    if (text.startsWith(memoryMap)) return transfer(MEMORY_MAP_XML, text.slice(memoryMap.length));
    return text.startsWith('qXfer:features:read:') ? 'E00' : '';
  }

  private monitor(hex: string): Reply {
    const line = hexToBytes(hex);
    if (!line) return BAD_PACKET;
    const { machine } = this.runner;
    const output = runMonitorCommand({ machine, reset: () => this.reset() }, new TextDecoder().decode(line));
    this.print(output);
    return 'OK';
  }

  private multiLetter(text: string): Reply {
    if (text === 'vCont?') return 'vCont;c;C;s;S;t;r';
    if (text.startsWith('vCont'))
      return this.resume(parseVCont(text.slice('vCont'.length), (id) => this.threads.isCurrent(id)));
    if (text.startsWith('vKill')) {
      if (this.extended) {
        this.reset();
        return 'OK';
      }
      this.reply('OK');
      this.hangUp();
      return undefined;
    }
    if (text.startsWith('vRun') && this.extended) {
      this.reset();
      return this.lastStop;
    }
    return '';
  }

  private detach(): Reply {
    this.end();
    this.reply('OK');
    this.runner.resume();
    return undefined;
  }

  private reset(): void {
    const { machine } = this.runner;
    this.watchHit = undefined;
    this.threads.invalidate();
    this.lastSignal = SIGTRAP;
    if (this.options.reset) {
      this.options.reset();
      return;
    }
    machine.board.reset();
    machine.vcpu.reset();
  }

  private interrupt(): void {
    if (this.state !== 'running') return;
    this.interrupted = true;
    this.runner.pause();
  }

  private resume(action: ResumeAction | undefined): Reply {
    if (!action) return BAD_PACKET;
    if (action.type === 'stop') return this.lastStop;
    const hit = this.watchHit;
    this.watchHit = undefined;
    if ('address' in action && action.address !== undefined)
      this.runner.machine.vcpu.writeRegister(REGISTER.pc, action.address | 0);
    this.interrupted = false;
    this.threads.invalidate();
    switch (action.type) {
      case 'continue':
        this.state = 'running';
        this.runner.resume();
        return undefined;
      case 'step':
        return this.step(hit);
      case 'range':
        this.state = 'running';
        this.stepRange(action.start, action.end);
        return undefined;
    }
  }

  /**
   * One instruction. GDB takes it that an ARM reports a watchpoint before the access: it then removes the watchpoint and
   * steps over the access to see its effect. Ours are reported after the access, so that step has been made
   * already; it is told from a step that the user asks for by the watchpoint being absent.
   */
  private step(hit: { kind: WatchKind; address: number } | undefined): Reply {
    if (hit && !this.breakpoints.isWatched(hit.kind, hit.address)) return this.stopReply('stepped');
    return this.stopReply(this.stepOnce());
  }

  /** Steps one instruction; a stop asked for before the step (a pause that came too late) does not count as it. */
  private stepOnce(): RunnerStop {
    const { runner } = this;
    if (runner.running) return 'stepped';
    const before = runner.machine.vcpu.instructions;
    const stop = runner.step();
    return stop === 'stepped' && runner.machine.vcpu.instructions === before ? runner.step() : stop;
  }

  private stepRange(start: number, end: number): void {
    if (this.state !== 'running') return;
    const { runner } = this;
    for (let count = 0; count < STEPS_AT_ONCE; count++) {
      const stop = this.interrupted ? 'paused' : this.stepOnce();
      const pc = runner.machine.vcpu.readRegister(REGISTER.pc) >>> 0;
      if (stop !== 'stepped' || pc < start || pc >= end || this.breakpoints.holds(pc)) {
        this.stopped(stop === 'stepped' && this.breakpoints.holds(pc) ? 'breakpoint' : stop);
        return;
      }
    }
    const schedule = this.options.schedule ?? ((task) => setTimeout(task, 0));
    schedule(() => this.stepRange(start, end));
  }

  /** The machine stands again. */
  private stopped(stop: RunnerStop): void {
    const awaited = this.state === 'running';
    this.threads.invalidate();
    if (this.state === 'ended' || this.state === 'standing') return;
    this.state = 'standing';
    if (awaited) this.reply(this.stopReply(stop));
    while (this.queue.length > 0 && this.isStanding()) {
      const body = this.queue.shift();
      if (body) this.execute(body);
    }
  }

  private isStanding(): boolean {
    return this.state === 'standing';
  }

  /** Composes the stop reply for a stop, remembers it for `?`, and prints what has no place in it. */
  private stopReply(stop: RunnerStop): string {
    const { machine } = this.runner;
    let signal = SIGTRAP;
    let detail = '';
    switch (stop) {
      case 'paused':
        signal = SIGINT;
        break;
      case 'breakpoint': {
        const kind = this.breakpoints.breakAt(machine.vcpu.readRegister(REGISTER.pc) >>> 0);
        if (kind && this.reportsBreakKind) detail = `${kind}:;`;
        break;
      }
      case 'watchpoint': {
        const { address, debugCause } = machine.vcpu.exit;
        this.watchHit = this.breakpoints.watchFor(address >>> 0, debugCause === 'write' ? 'write' : 'read');
        if (this.watchHit) detail = `${this.watchHit.kind}:${this.watchHit.address.toString(16).padStart(8, '0')};`;
        break;
      }
      case 'error':
        signal = SIGABRT;
        this.print(`${describeStop(machine, stop)}\n`);
        break;
      case 'halted':
      case 'reset':
        this.print(`${describeStop(machine, stop)}\n`);
        break;
      default:
        break;
    }
    this.lastSignal = signal;
    return `T${signal}${detail}thread:${hexId(this.threads.current)};${expeditedRegisters(machine)}`;
  }

  /** The reply to `?`. */
  private get lastStop(): string {
    return `T${this.lastSignal}thread:${hexId(this.threads.current)};`;
  }
}
