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

export interface LanguageHost {
  /** The text of a file; undefined when there is none that can be read. */
  readText(path: string): string | undefined;
  /** Whether there is a file or a folder. */
  exists(path: string): boolean;
  /** How files are compiled. Throws an error that says what is wrong with the options. */
  settings(options: CompileOptions): SettingsProvider;
  /** Paths of the source files under folders, in order; read little by little, as trees are large. */
  sourceFiles(folders: readonly string[]): Iterable<string>;
}
