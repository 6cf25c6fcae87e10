/**
 * Paces a guest's idle time to the wall clock: what it waits for in WFI takes as long as it asked for, and an idle guest
 * leaves the host's CPU alone. The guest cannot tell: its time is made of instructions and of what waiting has
 * skipped, and neither changes. Only the host sleeps, between two slices.
 */
import type { Runner, Schedule } from './runner.ts';

/** Guest time may run ahead by this much before the host sleeps, milliseconds. */
const SLACK_MS = 2;
/** A guest that fell behind while it was computing may catch up this much by waiting less, milliseconds. */
const MOST_LAG_MS = 50;
const LONGEST_TIMEOUT = 0x7fff_ffff;

export class Pacer {
  private readonly atOnce: Schedule;
  private readonly clock: () => number;
  /** How far guest time is ahead of the wall clock, milliseconds, as of `measured`. */
  private ahead = 0;
  private measured: number;
  private asleep: { task: () => void; timer: ReturnType<typeof setTimeout> } | undefined;

  /** `atOnce` schedules what need not wait. */
  constructor(atOnce: Schedule, clock: () => number = () => performance.now()) {
    this.atOnce = atOnce;
    this.clock = clock;
    this.measured = clock();
  }

  /** Paces the machine of a runner that schedules its slices by `schedule`. */
  attach(runner: Runner): void {
    const { machine } = runner;
    machine.onIdle = (nanoseconds) => {
      this.measure();
      this.ahead += nanoseconds / 1e6;
      // A single step is never cut short.
      if (runner.running && this.ahead > SLACK_MS) machine.requestStop();
    };
    runner.onHurry.add(() => this.wake());
  }

  /** Runs a slice at once, or after a sleep when guest time is ahead. */
  readonly schedule: Schedule = (task) => {
    this.measure();
    if (this.ahead <= SLACK_MS) {
      this.atOnce(task);
      return;
    }
    const timer = setTimeout(() => this.wake(), Math.min(this.ahead, LONGEST_TIMEOUT));
    this.asleep = { task, timer };
  };

  /** Ends a sleep early: a key has been pressed, or the guest is to pause. */
  private wake(): void {
    const { asleep } = this;
    if (!asleep) return;
    this.asleep = undefined;
    clearTimeout(asleep.timer);
    this.atOnce(asleep.task);
  }

  private measure(): void {
    const now = this.clock();
    this.ahead = Math.max(this.ahead - (now - this.measured), -MOST_LAG_MS);
    this.measured = now;
  }
}
