/** The tasks of a guest as threads of a GDB client. */
import { InputError } from '../../formats/input-error.ts';
import { PC, type FrameRegisters } from '../../symbols/frame.ts';
import type { Awareness, KernelModel, Task } from '../awareness/awareness.ts';
import type { GuestThread, ThreadSource } from './threads.ts';

/** `open` gives what is known of the tasks, once the client has come; undefined where the kernel is not known. */
export function taskThreads(open: () => Awareness | undefined, cpu: GuestThread): ThreadSource {
  let opened: { readonly awareness: Awareness | undefined } | undefined;
  const awareness = (): Awareness | undefined => (opened ??= { awareness: open() }).awareness;
  const current = (): number => awareness()?.currentId ?? cpu.id;
  return {
    current,
    list: () => {
      const known = awareness();
      // The client may have written to memory.
      known?.invalidate();
      const tasks = known?.tasks.tasks ?? [];
      const threads = known ? tasks.map((task) => threadOf(known.model, task)) : [];
      // The one on the CPU is there, whatever has become of the list.
      return tasks.some(({ isCurrent }) => isCurrent) ? threads : [{ ...cpu, id: current() }, ...threads];
    },
  };
}

function threadOf(model: KernelModel, task: Task): GuestThread {
  const { id, pid, name, state, isCurrent, address } = task;
  const common = { id, name: `${name} (${pid})`, detail: state };
  if (isCurrent) return common;
  return {
    ...common,
    sleeping: {
      registers: () => withoutThumbBit(readable(() => model.savedRegisters(address)) ?? []),
      space: () => readable(() => model.spaceOf(address)),
    },
  };
}

/** Bit 0 of a saved PC tells Thumb code; the register itself never has it. */
const withoutThumbBit = (registers: FrameRegisters): FrameRegisters =>
  registers.map((value, id) => (id === PC && value !== undefined ? (value & ~1) >>> 0 : value));

/** What the kernel's memory gives; undefined when it is damaged. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
