/** Messages of the language server beyond the protocol's own, for its clients. */

/**
 * Notification from the client: how often each trap has been taken in the last run, by source line. It replaces what was
 * told before; an empty list forgets it.
 */
export const TRAP_COUNTS = 'trapline/trapCounts';

export interface TrapCount {
  /** Absolute path of the file, or its URI. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly count: number;
}

export interface TrapCounts {
  readonly counts: readonly TrapCount[];
}

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
