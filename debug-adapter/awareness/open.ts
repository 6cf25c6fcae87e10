/** Which kernel a guest runs, as its debug information or its `guest.json` tells. */
import type { Vcpu } from '../../emulator/vm.ts';
import { Awareness, type KernelModel } from './awareness.ts';
import { DeclaredKernel } from './declared.ts';
import type { AwarenessDescription } from './description.ts';
import type { KernelAccess } from './kernel-memory.ts';
import { LinuxKernel } from './linux/linux.ts';

/** What is known of a guest beside its memory. */
export interface AwarenessOptions {
  /** For messages: the guest's name. */
  readonly name: string;
  /** `awareness` of its `guest.json`; it wins over what would be recognized. */
  readonly description: AwarenessDescription | undefined;
}

/** The tasks of a guest; undefined when no kernel is recognized. `accesses`: one for each file with debug information. */
export function openAwareness(
  accesses: readonly KernelAccess[],
  { name, description }: AwarenessOptions,
  vcpu: Vcpu,
): Awareness | undefined {
  const [first] = accesses;
  if (!first) return undefined;
  let model: KernelModel | undefined;
  if (description) model = new DeclaredKernel(name, description, first);
  else for (const access of accesses) model ??= LinuxKernel.detect(access);
  return model && new Awareness(model, () => vcpu.instructions);
}
