/** Values as text, in the style of gdb, and their children: members, elements, what a pointer points to. */
import { hex, InputError } from '../../formats/input-error.ts';
import type { DebugInfo } from '../debug-info.ts';
import { typeName } from '../dwarf/type-name.ts';
import { resolved, type ArrayType, type DebugType, type EnumType } from '../dwarf/types.ts';
import { memberOf } from './compile.ts';
import { partOf } from './pieces.ts';
import * as values from './value.ts';
import type { Target, Value } from './value.ts';

/** How much is printed before `...`. */
const MAX_ELEMENTS = 200;
const MAX_CHARACTERS = 200;
const MAX_DEPTH = 8;

/** Base of integers. */
export type Radix = 'decimal' | 'hexadecimal' | 'binary';

/** What formatting needs beside the value. */
export interface FormatContext {
  readonly info: DebugInfo;
  readonly target: Target;
  readonly radix?: Radix;
}

/** A value as one line, e.g. `{next = 0x8000 <first>, count = 3}`. What cannot be read is said in its place. */
export function formatValue(value: Value, context: FormatContext, depth = 0): string {
  try {
    return format(value, context, depth);
  } catch (error) {
    if (error instanceof InputError) return `<${error.message.replace(/\.$/, '')}>`;
    throw error;
  }
}

function format(value: Value, context: FormatContext, depth: number): string {
  const { info, target } = context;
  const type = info.complete(resolved(value.type));
  if (depth > MAX_DEPTH && (type.kind === 'struct' || type.kind === 'array')) return '{...}';
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'function':
      return `{${typeName(type)}} ${hexadecimal(values.addressOf(value))}${named(values.addressOf(value), info)}`;
    case 'struct': {
      if (type.isDeclaration) return '<incomplete type>';
      const members = type.members.map((member) => {
        const text = formatValue(memberOf({ type, place: value.place }, member, info), context, depth + 1);
        return member.name === undefined ? text : `${member.name} = ${text}`;
      });
      return `{${members.join(', ')}}`;
    }
    case 'array':
      return formatArray(type, value, context, depth);
    case 'pointer':
      return formatPointer(type.target, value, context);
    case 'enum':
      return enumName(type, values.toInteger(value, target));
    case 'base': {
      if (type.encoding === 'float') return floatText(values.toNumber(value, target), type.size);
      const integer = values.toInteger(value, target);
      if (type.encoding === 'boolean') return integer === 0n ? 'false' : integer === 1n ? 'true' : String(integer);
      const isCharacter = type.encoding === 'signedChar' || type.encoding === 'unsignedChar';
      const bits = 'bits' in value.place && value.place.bits ? value.place.bits.size : type.size * 8;
      const text = radixText(integer, bits, context.radix);
      return isCharacter && type.size === 1 ? `${text} ${quoted([Number(integer) & 0xff], "'")}` : text;
    }
  }
}

function radixText(value: bigint, bits: number, radix: Radix = 'decimal'): string {
  if (radix === 'decimal') return String(value);
  const unsigned = BigInt.asUintN(bits, value);
  return radix === 'binary' ? `0b${unsigned.toString(2)}` : `0x${unsigned.toString(16)}`;
}

const hexadecimal = (address: number): string => `0x${(address >>> 0).toString(16)}`;

/** ` <name+offset>` of an address that a symbol contains. A label among data, which has no size, contains nothing. */
function named(address: number, info: DebugInfo): string {
  const symbol = info.elf.symbols.at(address);
  if (!symbol || (symbol.size === 0 && !info.isCode(symbol.address))) return '';
  const offset = address - symbol.address;
  return offset === 0 ? ` <${symbol.name}>` : ` <${symbol.name}+${offset}>`;
}

function formatPointer(pointed: DebugType, value: Value, context: FormatContext): string {
  const { info, target } = context;
  const address = Number(values.toInteger(value, target));
  const inner = resolved(pointed);
  if (inner.kind === 'function') return `${hexadecimal(address)}${named(address, info)}`;
  if (inner.kind === 'base' && inner.size === 1 && inner.encoding.endsWith('Char')) {
    if (address === 0) return '0x0';
    return `${hexadecimal(address)}${named(address, info)} ${stringAt(address, target)}`;
  }
  return `${hexadecimal(address)}${address === 0 ? '' : named(address, info)}`;
}

/** The text at an address, up to its NUL. Memory is read in pieces, since where it ends may not be readable. */
function stringAt(address: number, target: Target): string {
  const characters: number[] = [];
  while (characters.length < MAX_CHARACTERS) {
    const byte = target.readMemory((address + characters.length) >>> 0, 1);
    if (byte?.length !== 1)
      return characters.length > 0 ? withRuns(characters) : `<memory at ${hex(address)} cannot be read>`;
    if (byte[0] === 0) return withRuns(characters);
    characters.push(byte[0]);
  }
  const isWhole = target.readMemory((address + MAX_CHARACTERS) >>> 0, 1)?.[0] === 0;
  return `${withRuns(characters)}${isWhole ? '' : '...'}`;
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  27: '\\033',
  92: '\\\\',
};

function quoted(characters: readonly number[], quote: string): string {
  const text = characters.map((code) => {
    if (code === quote.charCodeAt(0)) return `\\${quote}`;
    if (ESCAPES[code]) return ESCAPES[code];
    return code >= 32 && code < 127 ? String.fromCharCode(code) : `\\${code.toString(8).padStart(3, '0')}`;
  });
  return `${quote}${text.join('')}${quote}`;
}

function formatArray(type: ArrayType, value: Value, context: FormatContext, depth: number): string {
  const { target } = context;
  // Of an array that ends a structure, only the place is known.
  if (type.count === undefined && value.place.kind === 'memory') return hexadecimal(value.place.address);
  const count = type.count ?? 0;
  const element = resolved(type.element);
  if (element.kind === 'base' && element.size === 1 && element.encoding.endsWith('Char')) {
    return characterArray([...values.bytesOf({ type, place: value.place }, target)]);
  }
  const shown = Math.min(count, MAX_ELEMENTS);
  const texts = Array.from({ length: shown }, (_, i) => formatValue(elementOf(value, type, i), context, depth + 1));
  return `{${runs(texts, MIN_REPEATS).map(repeated).join(', ')}${shown < count ? '...' : ''}}`;
}

/** Equal neighbours are collapsed from this many on, as in gdb. */
const MIN_REPEATS = 11;

/** Neighbours that are equal, as one when there are at least `least` of them. */
function runs<T>(items: readonly T[], least: number): { item: T; count: number }[] {
  const found: { item: T; count: number }[] = [];
  for (let at = 0; at < items.length;) {
    let end = at + 1;
    while (end < items.length && items[end] === items[at]) end++;
    if (end - at >= least) found.push({ item: items[at], count: end - at });
    else for (let i = at; i < end; i++) found.push({ item: items[i], count: 1 });
    at = end;
  }
  return found;
}

const repeated = ({ item, count }: { item: string; count: number }): string =>
  count > 1 ? `${item} <repeats ${count} times>` : item;

/** An array of characters as text, without the NUL that ends it. */
function characterArray(bytes: readonly number[]): string {
  const ended = bytes.at(-1) === 0 ? bytes.slice(0, -1) : bytes;
  return `${withRuns(ended.slice(0, MAX_CHARACTERS))}${ended.length > MAX_CHARACTERS ? '...' : ''}`;
}

/** Characters as text, long runs of one character apart. */
function withRuns(characters: readonly number[]): string {
  const parts: string[] = [];
  let text: number[] = [];
  const flush = (): void => {
    if (text.length > 0) parts.push(quoted(text, '"'));
    text = [];
  };
  for (const { item, count } of runs(characters, MIN_REPEATS)) {
    if (count === 1) text.push(item);
    else {
      flush();
      parts.push(repeated({ item: quoted([item], "'"), count }));
    }
  }
  flush();
  return parts.join(', ') || '""';
}

/** An element of an array. */
function elementOf({ place }: Value, { element }: ArrayType, index: number): Value {
  const size = values.sizeOf(element);
  if (place.kind === 'register') throw new InputError('an array in a register has no elements that can be read');
  if (place.kind === 'memory') {
    return { type: element, place: { kind: 'memory', address: (place.address + index * size) >>> 0 } };
  }
  return { type: element, place: { kind: 'none', ...partOf(place, index * size, (index + 1) * size) } };
}

/** The name of a value of an enumeration; of flags, the names of its bits: `(FLAG_A | FLAG_B)`. */
function enumName({ enumerators }: EnumType, value: bigint): string {
  const exact = enumerators.find((enumerator) => enumerator.value === value);
  if (exact) return exact.name;
  const isFlags = enumerators.every((enumerator) => enumerator.value >= 0n && !shared(enumerators, enumerator));
  if (!isFlags || value === 0n) return String(value);
  const set = enumerators.filter(
    (enumerator) => enumerator.value !== 0n && (value & enumerator.value) === enumerator.value,
  );
  const rest = set.reduce((left, enumerator) => left & ~enumerator.value, value);
  if (set.length === 0) return `(unknown: 0x${value.toString(16)})`;
  const names = set.map(({ name }) => name);
  if (rest !== 0n) names.push(`unknown: 0x${rest.toString(16)}`);
  return `(${names.join(' | ')})`;
}

const shared = (all: EnumType['enumerators'], one: EnumType['enumerators'][number]): boolean =>
  all.some((other) => other !== one && (other.value & one.value) !== 0n);

/** As many digits as the size of the type holds. */
function floatText(value: number, size: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(Number(value.toPrecision(size === 4 ? 9 : 17)));
  return text;
}

/** A part of a value that can be looked into. */
export interface Child {
  /** The member's name, or the index in brackets; empty for anonymous structures and unions. */
  readonly name: string;
  readonly value: Value;
}

/** How many children a value has: members, elements, or the one that a pointer points to. */
export function childCount({ type }: Value, info: DebugInfo): number {
  const inner = info.complete(resolved(type));
  switch (inner.kind) {
    case 'struct':
      return inner.members.length;
    case 'array':
      return inner.count ?? 0;
    case 'pointer': {
      const { kind } = resolved(inner.target);
      return kind === 'void' || kind === 'function' ? 0 : 1;
    }
    default:
      return 0;
  }
}

/** Some of the children of a value, so that large arrays can be shown in pages. */
export function childrenOf(value: Value, { info, target }: FormatContext, start = 0, count = Infinity): Child[] {
  const inner = info.complete(resolved(value.type));
  const end = Math.min(start + count, childCount(value, info));
  switch (inner.kind) {
    case 'struct':
      return inner.members
        .slice(start, end)
        .map((member) => ({ name: member.name ?? '', value: memberOf(value, member, info) }));
    case 'array':
      return Array.from({ length: Math.max(0, end - start) }, (_, i) => ({
        name: `[${start + i}]`,
        value: elementOf(value, inner, start + i),
      }));
    case 'pointer': {
      if (end <= start) return [];
      const address = Number(values.toInteger(value, target));
      return [{ name: '*', value: { type: info.complete(inner.target), place: { kind: 'memory', address } } }];
    }
    default:
      return [];
  }
}
