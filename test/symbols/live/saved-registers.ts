/**
 * Frames behind the entry code of Linux, which has no call frame information, beside the registers that it has saved:
 * `struct pt_regs`, read by gdb from where the kernel itself says that it is.
 */
import type { LiveMachine, OurFrame } from './machine.ts';
import type { Tally } from './tally.ts';

/** Entry code into which the kernel was interrupted, and where user code was. */
const FROM_KERNEL = new Set(['__irq_svc', '__dabt_svc', '__pabt_svc', '__und_svc']);
const FROM_USER = new Set(['__irq_usr', '__dabt_usr', '__pabt_usr', '__und_usr', 'ret_fast_syscall', 'vector_swi']);

const REGISTERS = 16;
/** THREAD_START_SP, and what lies between it and the bottom of a stack of two pages (asm/thread_info.h, asm/ptrace.h). */
const STACK_BYTES = 0x2000;
const USER_REGISTERS_BELOW_TOP = 8 + 18 * 4;

const NAMES = [...Array.from({ length: 13 }, (_, id) => `r${id}`), 'sp', 'lr', 'pc'];

/** Compares each frame that follows one of entry code with the registers saved there. */
export async function compareSavedRegisters(
  where: string,
  machine: LiveMachine,
  ours: readonly OurFrame[],
  tally: Tally,
): Promise<void> {
  for (const [at, frame] of ours.entries()) {
    const isUser = FROM_USER.has(frame.name);
    const next = ours[at + 1];
    // In entry code itself the registers may not have been saved yet.
    if (at === 0 || (!isUser && !FROM_KERNEL.has(frame.name))) continue;
    const base = isUser ? userRegisters(frame) : await interruptedRegisters(machine, frame);
    if (base === undefined) continue;
    const addresses = Array.from({ length: REGISTERS }, (_, id) => base + 4 * id);
    const { words } = await machine.gdb.stop(0, 0, addresses);
    const kind = isUser ? 'user code behind its entry' : 'interrupted kernel code';
    const own = NAMES.map((name) => hex(next?.register(name)));
    tally.compare(`${kind}: registers`, `${where} ${frame.name}`, own.join(' '), words.map(hex).join(' '));
  }
}

const hex = (value: number | null | undefined): string => (value ?? -1).toString(16);

/** User code's registers are saved at the top of the stack of its task. */
function userRegisters({ register }: OurFrame): number | undefined {
  const sp = register('sp');
  return sp === undefined ? undefined : ((sp & -STACK_BYTES) + STACK_BYTES - USER_REGISTERS_BELOW_TOP) >>> 0;
}

/** While it handles an interrupt, the kernel keeps a pointer to what it has saved; else that is where SP points. */
async function interruptedRegisters({ gdb }: LiveMachine, frame: OurFrame): Promise<number | undefined> {
  if (frame.name !== '__irq_svc') return frame.register('sp');
  const pointer = frame.addressOf('__irq_regs');
  if (pointer === undefined) return undefined;
  const [regs] = (await gdb.stop(0, 0, [pointer])).words;
  return regs || undefined;
}
