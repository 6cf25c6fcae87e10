/** `gotoTargets`, `goto` and `stepInTargets`: places in a function by line, and the functions that a line calls. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { decodeA32 } from '../../isa/decode.ts';
import { writeRegister } from '../target.ts';
import { formatAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import { bindLine } from './breakpoint-binding.ts';
import { pathOf } from './breakpoint-questions.ts';
import { unknownTarget } from './errors.ts';
import type { Guest } from './guest.ts';

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

/** `stepInTargets`: the functions that the line of the innermost frame calls directly, in the order of the code. */
export function stepInTargets(guest: Guest): DebugProtocol.StepInTarget[] {
  const here = guest.linked(guest.pc);
  const info = guest.debug.at(here);
  const fn = info?.functionAt(here);
  const line = info?.lineOf(here)?.line;
  if (!info || !fn || line === undefined) return [];
  const rows = [...info.linesIn(fn)];
  const targets = new Map<number, DebugProtocol.StepInTarget>();
  for (const [i, row] of rows.entries()) {
    const end = rows[i + 1]?.address ?? row.address;
    if (row.line !== line) continue;
    for (let address = row.address; address < end; address += 4) {
      const target = calledBy(guest, address);
      if (target === undefined || address < here) continue;
      const label = guest.symbols.at(target)?.name ?? formatAddress(target);
      targets.set(target, { id: target, label, line });
    }
  }
  return [...targets.values()];
}

/** The linked address that a call with an immediate operand at an A32 address goes to; undefined for all else. */
function calledBy(guest: Guest, address: number): number | undefined {
  if (guest.symbols.kind(address) === 't') return undefined;
  const word = guest.readWord(address);
  if (word === undefined) return undefined;
  const { row, fields } = decodeA32(word, 'v5TEJ');
  // The offset counts words, from the address of the second instruction after this one (ARM DDI 0100I, A4.1.5).
  return row?.name === 'BL' ? (address + 8 + ((fields['i'] << 8) >> 6)) >>> 0 : undefined;
}
