/**
 * The original kernel beside the paravirtualized one, both native: the same console at the same counts, the same guest
 * time, and RAM that differs in nothing but trap words and values computed from them.
 */
import type { Machine } from '../../emulator/machine.ts';
import { REGISTER_NAMES } from '../../emulator/registers.ts';
import { encodeTrap } from '../../isa/lpv.ts';
import { guestMachine, LINUX_GUEST, type GuestOptions } from '../guest-machine.ts';

/** Instructions between two comparisons of the registers and the consoles. */
const INTERVAL = 50_000;

export interface DifferentWord {
  address: number;
  original: number;
  paravirtualized: number;
}

export interface UnpatchedReport {
  instructions: number;
  /** What must not differ and does. */
  problems: string[];
  /** Comparisons, and those at which some register held a different value; which registers. */
  points: number;
  differentPoints: number;
  differentRegisters: string[];
  /** Words of RAM at the end: traps in the place of what they encode, and all others. */
  trapWords: number;
  otherWords: DifferentWord[];
}

function words(machine: Machine): Uint32Array {
  const [{ base, size }] = machine.vm.slots;
  const bytes = machine.vm.ram(base, size);
  if (!bytes) throw new Error('The machine has no RAM.');
  return new Uint32Array(bytes.buffer, bytes.byteOffset, size / 4);
}

/** Runs both kernels to `limit` instructions, or until `until` says so of the original's console. */
export async function compareUnpatched(
  limit: number,
  options: GuestOptions,
  until: (console: string) => boolean = () => false,
  guest = LINUX_GUEST,
): Promise<UnpatchedReport> {
  const original = await guestMachine(guest, 'native', { ...options, patched: false });
  const paravirtualized = await guestMachine(guest, 'native', options);
  const problems: string[] = [];
  const differentRegisters = new Set<string>();
  let points = 0;
  let differentPoints = 0;
  while (original.machine.vcpu.instructions < limit && problems.length === 0 && !until(original.console())) {
    const budget = Math.min(INTERVAL, limit - original.machine.vcpu.instructions);
    const stops = [original.machine.run(budget), paravirtualized.machine.run(budget)];
    const { instructions } = original.machine.vcpu;
    if (stops[0] !== stops[1] || instructions !== paravirtualized.machine.vcpu.instructions)
      problems.push(`at ${instructions}: the original stopped with ${stops[0]}, the paravirtualized with ${stops[1]}`);
    if (original.console() !== paravirtualized.console()) problems.push(`at ${instructions}: the consoles differ`);
    if (original.machine.now !== paravirtualized.machine.now) problems.push(`at ${instructions}: guest time differs`);
    points++;
    const different = REGISTER_NAMES.filter(
      (_, id) => original.machine.vcpu.readRegister(id) !== paravirtualized.machine.vcpu.readRegister(id),
    );
    if (different.length > 0) differentPoints++;
    for (const name of different) differentRegisters.add(name);
    if (different.includes('pc')) problems.push(`at ${instructions}: PC differs`);
    if (stops[0] !== 'budget') break;
  }
  const left = words(original.machine);
  const right = words(paravirtualized.machine);
  let trapWords = 0;
  const otherWords: DifferentWord[] = [];
  for (let i = 0; i < left.length; i++) {
    if (left[i] === right[i]) continue;
    if (encodeTrap(left[i]) === right[i]) trapWords++;
    else otherWords.push({ address: i * 4, original: left[i], paravirtualized: right[i] });
  }
  const { instructions } = original.machine.vcpu;
  return {
    ...{ instructions, problems, points, differentPoints, trapWords, otherWords },
    differentRegisters: [...differentRegisters],
  };
}
