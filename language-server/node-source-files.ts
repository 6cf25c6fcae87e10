/** Finds the source files under paths: by their names, without what ignore files name. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../formats/input-error.ts';
import {
  IGNORE_FILE,
  isIgnored,
  isOtherArchitecture,
  parseIgnoreRules,
  SKIPPED_FOLDERS,
  type IgnoreRule,
} from './ignore-rules.ts';
import { linuxRoot } from './node-settings.ts';
import { languageOf } from './parse/source.ts';

/** The rules of the ignore file in a folder; none when there is no such file. */
function readIgnoreFile(folder: string): IgnoreRule[] {
  const path = join(folder, IGNORE_FILE);
  return existsSync(path) ? parseIgnoreRules(readFileSync(path, 'utf8'), folder) : [];
}

/** Rules of the folders above a path, the outermost first. */
function rulesAbove(folder: string): IgnoreRule[] {
  const up = dirname(folder);
  return up === folder ? readIgnoreFile(folder) : [...rulesAbove(up), ...readIgnoreFile(folder)];
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

/** Source files under paths, as they are met: a tree is read little by little. Errors as of `findSourceFiles`. */
export function* walkSourceFiles(paths: readonly string[]): Generator<string> {
  for (const given of paths) {
    const path = resolve(given);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) throw new InputError('there is no such file or folder', { file: given, remedy: 'Check the path' });
    if (stat.isDirectory()) yield* walk(path, rulesAbove(path), linuxRoot(path));
    else if (languageOf(path) === undefined) {
      throw new InputError('neither assembly nor C', {
        file: given,
        remedy: 'Give .S, .s, .c or .h files, or a folder',
      });
    } else yield path;
  }
}

/** All source files under paths, each once, sorted. A path that does not exist or holds no source is an `InputError`. */
export function findSourceFiles(paths: readonly string[]): string[] {
  return [...new Set(walkSourceFiles(paths))].sort();
}
