/** `threads` and `stackTrace`: a thread for each task that is known, else one for the CPU; frames by unwinding. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { REGISTER, type RegisterName } from '../../emulator/registers.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import type { Scope } from '../../symbols/dwarf/functions.ts';
import type { SourcePlace } from '../../symbols/dwarf/line-tables.ts';
import { baseName } from '../../symbols/dwarf/source-path.ts';
import type { FrameState } from '../../symbols/dwarf/variable-location.ts';
import { PC } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import type { Task, TaskList } from '../awareness/awareness.ts';
import { formatAddress } from './address.ts';
import { runningFrames, sleepingFrames, type ThreadFrames } from './thread-frames.ts';
import type { RequestArguments } from './arguments.ts';
import { unknownFrame, unknownThread } from './errors.ts';
import { frameState, targetOf, type FrameContext } from './frame-context.ts';
import type { Guest } from './guest.ts';
import type { Listings } from './listings.ts';
import { hex32 } from '../target.ts';

/** The processor's thread: the task that it executes, whichever that is. */
export const THREAD = 1;
/** A thread has fewer frames, inlined ones counted; frame ids of threads are so far apart. */
const FRAMES_APART = 1024;

/** One line of the stack as the user sees it: a frame, or a function that was inlined into one. */
export interface ShownFrame {
  readonly frame: Frame;
  /** Index of the frame that has registers of its own, from the innermost. */
  readonly index: number;
  /** Which of the functions at the frame's address: 0 for the innermost inlined one. */
  readonly inlineIndex: number;
  readonly name: string;
  readonly place: SourcePlace | undefined;
  /** The debug information that describes it. */
  readonly info: DebugInfo | undefined;
  /** The thread that it belongs to. */
  readonly thread: ThreadFrames;
  /** Whether its registers are those of the processor. */
  readonly isLive: boolean;
}

/** The stacks of a standing guest. Frame ids count from 1, those of the processor first, and hold until it moves. */
export class Stack {
  private readonly guest: Guest;
  private readonly listings: Listings;
  /** The stacks that were asked for, by thread; that of the processor is the first, by its own number. */
  private stacks = new Map<number, readonly ShownFrame[]>();
  /** The tasks at the last stop at which they were asked for. */
  private tasks: TaskList | undefined;
  /** Called when the frames are forgotten. */
  readonly onInvalidate = new Set<() => void>();

  constructor(guest: Guest, listings: Listings) {
    this.guest = guest;
    this.listings = listings;
  }

  /** Forgets the frames: the guest has moved or was changed. */
  invalidate(): void {
    this.stacks.clear();
    this.guest.forgetTasks();
    for (const listener of this.onInvalidate) listener();
  }

  /**
   * Forgets the frames because the user has written something, and walks those that were asked for again, under the same ids.
   * Returns whether the tasks or the stacks are others now.
   */
  refresh(): boolean {
    const threads = [...this.stacks.keys()];
    const before = outline(this.tasks, this.stacks);
    this.invalidate();
    if (threads.length === 0) return true;
    const { awareness } = this.guest;
    if (threads.some((id) => id !== THREAD && !awareness?.task(id))) return true;
    for (const id of threads) this.of(id);
    return before !== outline(this.tasks && awareness?.tasks, this.stacks);
  }

  /** The thread that the processor executes. */
  get currentThread(): number {
    return this.guest.awareness?.currentId ?? THREAD;
  }

  /**
   * `threads`: the tasks, while the guest runs those of its last stop; the processor alone while there are none.
   * `problem` says why there are no more.
   */
  threads(isRunning: boolean): { threads: DebugProtocol.Thread[]; problem: string | undefined } {
    const { cpu, machine, awareness } = this.guest;
    if (!isRunning) this.tasks = awareness?.tasks;
    const { tasks = [], problem } = this.tasks ?? {};
    if (tasks.length === 0) return { threads: [{ id: THREAD, name: `CPU 0 (${cpu}, ${machine.vm.mode})` }], problem };
    const name = ({ name, pid, state, isCurrent }: Task): string => `${name} (${pid}) ${isCurrent ? 'running' : state}`;
    return { threads: tasks.map((task) => ({ id: task.id, name: name(task) })), problem };
  }

  /** `stackTrace`. */
  trace(args: RequestArguments): { stackFrames: DebugProtocol.StackFrame[]; totalFrames: number } {
    const thread = this.threadOf(args);
    const start = args.integer('startFrame', { min: 0, default: 0 });
    const levels = args.integer('levels', { min: 0, default: 0 });
    const frames = this.of(thread);
    const first = this.firstId(thread);
    const shown = frames.slice(start, levels === 0 ? undefined : start + levels);
    return {
      stackFrames: shown.map((frame, i) => this.toProtocol(frame, first + start + i)),
      totalFrames: frames.length,
    };
  }

  /** The thread of a request, which must be known; `THREAD` for the one that the processor executes. */
  threadOf(args: RequestArguments): number {
    const id = args.integer('threadId', { default: THREAD });
    if (id === THREAD || id === this.guest.awareness?.currentId) return THREAD;
    if (!this.guest.awareness?.task(id)) throw unknownThread(id);
    return id;
  }

  /** The frames of a task that does not run, those that have registers of their own; undefined for the current thread. */
  sleeping(args: RequestArguments): readonly Frame[] | undefined {
    const thread = this.threadOf(args);
    if (thread === THREAD) return undefined;
    return this.of(thread)[0]?.thread.frames ?? [];
  }

  /** The frame of an id; the innermost for undefined or 0. */
  frame(id: number | undefined): ShownFrame {
    const at = id ? id - 1 : 0;
    const thread = at < FRAMES_APART ? THREAD : [...this.stacks.keys()][Math.floor(at / FRAMES_APART)];
    const frame = thread === undefined ? undefined : this.of(thread)[at % FRAMES_APART];
    if (!frame) throw unknownFrame(id ?? 0);
    return frame;
  }

  /**
   * A frame for expressions. Without debug information at its address, the first file's globals are known. Undefined when
   * no file has debug information.
   */
  context(id: number | undefined): FrameContext | undefined {
    const shown = this.frame(id);
    const { frame, inlineIndex, info, isLive, thread } = shown;
    const { guest } = this;
    const known = info ?? guest.debug.all[0];
    if (!known) return undefined;
    return {
      info: known,
      pc: info && guest.linked(frame.lookup),
      frameIndex: inlineIndex,
      target: targetOf(guest, {
        read: (name) => this.register(shown, name),
        isInnermost: isLive,
        space: thread.space,
      }),
      frame: info && this.state(thread, shown.index),
    };
  }

  /** The value of a register in a frame; undefined when it is no longer known. */
  register({ frame, isLive, thread }: ShownFrame, name: RegisterName): number | undefined {
    const id = REGISTER[name];
    if (id <= PC) return isLive ? this.guest.read(name) : name === 'pc' ? frame.pc : frame.registers[id];
    // Those of the mode and the banks are the processor's, not the task's; coprocessor 15 serves all.
    return thread.isRunning || id >= REGISTER.midr ? this.guest.read(name) : undefined;
  }

  private state(thread: ThreadFrames, index: number): FrameState | undefined {
    const frame = thread.frames[index];
    return frame && frameState(this.guest, frame, () => this.state(thread, index + 1), thread.space);
  }

  /** The frames of a thread. */
  private of(id: number): readonly ShownFrame[] {
    if (id !== THREAD) this.of(THREAD);
    let shown = this.stacks.get(id);
    if (!shown) {
      const { guest } = this;
      const task = id === THREAD ? undefined : guest.awareness?.task(id);
      if (id !== THREAD && !task) throw unknownThread(id);
      const thread = task ? sleepingFrames(guest, task) : runningFrames(guest);
      shown = thread.frames.flatMap((frame, index) => this.expand(thread, frame, index)).slice(0, FRAMES_APART - 1);
      this.stacks.set(id, shown);
    }
    return shown;
  }

  /** The id of a thread's innermost frame. */
  private firstId(thread: number): number {
    return [...this.stacks.keys()].indexOf(thread) * FRAMES_APART + 1;
  }

  /** The functions that a frame is in, inlined ones first. */
  private expand(thread: ThreadFrames, frame: Frame, index: number): ShownFrame[] {
    const { guest } = this;
    const common = { thread, frame, index, isLive: thread.isRunning && index === 0 };
    const address = guest.linked(frame.lookup);
    const info = guest.debug.at(address);
    const code = info?.framesAt(address) ?? [];
    if (!info || code.length === 0) {
      const place = info?.lineOf(address);
      return [{ ...common, inlineIndex: 0, name: this.nameOf(frame, address), place, info }];
    }
    return code.map(({ name, isInlined, place, scope }, inlineIndex) => ({
      ...common,
      ...{ inlineIndex, info, place },
      name: isInlined || this.isOneName(address, name, scope) ? name : this.nameOf(frame, address),
    }));
  }

  /** Whether an address is in a function, or a part of it that was split off, and not behind a label of its own. */
  private isOneName(address: number, name: string, scope: Scope): boolean {
    const symbol = this.guest.symbols.at(address);
    if (symbol === undefined || symbol.name === name || symbol.name.startsWith(`${name}.`)) return true;
    // A function may have several names.
    return symbol.address === scope.ranges[0]?.start;
  }

  private nameOf(frame: Frame, address: number): string {
    return this.guest.symbols.at(address)?.name ?? hex32(frame.pc);
  }

  private toProtocol({ frame, name, place, info }: ShownFrame, id: number): DebugProtocol.StackFrame {
    const path = place && place.line > 0 ? this.guest.sources.local(place.file) : undefined;
    const common = { id, name, instructionPointerReference: formatAddress(frame.pc) };
    const moduleId = this.guest.symbols.files.findIndex((file) => file === info?.elf) + 1;
    const inModule = moduleId > 0 ? { ...common, moduleId } : common;
    if (place && path !== undefined) {
      const source = { name: baseName(path), path };
      return { ...inModule, source, line: place.line, column: Math.max(1, place.column) };
    }
    const shown = this.listings.locate(this.guest, frame.pc);
    if (!shown) return { ...inModule, line: 0, column: 0, presentationHint: 'subtle' };
    return { ...inModule, ...shown, column: 1 };
  }
}

/** What a client shows of tasks and stacks. */
function outline(tasks: TaskList | undefined, stacks: ReadonlyMap<number, readonly ShownFrame[]>): string {
  const frames = [...stacks].map(([id, shown]) => [
    id,
    shown.map(({ frame, name, place }) => [frame.pc, name, place?.file, place?.line]),
  ]);
  return JSON.stringify([tasks?.tasks, frames]);
}
