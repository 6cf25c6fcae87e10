/** `trapline/statsChanged`: tells clients that show statistics when there is something new, and not too often. */
import type { StatsChangedBody } from '../protocol.ts';
import type { Guest } from './guest.ts';

/** Milliseconds between two events while the guest runs. */
const INTERVAL_MS = 250;

export class StatsEvents {
  private readonly guest: Guest;
  private readonly send: (body: StatsChangedBody) => void;
  private isWanted = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Instructions at the last event. */
  private reported = -1;
  private readonly onResume = (): void => this.start();
  private readonly onStop = (): void => {
    this.stop();
    this.report();
  };

  constructor(guest: Guest, send: (body: StatsChangedBody) => void) {
    this.guest = guest;
    this.send = send;
    guest.runner.onResume.add(this.onResume);
    guest.runner.onStop.add(this.onStop);
  }

  get wanted(): boolean {
    return this.isWanted;
  }

  /** The client has asked for statistics: from now on it is told when they change. */
  want(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    this.reported = this.guest.machine.vcpu.instructions;
    if (this.guest.runner.running) this.start();
  }

  /** The guest has moved without a run: a single step. */
  stepped(): void {
    if (!this.guest.runner.running) this.report();
  }

  dispose(): void {
    this.stop();
    this.guest.runner.onResume.delete(this.onResume);
    this.guest.runner.onStop.delete(this.onStop);
  }

  private start(): void {
    if (this.isWanted) this.timer ??= setInterval(() => this.report(), INTERVAL_MS);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** A guest that waits for input changes nothing, and is not reported. */
  private report(): void {
    const { machine, runner } = this.guest;
    const { instructions } = machine.vcpu;
    if (!this.isWanted || instructions === this.reported) return;
    this.reported = instructions;
    this.send({ instructions, total: machine.vm.hypervisor?.exits.total ?? 0, running: runner.running });
  }
}
