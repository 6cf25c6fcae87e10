/** A guest under debugging, and the parts of a session that work on this one guest: made with it, gone with it. */
import type { Schedule } from '../../emulator/runner.ts';
import type { StatsChangedBody } from '../protocol.ts';
import type { Breakpoints } from './breakpoints.ts';
import type { CoverageRecord } from './coverage-request.ts';
import type { SessionTest } from './guest-test.ts';
import { GuestConsole } from './console.ts';
import type { DataBreakpoints } from './data-breakpoints.ts';
import { Evaluator } from './evaluator.ts';
import { Guest, type LoadedGuest } from './guest.ts';
import type { Listings } from './listings.ts';
import { RegistersScope } from './registers-scope.ts';
import { RunControl, type RunListener } from './run-control.ts';
import { Stack } from './stack.ts';
import { StatsEvents } from './stats-events.ts';
import { Variables } from './variables.ts';

/** What outlives a guest, as it is when the session restarts. */
export interface Lasting {
  readonly listings: Listings;
  readonly breakpoints: Breakpoints;
  readonly data: DataBreakpoints;
}

/** Told of what the guest does. */
export interface DebuggeeListener extends RunListener {
  /** `byOther`: another debugger of the same guest has made it go on. */
  resumed(byOther: boolean): void;
  printed(text: string): void;
  statsChanged(body: StatsChangedBody): void;
}

export class Debuggee {
  readonly guest: Guest;
  readonly run: RunControl;
  readonly stack: Stack;
  readonly registers: RegistersScope;
  readonly variables = new Variables();
  readonly evaluator: Evaluator;
  readonly console: GuestConsole;
  readonly stats: StatsEvents;
  /** Ends the GDB server beside the session. */
  closeGdb: (() => void) | undefined;
  /** What has been executed, where that is recorded. */
  coverage: CoverageRecord | undefined;
  /** The test that the session is for. */
  test: SessionTest | undefined;
  private readonly onResume: () => void;
  private isAlive = true;

  constructor(loaded: LoadedGuest, schedule: Schedule, lasting: Lasting, listener: DebuggeeListener) {
    this.guest = new Guest(loaded, schedule);
    const { machine, runner, attachment } = this.guest;
    this.stack = new Stack(this.guest, lasting.listings);
    this.console = new GuestConsole(
      machine,
      (text) => listener.printed(text),
      () => this.run.end(),
    );
    this.run = new RunControl(this.guest, lasting.breakpoints, lasting.data, listener, () => this.console.panicked);
    this.onResume = () => {
      this.stack.invalidate();
      listener.resumed(!this.run.isResuming);
    };
    runner.onResume.add(this.onResume);
    this.registers = new RegistersScope(this.guest, this.stack);
    this.stats = new StatsEvents(this.guest, (body) => listener.statsChanged(body));
    this.stack.onInvalidate.add(() => this.variables.clear());
    this.evaluator = new Evaluator(this.guest, this.stack, this.variables, this.registers);
    if (attachment) attachment.onEnd = (exitCode, text) => this.run.ended(exitCode, text);
  }

  /** Takes everything back that was put into the guest. A guest that was attached to goes on. Safe to call twice. */
  dispose(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { attachment, runner } = this.guest;
    this.run.dispose();
    this.console.dispose();
    this.stats.dispose();
    this.closeGdb?.();
    this.test?.dispose();
    runner.onResume.delete(this.onResume);
    if (!attachment) return;
    attachment.onEnd = undefined;
    attachment.detach();
  }
}
