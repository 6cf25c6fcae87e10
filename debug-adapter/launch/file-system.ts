/** The files of a guest, as the caller reaches them: Node's disk, an editor's workspace, memory. */
import { InputError } from '../../formats/input-error.ts';

/** Read access to files. Paths are the implementation's own; `resolve` makes and joins them. */
export interface FileSystem {
  /** The contents; rejects when the file is missing or unreadable. */
  readFile(path: string): Promise<Uint8Array>;
  /** Whether the path is an existing folder. */
  isDirectory(path: string): Promise<boolean>;
  /** `path` as seen from `folder`; an absolute `path` is kept. */
  resolve(folder: string, path: string): string;
  /** The folder that contains a path. */
  dirname(path: string): string;
}

/** A file that has been read. */
export interface LoadedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Reads a file; one that is missing or unreadable gives an `InputError` that says what it was wanted for. */
export async function loadFile(fs: FileSystem, path: string, what: string): Promise<LoadedFile> {
  if (await fs.isDirectory(path)) {
    throw new InputError(`the ${what} is a folder, not a file`, { file: path, remedy: 'Give the path of a file' });
  }
  try {
    return { path, bytes: await fs.readFile(path) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const missing = code === 'ENOENT' || code === 'FileNotFound' || code === 'ENOTDIR';
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : 'unknown reason';
    throw new InputError(missing ? `there is no such file (the ${what})` : `cannot read the ${what}: ${reason}`, {
      file: path,
      remedy: 'Check the path',
    });
  }
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}
