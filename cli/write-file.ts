/** Writes files so that a reader sees the old or the new one, never a part, and a failure loses nothing. */
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Replaces a file; its permissions stay. */
export function replaceFile(path: string, contents: Uint8Array | string): void {
  const temporary = `${path}.trapline-${process.pid}`;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  try {
    writeFileSync(temporary, contents, mode === undefined ? {} : { mode });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
