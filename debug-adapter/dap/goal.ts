/** Where a run is to end that is part of a step. */
import { CPSR, MODE } from '../../emulator/registers.ts';
import type { Guest } from './guest.ts';

/** A run with a goal: it ends at one of `addresses` when `reached` agrees; `then` says how it goes on. */
export interface Goal {
  readonly addresses: readonly number[];
  readonly reached: () => boolean;
  readonly then: () => void;
}

/** Whose stack it is: a stack pointer, the processor mode, and for a program its address space and its task. */
export interface StackIdentity {
  readonly sp: number;
  readonly mode: number;
  readonly space: number;
  /** Undefined in the kernel, where each task has a stack of its own, and where tasks are not known. */
  readonly task: number | undefined;
}

/** The stack that the guest is on. */
export function stackIdentity(guest: Guest): StackIdentity {
  const mode = guest.read('cpsr') & CPSR.MODE;
  // Kernel stacks are at the same address in all address spaces; a program has the addresses of the others, too.
  const isProgram = mode === MODE.usr;
  const space = isProgram ? (guest.read('ttbr0') ^ guest.read('fcseidr')) >>> 0 : 0;
  // Threads share memory; after vfork, parent and child share the stack as well.
  const task = isProgram ? guest.awareness?.currentAddress : undefined;
  return { sp: guest.read('sp'), mode, space, task };
}

/** Whether the guest is on the same stack, at the same place. */
export function isSameStack(guest: Guest, { sp, mode, space, task }: StackIdentity): boolean {
  const now = stackIdentity(guest);
  return now.sp === sp && now.mode === mode && now.space === space && now.task === task;
}
