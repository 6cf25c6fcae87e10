// Rebuilds the Linux guest from Debian packages into guests/linux/build/ and compares it with the recorded checksums.
// Usage: node scripts/build-guest-linux.mjs [--refresh]
//   --refresh  replaces the prebuilt files of guests/linux and the checksums by the result
// Exit: 0 built and equal (or refreshed), 1 built and different, 2 cannot build here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const guest = join(dirname(fileURLToPath(import.meta.url)), '..', 'guests', 'linux');
const out = join(guest, 'build', 'out');
const packages =
  'linux-source-6.1 gcc-arm-linux-gnueabi libc6-dev-armel-cross gcc libc6-dev make flex bison bc cpio xz-utils libssl-dev libelf-dev'.split(
    ' ',
  );
const prebuilt = ['vmlinux.gz', 'versatile-pb.dtb', 'initramfs.cpio.gz', 'kernel.config'];
const built = [
  'Image',
  'System.map',
  'initramfs.cpio.gz',
  'kernel.config',
  'versatile-pb.dtb',
  'vmlinux',
  'vmlinux.gz',
  'zImage',
];

/** Ends with a message on stderr. */
function stop(message, code) {
  console.error(`build-guest-linux: ${message}`);
  process.exit(code);
}

/** Runs a command with this terminal's output; ends when it fails. */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) stop(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`, 2);
}

/** The packages that are not installed. */
function missingPackages() {
  return packages.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
    return stdout !== 'installed';
  });
}

/** SHA-256 of a file as lower-case hexadecimal digits. */
function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Lines as `sha256sum` prints them. */
function checksums(folder, names) {
  return names.map((name) => `${sha256(join(folder, name))}  ${name}\n`).join('');
}

if (!existsSync('/usr/bin/dpkg-query'))
  stop('needs Debian 12: dpkg-query is missing. guests/linux has the prebuilt files.', 2);
const missing = missingPackages();
if (missing.length > 0) {
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid() !== 0) stop(`packages are missing; as root, run: apt-get ${install.join(' ')}`, 2);
  run('apt-get', ['update']);
  run('apt-get', install);
}
run(join(guest, 'build.sh'), [join(guest, 'build')]);

const result = checksums(out, built);
if (process.argv.includes('--refresh')) {
  for (const name of prebuilt) copyFileSync(join(out, name), join(guest, name));
  writeFileSync(join(guest, 'build.sha256'), result);
  writeFileSync(join(guest, 'SHA256SUMS'), checksums(guest, [...prebuilt, 'guest.fragment']));
  console.log('The files of guests/linux and their checksums are those of this build.');
} else {
  const expected = readFileSync(join(guest, 'build.sha256'), 'utf8').split('\n');
  const differing = result.split('\n').filter((line) => !expected.includes(line));
  if (differing.length === 0) console.log('Every file is equal to the recorded build.');
  else
    stop(
      `differs from the recorded build (other package versions?): ${differing.map((line) => line.slice(66)).join(', ')}`,
      1,
    );
}
