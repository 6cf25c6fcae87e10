/**
 * One run of a test. What the guest prints drives it, byte by byte, so the verdict depends on the guest alone: neither on
 * how its run is sliced nor on the host's clock.
 */
import type { Machine } from '../../emulator/machine.ts';
import { ConsoleMatcher } from './console-matcher.ts';
import type { GuestTest } from './guest-test.ts';

/** How a test went. */
export interface Verdict {
  readonly passed: boolean;
  /** One sentence. */
  readonly message: string;
  /** Guest time from the first instruction to the verdict; the same in every mode. */
  readonly seconds: number;
}

const NS = 1e9;
const PANIC = 'Kernel panic';
/** A guest that has panicked may still say why; nanoseconds of guest time. */
const AFTER_PANIC = NS;
/** Of the console, for the message of a test that fails. */
const TAIL = 400;

export class TestRun {
  readonly test: GuestTest;
  /** Set once. */
  verdict: Verdict | undefined;
  private readonly machine: Machine;
  private readonly type: (bytes: Uint8Array) => void;
  private readonly onVerdict: (verdict: Verdict) => void;
  private readonly panic = new ConsoleMatcher(PANIC);
  private matcher: ConsoleMatcher | undefined;
  private step = -1;
  private deadline: number;
  private panicked = false;
  private tail = '';

  /**
   * Starts at the guest's first instruction. `type` puts bytes into the console; `onVerdict` is called once, possibly from
   * within a device of the machine: it may ask the machine to stop, not run it.
   */
  constructor(
    test: GuestTest,
    machine: Machine,
    type: (bytes: Uint8Array) => void,
    onVerdict: (verdict: Verdict) => void,
  ) {
    this.test = test;
    this.machine = machine;
    this.type = type;
    this.onVerdict = onVerdict;
    this.deadline = test.timeout * NS;
    this.advance();
  }

  /** Takes a byte that the guest has printed. */
  push(byte: number): void {
    if (this.verdict || this.isLate()) return;
    this.tail = (this.tail + String.fromCharCode(byte)).slice(-TAIL);
    if (this.matcher?.push(byte)) this.advance();
    else if (!this.panicked && this.panic.push(byte)) {
      this.panicked = true;
      this.deadline = Math.min(this.deadline, this.machine.accessTime + AFTER_PANIC);
    }
  }

  /** Looks at the guest's clock; a driver does so now and then. Returns whether the test is over. */
  isLate(): boolean {
    if (!this.verdict && this.machine.accessTime > this.deadline) {
      this.fail(this.panicked ? 'the guest has panicked' : `${this.test.timeout} s of guest time are over`);
    }
    return this.verdict !== undefined;
  }

  /** The guest has come to an end, or to a stand that only input could end. `how`: a clause such as "the guest has halted". */
  ended(how: string): void {
    if (this.matcher?.settle()) this.advance();
    if (!this.verdict) this.fail(this.panicked ? 'the guest has panicked' : how);
  }

  /** Goes on behind a step that is done. */
  private advance(): void {
    for (;;) {
      const step = this.test.steps.at(++this.step);
      const done = this.test.steps.length;
      if (!step) return this.end(true, done === 1 ? '1 step' : `${done} steps`);
      if ('expect' in step) {
        this.matcher = new ConsoleMatcher(step.expect);
        return;
      }
      this.type(new TextEncoder().encode(step.send));
    }
  }

  private fail(why: string): void {
    const step = this.test.steps[this.step];
    const expected = 'expect' in step ? `; step ${this.step + 1} expects /${step.expect}/` : '';
    const last = this.tail.trim() === '' ? ' Nothing was printed.' : ` The console's end:\n${this.tail}`;
    this.end(false, `${why}${expected}.${last}`);
  }

  private end(passed: boolean, message: string): void {
    const time = Math.min(this.machine.accessTime, this.deadline);
    this.verdict = { passed, message, seconds: time / NS };
    this.onVerdict(this.verdict);
  }
}
