/**
 * The memory guests: bare-metal programs that put the MMU through its rules and print what they meet. They are compiled
 * with arm-none-eabi-gcc where the tests run, and end with a line DONE.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMachine, type CreatedMachine } from '../../debug-adapter/launch/create-machine.ts';
import { nodeFileSystem } from '../../debug-adapter/launch/node-file-system.ts';
import { resolveGuest } from '../../debug-adapter/launch/resolve-guest.ts';
import type { ExecutionMode } from '../../emulator/vm.ts';

const SOURCES = fileURLToPath(new URL('programs', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../../build/memory-guests', import.meta.url));
const COMPILER = 'arm-none-eabi-gcc';
const FLAGS = [
  ...['-mcpu=arm926ej-s', '-marm', '-O1', '-g', '-std=c11', '-ffreestanding', '-fno-builtin', '-nostdlib'],
  ...['-Wall', '-Wextra', '-Werror', '-Wno-strict-prototypes', '-fno-delete-null-pointer-checks'],
  '-fno-tree-loop-distribute-patterns',
  ...['-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments', '-T', 'link.ld'],
];
const MEMORY = '16M';
/** The last line of every guest. */
export const END = 'DONE\n';
const QEMU = 'qemu-system-arm';
const QEMU_TIMEOUT_MS = 100_000;

export const PROGRAMS = ['rights', 'sharing', 'vectors', 'tables'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export function hasCompiler(): boolean {
  return spawnSync(COMPILER, ['--version']).status === 0;
}

/** Compiles a guest; returns the path of its ELF file. Throws with the compiler's messages. */
export function compile(name: ProgramName): string {
  mkdirSync(OUTPUT, { recursive: true });
  const elf = join(OUTPUT, `${name}.elf`);
  const { status, stderr } = spawnSync(COMPILER, [...FLAGS, 'start.S', 'guest.c', `${name}.c`, '-o', elf], {
    cwd: SOURCES,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${COMPILER} does not compile ${name}.c:\n${stderr}`);
  return elf;
}

/** A machine with a guest at its first instruction, and what it prints. */
export interface GuestMachine extends CreatedMachine {
  console(): string;
}

/** `patched`: native mode executes the paravirtualized image, so that its RAM can be compared with lpv's. */
export async function guestMachine(elf: string, mode: ExecutionMode, patched: boolean): Promise<GuestMachine> {
  const guest = await resolveGuest(elf, { mode, memory: MEMORY }, nodeFileSystem);
  const created = await createMachine(guest, { patchedNative: patched });
  const output: number[] = [];
  created.machine.board.serial[0].onOutput = (byte) => output.push(byte);
  return { ...created, console: () => Buffer.from(output).toString('latin1') };
}

/** What a guest prints under QEMU, up to its end. Rejects when it does not come to its end. */
export function runInQemu(elf: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      QEMU,
      [
        ...['-M', 'versatilepb', '-cpu', 'arm926', '-m', MEMORY, '-kernel', elf],
        ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none'],
      ],
      { env: { ...process.env, QEMU_AUDIO_DRV: 'none' }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let text = '';
    const end = (error?: Error): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      if (error) reject(error);
      else resolve(text);
    };
    const timer = setTimeout(
      () => end(new Error(`The guest does not end in ${QEMU}; it printed:\n${text.slice(-500)}`)),
      QEMU_TIMEOUT_MS,
    );
    child.on('error', end);
    child.on('exit', () => {
      if (!text.endsWith(END)) end(new Error(`${QEMU} ended before the guest; it printed:\n${text.slice(-500)}`));
    });
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (text.endsWith(END)) end();
    });
  });
}
