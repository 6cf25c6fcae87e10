/** Messages of the language server beyond the protocol's own, for its clients. */

/**
 * Notification from the client: how often each trap has been taken in the last run, by source line. It replaces what was
 * told before; an empty list forgets it.
 */
export const TRAP_COUNTS = 'trapline/trapCounts';

export interface TrapCount {
  /** Absolute path of the file. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly count: number;
}

export interface TrapCounts {
  readonly counts: readonly TrapCount[];
}

/**
 * Request to the client from a server without files of its own, which is one in a browser worker: the paths of all files in
 * the workspace folders that a language server reads. These are files by the names of `READ_BY_SERVER`. The server asks once, and is
 * told of changes by workspace/didChangeWatchedFiles.
 */
export const LIST_FILES = 'trapline/listFiles';

export interface ListFilesParams {
  /** URIs of the workspace folders. */
  readonly folders: readonly string[];
}

export interface ListFilesResult {
  /** URIs of files, in any order. */
  readonly files: readonly string[];
}

/** Request to the client, likewise: the texts of files. The server asks for many at once, and for each when it needs it. */
export const READ_FILES = 'trapline/readFiles';

export interface ReadFilesParams {
  /** URIs, as the client has listed them. */
  readonly files: readonly string[];
}

export interface ReadFilesResult {
  /** In the order of the request; null for a file that cannot be read. */
  readonly texts: ReadonlyArray<string | null>;
}

/** Glob pattern of the files that a server reads; a client may leave out what is ignored. */
export const READ_BY_SERVER =
  '**/{*.s,*.S,*.sx,*.asm,*.h,*.hh,*.hpp,*.inc,*.c,*.cc,*.cpp,Makefile,compile_commands.json,.config,autoconf.h,.lpvignore}';

/** Commands that the server executes (workspace/executeCommand). */
export const COMMANDS = {
  /** Replaces all sensitive instructions of the workspace. No arguments. */
  fixWorkspace: 'trapline.fixWorkspace',
  /** Restores the originals of all traps of the workspace. No arguments. */
  restoreWorkspace: 'trapline.restoreWorkspace',
} as const;

/** Commands of the client that code lenses name; arguments: the URI and the position of a macro. */
export const CLIENT_COMMANDS = {
  showReferences: 'trapline.showReferences',
} as const;
