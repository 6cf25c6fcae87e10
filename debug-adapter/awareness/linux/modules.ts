/** Loaded modules of Linux, as /proc/modules lists them. */
import { resolved } from '../../../symbols/dwarf/types.ts';
import type { GuestModule } from '../awareness.ts';
import type { KernelMemory } from '../kernel-memory.ts';

/** By `enum module_state`. */
const STATES = ['live', 'coming', 'going', 'unformed'];

/** The modules, the last loaded first; none when the kernel is built without. */
export function linuxModules(kernel: KernelMemory): GuestModule[] {
  const head = kernel.symbol('modules');
  if (head === undefined || !kernel.has('module', 'list')) return [];
  const modules: GuestModule[] = [];
  for (const module of kernel.list(head, kernel.offset('module', 'list'))) {
    const state = kernel.member(module, 'module', 'state');
    modules.push({
      name: kernel.textMember(module, 'module', 'name'),
      ...coreOf(kernel, module),
      state: STATES[state] ?? `state ${state}`,
    });
  }
  return modules;
}

/** Where the code of a module is, and the size of all that it keeps. */
function coreOf(kernel: KernelMemory, module: number): { address: number; size: number } {
  if (kernel.has('module', 'mem')) return regionsOf(kernel, module);
  if (kernel.has('module', 'core_layout')) {
    return {
      address: kernel.member(module, 'module', 'core_layout.base'),
      size: kernel.member(module, 'module', 'core_layout.size'),
    };
  }
  return {
    address: kernel.member(module, 'module', 'module_core'),
    size: kernel.member(module, 'module', 'core_size'),
  };
}

/** Since 6.4 a module is in several regions, the first of which holds its code; those of its start are the last. */
function regionsOf(kernel: KernelMemory, module: number): { address: number; size: number } {
  const regions = module + kernel.offset('module', 'mem');
  const type = resolved(kernel.typeOf('module', 'mem'));
  const step = kernel.size('module_memory');
  const count = kernel.access.info.enumeratorNamed('MOD_INIT_TEXT')?.value ?? 1n;
  const kept = type.kind === 'array' ? Math.min(Number(count), type.count ?? 1) : 1;
  let size = 0;
  for (let i = 0; i < kept; i++) size += kernel.member(regions + i * step, 'module_memory', 'size');
  return { address: kernel.member(regions, 'module_memory', 'base'), size };
}
