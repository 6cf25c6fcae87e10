/** Call sites (DWARF 5, 3.4, and the GNU extension before it): which function a call goes to, and by a call or a jump. */
import { AT, TAG } from './constants.ts';
import type { Die } from './die.ts';
import type { DebugFunction } from './functions.ts';

/** What following calls needs of the rest of the debug information. */
export interface CallSupport {
  functionAt(address: number): DebugFunction | undefined;
  symbolAddress(name: string): number | undefined;
}

/** A call takes at most this many bytes. */
const CALL_SIZE = 4;
/** Deeper scopes are damage. */
const MAX_SCOPES = 256;
/** Functions that jumps lead to, one after the other; with more of them, nothing is said. */
const MAX_FUNCTIONS = 256;

/** The call site that contains an address, or whose return address follows it. */
export function callSite(caller: DebugFunction | undefined, pc: number): Die | undefined {
  if (!caller) return undefined;
  for (const site of callSites(caller.die, 0)) {
    const after = site.address(AT.callReturnPc) ?? (site.tag === TAG.gnuCallSite ? site.address(AT.lowPc) : undefined);
    const at = site.address(AT.callPc);
    if (
      after !== undefined ? after > pc && after - pc <= CALL_SIZE : at !== undefined && at <= pc && pc - at < CALL_SIZE
    )
      return site;
  }
  return undefined;
}

/** The function that a call site calls, or its declaration; undefined for a call through a pointer. */
export const calledBy = (site: Die): Die | undefined =>
  site.reference(AT.abstractOrigin) ?? site.reference(AT.callOrigin);

/**
 * Whether a function may have been entered again by a jump out of itself, through any number of functions: then what its
 * frame's caller has passed says nothing of what it got. A jump through a pointer may lead anywhere.
 */
export function mayReenter(fn: DebugFunction, support: CallSupport): boolean {
  const seen = new Set<number>([fn.entry]);
  const waiting = [fn];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const site of callSites(next.die, 0)) {
      if (!site.flag(AT.callTailCall) && !site.flag(AT.gnuTailCall)) continue;
      const target = calledBy(site);
      const name = target?.fullName;
      const address = target?.address(AT.lowPc) ?? (name === undefined ? undefined : support.symbolAddress(name));
      if (address === undefined || address === fn.entry) return true;
      if (seen.has(address)) continue;
      seen.add(address);
      if (seen.size > MAX_FUNCTIONS) return true;
      const into = support.functionAt(address);
      if (into) waiting.push(into);
    }
  }
  return false;
}

function* callSites(parent: Die, depth: number): Generator<Die> {
  for (const die of parent.children()) {
    if (die.tag === TAG.callSite || die.tag === TAG.gnuCallSite) yield die;
    else if ((die.tag === TAG.lexicalBlock || die.tag === TAG.inlinedSubroutine) && depth < MAX_SCOPES) {
      yield* callSites(die, depth + 1);
    }
  }
}
