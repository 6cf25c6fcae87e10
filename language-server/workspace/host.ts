/** What the language server needs of where it runs: files to read, and how they are compiled. Nothing is executed. */
import type { SettingsProvider } from '../lint.ts';

/** Settings as the host takes them; paths are absolute. */
export interface CompileOptions {
  readonly includePaths: readonly string[];
  readonly defines: ReadonlyMap<string, string>;
  readonly config: string | undefined;
  readonly buildFolder: string | undefined;
  readonly compileCommands: string | undefined;
}

/** What a host may ask of the server that it works for. */
export interface HostServer {
  /** Paths of the workspace folders, which may change. */
  readonly folders: () => readonly string[];
  /** Sends a request to the client. */
  request<T>(method: string, params: unknown): Promise<T>;
  /** Texts of these files are at hand now; before, they could not be read. */
  arrived(paths: readonly string[]): void;
}

export interface LanguageHost {
  /** The text of a file; undefined when there is none that can be read. */
  readonly readText: (path: string) => string | undefined;
  /** Whether there is a file or a folder. */
  readonly exists: (path: string) => boolean;
  /** How files are compiled. Throws an error that says what is wrong with the options. */
  settings(options: CompileOptions): SettingsProvider;
  /** Paths of the source files under folders, in order; read little by little, as trees are large. */
  sourceFiles(folders: readonly string[]): Iterable<string>;
  /** Gets ready for workspace folders that are new. Until then files may be missing. */
  open?(): Promise<void>;
  /**
   * Whether files have been asked for that are still on their way: answers that were made without them are not complete.
   */
  readonly isWaiting?: boolean;
  /** Resolves when no file is on its way. */
  settled?(): Promise<void>;
  /** A file has changed, come or gone. */
  changed?(path: string, isThere: boolean): void;
}
