/** Finds the source files under paths: by their names, without what ignore files name. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { InputError } from '../formats/input-error.ts';
import { linuxRoot } from '../language-server/node-settings.ts';
import { languageOf } from '../language-server/parse/source.ts';

/** Names files and folders that Trapline leaves alone, in the syntax of .gitignore. */
export const IGNORE_FILE = '.lpvignore';

interface IgnoreRule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** Folder that the pattern is relative to. */
  readonly folder: string;
}

/** A pattern of an ignore file as a regular expression over paths relative to its folder. */
function patternOf(text: string): RegExp {
  const anchored = text.replace(/\/$/, '').includes('/');
  const body = text.replace(/^\//, '').replace(/\/$/, '');
  const source = body
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`${anchored ? '^' : '(?:^|/)'}${source}$`);
}

/** The rules of the ignore file in a folder; none when there is no such file. */
function readIgnoreFile(folder: string): IgnoreRule[] {
  const path = join(folder, IGNORE_FILE);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const negated = line.startsWith('!');
      const text = negated ? line.slice(1) : line;
      return { pattern: patternOf(text), negated, foldersOnly: text.endsWith('/'), folder };
    });
}

function isIgnored(rules: readonly IgnoreRule[], path: string, isFolder: boolean): boolean {
  let ignored = false;
  for (const { pattern, negated, foldersOnly, folder } of rules) {
    if (foldersOnly && !isFolder) continue;
    if (pattern.test(relative(folder, path))) ignored = !negated;
  }
  return ignored;
}

const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'CVS']);

/** Rules of the folders above a path, the outermost first. */
function rulesAbove(folder: string): IgnoreRule[] {
  const up = dirname(folder);
  return up === folder ? readIgnoreFile(folder) : [...rulesAbove(up), ...readIgnoreFile(folder)];
}

/** In a Linux tree, code of other architectures is not read. */
function isOtherArchitecture(path: string, root: string | undefined): boolean {
  if (root === undefined || dirname(path) !== join(root, 'arch')) return false;
  return basename(path) !== 'arm';
}

function* walk(folder: string, rules: readonly IgnoreRule[], root: string | undefined): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // Symbolic links lead to files that are reached by another path, or out of the tree.
    if (entry.isSymbolicLink() || entry.name.startsWith('.')) continue;
    if (isIgnored(rules, path, entry.isDirectory())) continue;
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name) && !isOtherArchitecture(path, root)) {
        yield* walk(path, [...rules, ...readIgnoreFile(path)], root);
      }
    } else if (languageOf(entry.name) !== undefined) yield path;
  }
}

/** All source files under paths, each once, sorted. A path that does not exist or holds no source is an `InputError`. */
export function findSourceFiles(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const given of paths) {
    const path = resolve(given);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) throw new InputError('there is no such file or folder', { file: given, remedy: 'Check the path' });
    if (stat.isDirectory()) {
      for (const file of walk(path, rulesAbove(path), linuxRoot(path))) found.add(file);
    } else if (languageOf(path) === undefined) {
      throw new InputError('neither assembly nor C', {
        file: given,
        remedy: 'Give .S, .s, .c or .h files, or a folder',
      });
    } else found.add(path);
  }
  return [...found].sort();
}
