/** `gotoTargets`, `goto` and `stepInTargets`: places in a function by line, and the functions that a line calls. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { contains } from '../../symbols/dwarf/ranges.ts';
import { PC } from '../../symbols/frame.ts';
import { writeRegister } from '../target.ts';
import { formatAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { bindLine } from './breakpoint-binding.ts';
import { pathOf } from './breakpoint-questions.ts';
import { unknownTarget } from './errors.ts';
import { Foreseen } from './foreseen.ts';
import type { Guest } from './guest.ts';

/** Calls of a line are looked for so far behind where the guest stands. */
const MOST_INSTRUCTIONS = 1000;

/** `gotoTargets`: where a line begins, in the function that the guest is in; in assembly code anywhere. */
export function gotoTargets(guest: Guest, args: RequestArguments): DebugProtocol.GotoTarget[] {
  const here = guest.linked(guest.pc);
  const fn = guest.debug.at(here)?.functionAt(here);
  const { addresses, line = 0 } = bindLine(guest, pathOf(args), args.integer('line', { min: 0 }));
  const isReachable = (address: number): boolean =>
    !fn || fn.isAssembly || guest.debug.at(address)?.functionAt(address)?.entry === fn.entry;
  return addresses.filter(isReachable).map((address) => ({
    id: address,
    label: guest.symbols.describe(address) ?? formatAddress(address),
    line,
    instructionPointerReference: formatAddress(address),
  }));
}

/** `goto`: has the guest go on at a target. Returns its address. */
export function goTo(guest: Guest, args: RequestArguments): number {
  const linked = args.integer('targetId', { min: 0, max: 0xffff_ffff });
  if (!guest.debug.at(linked)?.lineOf(linked)) throw unknownTarget(linked);
  const isMoved = guest.linked(guest.pc) !== guest.pc;
  const address = isMoved ? (guest.loadedAt(linked) ?? linked) : linked;
  writeRegister(guest.machine, 'pc', address);
  return address;
}

/**
 * `stepInTargets`: the functions that the line of the innermost frame calls, in the order of the code, from where the
 * guest stands on; through pointers as far as their values can be foreseen.
 */
export function stepInTargets(guest: Guest): DebugProtocol.StepInTarget[] {
  const here = guest.linked(guest.pc);
  const info = guest.debug.at(here);
  const fn = info?.functionAt(here);
  const line = info?.lineOf(here)?.line;
  if (!info || !fn || line === undefined || guest.symbols.kind(here) === 't') return [];
  const foreseen = new Foreseen(
    Array.from({ length: PC }, (_, id) => guest.machine.vcpu.readRegister(id) >>> 0),
    (address) => guest.readWord(address),
  );
  const targets = new Map<number, DebugProtocol.StepInTarget>();
  for (let address = here, left = MOST_INSTRUCTIONS; contains(fn.ranges, address) && left > 0; address += 4, left--) {
    const word = guest.readWord(address);
    if (word === undefined) break;
    const isOnLine = info.lineOf(address)?.line === line;
    const target = isOnLine ? foreseen.callTarget(word, address) : undefined;
    if (target !== undefined) {
      const id = guest.linked((target & ~1) >>> 0);
      targets.set(id, { id, label: guest.symbols.at(id)?.name ?? formatAddress(id), line });
    }
    foreseen.step(word, address);
  }
  return [...targets.values()];
}
