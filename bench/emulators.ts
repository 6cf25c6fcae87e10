/** The command lines that are compared: QEMU's and ours, for a bare-metal program and for the Linux guest. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = join(ROOT, 'dist/cli.js');
const LINUX = join(ROOT, 'guests/linux');
const QEMU = 'qemu-system-arm';
const QEMU_BOARD =
  '-M versatilepb -cpu arm926 -display none -monitor none -serial stdio -nic none -audiodev none,id=a'.split(' ');
const APPEND = 'console=ttyAMA0 earlyprintk';
/** Spares the guest the calibration of its delay loop, which takes as long as the clock says, however fast the CPU. */
const APPEND_LPJ = `${APPEND} lpj=500000`;

/** The last line of the Linux guest's boot. */
export const BOOTED = 'GUEST-BOOT-OK';
/** Made by `npm run guest:linux`; not part of the repository. */
export const ZIMAGE = join(LINUX, 'build/out/zImage');

export interface Command {
  command: string;
  args: string[];
}

export function hasQemu(): boolean {
  return spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0;
}

export function hasCli(): boolean {
  return existsSync(CLI);
}

export function hasZimage(): boolean {
  return existsSync(ZIMAGE);
}

function ours(...args: string[]): Command {
  return { command: process.execPath, args: [CLI, 'run', ...args] };
}

/** A program under QEMU. Semihosting lets it end the emulator. */
export function qemuProgram(elf: string): Command {
  return { command: QEMU, args: [...QEMU_BOARD, '-m', '64', '-semihosting', '-kernel', elf] };
}

/** A program in native mode under ours. */
export function ourProgram(elf: string): Command {
  return ours(elf, '--mode', 'native', '--memory', '64M');
}

/** The Linux guest under ours, with more arguments; the delay loop is not calibrated. */
export function linuxBoot(...args: string[]): Command {
  return ours(LINUX, '--append', APPEND_LPJ, ...args);
}

function qemuZimage(append: string): Command {
  const dtb = join(LINUX, 'versatile-pb.dtb');
  const initrd = join(LINUX, 'initramfs.cpio.gz');
  const files = ['-kernel', ZIMAGE, '-dtb', dtb, '-initrd', initrd, '-append', append];
  return { command: QEMU, args: [...QEMU_BOARD, '-m', '128', ...files] };
}

/** One boot that is timed from the start of its process to `BOOTED`. */
export interface Boot extends Command {
  name: string;
  /** The boot it is compared with: the same kernel command line under QEMU. */
  baseline: string;
  needsZimage: boolean;
}

const UNTIL = ['--until', BOOTED];

export const BOOTS: readonly Boot[] = [
  { name: 'QEMU, zImage', baseline: 'QEMU, zImage', needsZimage: true, ...qemuZimage(APPEND) },
  {
    name: 'native, zImage',
    baseline: 'QEMU, zImage',
    needsZimage: true,
    ...ours(LINUX, '--mode', 'native', '--kernel', ZIMAGE, ...UNTIL),
  },
  { name: 'QEMU, zImage, lpj', baseline: 'QEMU, zImage, lpj', needsZimage: true, ...qemuZimage(APPEND_LPJ) },
  {
    name: 'native, ELF, lpj',
    baseline: 'QEMU, zImage, lpj',
    needsZimage: false,
    ...ours(LINUX, '--mode', 'native', '--append', APPEND_LPJ, ...UNTIL),
  },
  {
    name: 'lpv, ELF, lpj',
    baseline: 'QEMU, zImage, lpj',
    needsZimage: false,
    ...ours(LINUX, '--mode', 'lpv', '--append', APPEND_LPJ, ...UNTIL),
  },
];
