/** Builds the machine of a resolved guest, ready at the first instruction of its kernel. */
import { createVersatilePb } from '../../emulator/boards/versatilepb.ts';
import { applyBoot } from '../../emulator/boot/apply.ts';
import { planBoot, type BootPlan } from '../../emulator/boot/plan.ts';
import { Machine } from '../../emulator/machine.ts';
import type { MemorySlot } from '../../emulator/vm.ts';
import type { ElfFile } from '../../formats/elf.ts';
import { InputError } from '../../formats/input-error.ts';
import { createVirtualMachine } from '../../hypervisor/create.ts';
import type { HypervisorOptions } from '../../hypervisor/options.ts';
import { findSensitiveSites, patchPlan, type SensitiveSites } from '../../hypervisor/patch.ts';
import { describePatch, LOADED_AS_IT_IS } from './describe-patch.ts';
import { baseName, type LoadedFile } from './file-system.ts';
import type { ResolvedGuest } from './resolve-guest.ts';

/** A machine, and what was put into it. */
export interface CreatedMachine {
  readonly machine: Machine;
  /** Undefined for an empty machine, whose CPU is at its reset vector. */
  readonly plan: BootPlan | undefined;
  /** What paravirtualization rewrote; undefined when the kernel runs as it is. */
  readonly patch: SensitiveSites | undefined;
  /** What to tell the user about paravirtualization, one line each; none in native mode. */
  readonly patchNotes: readonly string[];
  /** The kernel's ELF file, or the symbols of an Image. */
  readonly elf: ElfFile | undefined;
}

/** Choices that a guest's description does not make. */
export interface MachineChoices {
  /** Native mode loads the paravirtualized kernel, and executes each trap as the instruction that it encodes. */
  readonly patchedNative?: boolean;
  /** Strategies of the hypervisor, in modes that have one. */
  readonly hypervisor?: HypervisorOptions;
}

/**
 * Builds and boots. Throws an `InputError` when the files do not fit the machine or the mode; `lpv` needs an ELF file,
 * or an Image with its vmlinux as symbols.
 */
export async function createMachine(guest: ResolvedGuest, choices: MachineChoices = {}): Promise<CreatedMachine> {
  const board = createVersatilePb({ ramSize: guest.memory });
  const plan = planGuest(guest, board);
  const patchedNative = choices.patchedNative === true && guest.mode === 'native';
  const paravirtual = plan !== undefined && (guest.mode === 'lpv' || patchedNative);
  const patch = paravirtual && guest.patch === 'auto' ? patchPlan(plan) : undefined;
  const patchNotes = patch ? describePatch(patch, true) : paravirtual ? describeUntouched(plan.elf) : [];
  const vm = await createVirtualMachine({
    mode: guest.mode,
    slots: board.slots,
    ...(patchedNative && { trapWordsNatively: true }),
    ...(choices.hypervisor && { hypervisor: choices.hypervisor }),
  });
  const machine = new Machine(vm, board, { nsPerInstruction: guest.clock });
  if (plan) applyBoot(plan, vm);
  return { machine, plan, patch, patchNotes, elf: plan?.elf };
}

/** What is known of a kernel that is loaded as it is: nothing, where code cannot be told from data. */
function describeUntouched(elf: ElfFile | undefined): string[] {
  return elf?.symbols.hasMapping ? describePatch(findSensitiveSites(elf), false) : [LOADED_AS_IT_IS];
}

/**
 * Works out the boot of a guest on a board; undefined when it has no kernel. An Image gets the first of the symbols
 * files that matches it. Throws an `InputError`.
 */
export function planGuest(
  guest: ResolvedGuest,
  board: { readonly slots: readonly MemorySlot[]; readonly machineType: number },
): BootPlan | undefined {
  const { kernel, dtb, initrd, append } = guest;
  if (!kernel) return undefined;
  const name = (file: LoadedFile | undefined): string | undefined => file && baseName(file.path);
  const plan = (symbols: LoadedFile | undefined): BootPlan =>
    planBoot({
      kernel: kernel.bytes,
      symbols: symbols?.bytes,
      dtb: dtb?.bytes,
      initrd: initrd?.bytes,
      append,
      memory: board.slots,
      machineType: board.machineType,
      names: { kernel: name(kernel), symbols: name(symbols), dtb: name(dtb), initrd: name(initrd) },
    });
  let failure: InputError | undefined;
  for (const symbols of guest.symbols) {
    try {
      return plan(symbols);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return plan(undefined);
}
