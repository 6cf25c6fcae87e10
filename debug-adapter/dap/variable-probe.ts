/**
 * Where a variable is at an address, for whatever the registers hold: in a register, at a fixed address, or at a fixed distance
 * from a register. It is found by locating the variable in made-up frames, so that every rule of locations counts.
 */
import type { DebugInfo } from '../../symbols/debug-info.ts';
import type { FrameState } from '../../symbols/dwarf/variable-location.ts';
import type { DebugVariable } from '../../symbols/dwarf/variables.ts';
import type { FrameRegisters } from '../../symbols/frame.ts';

export type VariablePlace =
  | { readonly kind: 'register'; readonly register: number; readonly offset: 0 }
  | { readonly kind: 'memory'; readonly register: number | undefined; readonly offset: number };

/** Makes a frame with given registers. `asked` is called when it needs more than them: then nothing is fixed. */
export type ProbeFrame = (registers: FrameRegisters, asked: () => void) => FrameState;

const REGISTERS = 16;
/** Registers that have nothing to do with each other: an address follows one of them through all of these, or none. */
const SAMPLES = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d].map((seed, sample) =>
  Array.from({ length: REGISTERS }, (_, number) => (Math.imul(seed, 2 * number + 3) + (sample << 20)) >>> 0),
);

/** Where a variable is; undefined when that depends on more than one register. Without a frame, a global. */
export function placeOf(
  info: DebugInfo,
  variable: DebugVariable,
  frame: ProbeFrame | undefined,
): VariablePlace | undefined {
  let fixed = true;
  const asked = (): void => {
    fixed = false;
  };
  const found = SAMPLES.map((registers) => info.locate(variable, frame?.(registers, asked)));
  if (!fixed) return undefined;
  const [first] = found;
  if (first.kind === 'register') {
    const { register } = first;
    const same = found.every((location) => location.kind === 'register' && location.register === register);
    return same && register < REGISTERS ? { kind: 'register', register, offset: 0 } : undefined;
  }
  const addresses = found.flatMap((location) => (location.kind === 'memory' ? [location.address] : []));
  if (addresses.length !== SAMPLES.length) return undefined;
  if (addresses.every((address) => address === addresses[0])) {
    return { kind: 'memory', register: undefined, offset: addresses[0] };
  }
  for (let register = 0; register < REGISTERS; register++) {
    const [offset, ...others] = addresses.map((address, i) => (address - SAMPLES[i][register]) | 0);
    if (others.every((other) => other === offset)) return { kind: 'memory', register, offset };
  }
  return undefined;
}
