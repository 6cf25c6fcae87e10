/** The Debian packages that some tests compare against; without them those tests are skipped. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A command of each package, by package. */
const PACKAGES = {
  'qemu-system-arm': 'qemu-system-arm',
  'gdb-multiarch': 'gdb-multiarch',
  'gcc-arm-none-eabi': 'arm-none-eabi-gcc',
  'binutils-arm-none-eabi': 'arm-none-eabi-as',
  'device-tree-compiler': 'dtc',
  cpio: 'cpio',
  'xz-utils': 'xz',
};

function hasCommand(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

function missingPackages() {
  return Object.keys(PACKAGES).filter((name) => !hasCommand(PACKAGES[name]));
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** Installs what is missing where it can (root on Debian). Returns the packages that are still missing. */
export function ensureDebianPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return missing;
  process.stderr.write(`Installing Debian packages: ${missing.join(' ')}\n`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...missing);
  return missingPackages();
}
