/**
 * The memory image of a random block: vectors with handlers, a prologue that gives every bank, status and system
 * register its value, an epilogue that brings all of them out again, translation tables, and the random code.
 *
 * Physical memory, 2 MB: the first page holds vectors, prologue and epilogue; tables follow at 16 KB; random code is at
 * 64 KB; random data is in the rest. Tables are in no writable mapping, since QEMU caches translations as hardware does.
 */
import { randomA32, randomPsr, randomThumbWord, randomValue } from './generator.ts';
import type { Rng } from './rng.ts';

export const RAM_SIZE = 2 << 20;
export const PROLOGUE = 0x800;
export const EPILOGUE = 0xc00;
/** A breakpoint is here: the epilogue is done. */
export const EPILOGUE_END = 0xc80;
/** The end of its constants. */
export const EPILOGUE_LIMIT = 0xc90;
const HANDLERS = 0x40;
const HANDLER_SIZE = 0x30;
const L1 = 0x4000;
const COARSE = 0x8000;
const COARSE_COUNT = 8;
const FINE = 0xa000;
const FINE_COUNT = 4;
export const ARM_CODE = 0x1_0000;
export const THUMB_CODE = 0x1_0400;
const CODE_BYTES = 0x400;
const DATA = 0x1_4000;
const MB = 1 << 20;
/** Bits of SCTLR that should be one. */
const SCTLR_ONES = 0x0005_0078;
/** Megabytes of virtual addresses that are mapped, besides the first. */
const MAPPED = [1, 2, 3, 4, 5, 6, 0x7ff, 0x800, 0xc00, 0xfff];

/** Modes with their banks: r8 to r14 differ in fiq, r13 and r14 elsewhere. System mode shows the user bank. */
const FIQ = 0x11;
const SYS = 0x1f;
const SVC = 0x13;
const BANKED = [FIQ, 0x12, 0x17, 0x1b, SVC];

/** What a block is about, for reports. */
export interface Scenario {
  readonly mmu: boolean;
  readonly sctlr: number;
  readonly irq: boolean;
  readonly fiq: boolean;
  readonly cpsr: number;
}

/** Little helper around an image under construction. */
class Writer {
  private readonly view: DataView;
  at = 0;

  constructor(image: Uint8Array) {
    this.view = new DataView(image.buffer, image.byteOffset, image.length);
  }

  word(value: number): void {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }
}

const msrMode = (mode: number): number => 0xe321_f0c0 | mode;
const MSR_SPSR_R1 = 0xe16f_f001;
const MCR_R1 = { sctlr: 0xee01_1f10, ttbr: 0xee02_1f10, dacr: 0xee03_1f10, dfsr: 0xee05_1f10, ifsr: 0xee05_1f30 };
const MCR_FAR_R1 = 0xee06_1f10;
const MCR_FCSE_R1 = 0xee0d_1f10;
const MCR_CONTEXT_R1 = 0xee0d_1f30;
const MCR_TLB_FLUSH = 0xee08_1f17;
const SVC_0 = 0xef00_0000;
const MOVS_PC_LR = 0xe1b0_f00e;
const subsPcLr = (offset: number): number => 0xe25e_f000 | offset;

/** Code that takes its constants from a pool behind it. */
class Assembler {
  private readonly words: number[] = [];
  private readonly literals: Array<{ at: number; value: number }> = [];

  put(...words: number[]): this {
    this.words.push(...words);
    return this;
  }

  /** Words so far, without the pool. */
  get length(): number {
    return this.words.length;
  }

  /** LDR rd, =value. */
  load(rd: number, value: number): this {
    this.literals.push({ at: this.words.length, value });
    this.words.push(0xe59f_0000 | (rd << 12));
    return this;
  }

  writeTo(writer: Writer, address: number, limit: number): void {
    for (const { at, value } of this.literals) {
      this.words[at] |= (this.words.length - at - 2) * 4;
      this.words.push(value);
    }
    if (this.words.length * 4 > limit) throw new Error(`The code at 0x${address.toString(16)} is too long.`);
    writer.at = address;
    for (const word of this.words) writer.word(word >>> 0);
  }
}

/** An address that most mappings of the block reach. */
function pointerFor(rng: Rng, mmu: boolean, alignment: number): number {
  const aligned = rng.chance(alignment) ? ~3 : rng.chance(50) ? ~1 : ~0;
  if (!mmu || rng.chance(20)) {
    const inCode = rng.chance(15);
    return ((inCode ? ARM_CODE + rng.below(0x800) : DATA + rng.below(RAM_SIZE - DATA - 0x2000)) & aligned) >>> 0;
  }
  return ((rng.pick(MAPPED) * MB + rng.below(MB)) & aligned) >>> 0;
}

/** Fills the data area with values, pointers and code. Done once; blocks change it as they run. */
export function fillData(image: Uint8Array, rng: Rng): void {
  const writer = new Writer(image);
  writer.at = DATA;
  while (writer.at < RAM_SIZE) {
    const kind = rng.below(100);
    if (kind < 45) writer.word(randomA32(rng));
    else if (kind < 70) writer.word(randomThumbWord(rng));
    else writer.word(randomValue(rng, () => pointerFor(rng, rng.chance(50), 80)));
  }
}

/** An access permission byte: mostly the same for all sub-pages. */
function randomAps(rng: Rng): number {
  const usual = rng.chance(50) ? 3 : rng.below(4);
  return rng.chance(75) ? usual * 0x55 : rng.below(256);
}

/** A frame that pages may show: data, and sometimes the code. */
function frame(rng: Rng): number {
  return rng.chance(8) ? ARM_CODE >>> 12 : (DATA >>> 12) + rng.below((RAM_SIZE - DATA) >>> 12);
}

function fillCoarse(writer: Writer, address: number, rng: Rng): void {
  for (let page = 0; page < 256; page++) {
    writer.at = address + page * 4;
    const kind = rng.below(100);
    const low = rng.below(4) << 2;
    if (kind < 5) writer.word((rng.word() & ~3) >>> 0);
    else if (kind < 30 && (page & 15) === 0) {
      // A large page repeats its descriptor 16 times.
      const large = ((16 + rng.below(16)) << 16) | (randomAps(rng) << 4) | low | 1;
      for (let i = 0; i < 16; i++) writer.word(large);
      page += 15;
    } else writer.word((frame(rng) << 12) | (randomAps(rng) << 4) | low | 2);
  }
}

function fillFine(writer: Writer, address: number, rng: Rng): void {
  for (let page = 0; page < 1024; page++) {
    writer.at = address + page * 4;
    const kind = rng.below(100);
    const low = rng.below(4) << 2;
    if (kind < 5) writer.word((rng.word() & ~3) >>> 0);
    else if (kind < 40 && (page & 3) === 0) {
      const small = (frame(rng) << 12) | (randomAps(rng) << 4) | low | 2;
      for (let i = 0; i < 4; i++) writer.word(small);
      page += 3;
    } else writer.word((frame(rng) << 12) | (rng.below(4) << 10) | (rng.below(4) << 4) | low | 3);
  }
}

/** Second-level tables, made anew every few blocks; the first two tables of each kind map the first megabyte. */
export function fillTables(image: Uint8Array, rng: Rng): void {
  const writer = new Writer(image);
  for (let i = 0; i < COARSE_COUNT; i++) fillCoarse(writer, COARSE + i * 0x400, rng);
  for (let i = 0; i < FINE_COUNT; i++) fillFine(writer, FINE + i * 0x1000, rng);
  const open = (): number => rng.pick([1, 2, 2, 2, 3, 3, 3]) * 0x55;
  for (const table of [COARSE, COARSE + 0x400]) {
    writer.at = table;
    writer.word((open() << 4) | 2);
    for (let page = 1; page < 16; page++) writer.word(0);
    for (const code of [0x10, 0x11]) {
      writer.at = table + code * 4;
      writer.word((code << 12) | ((rng.chance(80) ? open() : randomAps(rng)) << 4) | 2);
    }
  }
  writer.at = FINE;
  for (let page = 0; page < 4; page++) writer.word((page << 10) | (rng.pick([1, 2, 2, 3]) << 4) | 3);
  for (let page = 4; page < 64; page++) writer.word(0);
  for (let page = 64; page < 72; page++) writer.word((page << 10) | (rng.pick([1, 2, 2, 3]) << 4) | 3);
}

function randomL1(rng: Rng): number {
  const kind = rng.below(100);
  const domain = rng.below(16) << 5;
  const low = rng.below(4) << 2;
  if (kind < 8) return (rng.word() & ~3) >>> 0;
  if (kind < 45) return MB | ((rng.chance(50) ? 3 : rng.below(4)) << 10) | domain | low | 0x12;
  if (kind < 80) return (COARSE + rng.below(COARSE_COUNT) * 0x400) | domain | 0x11;
  if (kind < 97) return (FINE + rng.below(FINE_COUNT) * 0x1000) | domain | 0x13;
  // Memory that is not there: reads as zero.
  return 0x0040_0000 | (3 << 10) | domain | low | 0x12;
}

function fillL1(writer: Writer, rng: Rng, process: number): void {
  const first = rng.pick([COARSE | 0x11, COARSE | 0x11, (COARSE + 0x400) | 0x11, (COARSE + 0x400) | 0x11, FINE | 0x13]);
  writer.at = L1;
  writer.word(first);
  for (const megabyte of MAPPED) {
    writer.at = L1 + megabyte * 4;
    writer.word(randomL1(rng));
  }
  // The process's own view of the first megabytes: what is at address 0 must be there as well.
  for (let i = 1; i < 128; i++) {
    writer.at = L1 + i * 32 * 4;
    if (!MAPPED.includes(i * 32)) writer.word(i === process ? first : 0);
  }
}

function randomDacr(rng: Rng): number {
  let value = 0;
  for (let domain = 0; domain < 16; domain++) value |= rng.pick([0, 1, 1, 1, 1, 1, 1, 3, 3]) << (domain * 2);
  return ((value & ~3) | (rng.chance(85) ? 1 : 3)) >>> 0;
}

/** Handlers: most return to the instruction after, some elsewhere, some do something first. */
function fillHandlers(writer: Writer, rng: Rng): void {
  for (let vector = 0; vector < 8; vector++) {
    const handler = HANDLERS + vector * HANDLER_SIZE;
    writer.at = vector * 4;
    // Sometimes random code stands in a vector.
    writer.word(rng.chance(3) ? randomA32(rng) : 0xea00_0000 | (((handler - vector * 4 - 8) >>> 2) & 0xff_ffff));
    const asm = new Assembler();
    for (let i = rng.below(4); i > 0 && rng.chance(40); i--) asm.put(randomA32(rng));
    if (vector === 6 || vector === 7) {
      // The line stays up: mask it in the interrupted code. MRS SP, ORR SP, MSR SPSR.
      asm.put(0xe14f_d000, 0xe38d_d0c0, 0xe161_f00d, subsPcLr(4));
    } else if (vector === 3) {
      const again = ARM_CODE + rng.below(32) * 4;
      // MRS LR, SPSR; TST LR, #T; LDR LR by state; MOVS PC, LR.
      asm.put(0xe14f_e000, 0xe31e_0020, 0x059f_e004, 0x159f_e004, MOVS_PC_LR, again, THUMB_CODE + rng.below(64) * 2);
    } else if (vector === 4) asm.put(subsPcLr(rng.pick([4, 4, 4, 6])));
    else if (rng.chance(25)) asm.put(0xe92d_400f, 0xe8fd_800f);
    else asm.put(MOVS_PC_LR);
    asm.writeTo(writer, handler, HANDLER_SIZE);
  }
}

function fillPrologue(writer: Writer, rng: Rng, scenario: Scenario, process: number): void {
  const pointer = (): number => pointerFor(rng, scenario.mmu, scenario.sctlr & 2 ? 95 : 98);
  const value = (): number => randomValue(rng, pointer);
  const asm = new Assembler();
  asm.put(msrMode(SVC)).load(1, SCTLR_ONES).put(MCR_R1.sctlr);
  asm.load(1, L1).put(MCR_R1.ttbr).load(1, randomDacr(rng)).put(MCR_R1.dacr);
  asm.load(1, rng.below(256)).put(MCR_R1.dfsr).load(1, rng.below(256)).put(MCR_R1.ifsr);
  asm.load(1, rng.word()).put(MCR_FAR_R1).load(1, rng.word()).put(MCR_CONTEXT_R1, MCR_TLB_FLUSH);
  for (const mode of BANKED) {
    asm.put(msrMode(mode)).load(1, randomPsr(rng)).put(MSR_SPSR_R1);
    for (let r = mode === FIQ ? 8 : 13; r < 15; r++) asm.load(r, value());
  }
  asm.put(msrMode(SYS));
  for (let r = 8; r < 15; r++) asm.load(r, value());
  asm.put(msrMode(SVC)).load(1, scenario.cpsr).put(MSR_SPSR_R1);
  asm.load(14, (scenario.cpsr & 0x20 ? THUMB_CODE : ARM_CODE) + rng.below(16) * 4);
  asm.load(1, scenario.sctlr).put(MCR_R1.sctlr);
  if (process) asm.load(1, process << 25).put(MCR_FCSE_R1);
  for (let r = 0; r < 8; r++) asm.load(r, value());
  asm.put(MOVS_PC_LR);
  asm.writeTo(writer, PROLOGUE, EPILOGUE - 4 - PROLOGUE);
}

/** Brings all banks, status and system registers into view; the comparison of each step does the rest. */
function fillEpilogue(writer: Writer): void {
  const asm = new Assembler();
  for (const read of [0xee15_0f10, 0xee15_0f30, 0xee16_0f10, 0xee11_0f10, 0xee12_0f10, 0xee13_0f10, 0xee1d_0f10])
    asm.put(read);
  // The process number goes first: it moves this code when translation is off.
  asm.put(0xee1d_0f30, 0xe3a0_1000, MCR_FCSE_R1).load(1, SCTLR_ONES).put(MCR_R1.sctlr);
  for (const mode of BANKED) asm.put(msrMode(mode), 0xe14f_0000);
  asm.put(msrMode(SYS), 0xe3a0_0000, msrMode(SVC));
  while (asm.length < (EPILOGUE_END - EPILOGUE) / 4) asm.put(0xe1a0_0000);
  asm.writeTo(writer, EPILOGUE, EPILOGUE_LIMIT - EPILOGUE);
  writer.at = EPILOGUE - 4;
  writer.word(SVC_0);
}

/** Sequences that change system control in the middle of random code: word list with the value inline. */
function controlSequence(rng: Rng, mmu: boolean): number[] {
  const r = rng.below(12);
  // LDR r, [PC]; B over the value.
  const start = [0xe59f_0000 | (r << 12), 0xea00_0000];
  if (rng.chance(50) || !mmu) {
    return [...start, randomSctlr(rng, mmu), 0xee01_0f10 | (r << 12)];
  }
  return [...start, randomDacr(rng), 0xee03_0f10 | (r << 12)];
}

function fillCode(writer: Writer, rng: Rng, mmu: boolean): void {
  writer.at = ARM_CODE;
  while (writer.at < ARM_CODE + CODE_BYTES) {
    if (rng.chance(2) && writer.at + 16 < ARM_CODE + CODE_BYTES)
      controlSequence(rng, mmu).forEach((w) => writer.word(w));
    else writer.word(randomA32(rng));
  }
  while (writer.at < THUMB_CODE + CODE_BYTES) writer.word(randomThumbWord(rng));
}

/** SCTLR: translation, alignment, system and ROM protection, caches. Low vectors, little-endian. */
function randomSctlr(rng: Rng, mmu: boolean): number {
  const bits = (mmu ? 1 : 0) | (rng.chance(45) ? 2 : 0) | (rng.word() & 0x1304);
  return SCTLR_ONES | bits;
}

/** Writes the next block into an image of RAM, over what the blocks before have left there. */
export function makeScenario(image: Uint8Array, rng: Rng): Scenario {
  const mmu = rng.chance(65);
  const scenario: Scenario = {
    mmu,
    sctlr: randomSctlr(rng, mmu),
    irq: rng.chance(12),
    fiq: rng.chance(12),
    cpsr: rng.chance(35) ? ((randomPsr(rng) & ~0x1f) | 0x10) >>> 0 : randomPsr(rng),
  };
  const process = mmu && rng.chance(8) ? 1 + rng.below(60) : 0;
  const writer = new Writer(image);
  fillHandlers(writer, rng);
  fillPrologue(writer, rng, scenario, process);
  fillEpilogue(writer);
  fillL1(writer, rng, process);
  fillCode(writer, rng, mmu);
  return scenario;
}
