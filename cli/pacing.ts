/**
 * Paces a guest's idle time to the wall clock: what it waits for in WFI takes as long as it asked for, and an idle guest
 * leaves the host's CPU alone. The guest cannot tell: its time is made of instructions and of what waiting has
 * skipped, and neither changes. Only the host sleeps, between two slices.
 */
import type { Machine } from '../emulator/machine.ts';
import type { Schedule } from '../emulator/runner.ts';

/** Guest time may run ahead by this much before the host sleeps, milliseconds. */
const SLACK_MS = 2;
/** A guest that fell behind while it was computing may catch up this much by waiting less, milliseconds. */
const MOST_LAG_MS = 50;

export class Pacer {
  private readonly clock: () => number;
  /** How far guest time is ahead of the wall clock, milliseconds, as of `measured`. */
  private ahead = 0;
  private measured: number;
  private asleep: { task: () => void; timer: NodeJS.Timeout } | undefined;

  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
    this.measured = clock();
  }

  /** Paces a machine that is run by a Runner which schedules its slices by `schedule`. */
  attach(machine: Machine): void {
    machine.onIdle = (nanoseconds) => {
      this.idle(nanoseconds);
      if (this.ahead > SLACK_MS) machine.requestStop();
    };
  }

  /** Runs a slice at once, or after a sleep when guest time is ahead. */
  readonly schedule: Schedule = (task) => {
    this.measure();
    if (this.ahead <= SLACK_MS) {
      setImmediate(task);
      return;
    }
    const timer = setTimeout(() => this.wake(), Math.min(this.ahead, 0x7fff_ffff));
    this.asleep = { task, timer };
  };

  /** Ends a sleep early: a key has been pressed, or the run is to stop. */
  wake(): void {
    const { asleep } = this;
    if (!asleep) return;
    this.asleep = undefined;
    clearTimeout(asleep.timer);
    setImmediate(asleep.task);
  }

  private idle(nanoseconds: number): void {
    this.measure();
    this.ahead += nanoseconds / 1e6;
  }

  private measure(): void {
    const now = this.clock();
    this.ahead = Math.max(this.ahead - (now - this.measured), -MOST_LAG_MS);
    this.measured = now;
  }
}
