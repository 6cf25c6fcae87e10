/**
 * What a debugger knows of the tasks of a guest kernel, whichever kernel it is. A `KernelModel` reads one kernel's data
 * structures; `Awareness` bounds what it says, numbers the tasks, and remembers the answer while the guest stands. The
 * guest may be damaged or hostile: whatever its memory holds, a list ends, and says why.
 */
import { InputError } from '../../formats/input-error.ts';
import type { FrameRegisters } from '../../symbols/frame.ts';

/** What a kernel says of a task. */
export interface TaskFacts {
  /** The number that the kernel knows it by. */
  readonly pid: number;
  /** The number of the process that a thread belongs to. */
  readonly tgid: number;
  readonly name: string;
  /** In the kernel's own words, e.g. `sleeping`. */
  readonly state: string;
}

/** A task, with a number for a debugger's client. */
export interface Task extends TaskFacts {
  /** From 2 on; 1 is left for the processor. A task keeps its number while it lives, and no other gets it. */
  readonly id: number;
  /** Where the kernel's structure for it is. */
  readonly address: number;
  /** Whether the processor executes it; the registers of all others are in memory. */
  readonly isCurrent: boolean;
}

/** An address space: the physical address of its level 1 table, which counts below `end`. */
export interface TaskSpace {
  readonly table: number;
  readonly end: number;
}

/** Code that a kernel has loaded. */
export interface GuestModule {
  readonly name: string;
  readonly address: number;
  /** In bytes. */
  readonly size: number;
  readonly state: string;
}

/** A question to a kernel, for the debug console. `run` throws an `InputError`. */
export interface KernelCommand {
  readonly name: string;
  readonly help: string;
  run(): string;
}

/** How one kernel keeps its tasks. Tasks are addresses of its structures. Everything may throw an `InputError`. */
export interface KernelModel {
  /** E.g. `Linux`. */
  readonly name: string;
  /** The task that the processor executes; undefined before there are tasks. Cheap: asked at each stop. */
  currentTask(): number | undefined;
  /** All tasks, in the kernel's order. */
  tasks(): Iterable<number>;
  describe(task: number): TaskFacts;
  /** The registers that a task goes on with, which does not run; undefined for those that it does not keep. */
  savedRegisters(task: number): FrameRegisters;
  /** The registers of a task's program, which is in the kernel; undefined for a task without one. */
  userRegisters(task: number): FrameRegisters | undefined;
  /** The address space of a task; undefined for the present one. */
  spaceOf(task: number): TaskSpace | undefined;
  modules(): readonly GuestModule[];
  readonly commands: readonly KernelCommand[];
}

/** The tasks at a stop. `problem` says why there are no more. */
export interface TaskList {
  readonly tasks: readonly Task[];
  readonly problem: string | undefined;
}

const FIRST_ID = 2;
/** A list of more is taken for damage. */
const MOST_TASKS = 8192;
const LONGEST_NAME = 64;

export class Awareness {
  readonly model: KernelModel;
  private readonly now: () => number;
  /** Task numbers by address; the pid tells when another task has taken the place of one. */
  private readonly ids = new Map<number, { id: number; pid: number | undefined }>();
  private nextId = FIRST_ID;
  private list: TaskList | undefined;
  private time: number | undefined;

  /** `now` is a number that changes whenever the guest executes something. */
  constructor(model: KernelModel, now: () => number) {
    this.model = model;
    this.now = now;
  }

  /** Forgets what was read: guest memory was changed from outside. */
  invalidate(): void {
    this.list = undefined;
  }

  /** The number of the task that the processor executes; undefined while there is none. */
  get currentId(): number | undefined {
    const address = this.currentAddress;
    if (address === undefined) return undefined;
    const known = this.ids.get(address);
    if (known?.pid === undefined) return this.idOf(address, undefined);
    const facts = attempt(() => this.model.describe(address));
    return this.idOf(address, facts?.pid);
  }

  /** All tasks; none before there are any. Read once at each stop. */
  get tasks(): TaskList {
    const time = this.now();
    if (!this.list || this.time !== time) {
      this.list = this.read();
      this.time = time;
    }
    return this.list;
  }

  /** The task of a number; undefined when it has ended. */
  task(id: number): Task | undefined {
    return this.tasks.tasks.find((task) => task.id === id);
  }

  /** Where the structure of the task is that the processor executes; undefined while there is none. */
  get currentAddress(): number | undefined {
    return attempt(() => this.model.currentTask());
  }

  private read(): TaskList {
    const current = this.currentAddress;
    if (current === undefined) return { tasks: [], problem: undefined };
    const tasks: Task[] = [];
    const seen = new Set<number>();
    const add = (address: number): void => {
      seen.add(address);
      const facts = this.model.describe(address);
      const name = facts.name.slice(0, LONGEST_NAME);
      tasks.push({ ...facts, name, id: this.idOf(address, facts.pid), address, isCurrent: address === current });
    };
    let problem: string | undefined;
    try {
      for (const address of this.model.tasks()) {
        if (seen.has(address)) throw new InputError('the list of tasks runs in a circle');
        if (seen.size === MOST_TASKS) throw new InputError(`there are more than ${MOST_TASKS} tasks`);
        add(address);
      }
    } catch (error) {
      problem = messageOf(error);
    }
    // A task that is about to end has left the list before it leaves the processor.
    if (!seen.has(current)) {
      try {
        add(current);
      } catch (error) {
        problem ??= messageOf(error);
      }
    }
    if (problem === undefined || this.ids.size > 2 * MOST_TASKS) {
      for (const address of this.ids.keys()) if (!seen.has(address)) this.ids.delete(address);
    }
    return { tasks, problem };
  }

  private idOf(address: number, pid: number | undefined): number {
    const known = this.ids.get(address);
    if (known && (known.pid === undefined || pid === undefined || known.pid === pid)) {
      known.pid ??= pid;
      return known.id;
    }
    const id = this.nextId++;
    this.ids.set(address, { id, pid });
    return id;
  }
}

/** What an `InputError` says; other errors are thrown again. */
function messageOf(error: unknown): string {
  if (error instanceof InputError) return error.message.replace(/\.$/, '');
  throw error;
}

/** The result, or undefined when the guest's memory does not give one. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
