/**
 * The frames of a thread: from the registers, or of a task that does not run, from where its kernel keeps them. Where a
 * stack ends in the kernel's entry code, it goes on in the program that the task belongs to.
 */
import { CPSR, MODE } from '../../emulator/registers.ts';
import { InputError } from '../../formats/input-error.ts';
import { PC, SP, type FrameRegisters } from '../../symbols/frame.ts';
import type { Frame } from '../../symbols/unwinder.ts';
import type { Task, TaskSpace } from '../awareness/awareness.ts';
import type { Guest } from './guest.ts';
import { userEntry } from './user-entry.ts';

const MOST_FRAMES = 256;

export interface ThreadFrames {
  /** Whether the innermost frame is in the registers. */
  readonly isRunning: boolean;
  readonly frames: readonly Frame[];
  /** The address space of a task that does not run. */
  readonly space: TaskSpace | undefined;
}

/** The frames of the guest's stack, innermost first. */
export function stackFrames(guest: Guest, limit = MOST_FRAMES): Frame[] {
  const { vcpu } = guest.machine;
  const registers: FrameRegisters = Array.from({ length: PC + 1 }, (_, id) => vcpu.readRegister(id) >>> 0);
  // Tables and symbols know the kernel by the addresses it was linked at, the memory by those it was loaded at.
  const linked = registers.map((value, id) => (id === PC || id === PC - 1 ? guest.linked(value ?? 0) : value));
  const read = (address: number): number | undefined => guest.readWord(address);
  const frames = guest.unwinder.frames(linked, guest.thumb, read, limit);
  const first = frames[0];
  if (first) frames[0] = { ...first, registers, pc: guest.pc };
  const last = frames.at(-1);
  const entry = last && frames.length < limit ? userEntry(guest, last) : undefined;
  if (entry) frames.push(...guest.unwinder.frames(entry.registers, entry.thumb, read, limit - frames.length));
  return frames;
}

/** The frames of the processor, and of the program whose task it executes. */
export function runningFrames(guest: Guest): ThreadFrames {
  const frames = stackFrames(guest);
  const isProgram = (guest.read('cpsr') & CPSR.MODE) === MODE.usr;
  const task = isProgram ? undefined : guest.awareness?.currentAddress;
  if (task !== undefined) frames.push(...programFrames(guest, frames, task, undefined));
  return { isRunning: true, frames, space: undefined };
}

/** The frames of a task that does not run; none when its registers cannot be read. */
export function sleepingFrames(guest: Guest, { address: task }: Task): ThreadFrames {
  const model = guest.awareness?.model;
  const space = readable(() => model?.spaceOf(task));
  const registers = readable(() => model?.savedRegisters(task));
  const frames = registers ? unwind(guest, registers, space) : [];
  frames.push(...programFrames(guest, frames, task, space));
  return { isRunning: false, frames, space };
}

function unwind(guest: Guest, registers: FrameRegisters, space: TaskSpace | undefined): Frame[] {
  const [pc, sp] = [registers[PC], registers[SP]];
  if (pc === undefined || sp === undefined) return [];
  const start = registers.map((value, id) => (id === PC ? (pc & ~1) >>> 0 : value));
  return guest.unwinder.frames(start, (pc & 1) === 1, (address) => guest.readWord(address, space));
}

/** The frames of a task's program, unless its kernel's have led there already. */
function programFrames(guest: Guest, kernel: readonly Frame[], task: number, space: TaskSpace | undefined): Frame[] {
  const registers = readable(() => guest.awareness?.model.userRegisters(task));
  const pc = registers?.[PC];
  if (!registers || pc === undefined || kernel.some((frame) => frame.pc === pc)) return [];
  return unwind(guest, registers, space);
}

/** What the kernel's memory gives; undefined when it is damaged. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
