/**
 * Frames as gdb evaluates variables in them where it goes another way than we do. What it then shows can be foretold, so
 * that such values are compared, too.
 */
import type { FrameContext } from '../../../debug-adapter/dap/frame-context.ts';
import type { DebugInfo } from '../../../symbols/debug-info.ts';
import { calledBy, callSite } from '../../../symbols/dwarf/call-sites.ts';
import { AT } from '../../../symbols/dwarf/constants.ts';
import type { FrameState } from '../../../symbols/dwarf/variable-location.ts';
import type { GdbFrame } from './gdb-session.ts';
import type { OurFrame } from './machine.ts';

/** One of gdb's frames with ours; one that gdb infers has none of ours, nor has what lies behind the frames that were compared. */
export interface Level {
  readonly theirs: GdbFrame;
  readonly ours: OurFrame | undefined;
}

/** In what gdb goes another way. */
interface Ways {
  /** A register that the callee may have destroyed has the value that the callee left in it. */
  readonly left?: boolean;
  /** The caller of a function that was jumped to is the one that has jumped. */
  readonly jumps?: boolean;
  /** In an inlined function the call site is evaluated with the registers of the function around. */
  readonly inlined?: boolean;
}

const WAYS: readonly (readonly [rule: string, ways: Ways])[] = [
  [
    'values with what a callee left in a register: gdb takes it for preserved, we say that it is not known',
    { left: true },
  ],
  [
    'arguments at entry of functions that were jumped to: gdb takes them from the frame that it infers',
    { jumps: true },
  ],
  ['values at entry in inlined functions: gdb evaluates the call site in the frame of the callee', { inlined: true }],
  ['several of these', { left: true, jumps: true, inlined: true }],
];

/** gdb's frames from the innermost, with ours. */
export function pairLevels(ours: readonly OurFrame[], theirs: readonly GdbFrame[]): Level[] {
  let next = 0;
  return theirs.map((frame) => ({ theirs: frame, ours: frame.kind === 'tailcall' ? undefined : ours[next++] }));
}

/** The states in which gdb may have evaluated the variables of a frame, with the rule that makes each of them. */
export function* viewsOfGdb(levels: readonly Level[], at: number): Generator<readonly [string, FrameState]> {
  for (const [rule, ways] of WAYS) {
    const state = stateAt(levels, at, ways);
    if (!state) return;
    yield [rule, ways.inlined && levels[at].theirs.kind === 'inlined' ? inWrongFrame(state) : state];
  }
}

const inWrongFrame = (state: FrameState): FrameState => ({
  ...state,
  caller: () => {
    const caller = state.caller?.();
    return caller && { ...caller, register: (number) => state.register(number), cfa: () => state.cfa?.() };
  },
});

function stateAt(levels: readonly Level[], at: number, ways: Ways): FrameState | undefined {
  const level = levels.at(at);
  if (!level) return undefined;
  const outer = outerOf(levels, at);
  if (level.theirs.kind === 'tailcall') return inferredState(levels, at, outer, ways);
  const own = level.ours?.context?.frame;
  if (!own) return undefined;
  const caller = ways.jumps ? outer : levels.findIndex(({ ours }, i) => i >= outer && ours !== undefined);
  return {
    ...own,
    register: (number) => own.register(number) ?? (ways.left ? leftIn(number, levels, at) : undefined),
    caller: () => (caller < 0 ? undefined : stateAt(levels, caller, ways)) ?? own.caller?.(),
  };
}

/** A function that has left by a jump had given back its stack, and the registers of its caller with it. */
function inferredState(levels: readonly Level[], at: number, outer: number, ways: Ways): FrameState | undefined {
  const caller = stateAt(levels, outer, ways);
  return caller && { ...caller, pc: levels[at].theirs.pc - 1, caller: () => caller };
}

/** The first level outside a frame and the functions that are inlined in it. */
function outerOf(levels: readonly Level[], at: number): number {
  let outer = at;
  while (levels[outer]?.theirs.kind === 'inlined') outer++;
  return outer + 1;
}

/** The value that the nearest callee that knows a register has in it; of the link register what the call put there. */
function leftIn(number: number, levels: readonly Level[], at: number): number | undefined {
  if (number === 14) return levels[at].theirs.pc;
  for (let inner = at - 1; inner >= 0; inner--) {
    const value = levels[inner].ours?.context?.frame?.register(number);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * Whether a frame's call site, or one from which that takes its values, names a function that has no address there
 * because it is the abstract one: then gdb does not see that it calls the function that has been entered.
 */
export function isCalledWithoutAddress({ info, frame }: FrameContext): boolean {
  for (let caller = frame?.caller?.(); caller; caller = caller.caller?.()) {
    const site = callSite(info.functionAt(caller.pc), caller.pc);
    const target = site && calledBy(site);
    if (!target) return false;
    if (!target.flag(AT.declaration) && !target.has(AT.lowPc) && !target.has(AT.ranges)) return true;
  }
  return false;
}

/** Where a frame that gdb infers has jumped to, by the call site before its address. */
export function jumpBefore(info: DebugInfo, pc: number): string {
  const site = callSite(info.functionAt(pc - 1), pc - 1);
  if (!site?.flag(AT.callTailCall) && !site?.flag(AT.gnuTailCall)) return 'no jump';
  return `jump to ${calledBy(site)?.fullName ?? 'a pointer'}`;
}
