/**
 * Where the source files are that debug information names. In this order: the folders that `sourceMap` or `sources` give
 * for a prefix; the name itself, when it is absolute; the guest's folder, with the longest end of the name that exists
 * there; and the folders that a client has shown by setting breakpoints in files that end alike.
 */
import { baseName } from '../../symbols/dwarf/source-path.ts';

/** Who names source files. */
interface SourceNames {
  readonly all: readonly { sourceFiles(): string[] }[];
}

/** What is known of the surroundings of a guest's sources. */
export interface SourceSettings {
  /** The guest's folder: of its `guest.json` or kernel. */
  readonly folder: string;
  /** Folders, absolute, by the prefix that they stand for. `.` is what relative names start from. */
  readonly map: Readonly<Record<string, string>>;
  /** Whether a file exists; where that cannot be told, the first candidate is taken. */
  readonly isFile?: ((path: string) => boolean) | undefined;
}

const isAbsolute = (path: string): boolean => /^([/\\]|[A-Za-z]:[/\\])/.test(path);
const partsOf = (path: string): string[] => path.split(/[/\\]/).filter((part) => part !== '' && part !== '.');

/** Appends parts to a folder, with the slash that the folder uses. */
function join(folder: string, parts: readonly string[]): string {
  const slash = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return [folder.replace(/[/\\]+$/, ''), ...parts].join(slash);
}

export class SourcePaths {
  private readonly settings: SourceSettings;
  private readonly debug: SourceNames;
  private readonly found = new Map<string, string | undefined>();
  /** Prefixes that breakpoints have shown. */
  private readonly learned = new Map<string, string>();

  constructor(settings: SourceSettings, debug: SourceNames) {
    this.settings = settings;
    this.debug = debug;
  }

  /** The file of the host for a name in the debug information; undefined when it is not there. */
  local(name: string): string | undefined {
    if (!this.found.has(name)) this.found.set(name, this.search(name));
    return this.found.get(name);
  }

  /**
   * The names in the debug information that a file of the host stands for. When none leads to it, those that share
   * the longest end with it, of at least two parts, or that are the only ones of that base name.
   */
  namesOf(path: string): string[] {
    const base = baseName(path);
    const alike = this.sourceFiles.filter((name) => baseName(name) === base);
    const exact = alike.filter((name) => this.isLocal(name, path));
    if (exact.length > 0) return exact;
    const free = alike.filter((name) => this.local(name) === undefined);
    const shared = free.map((name) => sharedParts(name, path));
    const longest = Math.max(0, ...shared);
    const best = free.filter((_, i) => shared[i] === longest);
    if (best.length === 0 || (longest < 2 && best.length > 1)) return [];
    this.learn(best[0], path);
    return best;
  }

  /** Names that a path could have meant, for an answer to why nothing was found. */
  similar(path: string): string[] {
    const base = baseName(path);
    return this.sourceFiles.filter((name) => baseName(name) === base);
  }

  /** All names in the debug information. */
  get sourceFiles(): string[] {
    return [...new Set(this.debug.all.flatMap((info) => info.sourceFiles()))];
  }

  private isLocal(name: string, path: string): boolean {
    const local = this.local(name);
    return local !== undefined && (local === path || partsOf(local).join('/') === partsOf(path).join('/'));
  }

  /** Remembers which folder a client has shown to stand for a prefix. */
  private learn(name: string, path: string): void {
    const parts = partsOf(name);
    const shared = sharedParts(name, path);
    const prefix = isAbsolute(name) ? `/${parts.slice(0, parts.length - shared).join('/')}` : '.';
    if (!isAbsolute(name) && shared < parts.length) return;
    const cut = path.split(/[/\\]/);
    this.learned.set(prefix, cut.slice(0, cut.length - shared).join('/'));
    this.found.clear();
  }

  private search(name: string): string | undefined {
    const { folder, map, isFile } = this.settings;
    for (const candidate of [...mapped(name, Object.entries(map)), ...mapped(name, [...this.learned])]) {
      if (!isFile || isFile(candidate)) return candidate;
    }
    if (isAbsolute(name) && isFile?.(name)) return name;
    const parts = partsOf(name);
    if (!isFile) return isAbsolute(name) ? undefined : join(folder, parts);
    for (let skip = 0; skip < parts.length; skip++) {
      const candidate = join(folder, parts.slice(skip));
      if (isFile(candidate)) return candidate;
    }
    return undefined;
  }
}

/** The paths that prefixes lead to, the longest prefix first. */
function mapped(name: string, map: readonly (readonly [string, string])[]): string[] {
  const parts = partsOf(name);
  return [...map]
    .sort(([a], [b]) => b.length - a.length)
    .flatMap(([from, to]) => {
      const prefix = partsOf(from);
      const applies = isAbsolute(from) === isAbsolute(name) && prefix.every((part, i) => parts[i] === part);
      return applies ? [join(to, parts.slice(prefix.length))] : [];
    });
}

/** How many parts two paths share at their ends. */
function sharedParts(a: string, b: string): number {
  const [left, right] = [partsOf(a).reverse(), partsOf(b).reverse()];
  let count = 0;
  while (count < left.length && left[count] === right[count]) count++;
  return count;
}
