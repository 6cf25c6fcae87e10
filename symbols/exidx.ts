/**
 * Unwinding by the exception tables of the ARM EABI (IHI 0038): `.ARM.exidx`, named `.ARM.unwind_idx` in a Linux kernel.
 * Exact at calls; inside a prologue or an epilogue the tables describe a frame that is not there yet, or no longer.
 */
import type { ElfFile } from '../formats/elf.ts';
import { SECTION_FLAG } from '../formats/elf-types.ts';
import { imageReader } from './image.ts';
import { caller, END, LR, PC, preserved, SP, UNKNOWN, type FrameRegisters, type ReadWord } from './frame.ts';
import type { UnwindResult } from './frame.ts';

const SHT_ARM_EXIDX = 0x7000_0001;
const CANT_UNWIND = 1;
const ENTRY_SIZE = 8;

/** A place-relative offset of 31 bits. */
const prel31 = (place: number, word: number): number => (place + ((word << 1) >> 1)) >>> 0;

/** The unwind table of one file. */
export class ExceptionIndex {
  private readonly base: number;
  private readonly count: number;
  private readonly image: ReadWord;

  /** `image` reads words of the file by virtual address; the table is `count` entries from `base`. */
  constructor(base: number, count: number, image: ReadWord) {
    this.base = base;
    this.count = count;
    this.image = image;
  }

  /** The unwind table of a file; undefined when it has none. */
  static of(elf: ElfFile): ExceptionIndex | undefined {
    const section = elf.sections.find(({ type, flags }) => type === SHT_ARM_EXIDX && flags & SECTION_FLAG.alloc);
    if (!section) return undefined;
    return new ExceptionIndex(section.address, Math.floor(section.size / ENTRY_SIZE), imageReader(elf));
  }

  /**
   * One step to the caller of the frame that is executing at `address`. `start` is the start of its function, when
   * known: hand-written code without an entry of its own would otherwise be taken for the function before it. But of
   * neighbours that cannot be unwound, linkers keep the first entry only. In the innermost frame (`isInnermost`) other
   * methods may still know the caller.
   */
  unwind(
    registers: FrameRegisters,
    address: number,
    read: ReadWord,
    { start = 0, isInnermost = false }: { start?: number | undefined; isInnermost?: boolean } = {},
  ): UnwindResult {
    const place = this.find(address);
    const first = place === undefined ? undefined : this.image(place);
    const word = place === undefined ? undefined : this.image(place + 4);
    if (place === undefined || first === undefined || word === undefined) return UNKNOWN;
    const isOwn = prel31(place, first) >= start;
    if (word === CANT_UNWIND) return isOwn || !isInnermost ? END : UNKNOWN;
    if (!isOwn) return UNKNOWN;
    const opcodes = word & 0x8000_0000 ? compactBytes(word, () => undefined) : this.table(prel31(place + 4, word));
    return opcodes ? execute(opcodes, registers, read) : UNKNOWN;
  }

  /** The address of the entry of the function that contains an address. */
  private find(address: number): number | undefined {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const place = this.base + middle * ENTRY_SIZE;
      const word = this.image(place);
      if (word === undefined) return undefined;
      if (prel31(place, word) <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.base + (low - 1) * ENTRY_SIZE;
  }

  private table(at: number): number[] | undefined {
    const word = this.image(at);
    if (word === undefined) return undefined;
    let next = at + 4;
    const more = (): number | undefined => this.image((next += 4) - 4);
    if (word & 0x8000_0000) return compactBytes(word, more);
    // The generic model: a personality routine, then data in the layout that the GNU routines use.
    const data = more();
    if (data === undefined) return undefined;
    return withMore([(data >> 16) & 0xff, (data >> 8) & 0xff, data & 0xff], data >>> 24, more);
  }
}

/** The opcodes of the compact model, personality routines 0 to 2 (9.3). */
function compactBytes(word: number, more: () => number | undefined): number[] | undefined {
  const low = [(word >> 8) & 0xff, word & 0xff];
  const middle = (word >> 16) & 0xff;
  switch ((word >>> 24) & 0xf) {
    case 0:
      return [middle, ...low];
    case 1:
    case 2:
      return withMore(low, middle, more);
    default:
      return undefined;
  }
}

function withMore(opcodes: number[], words: number, more: () => number | undefined): number[] | undefined {
  for (let i = 0; i < words; i++) {
    const word = more();
    if (word === undefined) return undefined;
    opcodes.push(word >>> 24, (word >> 16) & 0xff, (word >> 8) & 0xff, word & 0xff);
  }
  return opcodes;
}

/** Interprets unwinding opcodes (10.3). */
function execute(opcodes: readonly number[], registers: FrameRegisters, read: ReadWord): UnwindResult {
  const result = preserved(registers);
  result[SP] = registers[SP];
  result[LR] = registers[LR];
  let position = 0;
  let failed = registers[SP] === undefined;
  const next = (): number => opcodes[position++] ?? 0xb0;
  const move = (bytes: number): void => {
    result[SP] = (result[SP] ?? 0) + bytes;
  };
  const pop = (mask: number): void => {
    let at = result[SP] ?? 0;
    for (let id = 0; id < 16; id++) {
      if (!(mask & (1 << id))) continue;
      result[id] = read(at >>> 0);
      failed ||= result[id] === undefined;
      at += 4;
    }
    if (!(mask & (1 << SP))) result[SP] = at;
  };
  const popCount = (mask: number): number => [1, 2, 4, 8].filter((bit) => mask & bit).length;

  while (position < opcodes.length && !failed) {
    const op = next();
    if (op < 0x40) move((op << 2) + 4);
    else if (op < 0x80) move(-(((op & 0x3f) << 2) + 4));
    else if (op < 0x90) {
      const mask = ((op & 15) << 8) | next();
      if (mask === 0) return END;
      pop(mask << 4);
    } else if (op < 0xa0) {
      const id = op & 15;
      if (id === SP || id === PC || registers[id] === undefined) return UNKNOWN;
      result[SP] = result[id] ?? registers[id];
    } else if (op < 0xb0) pop(((1 << ((op & 7) + 1)) - 1) * 16 + (op & 8 ? 1 << LR : 0));
    else if (op === 0xb0) break;
    else if (op === 0xb1) {
      const mask = next();
      if (mask === 0 || mask > 15) return UNKNOWN;
      pop(mask);
    } else if (op === 0xb2) {
      let value = 0;
      for (let shift = 0; shift < 32; shift += 7) {
        const byte = next();
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
      move(0x204 + value * 4);
    } else if (op === 0xb3) move(((next() & 15) + 1) * 8 + 4);
    else if (op >= 0xb8 && op < 0xc0) move(((op & 7) + 1) * 8 + 4);
    else if (op >= 0xc0 && op < 0xc6) move(((op & 7) + 1) * 8);
    else if (op === 0xc7) {
      const mask = next();
      if (mask === 0 || mask > 15) return UNKNOWN;
      move(popCount(mask) * 4);
    } else if (op === 0xc6 || op === 0xc8 || op === 0xc9) move(((next() & 15) + 1) * 8);
    else if (op >= 0xd0 && op < 0xd8) move(((op & 7) + 1) * 8);
    else return UNKNOWN;
  }
  if (failed) return UNKNOWN;
  result[PC] ??= result[LR];
  return caller(result);
}
