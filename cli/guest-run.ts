/** One run of a guest: what ends it, and what that means. Knows no files and no terminal. */
import type { Machine } from '../emulator/machine.ts';
import { Runner, type RunnerStop, type Schedule } from '../emulator/runner.ts';
import type { PointOwner } from '../emulator/stop-points.ts';
import { describeStop } from '../debug-adapter/target.ts';
import { ExitCode } from './command.ts';
import { ConsoleMatcher } from '../debug-adapter/guest-tests/console-matcher.ts';

/** Why a run has ended. */
export type EndReason =
  'matched' | 'halted' | 'reset' | 'left' | 'panic' | 'error' | 'timeout' | 'max-instructions' | 'signal';

export interface RunEnd {
  reason: EndReason;
  exitCode: number;
  /** One clause for the user. */
  text: string;
}

export interface GuestRunOptions {
  schedule: Schedule;
  /** The run ends when the console matches this. */
  until?: string | undefined;
  maxInstructions?: number | undefined;
  timeoutSeconds?: number | undefined;
  /** The kernel's `panic`: when it is reached the guest has failed. */
  panicAddress?: number | undefined;
  /** Receives each byte that the console prints. */
  onOutput?: (byte: number) => void;
  /** Keeps what the console prints, for `console`. */
  keepConsole?: boolean;
}

/** After a panic the guest may finish its message: it is stopped when it has printed nothing for this long. */
const SILENCE_AFTER_PANIC = 20_000_000;
const LONGEST_PANIC = 100;
/** The same for a guest that waits and executes nothing, milliseconds. */
const PANIC_TIMEOUT_MS = 2000;
const LINE_FEED = 0x0a;
const PANIC_TEXT = 'Kernel panic';

export class GuestRun {
  readonly runner: Runner;
  /** Told when the run has ended. */
  readonly onEnd = new Set<(end: RunEnd) => void>();
  /** Wall-clock seconds since the first instruction. */
  seconds = 0;
  private readonly machine: Machine;
  private readonly options: GuestRunOptions;
  /** Debuggers that are attached: they decide what a stop means. */
  private debuggers = 0;
  /** How the guest stopped last while a debugger was attached. */
  private lastStop: { stop: RunnerStop; instructions: number } | undefined;
  /** The breakpoint on `panic`. */
  private readonly points: PointOwner;
  private readonly matcher: ConsoleMatcher | undefined;
  private readonly kept: number[] = [];
  /** Bytes that the console has printed, and the last of them. */
  private printedBytes = 0;
  private lastByte = LINE_FEED;
  private readonly timers: NodeJS.Timeout[] = [];
  private startedAt = 0;
  private panicProgress = 0;
  private panicked = false;
  private panicWindows = 0;
  private outputAtWindow = 0;
  private ending: RunEnd | undefined;
  private resolve: ((end: RunEnd) => void) | undefined;

  constructor(machine: Machine, options: GuestRunOptions) {
    this.machine = machine;
    this.options = options;
    this.matcher = options.until === undefined ? undefined : new ConsoleMatcher(options.until);
    this.runner = new Runner(machine, options.schedule);
    this.points = this.runner.points.newOwner();
    this.points.passes = () => this.debuggers > 0;
    const [port] = machine.board.serial;
    if (port) port.onOutput = (byte) => this.printed(byte);
  }

  /** Everything that the console has printed, when it is kept. */
  get console(): string {
    return new TextDecoder().decode(Uint8Array.from(this.kept));
  }

  /** Whether the console stands in the middle of a line. */
  get midLine(): boolean {
    return this.lastByte !== LINE_FEED;
  }

  /** Runs the guest to its end. */
  start(): Promise<RunEnd> {
    const { options } = this;
    const { timeoutSeconds, maxInstructions } = options;
    // Input may be the only thing that can go on; the process must wait for it, or for ever.
    this.timers.push(setInterval(() => undefined, 0x7fff_ffff));
    if (timeoutSeconds !== undefined) {
      const end = this.limit('timeout', `the time limit of ${timeoutSeconds} s is reached`);
      this.timers.push(setTimeout(() => this.end(end), timeoutSeconds * 1000));
    }
    if (options.panicAddress !== undefined) this.points.setBreakpoints([options.panicAddress]);
    this.runner.onStop.add((stop) => this.stopped(stop));
    this.startedAt = performance.now();
    this.runner.resume(maxInstructions ?? Infinity);
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** Ends the run from outside. */
  leave(reason: 'left' | 'signal', exitCode: number, text: string): void {
    this.end({ reason, exitCode, text });
  }

  /** A debugger has come: from now on a stop is its affair. */
  debuggerCame(): void {
    this.debuggers++;
  }

  /** A debugger has gone; with the last one the guest goes on, or the run ends if the guest has ended meanwhile. */
  debuggerLeft(): void {
    if (--this.debuggers > 0 || !this.resolve) return;
    if (this.panicked) this.limitPanic();
    if (this.runner.running) return;
    const { lastStop } = this;
    const isCurrent = lastStop?.instructions === this.machine.vcpu.instructions;
    this.stopped(isCurrent ? lastStop.stop : 'paused');
  }

  private limit(reason: EndReason, text: string): RunEnd {
    return this.panicked ? this.panicEnd() : { reason, exitCode: ExitCode.limitReached, text };
  }

  private panicEnd(): RunEnd {
    return { reason: 'panic', exitCode: ExitCode.guestFailed, text: 'the guest has panicked' };
  }

  private printed(byte: number): void {
    this.printedBytes++;
    this.lastByte = byte;
    if (this.options.keepConsole) this.kept.push(byte);
    this.options.onOutput?.(byte);
    if (this.matcher?.push(byte))
      this.end({ reason: 'matched', exitCode: ExitCode.ok, text: `the console matches /${this.options.until}/` });
    if (byte === PANIC_TEXT.charCodeAt(this.panicProgress)) this.panicProgress++;
    else this.panicProgress = byte === PANIC_TEXT.charCodeAt(0) ? 1 : 0;
    if (this.panicProgress === PANIC_TEXT.length) {
      this.panicProgress = 0;
      if (!this.panicked) this.panic();
    }
  }

  private panic(): void {
    this.panicked = true;
    this.points.setBreakpoints([]);
    if (this.debuggers === 0) this.limitPanic();
  }

  /** From now on the guest may only finish its message. */
  private limitPanic(): void {
    this.timers.push(setTimeout(() => this.end(this.panicEnd()), PANIC_TIMEOUT_MS));
    this.runner.pause();
  }

  /** The machine stands, or is asked to: the run ends as soon as it does. The first reason counts. */
  private end(end: RunEnd): void {
    this.ending ??= end;
    if (this.runner.running) this.runner.pause();
    else this.finish(this.ending);
  }

  private stopped(stop: RunnerStop): void {
    if (this.ending) {
      this.finish(this.ending);
      return;
    }
    const { machine, runner } = this;
    if (this.debuggers > 0) {
      this.lastStop = { stop, instructions: machine.vcpu.instructions };
      return;
    }
    switch (stop) {
      case 'halted':
        if (this.panicked) this.finish(this.panicEnd());
        else this.finish({ reason: 'halted', exitCode: ExitCode.ok, text: 'the guest has halted' });
        return;
      case 'reset':
        if (this.panicked) this.finish(this.panicEnd());
        else this.finish({ reason: 'reset', exitCode: ExitCode.ok, text: 'the guest has reset the board' });
        return;
      case 'error':
        this.finish({ reason: 'error', exitCode: ExitCode.guestFailed, text: describeStop(machine, stop) });
        return;
      case 'stepped':
        if (!this.panicked) {
          const text = `the limit of ${this.options.maxInstructions} instructions is reached`;
          this.finish(this.limit('max-instructions', text));
          return;
        }
        break;
      case 'breakpoint':
        if (machine.vcpu.exit.address >>> 0 === this.options.panicAddress) this.panic();
        break;
      default:
        break;
    }
    if (this.panicked) this.resumeAfterPanic();
    else runner.resume(this.instructionsLeft());
  }

  private instructionsLeft(): number {
    const { maxInstructions } = this.options;
    return maxInstructions === undefined ? Infinity : Math.max(1, maxInstructions - this.machine.vcpu.instructions);
  }

  private resumeAfterPanic(): void {
    const silent = this.panicWindows > 0 && this.printedBytes === this.outputAtWindow;
    if (silent || this.panicWindows++ === LONGEST_PANIC) {
      this.finish(this.panicEnd());
      return;
    }
    this.outputAtWindow = this.printedBytes;
    this.runner.resume(SILENCE_AFTER_PANIC);
  }

  private finish(end: RunEnd): void {
    const { resolve } = this;
    if (!resolve) return;
    this.resolve = undefined;
    this.seconds = (performance.now() - this.startedAt) / 1000;
    for (const timer of this.timers) clearTimeout(timer);
    const [port] = this.machine.board.serial;
    if (port) port.onOutput = undefined;
    this.points.release();
    for (const listener of [...this.onEnd]) listener(end);
    resolve(end);
  }
}
