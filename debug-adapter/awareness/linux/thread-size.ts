/** The size of a kernel stack in bytes. */
import { resolved } from '../../../symbols/dwarf/types.ts';
import type { KernelMemory } from '../kernel-memory.ts';

/** From the type that holds a stack, from the variable, or from what the linker reserves; undefined when none tells. */
export function threadSize(kernel: KernelMemory): number | undefined {
  const { info } = kernel.access;
  const ofType = info.typeNamed('union', 'thread_union')?.size;
  const ofVariable = (): number | undefined => {
    const [variable] = info.globalsNamed('init_stack');
    return variable && resolved(variable.type).size;
  };
  const start = kernel.symbol('__start_init_task');
  const end = kernel.symbol('__end_init_task');
  const reserved = start !== undefined && end !== undefined ? end - start : undefined;
  const size = ofType ?? reserved ?? ofVariable();
  return size !== undefined && isPowerOfTwo(size) ? size : undefined;
}

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
