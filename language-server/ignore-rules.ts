/** Which files of a tree are left alone: those that ignore files name, and those of other architectures. */
import { folderOf } from './parse/preprocessor/preprocess.ts';

/** Names files and folders that Trapline leaves alone, in the syntax of .gitignore. */
export const IGNORE_FILE = '.lpvignore';

export interface IgnoreRule {
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

/** The rules of an ignore file's text; `folder` is where it stands. */
export function parseIgnoreRules(text: string, folder: string): IgnoreRule[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const negated = line.startsWith('!');
      const text = negated ? line.slice(1) : line;
      return { pattern: patternOf(text), negated, foldersOnly: text.endsWith('/'), folder };
    });
}

/** Whether rules leave a path alone; each rule's folder is above it. The last one that names it decides. */
export function isIgnored(rules: readonly IgnoreRule[], path: string, isFolder: boolean): boolean {
  let ignored = false;
  for (const { pattern, negated, foldersOnly, folder } of rules) {
    if (foldersOnly && !isFolder) continue;
    if (pattern.test(path.slice(folder.endsWith('/') ? folder.length : folder.length + 1))) ignored = !negated;
  }
  return ignored;
}

/** Folders that hold no sources of their own. */
export const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'CVS']);

/** Whether a folder is code for another architecture, in the Linux tree with this root. */
export function isOtherArchitecture(path: string, root: string | undefined): boolean {
  return root !== undefined && folderOf(path) === `${root}/arch` && path !== `${root}/arch/arm`;
}
