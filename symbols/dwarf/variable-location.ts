/** Where a variable is in a frame: its location attribute, evaluated with what the frame knows. */
import { AT, TAG } from './constants.ts';
import type { Block, Die } from './die.ts';
import { evaluate, locate, type ExpressionHost, type Location } from './expression.ts';
import type { DebugFunction } from './functions.ts';
import { calledBy, callSite, mayReenter } from './call-sites.ts';
import { isLocationList, locationAt } from './location-list.ts';
import { OP } from './operations.ts';

/** A frame as whoever unwinds the stack knows it. */
export interface FrameState {
  /** An address inside the instruction that executes; in a caller inside the call, not after it. */
  readonly pc: number;
  /** r0 to r15 by number; undefined when the value is not known. */
  register(number: number): number | undefined;
  /** Guest memory; undefined, or fewer bytes, when it cannot be read. */
  memory(address: number, size: number): Uint8Array | undefined;
  /** The canonical frame address: the stack pointer before the call. */
  cfa?(): number | undefined;
  /** The frame that called this one, for the values of arguments at entry. */
  caller?(): FrameState | undefined;
}

/** What locating needs of the rest of the debug information. */
export interface LocationSupport {
  readonly littleEndian: boolean;
  functionAt(address: number): DebugFunction | undefined;
  symbolAddress(name: string): number | undefined;
}

/** Calls in search of an argument's value at entry go this far up the stack. */
const MAX_CALLERS = 32;

/** The location of a variable in a frame. Without a frame, of a variable at a fixed address. */
export function locateVariable(die: Die, frame: FrameState | undefined, support: LocationSupport): Location {
  const holder = die.withAttribute(AT.location) ?? die;
  const constant = die.withAttribute(AT.constValue);
  if (!die.has(AT.location) && constant && !holder.has(AT.location)) return constantValue(constant, support);
  if (!holder.has(AT.location)) {
    const name = die.flag(AT.declaration) ? die.name : undefined;
    const address = name === undefined ? undefined : support.symbolAddress(name);
    return address === undefined ? { kind: 'optimizedOut' } : { kind: 'memory', address };
  }
  if (!frame && isLocationList(holder, AT.location)) return { kind: 'unavailable', reason: 'it has no fixed place' };
  const entry = frame && support.functionAt(frame.pc)?.entry;
  const block = locationAt(holder, AT.location, frame?.pc ?? 0, entry);
  if (!block || block.start === block.end) return { kind: 'optimizedOut' };
  return locate(block, holder.unit, hostOf(frame, support, 0));
}

/** DW_AT_const_value: a block with the bytes, a string, or a number. */
function constantValue(die: Die, { littleEndian }: LocationSupport): Location {
  const block = die.block(AT.constValue);
  if (block) return { kind: 'value', bytes: block.section.bytes.subarray(block.start, block.end) };
  const text = die.text(AT.constValue);
  if (text !== undefined) return { kind: 'value', bytes: new TextEncoder().encode(`${text}\0`) };
  const bytes = new Uint8Array(8);
  // The type tells how many of the bytes count; the low ones come first or last.
  new DataView(bytes.buffer).setBigInt64(0, BigInt(die.integer(AT.constValue) ?? 0), littleEndian);
  return { kind: 'value', bytes };
}

function hostOf(frame: FrameState | undefined, support: LocationSupport, depth: number): ExpressionHost {
  return {
    littleEndian: support.littleEndian,
    register: (number) => frame?.register(number),
    memory: (address, size) => frame?.memory(address, size),
    cfa: () => frame?.cfa?.(),
    frameBase: () => frame && frameBase(frame, support, depth),
    entryValue: (expression) => frame && entryValue(expression, frame, support, depth),
    parameter: (formal) => frame && passed(frame, support, depth, (parameter) => standsFor(parameter, formal)),
  };
}

/** DW_AT_frame_base: the value of a register, or an address. */
function frameBase(frame: FrameState, support: LocationSupport, depth: number): number | undefined {
  const die = support.functionAt(frame.pc)?.die;
  const block = die && locationAt(die, AT.frameBase, frame.pc);
  if (!die || !block) return undefined;
  const host = { ...hostOf(frame, support, depth), frameBase: () => undefined };
  const place = locate(block, die.unit, host);
  if (place.kind === 'register') return frame.register(place.register);
  return place.kind === 'memory' ? place.address : undefined;
}

/** The value that an expression had at the entry of the function: what the caller passed in a register. */
function entryValue(expression: Block, frame: FrameState, support: LocationSupport, depth: number): bigint | undefined {
  const register = registerOf(expression);
  if (register === undefined) return undefined;
  return passed(frame, support, depth, (parameter) => {
    const place = parameter.block(AT.location);
    return place !== undefined && registerOf(place) === register;
  });
}

/** Whether a parameter of a call site is a certain parameter of the function that it calls. */
function standsFor(parameter: Die, formal: Die): boolean {
  const meant = parameter.reference(AT.callParameter) ?? parameter.reference(AT.abstractOrigin);
  return meant?.offset === formal.offset && meant.unit === formal.unit;
}

/** What the caller of a frame has passed, when the call site records it (3.4). */
function passed(
  frame: FrameState,
  support: LocationSupport,
  depth: number,
  isWanted: (parameter: Die) => boolean,
): bigint | undefined {
  const caller = frame.caller?.();
  if (!caller || depth >= MAX_CALLERS) return undefined;
  const callee = support.functionAt(frame.pc);
  const site = callSite(support.functionAt(caller.pc), caller.pc);
  if (!site || !callee) return undefined;
  // Where another function was called, it has jumped to this one, with arguments of its own.
  const target = calledBy(site);
  const pointer = site.block(AT.callTarget) ?? site.block(AT.gnuCallSiteTarget);
  const host = hostOf(caller, support, depth + 1);
  const isCalled = target
    ? target.fullName === callee.name
    : pointer !== undefined && evaluate(pointer, site.unit, host) === BigInt(callee.entry);
  if (!isCalled || mayReenter(callee, support)) return undefined;
  for (const parameter of site.children()) {
    if (parameter.tag !== TAG.callSiteParameter && parameter.tag !== TAG.gnuCallSiteParameter) continue;
    const value = parameter.block(AT.callValue) ?? parameter.block(AT.gnuCallSiteValue);
    if (value && isWanted(parameter)) return evaluate(value, parameter.unit, host);
  }
  return undefined;
}

/** The register that an expression names alone. */
function registerOf({ section, start, end }: Block): number | undefined {
  const reader = section.reader(start, end);
  if (reader.done) return undefined;
  const op = reader.u8();
  if (op >= OP.reg0 && op <= OP.reg31 && reader.done) return op - OP.reg0;
  return undefined;
}
