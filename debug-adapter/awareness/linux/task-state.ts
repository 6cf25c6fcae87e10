/** What a task of Linux does, in the words that /proc uses: the kernel's own table has them. */
import { resolved } from '../../../symbols/dwarf/types.ts';
import type { KernelMemory } from '../kernel-memory.ts';

/** Those of a kernel without that table. */
const NAMES = ['running', 'sleeping', 'disk sleep', 'stopped', 'tracing stop', 'dead', 'zombie', 'parked', 'idle'];
/** TASK_UNINTERRUPTIBLE and TASK_NOLOAD: a kernel thread that waits for work. */
const IDLE_BITS = 0x402;
/** The states that have names; what is above are remarks on them. */
const REPORTED = 0x7f;
const LONGEST = 32;

/** The state of a task. */
export function taskState(kernel: KernelMemory, task: number): string {
  const own = kernel.member(task, 'task_struct', kernel.has('task_struct', '__state') ? '__state' : 'state');
  const state = own | kernel.member(task, 'task_struct', 'exit_state');
  const names = namesOf(kernel);
  const idle = names.indexOf('idle');
  if (idle >= 0 && (own & IDLE_BITS) === IDLE_BITS) return names[idle];
  // The highest bit decides; a dead task is a zombie until its parent has asked.
  const index = 32 - Math.clz32(state & REPORTED);
  return names[index] ?? `state 0x${state.toString(16)}`;
}

const known = new WeakMap<KernelMemory, readonly string[]>();

function namesOf(kernel: KernelMemory): readonly string[] {
  let names = known.get(kernel);
  if (!names) known.set(kernel, (names = read(kernel)));
  return names;
}

/** The table: `"S (sleeping)"` and so on. */
function read(kernel: KernelMemory): readonly string[] {
  const [variable] = kernel.access.info.globalsNamed('task_state_array');
  const address = kernel.symbol('task_state_array');
  const type = variable && resolved(variable.type);
  if (address === undefined || type?.kind !== 'array' || type.count === undefined) return NAMES;
  return Array.from({ length: Math.min(type.count, LONGEST) }, (_, i) => {
    const text = kernel.text(kernel.word(address + i * 4), LONGEST);
    return /\((.*)\)/.exec(text)?.[1] ?? text;
  });
}
