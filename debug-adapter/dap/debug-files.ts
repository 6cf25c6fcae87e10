/** The debug information of all loaded files. A file is opened when it is first asked about. */
import type { ElfFile } from '../../formats/elf.ts';
import { InputError } from '../../formats/input-error.ts';
import { DebugInfo } from '../../symbols/debug-info.ts';

interface Opened {
  readonly info: DebugInfo | undefined;
  /** Why there is none, although the file has some. */
  readonly problem: string | undefined;
}

/** Addresses are those that the files are linked at. */
export class DebugFiles {
  private readonly files: readonly ElfFile[];
  private readonly opened = new Map<ElfFile, Opened>();

  constructor(files: readonly ElfFile[]) {
    this.files = files;
  }

  /** The files that have debug information, in the order in which they are searched. */
  get all(): DebugInfo[] {
    return this.files.flatMap((file) => this.of(file).info ?? []);
  }

  /** The file whose code contains an address; undefined when none does. */
  at(address: number): DebugInfo | undefined {
    for (const file of this.files) {
      const { info } = this.of(file);
      if (info?.isCode(address)) return info;
    }
    return undefined;
  }

  /** The debug information of a file, or why it cannot be used. */
  of(file: ElfFile): Opened {
    let opened = this.opened.get(file);
    if (!opened) this.opened.set(file, (opened = open(file)));
    return opened;
  }
}

function open(file: ElfFile): Opened {
  try {
    const info = DebugInfo.open(file);
    return { info: info.isPresent ? info : undefined, problem: undefined };
  } catch (error) {
    if (error instanceof InputError) return { info: undefined, problem: error.message };
    throw error;
  }
}
