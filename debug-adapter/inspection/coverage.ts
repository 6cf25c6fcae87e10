/** Which lines and functions of a kernel have been executed, from the core's record and the kernel's line tables. */
import { COVERAGE_LIMITS } from '../../emulator/coverage.ts';
import type { VirtualMachine } from '../../emulator/vm.ts';
import type { ElfFile } from '../../formats/elf.ts';
import { SECTION_FLAG } from '../../formats/elf-types.ts';
import { InputError } from '../../formats/input-error.ts';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { ROW } from '../../symbols/dwarf/line-program.ts';
import type { LoadedRange } from './code-names.ts';

/** A line with code. */
export interface LineCoverage {
  /** From 1. */
  readonly line: number;
  readonly executed: boolean;
}

export interface FunctionCoverage extends LineCoverage {
  readonly name: string;
}

/** What has been executed of a source file. */
export interface FileCoverage {
  /** As the debug information names it. */
  readonly file: string;
  /** Ascending. */
  readonly lines: readonly LineCoverage[];
  /** By the line of their declaration. */
  readonly functions: readonly FunctionCoverage[];
}

/** What two runs have executed together. */
export function mergeCoverage(a: readonly FileCoverage[], b: readonly FileCoverage[]): FileCoverage[] {
  const files = new Map(a.map((file) => [file.file, file]));
  for (const file of b) {
    const known = files.get(file.file);
    files.set(
      file.file,
      known
        ? { ...file, lines: either(known.lines, file.lines), functions: either(known.functions, file.functions) }
        : file,
    );
  }
  return [...files.values()];
}

/** Entries of the same code, of which one or the other was executed. */
function either<T extends LineCoverage>(a: readonly T[], b: readonly T[]): T[] {
  return b.map((entry, i) => ({ ...entry, executed: entry.executed || (a[i]?.executed ?? false) }));
}

/** Code of which the record is kept: linked addresses, and a bit for each halfword. */
interface Recorded {
  readonly start: number;
  readonly end: number;
  readonly bits: Uint8Array;
}

/** Sections that are closer than this share a range. */
const GAP = 0x1_0000;

/** The record of a kernel's execution, from its making on. */
export class Coverage {
  private readonly recorded: readonly Recorded[];

  /**
   * `loaded` tells where the kernel's image lies in RAM. Throws an `InputError` when the file has no code, or more than there
   * is room for.
   */
  constructor(vm: VirtualMachine, kernel: ElfFile, loaded: readonly LoadedRange[]) {
    const code = codeRanges(kernel);
    const bytes = code.reduce((sum, { start, end }) => sum + end - start, 0);
    if (code.length === 0) throw new InputError('no code whose execution could be recorded', { file: kernel.name });
    if (code.length > COVERAGE_LIMITS.ranges || bytes > COVERAGE_LIMITS.bytes) {
      throw new InputError(`${bytes} bytes of code in ${code.length} places: too much for coverage`, {
        file: kernel.name,
        remedy: `It has room for ${COVERAGE_LIMITS.bytes} bytes in ${COVERAGE_LIMITS.ranges} places`,
      });
    }
    const views = vm.recordCoverage(
      code.map(({ start, end }) => ({ start, loaded: loadedAt(start, loaded), length: end - start })),
    );
    this.recorded = code.map((range, i) => ({ ...range, bits: views[i] }));
  }

  /** Whether an instruction that begins in `[from, to)` has been executed; linked addresses. */
  executed(from: number, to: number): boolean {
    const range = this.recorded.find(({ start, end }) => from >= start && from < end);
    if (!range) return false;
    const last = (Math.min(to, range.end) - range.start) / 2;
    for (let index = (from - range.start) >>> 1; index < last; index++) {
      if ((range.bits[index >>> 3] >>> (index & 7)) & 1) return true;
    }
    return false;
  }

  /** All source files with code, sorted by name. Reads every line table and every function. */
  files(info: DebugInfo): FileCoverage[] {
    const lines = this.lines(info);
    const functions = this.functions(info);
    return [...lines]
      .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
      .map(([file, executed]) => ({
        file,
        lines: [...executed].sort(([a], [b]) => a - b).map(([line, hit]) => ({ line, executed: hit })),
        functions: functions.get(file)?.sort((a, b) => a.line - b.line) ?? [],
      }));
  }

  /** By file and line. A line counts as executed when any of its code was, in whichever function or inlined copy. */
  private lines(info: DebugInfo): Map<string, Map<number, boolean>> {
    const files = new Map<string, Map<number, boolean>>();
    for (const { rows } of info.allRows()) {
      for (let row = 0; row + 1 < rows.count; row++) {
        const from = rows.addresses[row];
        const to = rows.addresses[row + 1];
        const line = rows.lines[row];
        if (rows.flags[row] & ROW.endSequence || to <= from || line === 0 || !info.isCode(from)) continue;
        const file = rows.header.files.path(rows.files[row]);
        if (file === undefined) continue;
        let known = files.get(file);
        if (!known) files.set(file, (known = new Map<number, boolean>()));
        if (!known.get(line)) known.set(line, this.executed(from, to));
      }
    }
    return files;
  }

  private functions(info: DebugInfo): Map<string, FunctionCoverage[]> {
    const files = new Map<string, FunctionCoverage[]>();
    for (const fn of info.allFunctions()) {
      const place = info.declarationOf(fn.die) ?? info.lineOf(fn.entry);
      if (!place || !info.isCode(fn.entry)) continue;
      const executed = this.executed(fn.entry, fn.entry + 4);
      const known = files.get(place.file) ?? [];
      known.push({ name: fn.name, line: place.line, executed });
      files.set(place.file, known);
    }
    return files;
  }
}

/** The code of a file: its executable sections, those that are close together as one. */
function codeRanges(elf: ElfFile): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  const sections = elf.sections.filter(({ flags, size }) => flags & SECTION_FLAG.execute && size > 0);
  for (const { address, size } of sections.sort((a, b) => a.address - b.address)) {
    const last = ranges.at(-1);
    if (last && address - last.end < GAP) last.end = Math.max(last.end, address + size);
    else ranges.push({ start: (address & ~3) >>> 0, end: address + size });
  }
  return ranges;
}

/** Where the code at a linked address was loaded. */
function loadedAt(start: number, ranges: readonly LoadedRange[]): number {
  const home = ranges.find(({ virtual, size }) => start >= virtual && start - virtual < size);
  return home ? (start - home.virtual + home.physical) >>> 0 : start;
}
