/** `disassemble`: exact before the requested address too, since mapping symbols tell A32, Thumb and data apart. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { disassemble } from '../../isa/disassemble.ts';
import { hex32 } from '../target.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { RequestArguments } from './arguments.ts';
import type { Guest } from './guest.ts';
import { trapMeaning } from './trap-meaning.ts';

const ADDRESS_SPACE = 0x1_0000_0000;
const MOST_INSTRUCTIONS = 20_000;
/** So far from the reference instructions are looked at one by one; further ones count as words, lest an answer take minutes. */
const MOST_SKIPPED = 20_000;
const LARGEST_OFFSET = 2 ** 30;
/** How far back a Thumb region is followed to find where its instructions begin. */
const THUMB_WINDOW = 4096;

type Kind = 'a' | 't' | 'd';

interface Line {
  address: number;
  size: 2 | 4;
  text: string;
  bytes: Uint8Array;
  valid: boolean;
}

/** `disassemble`. */
export function disassembleRequest(guest: Guest, args: RequestArguments): DebugProtocol.DisassembledInstruction[] {
  const reference = parseAddress(args.string('memoryReference')) + args.integer('offset', { default: 0 });
  const skip = args.integer('instructionOffset', { min: -LARGEST_OFFSET, max: LARGEST_OFFSET, default: 0 });
  const count = args.integer('instructionCount', { min: 0, max: MOST_INSTRUCTIONS });
  const symbols = args.raw['resolveSymbols'] !== false;
  let address = align(guest, reference);
  const near = Math.max(-MOST_SKIPPED, Math.min(MOST_SKIPPED, skip));
  for (let i = 0; i > near; i--) address = address < 0 ? address - 4 : before(guest, address);
  for (let i = 0; i < near; i++) address += address < 0 ? 4 : line(guest, address, false).size;
  address += 4 * (skip - near);
  const result: DebugProtocol.DisassembledInstruction[] = [];
  while (result.length < count) {
    const next = line(guest, address, symbols);
    result.push(toProtocol(guest, next, symbols));
    address += next.size;
  }
  return result;
}

/** One line of a listing: address, encoding, instruction. `bytes` is memory at the address, four bytes if possible. */
export function listingLine(guest: Guest, address: number, bytes: Uint8Array): string {
  const { text, bytes: own } = line(guest, address, true, bytes);
  const halves = own.length >= 2 ? Array.from({ length: own.length >> 1 }, (_, i) => halfOf(own, 2 * i)) : [];
  const code = kindAt(guest, address) === 't' ? halves.join(' ') : hex32(wordOf(own)).slice(2);
  return `${hex32(address).slice(2)}  ${code.padEnd(9)}  ${text}`;
}

/** The sizes of the instructions in a piece of memory, from its first byte on. */
export function* instructionSizes(guest: Guest, start: number, bytes: Uint8Array): Generator<number> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const thumb = kindAt(guest, start + at) === 't';
    const size = thumb && !isLongThumb(bytes, at) ? 2 : 4;
    if (at + size > bytes.length) return;
    yield size;
    at += size;
  }
}

/** Whether a halfword begins a BL or BLX, which is a pair. */
const isLongThumb = (bytes: Uint8Array, at: number): boolean => bytes[at + 1] >>> 3 === 0x1e;

const halfOf = (bytes: Uint8Array, at: number): string =>
  (bytes[at] | (bytes[at + 1] << 8)).toString(16).padStart(4, '0');

const wordOf = (bytes: Uint8Array): number => (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;

function memoryAt(guest: Guest, address: number): Uint8Array {
  return address < 0 || address >= ADDRESS_SPACE ? new Uint8Array(0) : guest.readMemory(address, 4);
}

/** What an address holds; where no symbol says, the current state if PC is near, else A32. */
function kindAt(guest: Guest, address: number): Kind {
  const kind = guest.symbols.kind(guest.linked(address));
  if (kind) return kind;
  return guest.thumb && Math.abs(address - guest.pc) < THUMB_WINDOW ? 't' : 'a';
}

function align(guest: Guest, address: number): number {
  return kindAt(guest, address) === 't' ? address - (address & 1) : address - (((address % 4) + 4) % 4);
}

/** The address of the instruction before one. */
function before(guest: Guest, address: number): number {
  if (address < 2 || kindAt(guest, address - 2) !== 't') return address - 4;
  // A Thumb BL is two halfwords: follow the code from where it certainly begins.
  const function_ = guest.symbols.at(guest.linked(address - 2));
  const start = function_ && address - function_.address < THUMB_WINDOW ? function_.address : address - 2;
  let at = start;
  for (;;) {
    const { size } = line(guest, at, false);
    if (at + size >= address) return at;
    at += size;
  }
}

function line(guest: Guest, address: number, symbols: boolean, bytes = memoryAt(guest, address)): Line {
  const bad = (bytes: Uint8Array): Line => ({ address, size: 4, text: '(no memory here)', bytes, valid: false });
  const kind = kindAt(guest, address);
  const symbolize = symbols ? (target: number) => guest.describe(target) : () => undefined;
  if (kind === 't') {
    if (bytes.length < 2) return { ...bad(bytes), size: 2 };
    const half = bytes[0] | (bytes[1] << 8);
    const next = bytes.length === 4 ? { next: bytes[2] | (bytes[3] << 8) } : {};
    const { text, decoded } = disassemble(half, address, { thumb: true, symbolize, ...next });
    return { address, size: decoded.size, text, bytes: bytes.subarray(0, decoded.size), valid: true };
  }
  if (bytes.length < 4) return bad(bytes);
  const word = wordOf(bytes);
  if (kind === 'd') {
    const text = `.word 0x${word.toString(16).padStart(8, '0')}`;
    return { address, size: 4, text: withTarget(text, symbolize(word)), bytes, valid: true };
  }
  const { text } = disassemble(word, address, { symbolize });
  const meaning = trapMeaning(word, address, symbolize);
  return { address, size: 4, text: meaning === undefined ? text : `${text} ; ${meaning}`, bytes, valid: true };
}

const withTarget = (text: string, symbol: string | undefined): string => (symbol ? `${text} <${symbol}>` : text);

function toProtocol(guest: Guest, from: Line, symbols: boolean): DebugProtocol.DisassembledInstruction {
  const instruction: DebugProtocol.DisassembledInstruction = {
    address: formatAddress(from.address),
    instruction: from.text,
  };
  if (!from.valid) instruction.presentationHint = 'invalid';
  if (from.bytes.length > 0) {
    instruction.instructionBytes = Array.from(from.bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  }
  const symbol = symbols && from.valid ? guest.describe(from.address) : undefined;
  if (symbol !== undefined) instruction.symbol = symbol;
  return instruction;
}
