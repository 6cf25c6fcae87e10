/**
 * Call stacks and variables at a stop, ours beside gdb's. Frames are compared up to the first whose code has no call
 * frame information: there gdb guesses. What that leaves is counted.
 */
import { formatValue } from '../../../symbols/c-expression/format.ts';
import { valueAt } from '../../../symbols/c-expression/value.ts';
import type { FrameContext } from '../../../debug-adapter/dap/frame-context.ts';
import type { DebugInfo } from '../../../symbols/debug-info.ts';
import type { Location } from '../../../symbols/dwarf/expression.ts';
import type { FrameState } from '../../../symbols/dwarf/variable-location.ts';
import type { DebugVariable } from '../../../symbols/dwarf/variables.ts';
import { InputError } from '../../../formats/input-error.ts';
import type { GdbFrame, GdbVariable } from './gdb-session.ts';
import { isCalledWithoutAddress, jumpBefore, viewsOfGdb, type Level } from './gdb-view.ts';
import type { OurFrame } from './machine.ts';
import type { Tally } from './tally.ts';

const hex = (value: number | undefined): string => (value === undefined ? 'unknown' : (value >>> 0).toString(16));

/** Addresses that a table of call frame information covers. */
export type Covered = (address: number) => boolean;

/** Compares the frames of a stop. Returns how many of gdb's frames, and how many of ours, were found equal. */
export function compareStacks(
  where: string,
  ours: readonly OurFrame[],
  theirs: readonly GdbFrame[],
  covered: Covered,
  tally: Tally,
): number {
  let level = 0;
  let interrupted = true;
  for (const [at, frame] of theirs.entries()) {
    if (frame.kind === 'tailcall') {
      compareInferred(`${where} frame ${at} ${frame.name}`, frame, theirs[at - 1], ours[level - 1], tally);
      continue;
    }
    const label = `${where} frame ${at} ${frame.name}`;
    const own: OurFrame | undefined = ours[level];
    // What lies behind the outermost frame: its return address is 0.
    if (frame.pc === 0) {
      tally.compare('ends of stacks', label, own ? describeOurs(own) : 'end', 'end');
      return level;
    }
    const inside = covered(interrupted ? frame.pc : frame.pc - 4);
    if (own && !inside && !interrupted && isSetByHand(own, frame)) tally.explain(SET_BY_HAND);
    else
      tally.compare('frames: function, pc, inlined', label, own ? describeOurs(own, frame) : 'none', describe(frame));
    if (own && frame.kind !== 'inlined' && inside) {
      tally.compare('frames: canonical frame address', label, hex(own.context?.frame?.cfa?.()), hex(frame.stack));
    }
    level++;
    if (frame.kind === 'inlined') continue;
    if (!inside) {
      tally.explain('stacks that reach code without call frame information');
      return level;
    }
    interrupted = frame.kind === 'signal';
  }
  tally.compare('ends of stacks', where, ours[level] ? describeOurs(ours[level]) : 'end', 'end');
  return level;
}

/** A frame that gdb infers, and that we do not show: it must have jumped to the function of the frame inside it. */
function compareInferred(
  label: string,
  { pc }: GdbFrame,
  inner: GdbFrame | undefined,
  ownInner: OurFrame | undefined,
  tally: Tally,
): void {
  const context = ownInner?.context;
  const entered = inner?.kind === 'tailcall' ? inner.pc - 1 : context?.pc;
  const target = entered === undefined ? undefined : context?.info.functionAt(entered)?.name;
  const jump = context ? jumpBefore(context.info, pc) : 'unknown';
  tally.compare('frames that gdb infers from jumps: call site', label, jump, `jump to ${target ?? 'unknown'}`);
}

const SET_BY_HAND = 'return addresses at the start of a function, set by hand: gdb names the function before';

/** Whether a return address is where the function begins that we name; gdb names that of one byte before. */
const isSetByHand = ({ pc, start, startBefore, addressOf }: OurFrame, frame: GdbFrame): boolean =>
  pc === frame.pc && start === pc && startBefore !== undefined && addressOf(frame.name) === startBefore;

const describe = ({ name, pc, kind }: GdbFrame): string => `${name} ${hex(pc)}${kind === 'inlined' ? ' inlined' : ''}`;

/** `theirs`: where an address has several names, the one that gdb has chosen is as good; without a name it is empty. */
function describeOurs({ name, pc, isInlined, start, addressOf }: OurFrame, theirs?: GdbFrame): string {
  const isAlias = theirs !== undefined && start !== undefined && addressOf(theirs.name) === start;
  const shown = isAlias ? theirs.name : start === undefined && Number(name) === pc ? '' : name;
  return `${shown} ${hex(pc)}${isInlined ? ' inlined' : ''}`;
}

/** A variable as we print it. */
interface OurVariable extends GdbVariable {
  readonly variable: DebugVariable;
}

/** Compares the variables of a level, block by block: names, and values as they are printed. */
export function compareVariables(where: string, levels: readonly Level[], at: number, tally: Tally): void {
  const { ours, theirs } = levels[at];
  const context = ours?.context;
  const blocks = (theirs.blocks ?? []).filter((block) => block.length > 0);
  const scopes = context ? scopesOf(context) : [];
  const names = (variables: readonly { name: string }[]): string => variables.map(({ name }) => name).join(' ');
  const label = `${where} ${theirs.name}`;
  const listed = scopes.map(names).join('; ');
  tally.compare('blocks of variables', label, listed, blocks.map((block) => names(sorted(block))).join('; '));
  if (!context) return;
  blocks.forEach((block, i) => {
    const own = scopes[i] ?? [];
    sorted(block).forEach(({ name, text }, j) => {
      const variable = own[j];
      if (variable?.name !== name) return;
      const said = inOurWords(text, variable.text, context);
      const rule = said === variable.text ? undefined : ruleFor(variable, text, levels, at);
      if (rule !== undefined) tally.explain(rule);
      else {
        const kind = said === OURS_OUT ? 'variables without a value' : 'values of variables';
        tally.compare(kind, `${label} ${name}`, variable.text, said);
      }
    });
  });
}

/** The rule by which gdb shows another value than we do; undefined where none foretells what it shows. */
function ruleFor({ variable }: OurVariable, text: string, levels: readonly Level[], at: number): string | undefined {
  const context = levels[at].ours?.context;
  if (!context) return undefined;
  for (const [rule, state] of viewsOfGdb(levels, at)) {
    const view = { ...context, frame: state, target: { ...context.target, readRegister: numbered(state) } };
    const foretold = textOf(variable, context.info.locate(variable, state), view);
    if (foretold === inOurWords(text, foretold, view)) return rule;
  }
  return text === OPTIMIZED_OUT && isCalledWithoutAddress(context) ? ABSTRACT_CALLEE : undefined;
}

/** The registers of a state by the names that locations in registers have: r0 to r15. */
const numbered =
  (state: FrameState) =>
  (name: string): number | undefined =>
    state.register(Number(name.slice(1)));

const ABSTRACT_CALLEE =
  'values at entry of functions that are inlined elsewhere: the call site names the abstract function, without an address for gdb';

/** By name; those of one name by value, since gdb does not keep their order. */
const sorted = <T extends GdbVariable>(variables: readonly T[]): T[] =>
  [...variables].sort((a, b) => order(a.name, b.name) || order(a.text, b.text));
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function scopesOf(context: FrameContext): OurVariable[][] {
  const { info, pc, frame, frameIndex } = context;
  const found = pc === undefined ? undefined : info.variablesAt(pc)[frameIndex];
  return (found?.scopes ?? [])
    .map(({ variables }) =>
      sorted(
        variables.map((variable) => ({
          variable,
          name: variable.name,
          text: textOf(variable, info.locate(variable, frame), context),
        })),
      ),
    )
    .filter((variables) => variables.length > 0);
}

/** What has no value, in gdb's words and in ours. */
const OPTIMIZED_OUT = '<optimized out>';
const OURS_OUT = '<it was optimized out>';

/** A variable as we print it; where it has no value, in gdb's words. */
function textOf(variable: DebugVariable, location: Location, { info, target }: FrameContext): string {
  if (location.kind === 'optimizedOut') return OURS_OUT;
  // gdb calls it a synthetic pointer.
  if (location.kind === 'implicitPointer') return OURS_OUT;
  if (isValueAtEntry(location)) return OURS_OUT;
  try {
    return formatValue(valueAt(info.complete(variable.type), location, target), { info, target });
  } catch (error) {
    if (error instanceof InputError) return `<${error.message.replace(/\.$/, '')}>`;
    throw error;
  }
}

const isValueAtEntry = (location: Location): boolean =>
  location.kind === 'unavailable' && location.reason.startsWith('its value at entry');

/** gdb's text with what both say differently put into our words. */
function inOurWords(text: string, ours: string, { info }: FrameContext): string {
  const said = text
    .replace(/<error: Cannot access memory at address 0x([0-9a-f]+)>/g, (_, address: string) => unreadable(address))
    .replace(/\([^()]*(?:\(\*\))?[^()]*\) <synthetic pointer>|<synthetic pointer>/g, OPTIMIZED_OUT)
    .replace(
      /(0x[0-9a-f]+) <([\w.]+)/g,
      (_, address: string, name: string) => `${address} <${ourName(name, Number(address), info)}`,
    )
    .replaceAll('<No data fields>', '')
    .replaceAll(OPTIMIZED_OUT, OURS_OUT);
  // Of a structure that has no value at all, gdb says so for each member.
  const rest = said.replaceAll(OURS_OUT, '').replace(/\w+ = |<repeats \d+ times>|[{}, ]/g, '');
  return ours === OURS_OUT && rest === '' ? ours : said;
}

/** One of the names of an address: where it has several, or that of its function and another one of its code. */
function ourName(name: string, address: number, info: DebugInfo): string {
  const symbol = info.elf.symbols.at(address);
  if (!symbol) return name;
  // Static variables of functions have a number after their name.
  const isAlias = info.elf.symbols.find(name)?.address === symbol.address || symbol.name.startsWith(`${name}.`);
  const fn = info.functionAt(address);
  return isAlias || (fn?.name === name && fn.entry === symbol.address) ? symbol.name : name;
}

const unreadable = (address: string): string => `<memory at 0x${address.padStart(8, '0')} cannot be read>`;
