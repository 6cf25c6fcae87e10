/** A session that runs one of the guest's tests: it types what the test says, and ends with its verdict. */
import { closest } from '../../symbols/closest.ts';
import type { GuestTest } from '../guest-tests/guest-test.ts';
import { TestRun, type Verdict } from '../guest-tests/test-run.ts';
import { unknownTest } from './errors.ts';
import type { Guest } from './guest.ts';

/** Between two looks at the guest's clock, and at whether it still goes on; milliseconds. */
const LOOK_MS = 50;
/** A guest whose clock has not moved for so many looks waits for input that the test does not send. */
const STANDSTILL = 40;

/** A test in progress. */
export class SessionTest {
  readonly name: string;
  private readonly run: TestRun;
  private readonly timer: ReturnType<typeof setInterval>;

  /**
   * Attaches to the console of a guest at its first instruction. `halt` is called when the verdict is there, possibly
   * from within a device; then, once, `onVerdict`. Throws a `UserError` when the guest has no test of the name.
   */
  constructor(
    guest: Guest,
    tests: readonly GuestTest[],
    name: string,
    { halt, onVerdict }: { halt: () => void; onVerdict: (verdict: Verdict) => void },
  ) {
    const test = tests.find((candidate) => candidate.name === name);
    const names = tests.map((candidate) => candidate.name);
    if (!test) throw unknownTest(name, closest(name, names), names.join(', '));
    this.name = name;
    const { machine, runner, schedule } = guest;
    this.run = new TestRun(
      test,
      machine,
      (bytes) => runner.type(bytes),
      (verdict) => {
        clearInterval(this.timer);
        halt();
        schedule(() => onVerdict(verdict));
      },
    );
    const [port] = machine.board.serial;
    const before = port.onOutput;
    port.onOutput = (byte) => {
      before?.(byte);
      this.run.push(byte);
    };
    let last = -1;
    let still = 0;
    this.timer = setInterval(() => {
      if (!runner.running || this.run.isLate()) return;
      still = machine.now === last ? still + 1 : 0;
      last = machine.now;
      if (still >= STANDSTILL) this.run.ended('the guest waits for an interrupt that only console input can raise');
    }, LOOK_MS);
  }

  /** The guest has ended. Returns false when there is a verdict already. */
  ended(how: string): boolean {
    if (this.run.verdict) return false;
    this.run.ended(how);
    return true;
  }

  dispose(): void {
    clearInterval(this.timer);
  }
}
