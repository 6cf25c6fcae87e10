// Builds Linux guests from Debian packages, in guests/linux/build/.
// Usage: node scripts/build-guest-linux.mjs [--patched] [--config NAME] [--source VERSION] [--force] [--refresh]
//   (no option)       the included guest; compared with the recorded checksums
//   --patched         the kernel from sources that `trapline patch` has rewritten, compared with the unpatched one
//                     patched as an ELF file: sources, words, sections, modules and a boot
//   --config NAME     with guests/linux/NAME.fragment, such as "tracing": modules, ftrace, kprobes
//   --source VERSION  from Debian's linux-source-VERSION; default 6.1
//   --force           builds the unpatched kernel again though nothing has changed
//   --refresh         replaces the prebuilt files of guests/linux and the checksums by the result
// Exit: 0 built and equal (or refreshed), 1 built and different, 2 cannot build here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkPatchedKernel, checkPatchedTree, patchSources } from './check-patched-linux.mjs';

const guest = join(dirname(fileURLToPath(import.meta.url)), '..', 'guests', 'linux');
const work = join(guest, 'build');
const { values } = parseArgs({
  options: {
    patched: { type: 'boolean', default: false },
    config: { type: 'string' },
    source: { type: 'string', default: '6.1' },
    force: { type: 'boolean', default: false },
    refresh: { type: 'boolean', default: false },
  },
});
const packages =
  `linux-source-${values.source} gcc-arm-linux-gnueabi libc6-dev-armel-cross gcc libc6-dev make flex bison bc cpio xz-utils libssl-dev libelf-dev`.split(
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
function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) stop(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`, 2);
}

/** The packages that are not installed. */
function missingPackages() {
  return packages.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
    return stdout !== 'installed';
  });
}

function installPackages() {
  if (!existsSync('/usr/bin/dpkg-query'))
    stop('needs Debian 12: dpkg-query is missing. guests/linux has the prebuilt files.', 2);
  const missing = missingPackages();
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid() !== 0) stop(`packages are missing; as root, run: apt-get ${install.join(' ')}`, 2);
  run('apt-get', ['update']);
  run('apt-get', install);
}

/** SHA-256 of a file as lower-case hexadecimal digits. */
function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Lines as `sha256sum` prints them. */
function checksums(folder, names) {
  return names.map((name) => `${sha256(join(folder, name))}  ${name}\n`).join('');
}

/** Runs build.sh for one kernel; returns the folder with the result. */
function build(variant, more = {}) {
  const config = values.config === undefined ? {} : { CONFIG: values.config };
  run(join(guest, 'build.sh'), [work], {
    ...process.env,
    VERSION: values.source,
    VARIANT: variant,
    ...config,
    ...more,
  });
  return join(work, variant === '' ? 'out' : `out-${variant}`);
}

/** The unpatched kernel; an earlier build is taken where nothing that it is made of has changed. */
function buildPlain(variant) {
  const modules = join(guest, 'modules');
  const inputs = [
    join(guest, 'build.sh'),
    join(guest, 'guest.fragment'),
    ...(values.config === undefined ? [] : [join(guest, `${values.config}.fragment`)]),
    ...readdirSync(modules).map((name) => join(modules, name)),
  ];
  const version = spawnSync('dpkg-query', ['-W', ...packages], { encoding: 'utf8' }).stdout;
  const stamp = `${version}${inputs.map((path) => `${sha256(path)}\n`).join('')}`;
  const out = join(work, variant === '' ? 'out' : `out-${variant}`);
  const stampFile = join(out, 'built-from');
  if (!values.force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    console.log(`${out} is up to date.`);
    return out;
  }
  rmSync(stampFile, { force: true });
  build(variant);
  writeFileSync(stampFile, stamp);
  return out;
}

/** Compares the included guest with what is recorded of it. */
function compareWithRecord(out) {
  const result = checksums(out, built);
  if (values.refresh) {
    for (const name of prebuilt) copyFileSync(join(out, name), join(guest, name));
    writeFileSync(join(guest, 'build.sha256'), result);
    writeFileSync(join(guest, 'SHA256SUMS'), checksums(guest, [...prebuilt, 'guest.fragment']));
    console.log('The files of guests/linux and their checksums are those of this build.');
    return;
  }
  const expected = readFileSync(join(guest, 'build.sha256'), 'utf8').split('\n');
  const differing = result.split('\n').filter((line) => !expected.includes(line));
  if (differing.length === 0) console.log('Every file is equal to the recorded build.');
  else
    stop(
      `differs from the recorded build (other package versions?): ${differing.map((line) => line.slice(66)).join(', ')}`,
      1,
    );
}

if (values.config !== undefined && !existsSync(join(guest, `${values.config}.fragment`)))
  stop(`there is no configuration guests/linux/${values.config}.fragment`, 2);
if (!/^\d+\.\d+$/.test(values.source)) stop(`--source takes a version such as 6.1, not "${values.source}"`, 2);
const variant = [...(values.source === '6.1' ? [] : [values.source]), ...(values.config ?? '').split(',')]
  .filter((word) => word !== '')
  .join('-');
if (values.refresh && (variant !== '' || values.patched)) stop('--refresh is for the included guest alone', 2);
installPackages();
const plain = buildPlain(variant);
if (variant === '') compareWithRecord(plain);
if (values.patched) {
  try {
    const tree = join(work, `linux-source-${values.source}`);
    const sources = patchSources(tree, join(guest, 'modules'), work);
    checkPatchedTree(tree, sources.tree);
    const patched = build(variant === '' ? 'patched' : `${variant}-patched`, {
      TREE: `linux-source-${values.source}-patched`,
      MODULE_SOURCES: sources.modules,
    });
    checkPatchedKernel(plain, patched, values.config);
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error), 1);
  }
}
