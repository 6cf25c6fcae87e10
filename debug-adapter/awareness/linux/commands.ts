/** Questions to Linux for the debug console, each answered from memory. */
import { InputError } from '../../../formats/input-error.ts';
import type { KernelCommand } from '../awareness.ts';
import type { KernelMemory } from '../kernel-memory.ts';
import { mounts } from './mounts.ts';
import { kernelLog } from './printk.ts';

const LONGEST_LINE = 4096;
const UTS = ['sysname', 'nodename', 'release', 'version', 'machine'] as const;

/** The commands for a kernel. */
export function linuxCommands(kernel: KernelMemory, initTask: number): KernelCommand[] {
  return [
    { name: 'dmesg', help: 'the kernel log', run: () => kernelLog(kernel) },
    { name: 'mounts', help: 'what is mounted', run: () => mounts(kernel, initTask) },
    { name: 'cmdline', help: 'the command line of the kernel', run: () => commandLine(kernel) },
    { name: 'version', help: 'which Linux this is', run: () => banner(kernel) },
    { name: 'uname', help: 'system, host, release, version and machine', run: () => uname(kernel) },
    { name: 'jiffies', help: 'ticks of the timer since the start', run: () => jiffies(kernel) },
  ];
}

function commandLine(kernel: KernelMemory): string {
  const saved = kernel.word(kernel.requiredSymbol('saved_command_line'));
  // It is copied when the kernel has read its arguments; the boot loader's is there before.
  return kernel.text(saved === 0 ? kernel.requiredSymbol('boot_command_line') : saved, LONGEST_LINE);
}

function banner(kernel: KernelMemory): string {
  return kernel.text(kernel.requiredSymbol('linux_banner'), LONGEST_LINE).trimEnd();
}

function uname(kernel: KernelMemory): string {
  const names = kernel.requiredSymbol('init_uts_ns') + kernel.offset('uts_namespace', 'name');
  return UTS.map((name) => kernel.textMember(names, 'new_utsname', name)).join(' ');
}

function jiffies(kernel: KernelMemory): string {
  const address = kernel.symbol('jiffies_64') ?? kernel.symbol('jiffies');
  if (address === undefined) throw new InputError('this kernel has no jiffies');
  return String((BigInt(kernel.word(address + 4)) << 32n) | BigInt(kernel.word(address)));
}
