/**
 * Virtual PSR: stubs in place of the trap words that read and write CPSR. A stub is real ARM code, executed in user mode: it
 * merges the physical flags with the control bits of the virtual CPSR, which are in memory while the guest runs. It
 * leaves the guest (by the very trap word that it replaced) when the mode changes, or when a pending interrupt becomes enabled.
 *
 * The trap word in the guest's RAM stays as it is: what is patched is its decoded form. So the guest reads back what it has
 * written, a page that is mapped twice is no problem, and a stub may be anywhere: Linux, at 0xc0008000, has no page of the host's
 * within the 32 MB that a branch reaches.
 *
 * The stubs' pages are mapped in the host's table only, each with the page of the data behind it, within reach.
 */
import type { Core } from '../emulator/core.ts';
import { LAYOUT as L } from '../emulator/layout.ts';
import { decodeA32 } from '../isa/decode.ts';
import { encodeA32 } from '../isa/encode.ts';
import { encodeTrap } from '../isa/lpv.ts';
import type { Fields } from '../isa/row.ts';
import { HOST_BASE, HOST_RAM } from './shadow/host-ram.ts';
import { STUBS_VA } from './world-switch/host-pages.ts';

const PAGE = 0x1000;
const STUBS = L.STUB_REGIONS * L.STUBS_IN_PAGE;
/** Words whose answer is remembered; a hostile guest makes any number. */
const REMEMBERED = 4096;
/** Traps after which a site is worth a stub. */
const WORTH_A_STUB = 16;

const NE = 1;
const AL = 14;
const FLAGS = { r: 4, i: 0xf8 } as const;
const MODE_BITS = 0x1f;
/** Bits that MSR of the control byte writes: all but T. */
const CONTROL_BITS = 0xdf;
const PC = 15;

interface Site {
  stub: number;
  original: number;
}

export class VirtualPsr {
  /** Sites that have a stub. */
  sites = 0;
  private readonly core: Core;
  private readonly bySite = new Map<number, Site>();
  /** By original word: whether a stub can express it. */
  private readonly replaceable = new Map<number, boolean>();
  private next = 0;

  constructor(core: Core) {
    this.core = core;
  }

  private get memory(): number {
    return this.core.hostRam + HOST_RAM.STUBS;
  }

  /** Forgets every stub, and switches them on. */
  reset(): void {
    const { core } = this;
    this.bySite.clear();
    this.next = 0;
    this.sites = 0;
    core.u8.fill(0, this.memory, this.memory + L.STUB_REGIONS * PAGE);
    core.exports.codeChanged(HOST_BASE + HOST_RAM.STUBS, L.STUB_REGIONS * PAGE);
    const regime = L.REGIMES + L.REGIME_STUB * L.REGIME_SIZE;
    core.set(regime, HOST_BASE + HOST_RAM.HOST_L1);
    core.set(regime + 4, 0x5555_5555);
    core.set(regime + 8, L.REGIME_MMU | L.REGIME_USER);
    core.set(regime + 12, 0);
    core.set(L.STUB_MEMORY, this.memory);
    core.set(L.STUB_DATA, core.hostRam + HOST_RAM.STUB_DATA);
    core.set(L.STUB_VA, STUBS_VA);
  }

  /** Whether a stub could stand for an instruction. */
  mayReplace(original: number): boolean {
    let may = this.replaceable.get(original);
    if (may === undefined) {
      may = stubCode(original, 0, 0) !== undefined;
      if (this.replaceable.size === REMEMBERED) this.replaceable.clear();
      this.replaceable.set(original, may);
    }
    return may;
  }

  /**
   * The trap of `original` at `va` has been executed for the `count`th time; its word is in RAM at `address` of the
   * core's memory. Gives the site a stub when that is worth it and possible.
   */
  trapped(original: number, va: number, address: number, count: number): void {
    const known = this.bySite.get(va | 0);
    if (known?.original === original) {
      // Its record has been decoded anew.
      this.core.exports.patchSite(address, va, known.stub);
      return;
    }
    if (known || count < WORTH_A_STUB || this.next === STUBS) return;
    const code = stubCode(original, this.next, va);
    if (!code) return;
    const stub = this.next++;
    const offset = Math.floor(stub / L.STUBS_IN_PAGE) * PAGE + offsetInPage(stub);
    code.forEach((word, i) => this.core.set(this.memory + offset + i * 4, word));
    this.core.exports.codeChanged(HOST_BASE + HOST_RAM.STUBS + offset, L.STUB_SIZE);
    this.bySite.set(va | 0, { stub, original });
    this.sites++;
    this.core.exports.patchSite(address, va, stub);
  }
}

function offsetInPage(stub: number): number {
  return L.STUB_FIRST + (stub % L.STUBS_IN_PAGE) * L.STUB_SIZE;
}

type DataAccess = 'LDR_imm' | 'STR_imm' | 'LDRB_imm' | 'STRB_imm';

/** Writes the code of one stub. */
class Assembler {
  readonly words: number[] = [];
  private readonly base: number;

  constructor(stub: number) {
    this.base = offsetInPage(stub);
  }

  emit(name: string, fields: Fields): void {
    this.words.push(encodeA32(name, fields));
  }

  /** A load from the data or a store to them. */
  data(name: DataAccess, d: number, offset: number): void {
    this.near(name, d, PAGE + offset - this.base);
  }

  /** A load or store at an offset from the stub's start, relative to PC. */
  near(name: DataAccess, d: number, offset: number): void {
    const distance = offset - (this.words.length * 4 + 8);
    this.emit(name, { P: 1, U: distance < 0 ? 0 : 1, n: PC, d, i: Math.abs(distance) });
  }

  /** The last instruction: back to the guest. */
  leave(): void {
    this.near('LDR_imm', PC, L.STUB_SIZE - 4);
  }
}

/** The code for an MRS or MSR of CPSR at `va`, or undefined when a stub cannot express it. */
function stubCode(original: number, stub: number, va: number): number[] | undefined {
  const { row, fields } = decodeA32(original >>> 0, 'v5TEJ');
  if (!row || fields.R) return undefined;
  // The guest's condition has been tested when the stub is entered.
  const trap = encodeTrap(encodeA32(row.name, { ...fields, c: AL }));
  if (trap === undefined) return undefined;
  const code = new Assembler(stub);
  if (row.name === 'MRS') {
    if (fields.d === PC) return undefined;
    readCpsr(code, fields.d);
  } else if (row.name === 'MSR_reg' || row.name === 'MSR_imm') {
    if (!(fields.f & 1) || fields.m === PC) return undefined;
    writeCpsr(code, trap, row.name === 'MSR_reg' ? fields.m : undefined, fields);
  } else return undefined;
  const { words } = code;
  while (words.length < L.STUB_SIZE / 4 - 1) words.push(0);
  words.push((va + 4) >>> 0);
  return words;
}

/** A register below r4 that is none of the others. */
function free(...others: ReadonlyArray<number | undefined>): number {
  return [0, 1, 2, 3].find((register) => !others.includes(register)) ?? 0;
}

function readCpsr(code: Assembler, d: number): void {
  const t = free(d);
  code.emit('MRS', { d });
  code.emit('AND_imm', { n: d, d, ...FLAGS });
  code.data('STR_imm', t, L.STUB_SPILL);
  // MRS reads J, in a higher byte, as zero; MSR leaves it alone.
  code.data('LDRB_imm', t, L.STUB_CPSR);
  code.emit('ORR_shi', { n: d, d, m: t });
  code.data('LDR_imm', t, L.STUB_SPILL);
  code.leave();
}

/** MSR with the control byte, from register `m` or from the immediate of the word. */
function writeCpsr(code: Assembler, trap: number, m: number | undefined, fields: Fields): void {
  const value = m === undefined ? rotate(fields.i, fields.r * 2) & 0xff : 0;
  const t = free(m);
  const u = free(m, t);
  code.data('STR_imm', t, L.STUB_SPILL);
  code.data('STR_imm', u, L.STUB_SPILL + 4);
  code.emit('MRS', { d: u });
  // Another mode, or an interrupt that may come now, is the hypervisor's to do.
  code.data('LDR_imm', t, L.STUB_CPSR);
  if (m === undefined) code.emit('EOR_imm', { n: t, d: t, i: value & MODE_BITS });
  else code.emit('EOR_shi', { n: t, d: t, m });
  code.emit('TST_imm', { n: t, i: MODE_BITS });
  const branches = [code.words.length];
  code.emit('B', {});
  code.data('LDR_imm', t, L.STUB_PENDING);
  if (m === undefined) code.emit('BIC_imm', { S: 1, n: t, d: t, i: value });
  else code.emit('BIC_shi', { S: 1, n: t, d: t, m });
  branches.push(code.words.length);
  code.emit('B', {});
  if (m === undefined) code.emit('MOV_imm', { d: t, i: value & CONTROL_BITS });
  else code.emit('AND_imm', { n: m, d: t, i: CONTROL_BITS });
  code.data('STRB_imm', t, L.STUB_CPSR);
  if (!(fields.f & 8)) code.emit('MSR_reg', { f: 8, m: u });
  else if (m === undefined) code.emit('MSR_imm', { f: 8, i: fields.i, r: fields.r });
  else code.emit('MSR_reg', { f: 8, m });
  code.data('LDR_imm', t, L.STUB_SPILL);
  code.data('LDR_imm', u, L.STUB_SPILL + 4);
  code.leave();
  for (const at of branches) code.words[at] = encodeA32('B', { c: NE, i: code.words.length - at - 2 });
  code.emit('MSR_reg', { f: 8, m: u });
  code.data('LDR_imm', t, L.STUB_SPILL);
  code.data('LDR_imm', u, L.STUB_SPILL + 4);
  code.words.push(trap);
}

function rotate(value: number, amount: number): number {
  return ((value >>> amount) | (amount ? value << (32 - amount) : 0)) >>> 0;
}
