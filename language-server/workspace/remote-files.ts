/**
 * Files that only the client can read, for a server in a browser worker. The server asks for texts and goes on without those that
 * have not come yet; what it asked for is fetched, and it is told, so that it can look again.
 */
import { IGNORE_FILE, isIgnored, isOtherArchitecture, parseIgnoreRules } from '../ignore-rules.ts';
import { folderOf, joinPath } from '../parse/preprocessor/preprocess.ts';
import { languageOf } from '../parse/source.ts';
import {
  LIST_FILES,
  READ_FILES,
  type ListFilesParams,
  type ListFilesResult,
  type ReadFilesParams,
  type ReadFilesResult,
} from '../protocol.ts';
import { findCompileCommands, linuxRoot, TreeSettings } from '../tree-settings.ts';
import type { HostServer, LanguageHost } from './host.ts';
import { pathOfUri, uriOfPath } from './uri.ts';

/** Files that one request asks for. */
const BATCH = 200;
/** Texts that are kept, in characters; beyond, the oldest go and are asked for again. */
const MAX_CHARACTERS = 256 << 20;
/** Files of settings are read before anything else, as they decide how all others are read. */
const SETTINGS_NAMES = /\/(?:compile_commands\.json|\.config|autoconf\.h|\.lpvignore)$/;

/** A host whose files are the client's. */
export class RemoteFiles implements LanguageHost {
  private readonly server: HostServer;
  /** Files that there are, and the URIs by which the client knows them. */
  private readonly uris = new Map<string, string>();
  private readonly folders = new Set<string>();
  private readonly texts = new Map<string, string | undefined>();
  private characters = 0;
  private readonly wanted = new Set<string>();
  private fetching: Promise<void> | undefined;

  constructor(server: HostServer) {
    this.server = server;
  }

  get isWaiting(): boolean {
    return this.fetching !== undefined;
  }

  async settled(): Promise<void> {
    while (this.fetching) await this.fetching;
  }

  async open(): Promise<void> {
    const params: ListFilesParams = { folders: this.server.folders().map(uriOfPath) };
    const { files } = await this.server.request<ListFilesResult>(LIST_FILES, params);
    this.uris.clear();
    this.folders.clear();
    for (const uri of files) this.add(pathOfUri(uri), uri);
    for (const path of this.uris.keys()) if (SETTINGS_NAMES.test(path)) this.want(path);
    await this.settled();
  }

  private add(path: string, uri: string): void {
    this.uris.set(path, uri);
    for (let at = folderOf(path); !this.folders.has(at); at = folderOf(at)) {
      this.folders.add(at);
      if (folderOf(at) === at) break;
    }
  }

  readonly exists = (path: string): boolean => this.uris.has(path) || this.folders.has(path);

  readonly readText = (path: string): string | undefined => {
    if (this.texts.has(path)) return this.texts.get(path);
    if (this.uris.has(path)) this.want(path);
    return undefined;
  };

  private want(path: string): void {
    this.wanted.add(path);
    // Later, so that one request asks for all that is found missing at once.
    this.fetching ??= new Promise<void>((resolve) => setTimeout(resolve, 0))
      .then(() => this.bring())
      .finally(() => (this.fetching = undefined));
  }

  private async bring(): Promise<void> {
    while (this.wanted.size > 0) {
      const paths = [...this.wanted].slice(0, BATCH);
      for (const path of paths) this.wanted.delete(path);
      const params: ReadFilesParams = { files: paths.map((path) => this.uris.get(path) ?? uriOfPath(path)) };
      const { texts } = await this.server.request<ReadFilesResult>(READ_FILES, params);
      paths.forEach((path, i) => this.keep(path, texts[i] ?? undefined));
      this.server.arrived(paths);
    }
  }

  private keep(path: string, text: string | undefined): void {
    this.texts.set(path, text);
    this.characters += text?.length ?? 0;
    for (const [oldest, known] of this.texts) {
      if (this.characters <= MAX_CHARACTERS || oldest === path) break;
      this.texts.delete(oldest);
      this.characters -= known?.length ?? 0;
    }
  }

  changed(path: string, isThere: boolean): void {
    this.characters -= this.texts.get(path)?.length ?? 0;
    this.texts.delete(path);
    if (isThere) this.add(path, this.uris.get(path) ?? uriOfPath(path));
    else this.uris.delete(path);
  }

  settings({ compileCommands, ...options }: Parameters<LanguageHost['settings']>[0]): TreeSettings {
    const [folder] = this.server.folders();
    const found = compileCommands ?? (folder === undefined ? undefined : findCompileCommands(folder, this.exists));
    return new TreeSettings({ ...options, compileCommands: found }, this);
  }

  sourceFiles(folders: readonly string[]): string[] {
    const rules = [...this.uris.keys()]
      .filter((path) => path.endsWith(`/${IGNORE_FILE}`))
      .sort()
      .map((path) => ({ folder: folderOf(path), rules: parseIgnoreRules(this.readText(path) ?? '', folderOf(path)) }));
    const roots = new Map(folders.map((folder) => [folder, linuxRoot(folder, this.exists)]));
    const left = new Map<string, boolean>();
    /** Whether a folder, or one around it, is left alone. */
    const isLeft = (path: string, top: string, isFolder: boolean): boolean => {
      if (path === top || !path.startsWith(`${top}/`)) return false;
      const known = isFolder ? left.get(path) : undefined;
      if (known !== undefined) return known;
      const own = rules.flatMap((file) => (path.startsWith(`${file.folder}/`) ? file.rules : []));
      const found =
        isLeft(folderOf(path), top, true) ||
        isIgnored(own, path, isFolder) ||
        (isFolder && isOtherArchitecture(path, roots.get(top)));
      if (isFolder) left.set(path, found);
      return found;
    };
    return [...this.uris.keys()]
      .filter((path) => {
        if (languageOf(path) === undefined) return false;
        const top = folders.find((folder) => path.startsWith(joinPath(folder, '')));
        return top !== undefined && !isLeft(path, top, false);
      })
      .sort();
  }
}
