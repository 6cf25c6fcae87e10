/** Messages between the debug adapter in a worker and its host, which owns the files. All are plain objects. */

/** To the worker. The first is `start`. */
export type ToAdapterWorker =
  /** `folder` is the URI where relative paths start; `files` are URIs of the source files that exist. */
  | { readonly kind: 'start'; readonly folder: string; readonly files: readonly string[] }
  /** A message of the Debug Adapter Protocol. */
  | { readonly kind: 'dap'; readonly message: unknown }
  /** The answer to a question; `bytes` is absent for `isDirectory` and for errors. */
  | { readonly kind: 'answer'; readonly id: number; readonly bytes?: Uint8Array; readonly isDirectory?: boolean }
  /** A question that cannot be answered: the code of the error, `FileNotFound` for example, and its text. */
  | { readonly kind: 'refusal'; readonly id: number; readonly code: string; readonly reason: string };

/** From the worker. */
export type FromAdapterWorker =
  | { readonly kind: 'dap'; readonly message: unknown }
  /** Wants the contents of a file, or to know whether a path is a folder. */
  | { readonly kind: 'question'; readonly id: number; readonly ask: 'read' | 'isDirectory'; readonly path: string };
