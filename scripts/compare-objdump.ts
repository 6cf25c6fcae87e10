/**
 * Compares the disassembler with GNU objdump: on random words, on every Thumb halfword, and on the code of ELF files.
 * Run: npx tsx scripts/compare-objdump.ts [--words N] [--seed N] [ELF...]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disassemble, type Disassembly } from '../isa/disassemble.ts';
import { randomWords } from '../isa/random-words.ts';
import type { Arch } from '../isa/row.ts';

const OBJDUMP = 'arm-none-eabi-objdump';

/** Whether the reference disassembler is installed. */
export function hasObjdump(): boolean {
  try {
    execFileSync(OBJDUMP, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Comparison {
  compared: number;
  /** Words left out, by reason. */
  readonly skipped: Record<string, number>;
  readonly differences: string[];
}

function objdumpLines(args: readonly string[]): string[] {
  const text = execFileSync(OBJDUMP, args, { encoding: 'latin1', maxBuffer: 2 ** 30 });
  return text.split('\n');
}

/** One spelling for both sides: remarks away, one space, prefixes of coprocessor operands away. */
export function normalise(text: string): string {
  return text
    .replace(/^\s*@ <UNDEFINED>.*/, 'undefined')
    .replace(/\s*[@;].*$/, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .replace(/^(b\w*)\.n /, '$1 ')
    .replace(/, /g, ',')
    .trim();
}

/** objdump names coprocessors and their registers 15 and cr7, and braces the second opcode. */
function normaliseCoprocessor(text: string): string {
  return text
    .replace(/^((?:cdp|mcrr?|mrrc?|mrc|ldc|stc)2?l?\w* )(\d+),/, '$1p$2,')
    .replace(/\bcr(\d+)/g, 'c$1')
    .replace(/,\{(\d+)\}$/, (whole, opcode: string) => (/^(cdp|mcr|mrc)/.test(text) ? `,${opcode}` : whole));
}

/** Words this comparison leaves out, with the reason; undefined for all others. */
function exclusion(word: number): string | undefined {
  const [cond, major] = [word >>> 28, (word >>> 25) & 7];
  const coprocessor = (word >>> 8) & 15;
  if (major !== 6 && (major !== 7 || ((word >>> 24) & 1) === 1)) return undefined;
  if (coprocessor >= 8 && coprocessor <= 11) return 'coprocessors 8 to 11 (VFP, MVE)';
  if (cond !== 15 && (coprocessor === 1 || coprocessor === 2)) return 'coprocessors 1 and 2 (FPA)';
  if (cond !== 15 && coprocessor >= 4 && coprocessor <= 6) return 'coprocessors 4 to 6 (Maverick)';
  return undefined;
}

function record(result: Comparison, word: number, mine: Disassembly, theirs: string): void {
  const [a, b] = [normalise(mine.text), normaliseCoprocessor(normalise(theirs))];
  result.compared++;
  if (a === b) return;
  const reason = ACCEPTED.find(({ test }) => test(mine, a, b))?.reason;
  if (reason === undefined) result.differences.push(`${word.toString(16).padStart(8, '0')}: ${a} | ${b}`);
  else {
    result.compared--;
    result.skipped[reason] = (result.skipped[reason] ?? 0) + 1;
  }
}

interface Accepted {
  readonly reason: string;
  readonly test: (mine: Disassembly, a: string, b: string) => boolean;
}

const isUndefined = (mine: Disassembly): boolean => mine.decoded.row === undefined;

/** Differences that are understood; isa/README.md lists the same. */
const ACCEPTED: readonly Accepted[] = [
  {
    reason: 'should-be bits wrong: objdump has another name, or none',
    test: (mine) => mine.decoded.unpredictable?.startsWith('should-be') === true,
  },
  {
    reason: 'comparison without S: undefined, objdump ignores S',
    test: (mine, _, b) => isUndefined(mine) && /^(tst|teq|cmp|cmn)/.test(b),
  },
  {
    reason: 'LDC or STC with P = U = W = 0: undefined, objdump does not check',
    test: (mine, _, b) => isUndefined(mine) && /^(ldc|stc)/.test(b),
  },
  { reason: 'PLD with bit 4, or PLI: undefined', test: (mine, _, b) => isUndefined(mine) && /^pld/.test(b) },
  { reason: 'MSR with bits 7 to 4: undefined', test: (mine, _, b) => isUndefined(mine) && /^msr/.test(b) },
  { reason: 'SETEND with bits 7 to 4: undefined', test: (mine, _, b) => isUndefined(mine) && /^setend/.test(b) },
  {
    reason: 'bits 7 and 4 set (multiplies, extra loads and stores of later levels): objdump takes it for a shift',
    test: (mine, _, b) => isUndefined(mine) && /^(lsl|lsr|asr|ror)/.test(b),
  },
  {
    reason: 'acquire and release of ARMv8, which objdump always knows',
    test: (mine, _, b) => isUndefined(mine) && /^(stl|lda)/.test(b),
  },
  { reason: 'HLT (ARMv8), which objdump always knows', test: (mine, _, b) => isUndefined(mine) && /^hlt/.test(b) },
  {
    reason: 'NEON and ARMv8 vectors, which objdump always knows',
    test: ({ decoded }, _, b) => (decoded.word >>> 28 === 15 || /FPCXT|FPSCR|VPR/.test(b)) && /^(v|sha|aes)/.test(b),
  },
  {
    reason: 'ARMv8-M system registers on coprocessor 15',
    test: (mine, _, b) => mine.mnemonic[2] === 'c' && /^v(ld|st)r/.test(b),
  },
  {
    reason: 'BKPT with a condition: UNPREDICTABLE',
    test: ({ decoded }) => decoded.row?.name === 'BKPT' && decoded.fields.c !== 14,
  },
  { reason: 'SSAT and USAT: objdump calls ASR #32 ASR #0', test: (_, a, b) => a.replace('asr #32', 'asr #0') === b },
  { reason: 'objdump spells one ROR in capitals', test: (_, a, b) => a === b.replace('ROR', 'ror') },
  {
    reason: 'objdump drops the writeback mark on PC',
    test: (_, a, b) => a.replace(/!$/, '') === b && a.includes('[pc'),
  },
  {
    reason: 'objdump drops an indexed zero of LDC and STC',
    test: (_, a, b) => a.replace(/,#-?0$/, '') === b || a.replace(/(,#0)?\]!$/, ']') === b,
  },
  {
    reason: 'objdump leaves the second register of LDREXD and STREXD out',
    test: (_, a, b) => /^(ld|st)rexd/.test(a) && a.replace(/,\w+,\[/, ',[') === b,
  },
  {
    reason: 'objdump numbers the registers of LDREX',
    test: (_, a, b) =>
      /^ldrex/.test(a) &&
      a ===
        b
          .replace('r10', 'sl')
          .replace('r11', 'fp')
          .replace('r12', 'ip')
          .replace('r13', 'sp')
          .replace('r14', 'lr')
          .replace('r15', 'pc'),
  },
  {
    reason: 'UNPREDICTABLE forms of CPS',
    test: ({ decoded }) => decoded.row?.name === 'CPS' && decoded.unpredictable !== undefined,
  },
  {
    reason: '16-bit instructions of Thumb-2 and ARMv8, which objdump always knows',
    test: (mine, _, b) => isUndefined(mine) && /^(cbn?z|it|nop|yield|wf[ei]|sevl?|setpan|hlt|esb)/.test(b),
  },
];

/** Compares a list of A32 words placed from address 0 on. */
export function compareA32(words: Uint32Array, arch: Arch, result: Comparison): void {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-objdump-'));
  try {
    const file = join(folder, 'words.bin');
    writeFileSync(file, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    for (const line of objdumpLines(['-D', '-z', '-b', 'binary', '-m', `arm${arch.toLowerCase()}`, file])) {
      const match = /^\s*([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$/.exec(line);
      if (!match) continue;
      const [address, word] = [parseInt(match[1], 16), parseInt(match[2], 16)];
      const reason = exclusion(word);
      if (reason !== undefined) result.skipped[reason] = (result.skipped[reason] ?? 0) + 1;
      else record(result, word, disassemble(word, address, { arch }), match[3]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares every Thumb halfword, and BL and BLX pairs: every prefix with some suffixes. */
export function compareThumb(result: Comparison): void {
  const halves: number[] = [];
  for (let half = 0; half < 0xe800; half++) halves.push(half, 0x46c0);
  for (const word of randomWords(20_000, 3)) {
    halves.push(0xf000 | (word & 0x7ff), ((word >>> 16) & 0x7ff) | (word >>> 31 ? 0xf800 : 0xe800) | 0);
  }
  const folder = mkdtempSync(join(tmpdir(), 'trapline-objdump-'));
  try {
    const file = join(folder, 'halves.bin');
    writeFileSync(file, new Uint8Array(Uint16Array.from(halves).buffer));
    for (const line of objdumpLines(['-D', '-z', '-b', 'binary', '-m', 'armv6', '-M', 'force-thumb', file])) {
      const match = /^\s*([0-9a-f]+):\t([0-9a-f]{4})(?: ([0-9a-f]{4}))?\s*\t(.*)$/.exec(line);
      if (!match) continue;
      const [address, half, next] = [parseInt(match[1], 16), parseInt(match[2], 16), parseInt(match[3] ?? '46c0', 16)];
      if (address % 4 !== 0) continue;
      if ((next & 0xf801) === 0xe801)
        result.skipped['BLX suffix with bit 0: undefined'] =
          1 + (result.skipped['BLX suffix with bit 0: undefined'] ?? 0);
      else record(result, half, disassemble(half, address, { thumb: true, arch: 'v6', next }), match[4]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares the ARM code of an ELF file; objdump finds code and data by the mapping symbols. */
export function compareElf(path: string, result: Comparison): void {
  for (const line of objdumpLines(['-d', '-z', path])) {
    const match = /^\s*([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$/.exec(line);
    if (!match || match[3].startsWith('.word')) continue;
    const word = parseInt(match[2], 16);
    const text = match[3].replace(/\b([0-9a-f]{4,8}) </, '0x$1 <');
    record(result, word, disassemble(word, parseInt(match[1], 16)), text);
  }
}

export function emptyComparison(): Comparison {
  return { compared: 0, skipped: {}, differences: [] };
}

/** Compares random A32 words in files of 100,000. */
export function compareRandom(count: number, seed: number, arch: Arch, result: Comparison): void {
  const words = Uint32Array.from(randomWords(count, seed));
  for (let i = 0; i < count; i += 100_000) compareA32(words.slice(i, i + 100_000), arch, result);
}

function report(title: string, result: Comparison): boolean {
  console.log(`${title}: ${result.compared} compared, ${result.differences.length} differ`);
  for (const [reason, count] of Object.entries(result.skipped)) console.log(`  left out: ${count} ${reason}`);
  for (const difference of result.differences.slice(0, 40)) console.log(`  ${difference}`);
  return result.differences.length === 0;
}

function main(): void {
  const options = { words: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  let good = true;
  for (const arch of ['v6K', 'v5TEJ', 'v5TE', 'v4T'] as const) {
    const random = emptyComparison();
    compareRandom(Number(values.words), Number(values.seed), arch, random);
    good = report(`random A32 words, ${arch}`, random) && good;
  }
  const thumb = emptyComparison();
  compareThumb(thumb);
  good = report('Thumb halfwords', thumb) && good;
  for (const path of positionals) {
    const result = emptyComparison();
    compareElf(path, result);
    good = report(path, result) && good;
  }
  process.exitCode = good ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
