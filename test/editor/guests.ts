/** Folders to open in the editor, with guests in them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './workbench.ts';

export type GuestName = 'sample' | 'linux';

/** Copies what the extension brings of a guest. */
export function copyGuest(guest: GuestName, to: string): void {
  const lists = JSON.parse(readFileSync(join(ROOT, 'dist/guest-files.json'), 'utf8')) as Record<GuestName, string[]>;
  for (const file of lists[guest]) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(ROOT, 'guests', guest, file), join(to, file));
  }
}

/** A new folder with guests in folders of their names. */
export function makeWorkspace(...guests: GuestName[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-workspace-'));
  for (const guest of guests) copyGuest(guest, join(folder, guest));
  return folder;
}
