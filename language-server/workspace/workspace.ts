/** Documents, files and settings: the one processor that all features share. */
import type { CancellationToken, Position, Range, TextDocuments } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SettingsProvider } from '../lint.ts';
import { folderOf, joinPath, type SourceProvider } from '../parse/preprocessor/preprocess.ts';
import { type Language, languageOf, Source } from '../parse/source.ts';
import type { TrapCounts } from '../protocol.ts';
import { DEFAULT_SETTINGS, type ServerSettings } from '../settings.ts';
import { Analyses, type Analysis } from './analysis.ts';
import type { CompileOptions, LanguageHost } from './host.ts';
import { Pause } from './pause.ts';
import { pathOfUri, uriOfPath } from './uri.ts';

/** Sources that are read from files and kept; open documents are not counted. */
const MAX_SOURCES = 5000;

/** A text with line ends that only the protocol counts as such, for positions; undefined for all others. */
function documentOf(source: Source): TextDocument | undefined {
  return source.once(documentOf, () =>
    source.text.includes('\r') && /\r(?!\n)/.test(source.text)
      ? TextDocument.create('', '', 0, source.text)
      : undefined,
  );
}

/** The position of an offset. */
export function positionAt(source: Source, offset: number): Position {
  const document = documentOf(source);
  if (document) return document.positionAt(offset);
  const { line, column } = source.position(Math.max(0, Math.min(offset, source.text.length)));
  return { line: line - 1, character: column - 1 };
}

/** The range between two offsets. */
export function rangeAt(source: Source, start: number, end: number): Range {
  return { start: positionAt(source, start), end: positionAt(source, end) };
}

/** The offset of a position; positions outside the text are taken for the nearest one in it. */
export function offsetAt(source: Source, position: Position): number {
  const document = documentOf(source);
  if (document) return document.offsetAt(position);
  const start = source.lineStart(position.line + 1);
  if (start === undefined) return position.line < 0 ? 0 : source.text.length;
  const newline = source.text.indexOf('\n', start);
  let end = newline < 0 ? source.text.length : newline;
  if (end > start && source.text[end - 1] === '\r') end--;
  return Math.max(start, Math.min(start + position.character, end));
}

/** Names that editors give to the assembly language of ARM. */
const ASSEMBLY_IDS: ReadonlySet<string> = new Set(['arm', 'asm', 'asm-arm', 'assembly', 'gas']);

/** The language of an open document: by its path, or as the editor calls it where the path does not tell. */
function languageOfDocument({ languageId }: TextDocument, path: string): Language | undefined {
  return languageOf(path) ?? (ASSEMBLY_IDS.has(languageId) ? 'assembly' : undefined);
}

/** How often one answer may find that files are missing: an include names the next one. */
const MAX_ROUNDS = 60;

const SETTINGS_FILES = /\/(?:compile_commands\.json|\.config|autoconf\.h)$/;

/** Whether a file says how others are compiled. */
export function isSettingsFile(path: string): boolean {
  return SETTINGS_FILES.test(path);
}

export class Workspace implements SourceProvider {
  readonly host: LanguageHost;
  readonly documents: TextDocuments<TextDocument>;
  readonly analyses: Analyses;
  settings: ServerSettings = DEFAULT_SETTINGS;
  /** Resolves when the settings are known; until then findings may not be what the user wants. */
  ready: Promise<void> = Promise.resolve();
  /** What the debugger has counted, if it has told. */
  trapCounts: TrapCounts | undefined;
  private folderPaths: readonly string[] = [];
  private readonly openDocuments = new Map<string, TextDocument>();
  private readonly open = new Map<string, { source: Source; version: number }>();
  private readonly files = new Map<string, Source | undefined>();
  private compile: SettingsProvider | undefined;
  private paths: readonly string[] | undefined;
  /** The latest pass over the folders; forgotten when files come or go. */
  private listing: object | undefined;
  private readonly listeners: (() => void)[] = [];
  private readonly outsideListeners: (() => void)[] = [];
  private readonly countListeners: (() => void)[] = [];
  /** Told of settings that cannot be used. */
  onProblem: (message: string) => void = () => undefined;

  constructor(host: LanguageHost, documents: TextDocuments<TextDocument>) {
    this.host = host;
    this.documents = documents;
    this.analyses = new Analyses(this, () => this.compileSettings());
  }

  /** Folders of the workspace, as paths. */
  get folders(): readonly string[] {
    return this.folderPaths;
  }

  set folders(paths: readonly string[]) {
    this.folderPaths = paths;
    this.paths = undefined;
    this.listing = undefined;
    this.settingsChanged();
  }

  /** Calls back after every change of a document, a file or a setting. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Calls back after changes that are not of an open document: what clients know of others may be wrong then. */
  onOutsideChange(listener: () => void): void {
    this.outsideListeners.push(listener);
  }

  /** The debugger has counted anew. */
  takeTrapCounts(counts: TrapCounts): void {
    this.trapCounts = counts;
    for (const listener of this.countListeners) listener();
  }

  /** Calls back after `takeTrapCounts`. */
  onTrapCounts(listener: () => void): void {
    this.countListeners.push(listener);
  }

  private changed(outside: boolean): void {
    this.analyses.fileChanged();
    for (const listener of this.listeners) listener();
    if (outside) for (const listener of this.outsideListeners) listener();
  }

  /** An open document has been opened, changed or closed. */
  documentChanged(uri: string): void {
    const path = pathOfUri(uri);
    const document = this.documents.get(uri);
    if (document) this.openDocuments.set(path, document);
    else {
      this.openDocuments.delete(path);
      this.open.delete(path);
      this.files.delete(path);
    }
    this.changed(false);
  }

  /** The host has listed the files of the workspace anew. */
  filesListed(): void {
    this.paths = undefined;
    this.listing = undefined;
    this.compile = undefined;
    this.analyses.reset();
  }

  /** Files that could not be read before can be now. */
  filesArrived(paths: readonly string[]): void {
    for (const path of paths) this.files.delete(path);
    if (paths.some(isSettingsFile)) this.settingsChanged();
    else this.changed(this.completing === 0);
  }

  /** Answers being completed: what arrives meanwhile is asked for by them. */
  private completing = 0;

  /**
   * The result of some work on files, when all files that it asks for are at hand: it is done again as they arrive. Most hosts have
   * them from the start.
   */
  async complete<T>(work: () => T): Promise<T> {
    await this.ready;
    this.completing++;
    try {
      for (let i = 0; i < MAX_ROUNDS; i++) {
        const result = work();
        if (this.host.isWaiting !== true) return result;
        await this.host.settled?.();
      }
      return work();
    } finally {
      this.completing--;
    }
  }

  /** A file has been changed or created; or, when it is not there any more, deleted. */
  fileChanged(uri: string, isThere: boolean): void {
    const path = pathOfUri(uri);
    this.host.changed?.(path, isThere);
    this.files.delete(path);
    // A file that was not there has made no entry, or an empty one: the list of sources may have changed too.
    this.paths = undefined;
    this.listing = undefined;
    this.changed(true);
  }

  /** Settings, or files that say how sources are compiled, have changed. */
  settingsChanged(settings: ServerSettings = this.settings): void {
    this.settings = settings;
    this.compile = undefined;
    this.analyses.reset();
    this.changed(true);
  }

  /** The source at a path: as it is in the editor when it is open there, else from the file. */
  get(path: string): Source | undefined {
    const opened = this.openSource(path);
    if (opened) return opened;
    if (this.files.has(path)) return this.files.get(path);
    const text = this.host.readText(path);
    const source = text === undefined ? undefined : new Source(path, text);
    if (this.files.size >= MAX_SOURCES) this.files.delete(this.files.keys().next().value!);
    this.files.set(path, source);
    return source;
  }

  /** The text at a path, of which nothing is kept when nothing is known yet. */
  peek(path: string): string | undefined {
    return (this.openSource(path) ?? this.files.get(path))?.text ?? this.host.readText(path);
  }

  private openSource(path: string): Source | undefined {
    const document = this.openDocuments.get(path);
    if (!document) return undefined;
    const known = this.open.get(path);
    if (known?.version === document.version) return known.source;
    const text = document.getText();
    const source = known ? known.source.edited(text) : new Source(path, text, languageOfDocument(document, path));
    this.open.set(path, { source, version: document.version });
    return source;
  }

  /** The source of a document; undefined when it is not open, or neither assembly nor C. */
  sourceOf(uri: string): Source | undefined {
    const path = pathOfUri(uri);
    const source = this.openSource(path) ?? (languageOf(path) === undefined ? undefined : this.get(path));
    return source?.language === undefined ? undefined : source;
  }

  /** The source of a document in the language of the assembler: assembly, or a header with its macros. */
  assemblyOf(uri: string): Source | undefined {
    const source = this.sourceOf(uri);
    return source && languageOf(source.path) !== 'c' ? source : undefined;
  }

  /** The URI of a path: as the client spells it, when it has the document open. */
  uriOf(path: string): string {
    return this.openDocuments.get(path)?.uri ?? uriOfPath(path);
  }

  /** The version of an open document; null for a file. */
  versionOf(path: string): number | null {
    return this.openDocuments.get(path)?.version ?? null;
  }

  analysisOf(source: Source): Analysis {
    return this.analyses.of(source);
  }

  /** The analysis without the promise of a unit: for files that are not open its memory is spared. */
  outlineOf(source: Source): Analysis {
    return this.isOpen(source.path) ? this.analyses.of(source) : this.analyses.lightOf(source);
  }

  /** Whether a document is open in the editor. */
  isOpen(path: string): boolean {
    return this.openDocuments.has(path);
  }

  /** Paths of the sources in the folders of the workspace. The list is read once, until files change. */
  sourcePaths(): readonly string[] {
    this.paths ??= [...new Set(this.host.sourceFiles(this.folderPaths))].sort();
    return this.paths;
  }

  /**
   * The same, read little by little: other messages are answered meanwhile. The list is not complete when it is cancelled, and then
   * not kept.
   */
  async listSources(token?: CancellationToken): Promise<readonly string[]> {
    await this.ready;
    if (this.paths) return this.paths;
    const pause = new Pause();
    const found = new Set<string>();
    const listed = (this.listing = {});
    for (const path of this.host.sourceFiles(this.folderPaths)) {
      found.add(path);
      await pause.turn();
      if (token?.isCancellationRequested === true) return [];
    }
    const paths = [...found].sort();
    // What has come or gone meanwhile may be missing: then the next request lists anew.
    if (this.listing === listed) this.paths = paths;
    return paths;
  }

  /** How files are compiled, by the settings. */
  compileSettings(): SettingsProvider {
    this.compile ??= this.makeCompileSettings();
    return this.compile;
  }

  private makeCompileSettings(): SettingsProvider {
    const { includePaths, defines, config, buildFolder, compileCommands } = this.settings;
    const [folder = '/'] = this.folderPaths;
    const absolute = (path: string): string => (/^([A-Za-z]:)?[/\\]/.test(path) ? path : joinPath(folder, path));
    const optional = (path: string | undefined): string | undefined =>
      path === undefined ? undefined : absolute(path);
    const options: CompileOptions = {
      includePaths: includePaths.map(absolute),
      defines,
      config: optional(config),
      buildFolder: optional(buildFolder),
      compileCommands: optional(compileCommands),
    };
    try {
      return this.host.settings(options);
    } catch (error) {
      this.onProblem(error instanceof Error ? error.message : String(error));
      return this.host.settings({ ...options, config: undefined, compileCommands: undefined });
    }
  }

  /** A path as people read it: relative to its workspace folder, when it is in one. */
  display(path: string): string {
    const folder = this.folderPaths.find((candidate) => path.startsWith(`${candidate}/`));
    return folder === undefined ? path : path.slice(folder.length + 1);
  }

  /** The folder that a file belongs to: of the workspace, or its own. */
  folderFor(path: string): string {
    return this.folderPaths.find((candidate) => path.startsWith(`${candidate}/`)) ?? folderOf(path);
  }
}
