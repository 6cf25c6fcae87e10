/** The LPV rewrite of source trees, and its inverse. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { encodeLike } from '../language-server/node-source-provider.ts';
import { aliasesToAdd, applyEdits, editsOf, isFixable } from '../language-server/rules/edits.ts';
import { restoreText } from '../language-server/rules/fix.ts';
import type { Finding } from '../language-server/rules/finding.ts';
import { MAKEFILE_MARK, SUPPORT_FILE } from '../language-server/rules/support-file.ts';
import {
  supportChanges,
  supportPlace,
  type SupportPlace,
  type TextFiles,
} from '../language-server/rules/support-place.ts';
import type { ParsedArguments } from './command.ts';
import { lintAs } from './lint-options.ts';
import { findSourceFiles } from '../language-server/node-source-files.ts';
import { unifiedDiff } from './unified-diff.ts';
import { replaceFile } from './write-file.ts';

export interface PatchOptions {
  readonly restore: boolean;
  /** Print a diff and write nothing. */
  readonly diff: boolean;
  /** Neither progress nor a summary. */
  readonly quiet: boolean;
  /** Write to this file or folder instead. */
  readonly output?: string | undefined;
}

/** What a file becomes; undefined contents remove it. */
interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const readIfThere = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const FILES: TextFiles = { exists: existsSync, readText: readIfThere };

const withoutMakefileLine = (text: string): string =>
  text
    .replace(new RegExp(`^[^\\n]*${MAKEFILE_MARK}\\n`, 'gm'), '')
    .replace(new RegExp(`\\n[^\\n]*${MAKEFILE_MARK}$`), '');

/** The changes that bring the support into a tree. */
function addSupport(place: SupportPlace): Change[] {
  return [...supportChanges(place, FILES)];
}

/** The changes that take it away again, when all that it serves is restored. */
function removeSupport(place: SupportPlace, paths: readonly string[]): Change[] {
  if (!paths.some((path) => place.folder === path || place.folder.startsWith(`${path}/`))) return [];
  const changes: Change[] = [{ path: place.header, before: readIfThere(place.header), after: undefined }];
  if (place.makefile !== undefined) {
    const before = readFileSync(place.makefile, 'utf8');
    changes.push({ path: place.makefile, before, after: withoutMakefileLine(before) });
  }
  return changes;
}

/** What a rewrite has done. */
export interface PatchSummary {
  readonly files: number;
  readonly byClass: ReadonlyMap<string, number>;
  /** Sites that need a trap and have no automatic fix. */
  readonly unfixed: readonly Finding[];
}

async function planPatch(
  args: ParsedArguments,
  files: readonly string[],
  shows: boolean,
): Promise<{ changes: Change[]; summary: PatchSummary; computed: boolean }> {
  const linter = await lintAs(args, files, shows);
  const wanted = new Set(files);
  const bySource = new Map<Finding['source'], Finding[]>();
  const { findings: all, aliases } = linter.result();
  for (const finding of all) {
    if (!wanted.has(finding.source.path)) continue;
    bySource.set(finding.source, [...(bySource.get(finding.source) ?? []), finding]);
  }
  const changes: Change[] = [];
  const byClass = new Map<string, number>();
  const unfixed: Finding[] = [];
  let computed = false;
  for (const [source, findings] of bySource) {
    for (const finding of findings) {
      if (isFixable(finding)) {
        byClass.set(finding.rule.class, (byClass.get(finding.rule.class) ?? 0) + 1);
        computed ||= finding.replacement?.computed === true;
      } else if (finding.rule.severity !== 'info' && finding.keep === undefined && !finding.thumb)
        unfixed.push(finding);
    }
    const known = aliasesToAdd(source.text, aliases.get(source));
    const after = applyEdits(source.text, editsOf(findings, known));
    if (after !== source.text) changes.push({ path: source.path, before: source.text, after });
  }
  return { changes, summary: { files: changes.length, byClass, unfixed }, computed };
}

function planRestore(files: readonly string[]): Change[] {
  return files.flatMap((path): Change[] => {
    if (basename(path) === SUPPORT_FILE) return [];
    const bytes = readFileSync(path);
    const utf8 = bytes.toString('utf8');
    const before = utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8;
    const after = restoreText(before);
    return after === before ? [] : [{ path, before, after }];
  });
}

function apply(change: Change, to: string): void {
  const { path, before, after } = change;
  if (after === undefined) {
    rmSync(to, { force: true });
    return;
  }
  mkdirSync(dirname(to), { recursive: true });
  replaceFile(to, before === undefined || !existsSync(path) ? after : encodeLike(after, readFileSync(path)));
}

/** Where a changed file goes with `-o`: under that folder, or to that file when it is the only one. */
function outputPath(change: Change, paths: readonly string[], output: string): string {
  if (paths.length === 1 && statSync(paths[0]).isFile() && change.path === paths[0]) return output;
  const base = paths.find((path) => change.path.startsWith(`${path}/`)) ?? dirname(paths[0]);
  const isFile = paths.length === 1 && statSync(paths[0]).isFile();
  return join(isFile ? dirname(output) : output, relative(base, change.path));
}

/** Rewrites, or restores, the sources under the positional arguments. */
export async function patchTrees(
  args: ParsedArguments,
  { restore, diff, quiet, output }: PatchOptions,
): Promise<PatchSummary> {
  const paths = args.positionals.map((path) => resolve(path));
  const files = findSourceFiles(paths);
  let changes: Change[];
  let summary: PatchSummary = { files: 0, byClass: new Map(), unfixed: [] };
  const [place] = paths.map((path) => supportPlace(statSync(path).isDirectory() ? path : dirname(path), FILES));
  if (restore) {
    changes = [...planRestore(files), ...removeSupport(place, paths)];
    summary = { ...summary, files: changes.length };
  } else {
    const plan = await planPatch(args, files, !quiet);
    summary = plan.summary;
    changes = plan.computed ? [...plan.changes, ...addSupport(place)] : plan.changes;
  }
  changes = changes.filter(({ before, after }) => before !== after);
  for (const change of changes) {
    if (diff) process.stdout.write(unifiedDiff(relative(process.cwd(), change.path), change.before, change.after));
    else apply(change, output === undefined ? change.path : outputPath(change, paths, resolve(output)));
  }
  if (!restore && !quiet && place.makefile === undefined && changes.some(({ path }) => path === place.header)) {
    process.stderr.write(
      `trapline: compile with "-I ${place.folder} -include ${SUPPORT_FILE}": computed traps need it\n`,
    );
  }
  return summary;
}
