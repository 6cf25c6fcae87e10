/** Holds a guest back between two slices, which it cannot notice: so a test decides how far it is when something happens. */
import type { Schedule } from '../../emulator/runner.ts';

export class Gate {
  private held: (() => void)[] | undefined;

  /** What a runner schedules its slices by. */
  readonly schedule: Schedule = (task) => {
    if (this.held) this.held.push(task);
    else setImmediate(task);
  };

  /** Holds the guest back, or lets it go on. */
  hold(wanted: boolean): void {
    const tasks = this.held ?? [];
    this.held = wanted ? tasks : undefined;
    if (!wanted) for (const task of tasks) this.schedule(task);
  }
}
