/** `trapline/coverage`: which lines of the guest's sources have been executed. */
import { InputError } from '../../formats/input-error.ts';
import { Coverage, type FileCoverage } from '../inspection/coverage.ts';
import type { CoverageResponse } from '../protocol.ts';
import type { RequestArguments } from './arguments.ts';
import { launchFailed, notRecorded } from './errors.ts';
import type { Guest } from './guest.ts';

/** Source files in one answer, unless the client wants fewer. */
const PAGE = 200;

/** The record of a session that was launched with `coverage`. */
export class CoverageRecord {
  private readonly guest: Guest;
  private readonly coverage: Coverage;
  /** The answer so far, and the guest time for which it holds. */
  private read: { readonly files: readonly FileCoverage[]; readonly instructions: number } | undefined;

  /** Starts recording. Throws a `UserError` when the kernel has no debug information. */
  constructor(guest: Guest) {
    this.guest = guest;
    const kernel = guest.symbols.files.at(0);
    if (!kernel || !guest.debug.of(kernel).info) {
      throw launchFailed(
        '"coverage" needs a kernel with debug information: build it with -g, or give it as "symbols".',
      );
    }
    try {
      this.coverage = new Coverage(guest.machine.vm, kernel, guest.loadedRanges);
    } catch (error) {
      if (error instanceof InputError) throw launchFailed(`"coverage": ${error.message}`);
      throw error;
    }
  }

  /** A page of source files. */
  answer(args: RequestArguments): CoverageResponse {
    const start = args.integer('start', { min: 0, default: 0 });
    const count = args.integer('count', { min: 1, max: PAGE, default: PAGE });
    const files = this.files();
    return {
      total: files.length,
      files: files.slice(start, start + count).map(({ file, lines, functions }) => {
        const path = this.guest.sources.local(file);
        return { name: file, ...(path !== undefined && { path }), lines: [...lines], functions: [...functions] };
      }),
    };
  }

  private files(): readonly FileCoverage[] {
    const { debug, symbols, machine } = this.guest;
    const { instructions } = machine.vcpu;
    if (this.read?.instructions !== instructions) {
      const { info } = debug.of(symbols.files[0]);
      this.read = { instructions, files: info ? this.coverage.files(info) : [] };
    }
    return this.read.files;
  }
}

/** `trapline/coverage`. Throws a `UserError` in a session that keeps no record. */
export function coverageRequest(record: CoverageRecord | undefined, args: RequestArguments): CoverageResponse {
  if (!record) throw notRecorded();
  return record.answer(args);
}
