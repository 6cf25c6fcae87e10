/**
 * Linux, whichever version: its tasks, found by the types and symbols of its debug information. Where a member or a
 * variable has changed its name or place over the years, each form is looked for, the newest first.
 */
import { InputError } from '../../../formats/input-error.ts';
import { PC, SP, type FrameRegisters } from '../../../symbols/frame.ts';
import type { GuestModule, KernelCommand, KernelModel, TaskFacts, TaskSpace } from '../awareness.ts';
import { KernelMemory, type KernelAccess } from '../kernel-memory.ts';
import { linuxCommands } from './commands.ts';
import { linuxModules } from './modules.ts';
import { taskState } from './task-state.ts';
import { threadSize } from './thread-size.ts';

/** The registers that a task is left and entered with, as `struct cpu_context_save` names them. */
const SAVED: readonly (readonly [member: string, register: number])[] = [
  ...[4, 5, 6, 7, 8, 9].map((register) => [`r${register}`, register] as const),
  ['sl', 10],
  ['fp', 11],
  ['sp', SP],
  ['pc', PC],
];
/** `struct pt_regs`: r0 to r15, CPSR, r0 before a system call. */
const USER_CPSR = 16;
const CPSR_MODE = 0x1f;
const MODE_USR = 0x10;
/** Between the registers of a program and the end of its kernel stack. */
const STACK_RESERVE = 8;

export class LinuxKernel implements KernelModel {
  readonly name = 'Linux';
  readonly commands: readonly KernelCommand[];
  private readonly kernel: KernelMemory;
  private readonly initTask: number;

  private constructor(kernel: KernelMemory, initTask: number) {
    this.kernel = kernel;
    this.initTask = initTask;
    this.commands = linuxCommands(kernel, initTask);
  }

  /** Linux with this debug information; undefined when it is another kernel's. Reads no types. */
  static detect(access: KernelAccess): LinuxKernel | undefined {
    const kernel = new KernelMemory(access);
    const initTask = kernel.symbol('init_task');
    const isLinux = initTask !== undefined && kernel.symbol('linux_banner') !== undefined;
    return isLinux ? new LinuxKernel(kernel, initTask) : undefined;
  }

  currentTask(): number | undefined {
    const { kernel } = this;
    const variable = kernel.symbol('__current');
    const task = variable === undefined ? this.taskOfStack() : kernel.word(variable);
    // Zero before the first task, and whatever was in RAM before the kernel has cleared its variables.
    return task !== 0 && task % 4 === 0 && kernel.access.memory(task, 4).length === 4 ? task : undefined;
  }

  *tasks(): Generator<number> {
    const { kernel, initTask } = this;
    yield initTask;
    const tasks = kernel.offset('task_struct', 'tasks');
    for (const leader of kernel.list(initTask + tasks, tasks)) {
      yield leader;
      yield* this.threadsOf(leader);
    }
  }

  describe(task: number): TaskFacts {
    const { kernel } = this;
    const state = taskState(kernel, task);
    return {
      pid: kernel.member(task, 'task_struct', 'pid') | 0,
      tgid: kernel.member(task, 'task_struct', 'tgid') | 0,
      name: kernel.textMember(task, 'task_struct', 'comm'),
      // Linux has one word for what runs and what waits for its turn.
      state: state === 'running' && task !== this.currentTask() ? 'runnable' : state,
    };
  }

  savedRegisters(task: number): FrameRegisters {
    const { kernel } = this;
    const context = this.threadInfo(task) + kernel.offset('thread_info', 'cpu_context');
    const registers: (number | undefined)[] = Array.from({ length: PC + 1 }, () => undefined);
    for (const [member, register] of SAVED) {
      registers[register] = kernel.member(context, 'cpu_context_save', member);
    }
    return registers;
  }

  userRegisters(task: number): FrameRegisters | undefined {
    const { kernel } = this;
    const size = threadSize(kernel);
    if (size === undefined || kernel.member(task, 'task_struct', 'mm') === 0) return undefined;
    const stack = kernel.member(task, 'task_struct', 'stack');
    const frame = stack + size - STACK_RESERVE - kernel.size('pt_regs');
    const registers = Array.from({ length: USER_CPSR + 1 }, (_, i) => kernel.word(frame + i * 4));
    const mode = registers[USER_CPSR] & CPSR_MODE;
    return mode === MODE_USR ? registers.slice(0, PC + 1) : undefined;
  }

  spaceOf(task: number): TaskSpace | undefined {
    const { kernel } = this;
    const mm = kernel.member(task, 'task_struct', 'mm') || kernel.member(task, 'task_struct', 'active_mm');
    if (mm === 0) return undefined;
    const table = kernel.access.physical(kernel.member(mm, 'mm_struct', 'pgd'));
    if (table === undefined) throw new InputError('the translation table of the task cannot be read');
    return { table, end: kernel.member(mm, 'mm_struct', 'task_size') };
  }

  modules(): readonly GuestModule[] {
    return linuxModules(this.kernel);
  }

  /** The other threads of a process. */
  private *threadsOf(leader: number): Generator<number> {
    const { kernel } = this;
    if (kernel.has('signal_struct', 'thread_head')) {
      const signal = kernel.member(leader, 'task_struct', 'signal');
      const head = signal + kernel.offset('signal_struct', 'thread_head');
      for (const task of kernel.list(head, kernel.offset('task_struct', 'thread_node'))) {
        if (task !== leader) yield task;
      }
      return;
    }
    // Here the leader's own member is the head.
    const group = kernel.offset('task_struct', 'thread_group');
    yield* kernel.list(leader + group, group);
  }

  private threadInfo(task: number): number {
    const { kernel } = this;
    if (kernel.has('task_struct', 'thread_info')) return task + kernel.offset('task_struct', 'thread_info');
    return kernel.member(task, 'task_struct', 'stack');
  }

  /** Kernels before 5.18: the thread information at the bottom of the kernel stack knows its task. */
  private taskOfStack(): number {
    const { kernel } = this;
    const size = threadSize(kernel);
    const sp = kernel.access.register('sp_svc');
    if (size === undefined || sp === 0) return 0;
    return kernel.member((sp & -size) >>> 0, 'thread_info', 'task');
  }
}
