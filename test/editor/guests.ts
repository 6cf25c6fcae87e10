/** Folders to open in the editor, with guests in them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeElf, wordsToBytes } from '../../formats/elf.testing.ts';
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

/** What the tests of extension/host-tests open: a folder that is empty, `open`, with the guests beside it that they copy into it. */
export function makeHostWorkspace(): { readonly folder: string; readonly open: string } {
  const folder = makeWorkspace('sample', 'linux');
  addPrinter(folder);
  const open = join(folder, 'open');
  mkdirSync(open);
  return { folder, open };
}

/** Prints 10 MB of the letter x on UART 0 as fast as it can, then spins for ever. */
const PRINTER = [
  0xe59f0018, // ldr r0, [pc, #24]    UART 0
  0xe59f1018, // ldr r1, [pc, #24]    how often
  0xe3a02078, // mov r2, #'x'
  0xe5802000, // str r2, [r0]
  0xe2511001, // subs r1, r1, #1
  0x1afffffc, // bne to the store
  0xe2833001, // add r3, r3, #1
  0xeafffffd, // b to the addition
  0x101f1000,
  10 * 2 ** 20,
];

/** Adds a guest that prints a lot and never ends, as `printer/printer.elf`. */
function addPrinter(folder: string): void {
  const elf = makeElf({
    entry: 0x8000,
    sections: [{ name: '.text', address: 0x8000, bytes: wordsToBytes(...PRINTER) }],
  });
  mkdirSync(join(folder, 'printer'));
  writeFileSync(join(folder, 'printer/printer.elf'), elf);
}
