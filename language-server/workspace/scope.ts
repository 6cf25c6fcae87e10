/** What a word stands for: its definitions, and everywhere that it is named. */
import {
  definitionsOf,
  indexOf,
  occurrencesOf,
  type Block,
  type Definition,
  type Occurrence,
} from '../index/file-index.ts';
import type { SymbolKind } from '../index/tokens.ts';
import { findInclude } from '../parse/preprocessor/preprocess.ts';
import { languageOf, type Source } from '../parse/source.ts';
import type { Include } from '../index/file-index.ts';
import type { Workspace } from './workspace.ts';

/** Files that one question may look through for a name. */
const MAX_SEARCHED = 20_000;

/** The file that an include names. */
export function resolveInclude(workspace: Workspace, source: Source, include: Include): Source | undefined {
  const settings = workspace.compileSettings().assembly(source.path);
  const beside = include.form === 'angled' ? undefined : source.path;
  const after = include.next ? source.path : undefined;
  return findInclude(include.name, beside, after, settings.includePaths, workspace);
}

/** All files that a source reads, itself first. */
export function filesOf(workspace: Workspace, source: Source): readonly Source[] {
  const read = source.language === 'assembly' ? workspace.outlineOf(source).files : undefined;
  const files = new Set<Source>([source]);
  if (read) for (const file of read) files.add(file);
  else addIncludes(workspace, source, files);
  return [...files];
}

/** A header is no unit: what it includes is followed as it is written. */
function addIncludes(workspace: Workspace, source: Source, files: Set<Source>): void {
  const waiting = [source];
  for (let next = waiting.pop(); next && files.size < MAX_SEARCHED; next = waiting.pop()) {
    for (const include of indexOf(next).includes) {
      const found = resolveInclude(workspace, next, include);
      if (!found || files.has(found)) continue;
      files.add(found);
      waiting.push(found);
    }
  }
}

/** Kinds of definitions that a word can stand for, by what the word is. */
function fits({ token }: Occurrence, kind: SymbolKind): boolean {
  if (token.kind === 'call') return kind === 'macro' || kind === 'define';
  return (
    token.kind === 'symbol' &&
    kind !== 'parameter' &&
    kind !== 'local' &&
    (kind !== 'macro' || token.defines === 'macro')
  );
}

/** A parameter's definition: that of the innermost block around the word which has it. */
function parameterOf({ source, token, start }: Occurrence): Definition | undefined {
  let best: Definition | undefined;
  for (const definition of indexOf(source).byName.get(token.name.toLowerCase()) ?? []) {
    const { kind, name, block } = definition;
    if (kind !== 'parameter' || name !== token.name || !block) continue;
    if (start < block.start || start > block.end) continue;
    if (!best || block.start > best.block!.start) best = definition;
  }
  return best;
}

/** The definition of a local label: `1b` is the nearest one before, `1f` the nearest one behind. */
function localOf({ source, token, start, end }: Occurrence): Definition | undefined {
  const all = (indexOf(source).byName.get(token.name) ?? []).filter(({ kind }) => kind === 'local');
  if (token.defines) return all.find((definition) => definition.start === start);
  const forward = source.text[end - 1] === 'f';
  return forward
    ? all.find((definition) => definition.start > start)
    : all.filter((definition) => definition.start < start).at(-1);
}

/** Sources of the workspace whose text has a name. */
export function* sourcesNaming(workspace: Workspace, name: string): Generator<Source> {
  const pattern = new RegExp(name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
  let searched = 0;
  for (const path of workspace.sourcePaths()) {
    if (languageOf(path) === 'c' || ++searched > MAX_SEARCHED) continue;
    const source = workspace.get(path);
    if (source && pattern.test(source.text)) yield source;
  }
}

/** Definitions of what a word stands for: in the files that its file reads; else those known to the linker. */
export function definitionsAt(workspace: Workspace, at: Occurrence): readonly Definition[] {
  const { token, source } = at;
  if (token.kind === 'parameter') return [parameterOf(at) ?? []].flat();
  if (token.kind === 'local') return [localOf(at) ?? []].flat();
  if (token.kind === 'mnemonic') return macrosOver(workspace, at);
  if (token.kind !== 'symbol' && token.kind !== 'call') return [];
  const near = filesOf(workspace, source).flatMap((file) => definitionsOf(indexOf(file), token.name));
  const own = near.filter(({ kind }) => fits(at, kind));
  // Inside a macro's body a name without a backslash may be of whoever expands it.
  if (own.length > 0) return own;
  const far: Definition[] = [];
  for (const file of sourcesNaming(workspace, token.name)) {
    const index = indexOf(file);
    const isUnit = file.language === 'assembly';
    for (const definition of definitionsOf(index, token.name)) {
      if (fits(at, definition.kind) && (!isUnit || source.language === 'header' || index.exported.has(definition.name)))
        far.push(definition);
    }
  }
  return far;
}

/** A macro may have the name of an instruction. */
function macrosOver(workspace: Workspace, { source, token }: Occurrence): readonly Definition[] {
  if (!workspace.analysisOf(source).unit?.assembler.macros.has(token.name)) return [];
  return filesOf(workspace, source)
    .flatMap((file) => definitionsOf(indexOf(file), token.name))
    .filter(({ kind }) => kind === 'macro');
}

/** Words in a file that stand for the same as the definitions do. */
function same(source: Source, name: string, kinds: ReadonlySet<SymbolKind>, within?: Block): Occurrence[] {
  const noCase = kinds.has('macro') || kinds.has('alias');
  return occurrencesOf(source, name, within).filter((word) => {
    const { token } = word;
    if (token.name !== name && !noCase) return false;
    if (token.defines) return kinds.has(token.defines);
    return token.kind === 'symbol' || (token.kind === 'call' && (kinds.has('macro') || kinds.has('define')));
  });
}

export interface References {
  readonly definitions: readonly Definition[];
  readonly occurrences: readonly Occurrence[];
}

/** Everything in one file that stands for what a word stands for. */
export function referencesIn(workspace: Workspace, at: Occurrence): References {
  const { source, token } = at;
  const definitions = definitionsAt(workspace, at);
  if (token.kind === 'parameter') {
    const [definition] = definitions;
    if (!definition?.block) return { definitions, occurrences: [at] };
    const occurrences = occurrencesOf(source, token.name, definition.block).filter(
      (word) =>
        word.token.kind === 'parameter' &&
        word.token.name === token.name &&
        parameterOf(word)?.start === definition.start,
    );
    return { definitions, occurrences };
  }
  if (token.kind === 'local') {
    const [definition] = definitions;
    const occurrences = occurrencesOf(source, token.name).filter(
      (word) => word.token.kind === 'local' && definition && localOf(word)?.start === definition.start,
    );
    return { definitions, occurrences };
  }
  if (token.kind === 'mnemonic' || token.kind === 'register' || token.kind === 'status' || token.kind === 'directive') {
    const occurrences = occurrencesOf(source, token.name).filter((word) => word.token.kind === token.kind);
    return { definitions, occurrences };
  }
  if (token.kind !== 'symbol' && token.kind !== 'call') return { definitions, occurrences: [] };
  const kinds = new Set(definitions.map(({ kind }) => kind));
  if (kinds.size === 0) for (const kind of ['label', 'constant', 'define'] as const) kinds.add(kind);
  if (definitions.length === 0 && token.kind === 'call') kinds.add('macro');
  return { definitions, occurrences: same(source, token.name, kinds) };
}

/** Whether names of other files can mean one of these definitions. */
function reaches(definition: Definition): boolean {
  const { kind, source, name } = definition;
  if (kind === 'parameter' || kind === 'local') return false;
  return (
    source.language === 'header' ||
    (kind === 'label' || kind === 'constant' ? indexOf(source).exported.has(name) : false)
  );
}

/**
 * Everything in the workspace that stands for what a word stands for. A name of another file counts when that file reads
 * one of the definitions, or when the definition is exported and the file has none of its own.
 */
export function* referencesAcross(workspace: Workspace, at: Occurrence): Generator<References> {
  const own = referencesIn(workspace, at);
  yield own;
  const { token, source } = at;
  if ((token.kind !== 'symbol' && token.kind !== 'call') || own.occurrences.length === 0) return;
  const { definitions } = own;
  const kinds = new Set(definitions.map(({ kind }) => kind));
  const homes = new Set(definitions.map((definition) => definition.source));
  const shared = definitions.some(reaches) || definitions.length === 0;
  if (!shared && homes.size === 1 && homes.has(source)) return;
  if (definitions.length === 0) for (const kind of ['label', 'constant', 'define'] as const) kinds.add(kind);
  const related = new Set<Source>(filesOf(workspace, source));
  for (const file of sourcesNaming(workspace, token.name)) {
    if (file === source) continue;
    const defines = definitionsOf(indexOf(file), token.name).length > 0;
    const reads = homes.has(file) || related.has(file) || filesOf(workspace, file).some((read) => homes.has(read));
    if (!reads && (defines || !shared)) continue;
    const occurrences = same(file, token.name, kinds);
    if (occurrences.length > 0) yield { definitions, occurrences };
  }
}
